// kCount 16-lane vectors side by side: the operations of one, each done on all
// before the next, so that chains of dependent operations overlap. It changes
// no lane.
#ifndef WAVERNN_TF_KERNELS_SIMD_VECTOR_WIDE_H_
#define WAVERNN_TF_KERNELS_SIMD_VECTOR_WIDE_H_

#include "base/unroll.h"

namespace wavernn_tf {

template <typename V, int kCount>
struct VectorWide {
  static constexpr int kLanes = 16 * kCount;

  struct F {
    typename V::F v[kCount];
  };

  WAVERNN_TF_INLINE static F Broadcast(float x) {
    return Map([&](int) { return V::Broadcast(x); });
  }
  WAVERNN_TF_INLINE static F Load(const float* p) {
    return Map([&](int i) { return V::Load(p + 16 * i); });
  }
  WAVERNN_TF_INLINE static void Store(float* p, const F& a) {
    WAVERNN_TF_UNROLL
    for (int i = 0; i < kCount; ++i) V::Store(p + 16 * i, a.v[i]);
  }
  // Vector i from p + i * stride.
  WAVERNN_TF_INLINE static F LoadEvery(const float* p, int stride) {
    return Map([&](int i) { return V::Load(p + i * stride); });
  }
  // Vector i holds p[i] in all lanes.
  WAVERNN_TF_INLINE static F BroadcastEach(const float* p) {
    return Map([&](int i) { return V::Broadcast(p[i]); });
  }
  // The same vector in every place.
  WAVERNN_TF_INLINE static F Same(typename V::F v) {
    return Map([&](int) { return v; });
  }

  WAVERNN_TF_INLINE static F Add(const F& a, const F& b) {
    return Map([&](int i) { return V::Add(a.v[i], b.v[i]); });
  }
  WAVERNN_TF_INLINE static F Sub(const F& a, const F& b) {
    return Map([&](int i) { return V::Sub(a.v[i], b.v[i]); });
  }
  WAVERNN_TF_INLINE static F Mul(const F& a, const F& b) {
    return Map([&](int i) { return V::Mul(a.v[i], b.v[i]); });
  }
  WAVERNN_TF_INLINE static F Div(const F& a, const F& b) {
    return Map([&](int i) { return V::Div(a.v[i], b.v[i]); });
  }
  WAVERNN_TF_INLINE static F Fma(const F& a, const F& b, const F& c) {
    return Map([&](int i) { return V::Fma(a.v[i], b.v[i], c.v[i]); });
  }
  WAVERNN_TF_INLINE static F NegFma(const F& a, const F& b, const F& c) {
    return Map([&](int i) { return V::NegFma(a.v[i], b.v[i], c.v[i]); });
  }
  WAVERNN_TF_INLINE static F Max(const F& a, const F& b) {
    return Map([&](int i) { return V::Max(a.v[i], b.v[i]); });
  }
  WAVERNN_TF_INLINE static F Bound(const F& a, float limit) {
    return Map([&](int i) { return V::Bound(a.v[i], limit); });
  }
  WAVERNN_TF_INLINE static F ZeroBelow(const F& a, const F& x, const F& limit) {
    return Map([&](int i) { return V::ZeroBelow(a.v[i], x.v[i], limit.v[i]); });
  }
  WAVERNN_TF_INLINE static F Exponent(const F& a) {
    return Map([&](int i) { return V::Exponent(a.v[i]); });
  }

 private:
  template <typename Vector>
  WAVERNN_TF_INLINE static F Map(Vector vector) {
    F result;
    WAVERNN_TF_UNROLL
    for (int i = 0; i < kCount; ++i) result.v[i] = vector(i);
    return result;
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_SIMD_VECTOR_WIDE_H_
