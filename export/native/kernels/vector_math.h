// exp, 1 / x and what follows from them, as one sequence of IEEE operations
// for every vector type (vector_scalar.h). Bounds are tested in math_test.cc.
#ifndef WAVERNN_TF_KERNELS_VECTOR_MATH_H_
#define WAVERNN_TF_KERNELS_VECTOR_MATH_H_

namespace wavernn_tf {

template <typename V>
struct VectorMath {
  using F = typename V::F;

  // exp(x) for x in [-87.3, 88]; other values, NaN too, are the caller's to
  // bound. Relative error below 2^-23.
  //   x = n ln 2 + r, |r| <= ln(2) / 2;  exp(x) = 2^n p(r)
  // p is the polynomial 1 + r + r^2 q(r) of least relative error, 3.1e-9.
  static F BoundedExp(F x) {
    // Adding 1.5 * 2^23 + 127 rounds to an integer and leaves n + 127 in the
    // lowest bits, whence one shift makes 2^n.
    const F magic = V::Broadcast(12582912.0f + 127.0f);
    const F shifted = V::Fma(x, V::Broadcast(0x1.715476p+0f), magic);
    const F n = V::Sub(shifted, magic);
    F r = V::NegFma(n, V::Broadcast(0x1.62e43p-1f), x);
    r = V::NegFma(n, V::Broadcast(-0x1.05c61p-29f), r);
    F p = V::Broadcast(0x1.6a23cep-10f);
    p = V::Fma(p, r, V::Broadcast(0x1.123a2p-7f));
    p = V::Fma(p, r, V::Broadcast(0x1.5558f2p-5f));
    p = V::Fma(p, r, V::Broadcast(0x1.555492p-3f));
    p = V::Fma(p, r, V::Broadcast(0x1.fffffcp-2f));
    p = V::Fma(p, r, V::Broadcast(1.0f));
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

  // Between -40 and 40, where sigmoid and tanh are 0, 1 or +-1 in float32.
  // NaN gives -40.
  static F Bound(F x) {
    return V::Min(V::Max(x, V::Broadcast(-40.0f)), V::Broadcast(40.0f));
  }

  // 1 / (1 + exp(-x)). Absolute error below 2^-23.
  static F Sigmoid(F x) {
    const F a = BoundedExp(Bound(V::Sub(V::Zero(), x)));
    return Reciprocal(V::Add(V::Broadcast(1.0f), a));
  }

  // h' = u h + (1 - u) tanh(z) with u = sigmoid(x), |h| <= 1. With a = exp(-x)
  // and t = exp(2z) that is (h (t + 1) + a (t - 1)) / ((1 + a) (t + 1)): one
  // division. Absolute error below 3 * 2^-23.
  static F Blend(F x, F z, F h) {
    const F one = V::Broadcast(1.0f);
    const F a = BoundedExp(Bound(V::Sub(V::Zero(), x)));
    const F t = BoundedExp(Bound(V::Add(z, z)));
    const F above = V::Add(t, one);
    const F top = V::Fma(h, above, V::Mul(a, V::Sub(t, one)));
    return V::Mul(top, Reciprocal(V::Fma(a, above, above)));
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_VECTOR_MATH_H_
