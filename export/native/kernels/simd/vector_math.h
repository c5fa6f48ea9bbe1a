// exp and what follows from it, as one sequence of IEEE operations for every
// vector type (vector_scalar.h). Bounds are tested in math_test.cc.
#ifndef WAVERNN_TF_KERNELS_SIMD_VECTOR_MATH_H_
#define WAVERNN_TF_KERNELS_SIMD_VECTOR_MATH_H_

#include "base/unroll.h"

namespace wavernn_tf {

template <typename V>
struct VectorMath {
  using F = typename V::F;

  // Beyond, float32 knows only 0, 1 and -1.
  static constexpr float kSigmoidEnd = 40.0f;
  static constexpr float kTanhEnd = 20.0f;

  // exp(k x) as p * power, for k x in [-87.3, 88] and k = 1, -1 or 2; other
  // values, NaN too, are the caller's to bound. Relative error below 2^-18.
  //   k x = n ln 2 + k r, |k r| <= ln(2) / 2;  exp(k x) = 2^n p(k r)
  // p is the polynomial 1 + y q(y) of least relative error, 2.8e-6. As k only
  // moves signs and exponents of the constants, it moves no bit.
  struct Exp {
    F p, power;
  };
  template <int k = 1>
  WAVERNN_TF_INLINE static Exp BoundedExp(F x) {
    static_assert(k == 1 || k == -1 || k == 2, "an exact scale");
    // Adding 1.5 * 2^23 + 127 rounds to an integer and leaves n + 127 in the
    // lowest bits, whence one shift makes 2^n.
    const F magic = V::Broadcast(12582912.0f + 127.0f);
    const F shifted = V::Fma(x, V::Broadcast(k * 0x1.715476p+0f), magic);
    const F n = V::Sub(shifted, magic);
    const F r = V::NegFma(n, V::Broadcast(0x1.62e43p-1f / k), x);
    F p = V::Broadcast(k * k * k * k * 0x1.54146ap-5f);
    p = V::Fma(p, r, V::Broadcast(k * k * k * 0x1.57cf54p-3f));
    p = V::Fma(p, r, V::Broadcast(k * k * 0x1.0003f6p-1f));
    p = V::Fma(p, r, V::Broadcast(k * 0x1.fffba6p-1f));
    p = V::Fma(p, r, V::Broadcast(1.0f));
    return {p, V::Exponent(shifted)};
  }

  // exp(x) for any x <= 0: zero below -87.3, where float32 loses bits. NaN
  // gives the smallest value. Bound as above.
  WAVERNN_TF_INLINE static F NegativeExp(F x) {
    const F lowest = V::Broadcast(-87.3f);
    const Exp e = BoundedExp(V::Max(x, lowest));
    return V::ZeroBelow(V::Mul(e.p, e.power), x, lowest);
  }

  // y sigmoid(x) = y / (1 + exp(-x)). Absolute error below 2^-20 |y|.
  WAVERNN_TF_INLINE static F Gated(F y, F x) {
    const Exp a = BoundedExp<-1>(V::Bound(x, kSigmoidEnd));
    return V::Div(y, V::Fma(a.p, a.power, V::Broadcast(1.0f)));
  }

  // h' = u h + (1 - u) tanh(z) with u = sigmoid(x), |h| <= 1. With a = exp(-x)
  // and t = exp(2z) that is (h (t + 1) + a (t - 1)) / ((1 + a) (t + 1)): one
  // division, whose unit works beside the others. Absolute error below 2^-19.
  WAVERNN_TF_INLINE static F Blend(F x, F z, F h) {
    const F one = V::Broadcast(1.0f);
    const Exp exp_x = BoundedExp<-1>(V::Bound(x, kSigmoidEnd));
    const Exp t = BoundedExp<2>(V::Bound(z, kTanhEnd));
    const F a = V::Mul(exp_x.p, exp_x.power);
    const F above = V::Fma(t.p, t.power, one);
    const F below = V::Fma(t.p, t.power, V::Broadcast(-1.0f));
    const F top = V::Fma(h, above, V::Mul(a, below));
    return V::Div(top, V::Fma(a, above, above));
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_SIMD_VECTOR_MATH_H_
