// exp, 1 / x and what follows from them, as one sequence of IEEE operations
// for every vector type (vector_scalar.h). Bounds are tested in math_test.cc.
#ifndef WAVERNN_TF_KERNELS_VECTOR_MATH_H_
#define WAVERNN_TF_KERNELS_VECTOR_MATH_H_

namespace wavernn_tf {

template <typename V>
struct VectorMath {
  using F = typename V::F;

  // exp(k x) for k x in [-87.3, 88] and k = 1, -1 or 2; other values, NaN too,
  // are the caller's to bound. Relative error below 2^-23.
  //   k x = n ln 2 + k r, |k r| <= ln(2) / 2;  exp(k x) = 2^n p(k r)
  // p is the polynomial 1 + y + y^2 q(y) of least relative error, 3.1e-9. As k
  // only moves signs and exponents of the constants, it moves no bit.
  template <int k = 1>
  static F BoundedExp(F x) {
    static_assert(k == 1 || k == -1 || k == 2, "an exact scale");
    // Adding 1.5 * 2^23 + 127 rounds to an integer and leaves n + 127 in the
    // lowest bits, whence one shift makes 2^n.
    const F magic = V::Broadcast(12582912.0f + 127.0f);
    const F shifted = V::Fma(x, V::Broadcast(k * 0x1.715476p+0f), magic);
    const F n = V::Sub(shifted, magic);
    F r = V::NegFma(n, V::Broadcast(0x1.62e43p-1f / k), x);
    r = V::NegFma(n, V::Broadcast(-0x1.05c61p-29f / k), r);
    F p = V::Broadcast(k * k * k * k * k * k * 0x1.6a23cep-10f);
    p = V::Fma(p, r, V::Broadcast(k * k * k * k * k * 0x1.123a2p-7f));
    p = V::Fma(p, r, V::Broadcast(k * k * k * k * 0x1.5558f2p-5f));
    p = V::Fma(p, r, V::Broadcast(k * k * k * 0x1.555492p-3f));
    p = V::Fma(p, r, V::Broadcast(k * k * 0x1.fffffcp-2f));
    p = V::Fma(p, r, V::Broadcast(k));
    p = V::Fma(p, r, V::Broadcast(1.0f));
    return V::Mul(p, V::Exponent(shifted));
  }

  // exp(x) for any x <= 0: zero below -87.3, where float32 loses bits. NaN
  // gives the smallest value. Bound as above.
  static F NegativeExp(F x) {
    const F lowest = V::Broadcast(-87.3f);
    return V::ZeroBelow(BoundedExp(V::Max(x, lowest)), x, lowest);
  }

  // 1 / d for 2^-126 <= d <= 2^125: a guess from the bits, within 12.6%, and
  // two steps of third order. Relative error below 2^-23.
  static F Reciprocal(F d) {
    F y = V::Guess(d);
    for (int step = 0; step < 2; ++step) {
      const F e = V::NegFma(d, y, V::Broadcast(1.0f));
      y = V::Fma(V::Fma(e, e, e), y, y);
    }
    return y;
  }

  // Between -limit and limit; NaN gives -limit. At 40 a sigmoid, at 20 a tanh
  // is 0, 1 or -1 in float32.
  static F Bound(F x, float limit) {
    return V::Min(V::Max(x, V::Broadcast(-limit)), V::Broadcast(limit));
  }

  // 1 / (1 + exp(-x)). Absolute error below 2^-23.
  static F Sigmoid(F x) {
    const F a = BoundedExp<-1>(Bound(x, 40.0f));
    return Reciprocal(V::Add(V::Broadcast(1.0f), a));
  }

  // h' = u h + (1 - u) tanh(z) with u = sigmoid(x), |h| <= 1. With a = exp(-x)
  // and t = exp(2z) that is (h (t + 1) + a (t - 1)) / ((1 + a) (t + 1)): one
  // division. Absolute error below 3 * 2^-23.
  static F Blend(F x, F z, F h) {
    const F one = V::Broadcast(1.0f);
    const F a = BoundedExp<-1>(Bound(x, 40.0f));
    const F t = BoundedExp<2>(Bound(z, 20.0f));
    const F above = V::Add(t, one);
    const F top = V::Fma(h, above, V::Mul(a, V::Sub(t, one)));
    return V::Mul(top, Reciprocal(V::Fma(a, above, above)));
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_VECTOR_MATH_H_
