// The 16-lane vector in four NEON registers (AArch64); see vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_VECTOR_NEON_H_
#define WAVERNN_TF_KERNELS_VECTOR_NEON_H_

#include <arm_neon.h>

namespace wavernn_tf {

struct VectorNeon {
  static constexpr const char* kIsa = "neon";
  static constexpr int kGateVectors = 2;
  static constexpr int kAffineRows = 2;
  static constexpr int kAffineVectors = 2;

  using Quad = float32x4_t;
  struct F {
    Quad quad[4];
  };

  static F Zero() { return Broadcast(0.0f); }
  static F Broadcast(float x) {
    const Quad v = vdupq_n_f32(x);
    return {{v, v, v, v}};
  }
  static F Load(const float* p) {
    return {
        {vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)}};
  }
  static void Store(float* p, const F& v) {
    for (int i = 0; i < 4; ++i) vst1q_f32(p + 4 * i, v.quad[i]);
  }
  template <int kQuad>
  static void StoreQuad(float* p, const F& v) {
    vst1q_f32(p, v.quad[kQuad]);
  }
  template <int kQuad>
  static F Repeat(const F& v) {
    const Quad from = v.quad[kQuad];
    return {{vdupq_laneq_f32(from, 0), vdupq_laneq_f32(from, 1),
             vdupq_laneq_f32(from, 2), vdupq_laneq_f32(from, 3)}};
  }

  static F Add(const F& a, const F& b) {
    return Map([&](int i) { return vaddq_f32(a.quad[i], b.quad[i]); });
  }
  static F Sub(const F& a, const F& b) {
    return Map([&](int i) { return vsubq_f32(a.quad[i], b.quad[i]); });
  }
  static F Mul(const F& a, const F& b) {
    return Map([&](int i) { return vmulq_f32(a.quad[i], b.quad[i]); });
  }
  static F Fma(const F& a, const F& b, const F& c) {
    return Map(
        [&](int i) { return vfmaq_f32(c.quad[i], a.quad[i], b.quad[i]); });
  }
  static F NegFma(const F& a, const F& b, const F& c) {
    return Map(
        [&](int i) { return vfmsq_f32(c.quad[i], a.quad[i], b.quad[i]); });
  }
  static F Max(const F& a, const F& b) {
    return Map([&](int i) { return Max(a.quad[i], b.quad[i]); });
  }
  static F Min(const F& a, const F& b) {
    return Map([&](int i) {
      return vbslq_f32(vcltq_f32(a.quad[i], b.quad[i]), a.quad[i], b.quad[i]);
    });
  }
  static F ZeroBelow(const F& v, const F& x, const F& limit) {
    return Map([&](int i) {
      return vreinterpretq_f32_u32(
          vbicq_u32(vreinterpretq_u32_f32(v.quad[i]),
                    vcltq_f32(x.quad[i], limit.quad[i])));
    });
  }
  static F Exponent(const F& v) {
    return Map([&](int i) {
      return vreinterpretq_f32_u32(
          vshlq_n_u32(vreinterpretq_u32_f32(v.quad[i]), 23));
    });
  }
  static F Guess(const F& v) {
    return Map([&](int i) {
      return vreinterpretq_f32_u32(vsubq_u32(vdupq_n_u32(0x7EF311C3u),
                                             vreinterpretq_u32_f32(v.quad[i])));
    });
  }

  static F Reduce4(const F& a, const F& b, const F& c, const F& d) {
    return {{Reduce(a), Reduce(b), Reduce(c), Reduce(d)}};
  }
  static float Sum(const F& v) {
    const Quad v4 = vaddq_f32(vaddq_f32(v.quad[0], v.quad[2]),
                              vaddq_f32(v.quad[1], v.quad[3]));
    const float32x2_t v2 = vadd_f32(vget_low_f32(v4), vget_high_f32(v4));
    return vget_lane_f32(v2, 0) + vget_lane_f32(v2, 1);
  }
  static float Largest(const F& v) {
    const Quad v4 = Max(Max(v.quad[0], v.quad[2]), Max(v.quad[1], v.quad[3]));
    const Quad v2 = Max(v4, vextq_f32(v4, v4, 2));
    return vgetq_lane_f32(Max(v2, vextq_f32(v2, v2, 1)), 0);
  }

 private:
  template <typename Lane>
  static F Map(Lane lane) {
    return {{lane(0), lane(1), lane(2), lane(3)}};
  }
  static Quad Max(Quad a, Quad b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
  static Quad Reduce(const F& v) {
    return vaddq_f32(vaddq_f32(v.quad[0], v.quad[1]),
                     vaddq_f32(v.quad[2], v.quad[3]));
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_VECTOR_NEON_H_
