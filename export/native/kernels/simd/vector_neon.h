// The 16-lane vector in four NEON registers (AArch64); see vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_SIMD_VECTOR_NEON_H_
#define WAVERNN_TF_KERNELS_SIMD_VECTOR_NEON_H_

#include <arm_neon.h>

#include <cstdint>
#include <type_traits>

#include "base/unroll.h"
#include "kernels/multiply.h"

namespace wavernn_tf {

// kCount = 16, 8 or 4 sums of a row with the dot products of Isa.
template <typename Isa, typename Weight, int kCount>
struct RowNeon {
  static constexpr int kRows = 1;
  int32x4_t sums[kCount / 4];

  WAVERNN_TF_INLINE int32x4_t Total(int i) const { return sums[i]; }

  WAVERNN_TF_INLINE void InitSums(const int32_t*) {
    WAVERNN_TF_UNROLL
    for (int32x4_t& sum : sums) sum = vdupq_n_s32(0);
  }
  WAVERNN_TF_INLINE void Dot(const int8_t* w, const uint32_t* x) {
    const int32x4_t word = vdupq_n_s32(static_cast<int32_t>(*x));
    WAVERNN_TF_UNROLL
    for (int i = 0; i < kCount / 4; ++i) {
      const int8x16_t weights = vld1q_s8(w + 16 * i);
      sums[i] = Isa::Dot4(sums[i], vreinterpretq_s32_s8(weights), word);
    }
  }
};

// Of shorts every product has a sum of its own until the end.
template <typename Isa, int kCount>
struct RowNeon<Isa, int16_t, kCount> {
  static constexpr int kRows = 1;
  int32x4_t low[kCount / 4], high[kCount / 4];

  WAVERNN_TF_INLINE int32x4_t Total(int i) const {
    return vpaddq_s32(low[i], high[i]);
  }
  WAVERNN_TF_INLINE void InitSums(const int32_t*) {
    WAVERNN_TF_UNROLL
    for (int i = 0; i < kCount / 4; ++i) low[i] = high[i] = vdupq_n_s32(0);
  }
  WAVERNN_TF_INLINE void Dot(const int16_t* w, const uint32_t* x) {
    Dot(w, vreinterpretq_s16_u32(vdupq_n_u32(*x)));
  }
  WAVERNN_TF_INLINE void Dot(const int16_t* w, const uint64_t* x) {
    Dot(w, vreinterpretq_s16_u64(vdupq_n_u64(*x)));
  }
  WAVERNN_TF_INLINE void Dot(const int16_t* w, int16x8_t x) {
    WAVERNN_TF_UNROLL
    for (int i = 0; i < kCount / 4; ++i) {
      const int16x8_t weights = vld1q_s16(w + 8 * i);
      low[i] = vmlal_s16(low[i], vget_low_s16(weights), vget_low_s16(x));
      high[i] = vmlal_high_s16(high[i], weights, x);
    }
  }
};

#ifdef __ARM_FEATURE_DOTPROD
// Of bytes the rows whose 16 sums fill four registers. A row's word of inputs
// stays a lane: dot products by lane need no copies of it.
template <int kCount>
struct RowsNeonDot {
  static constexpr int kRows = 16 / kCount;
  int32x4_t sums[4];

  WAVERNN_TF_INLINE int32x4_t Total(int i) const { return sums[i]; }

  WAVERNN_TF_INLINE void InitSums(const int32_t*) {
    WAVERNN_TF_UNROLL
    for (int32x4_t& sum : sums) sum = vdupq_n_s32(0);
  }
  WAVERNN_TF_INLINE void Dot(const int8_t* w, const uint32_t* x) {
    const int8x16x4_t weights = vld1q_s8_x4(w);
    WAVERNN_TF_UNROLL
    for (int i = 0; i < 4; ++i) {
      const int8x8_t word = vcreate_s8(uint64_t{x[4 * i / kCount]});
      sums[i] = vdotq_lane_s32(sums[i], weights.val[i], word, 0);
    }
  }
};
#endif

struct VectorNeon {
  static constexpr const char* kIsa = "neon";
  static constexpr bool kGathers = false;
  static constexpr bool kMasks = false;
  static constexpr GroupVectors kGroupVectors = {4, 2};
  static constexpr int kBatchFrom[] = {17, 17, 17, 17};  // too few registers
  static constexpr int kBatchSums = 4;
  static constexpr int kGateVectors = 1;
  static constexpr int kAffineRows = 2;
  static constexpr int kAffineVectors = 2;
  static constexpr bool kTestsActivation = true;

  static constexpr int FetchEvery(WeightType, BlockShape) { return 0; }

  static constexpr int kFetchSteps = 0;

  static constexpr int kByteOffset = 0;

  using Quad = float32x4_t;
  struct F {
    Quad quad[4];
  };
  struct I {
    int32x4_t quad[4];
  };

  WAVERNN_TF_INLINE static F Zero() { return Broadcast(0.0f); }
  WAVERNN_TF_INLINE static F Broadcast(float x) {
    const Quad v = vdupq_n_f32(x);
    return {{v, v, v, v}};
  }
  WAVERNN_TF_INLINE static F BroadcastQuad(const float* p) {
    const Quad v = vld1q_f32(p);
    return {{v, v, v, v}};
  }
  WAVERNN_TF_INLINE static F Load(const float* p) {
    return {
        {vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)}};
  }
  WAVERNN_TF_INLINE static void LoadHalves(const uint32_t* p, F& low, F& high) {
    WAVERNN_TF_UNROLL
    for (int i = 0; i < 4; ++i) {
      const uint32x4_t v = vld1q_u32(p + 4 * i);
      low.quad[i] = vreinterpretq_f32_u32(vshlq_n_u32(v, 16));
      high.quad[i] =
          vreinterpretq_f32_u32(vandq_u32(v, vdupq_n_u32(0xFFFF0000u)));
    }
  }
  WAVERNN_TF_INLINE static void Store(float* p, const F& v) {
    WAVERNN_TF_UNROLL
    for (int i = 0; i < 4; ++i) vst1q_f32(p + 4 * i, v.quad[i]);
  }
  template <int kHalf>
  WAVERNN_TF_INLINE static void StoreHalf(float* p, const F& v) {
    vst1q_f32_x2(p, {{v.quad[2 * kHalf], v.quad[2 * kHalf + 1]}});
  }
  template <int kQuad>
  WAVERNN_TF_INLINE static void StoreQuad(float* p, const F& v) {
    vst1q_f32(p, v.quad[kQuad]);
  }

  WAVERNN_TF_INLINE static F Add(const F& a, const F& b) {
    return Map([&](int i) { return vaddq_f32(a.quad[i], b.quad[i]); });
  }
  WAVERNN_TF_INLINE static F Sub(const F& a, const F& b) {
    return Map([&](int i) { return vsubq_f32(a.quad[i], b.quad[i]); });
  }
  WAVERNN_TF_INLINE static F Mul(const F& a, const F& b) {
    return Map([&](int i) { return vmulq_f32(a.quad[i], b.quad[i]); });
  }
  WAVERNN_TF_INLINE static F Div(const F& a, const F& b) {
    return Map([&](int i) { return vdivq_f32(a.quad[i], b.quad[i]); });
  }
  WAVERNN_TF_INLINE static F Fma(const F& a, const F& b, const F& c) {
    return Map(
        [&](int i) { return vfmaq_f32(c.quad[i], a.quad[i], b.quad[i]); });
  }
  WAVERNN_TF_INLINE static F NegFma(const F& a, const F& b, const F& c) {
    return Map(
        [&](int i) { return vfmsq_f32(c.quad[i], a.quad[i], b.quad[i]); });
  }
  WAVERNN_TF_INLINE static F Max(const F& a, const F& b) {
    return Map([&](int i) { return Max(a.quad[i], b.quad[i]); });
  }
  WAVERNN_TF_INLINE static F Bound(const F& v, float limit) {
    return Map([&](int i) {  // of a NaN and a number these take the number
      return vminnmq_f32(vmaxnmq_f32(v.quad[i], vdupq_n_f32(-limit)),
                         vdupq_n_f32(limit));
    });
  }
  WAVERNN_TF_INLINE static F ZeroBelow(const F& v, const F& x, const F& limit) {
    return Map([&](int i) {
      return vreinterpretq_f32_u32(
          vbicq_u32(vreinterpretq_u32_f32(v.quad[i]),
                    vcltq_f32(x.quad[i], limit.quad[i])));
    });
  }
  WAVERNN_TF_INLINE static F NotAbove(const F& a, const F& b) {
    return Map([&](int i) {
      return vreinterpretq_f32_u32(
          vbicq_u32(vreinterpretq_u32_f32(vdupq_n_f32(1.0f)),
                    vcgtq_f32(a.quad[i], b.quad[i])));
    });
  }
  WAVERNN_TF_INLINE static int CountNotAbove(const F& a, const F& b) {
    const F counts = NotAbove(a, b);
    const Quad v4 = vaddq_f32(vaddq_f32(counts.quad[0], counts.quad[1]),
                              vaddq_f32(counts.quad[2], counts.quad[3]));
    return static_cast<int>(vaddvq_f32(v4));
  }
  WAVERNN_TF_INLINE static F Exponent(const F& v) {
    return Map([&](int i) {
      return vreinterpretq_f32_u32(
          vshlq_n_u32(vreinterpretq_u32_f32(v.quad[i]), 23));
    });
  }

  WAVERNN_TF_INLINE static F Reduce4(const F& a, const F& b, const F& c,
                                     const F& d) {
    return {{Reduce(a), Reduce(b), Reduce(c), Reduce(d)}};
  }
  WAVERNN_TF_INLINE static F Totals(const F* v) {
    return Map([&](int i) {
      return vpaddq_f32(AddHalves(v[4 * i], v[4 * i + 1]),
                        AddHalves(v[4 * i + 2], v[4 * i + 3]));
    });
  }
  WAVERNN_TF_INLINE static F Prefix(const F& v) {
    const uint32x4_t odd = {0, ~0u, 0, ~0u};
    const uint32x4_t upper = {0, 0, ~0u, ~0u};
    F sums = Map([&](int i) {
      const Quad first = vtrn1q_f32(v.quad[i], v.quad[i]);
      const Quad pairs = vbslq_f32(odd, vaddq_f32(v.quad[i], first), v.quad[i]);
      const Quad second = vdupq_laneq_f32(pairs, 1);
      return vbslq_f32(upper, vaddq_f32(pairs, second), pairs);
    });
    for (int i = 1; i < 4; i += 2) {
      sums.quad[i] =
          vaddq_f32(sums.quad[i], vdupq_laneq_f32(sums.quad[i - 1], 3));
    }
    const Quad half = vdupq_laneq_f32(sums.quad[1], 3);
    for (int i = 2; i < 4; ++i) sums.quad[i] = vaddq_f32(sums.quad[i], half);
    return sums;
  }
  WAVERNN_TF_INLINE static float Largest(const F& v) {
    const Quad v4 = Max(Max(v.quad[0], v.quad[2]), Max(v.quad[1], v.quad[3]));
    const Quad v2 = Max(v4, vextq_f32(v4, v4, 2));
    return vgetq_lane_f32(Max(v2, vextq_f32(v2, v2, 1)), 0);
  }

  WAVERNN_TF_INLINE static F ShiftIn(const F& v, float x) {
    return Map([&](int i) {
      return vextq_f32(i == 0 ? vdupq_n_f32(x) : v.quad[i - 1], v.quad[i], 3);
    });
  }

  WAVERNN_TF_INLINE static I LoadInts(const void* p) {
    const auto* from = static_cast<const uint8_t*>(p);
    return MapInts(
        [&](int i) { return vreinterpretq_s32_u8(vld1q_u8(from + 16 * i)); });
  }
  WAVERNN_TF_INLINE static void StoreInts(void* p, const I& v) {
    auto* to = static_cast<uint8_t*>(p);
    WAVERNN_TF_UNROLL
    for (int i = 0; i < 4; ++i) {
      vst1q_u8(to + 16 * i, vreinterpretq_u8_s32(v.quad[i]));
    }
  }
  WAVERNN_TF_INLINE static I InitBatchSums(int32_t) { return BroadcastInt(0u); }
  WAVERNN_TF_INLINE static I Dot(const I& sum, const I& w, const I& x) {
    return MapInts(
        [&](int i) { return Dot4(sum.quad[i], w.quad[i], x.quad[i]); });
  }
  WAVERNN_TF_INLINE static I DotWord(const I& sum, const int8_t* w,
                                     const I& x) {
    return Dot(sum, LoadWord(w), x);
  }
  WAVERNN_TF_INLINE static I DotWord(const I& sum, const int16_t* w,
                                     const I& x) {
    const int16x4_t weights =
        vget_low_s16(vreinterpretq_s16_s32(LoadWord(w).quad[0]));
    return MapInts([&](int i) {  // x as Interleave has it
      const int16x8_t a = vreinterpretq_s16_s32(x.quad[i / 2]);
      const int16x8_t b = vreinterpretq_s16_s32(x.quad[2 + i / 2]);
      if (i % 2 == 0) {
        const int32x4_t first =
            vmlal_lane_s16(sum.quad[i], vget_low_s16(a), weights, 0);
        return vmlal_lane_s16(first, vget_low_s16(b), weights, 1);
      }
      const int32x4_t first = vmlal_high_lane_s16(sum.quad[i], a, weights, 0);
      return vmlal_high_lane_s16(first, b, weights, 1);
    });
  }
  WAVERNN_TF_INLINE static int32x4_t Dot4(int32x4_t sum, int32x4_t w,
                                          int32x4_t x) {
    const int8x16_t a = vreinterpretq_s8_s32(w);
    const int8x16_t b = vreinterpretq_s8_s32(x);
    const int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
    const int16x8_t high = vmull_high_s8(a, b);
    return vaddq_s32(sum, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
  }
  WAVERNN_TF_INLINE static I BroadcastInt(uint32_t x) {
    const int32x4_t v = vdupq_n_s32(static_cast<int32_t>(x));
    return {{v, v, v, v}};
  }
  template <typename Weight, int kCount>
  using Lanes = RowNeon<VectorNeon, Weight, kCount>;
  template <typename Isa, typename Weight, int kCount>
  WAVERNN_TF_INLINE static I Join(const RowNeon<Isa, Weight, kCount>* v) {
    constexpr int kQuads = kCount / 4;
    return MapInts([&](int i) { return v[i / kQuads].Total(i % kQuads); });
  }
  WAVERNN_TF_INLINE static I AddPairs(const I& a, const I& b) {
    return {{vpaddq_s32(a.quad[0], a.quad[1]), vpaddq_s32(a.quad[2], a.quad[3]),
             vpaddq_s32(b.quad[0], b.quad[1]),
             vpaddq_s32(b.quad[2], b.quad[3])}};
  }
  WAVERNN_TF_INLINE static F ToFloat(const I& v) {
    return Map([&](int i) { return vcvtq_f32_s32(v.quad[i]); });
  }
  WAVERNN_TF_INLINE static I ToBytes(const F& v, const F& scale) {
    const F sum = Fma(v, scale, Broadcast(12582912.0f));
    return MapInts([&](int i) { return vreinterpretq_s32_f32(sum.quad[i]); });
  }
  WAVERNN_TF_INLINE static void StoreBytes(uint8_t* p, const I& v) {
    const int16x8_t low =
        vcombine_s16(vmovn_s32(v.quad[0]), vmovn_s32(v.quad[1]));
    const int16x8_t high =
        vcombine_s16(vmovn_s32(v.quad[2]), vmovn_s32(v.quad[3]));
    vst1q_u8(p,
             vreinterpretq_u8_s8(vcombine_s8(vmovn_s16(low), vmovn_s16(high))));
  }
  WAVERNN_TF_INLINE static void StoreBytesOf4(uint8_t* p, const I* v) {
    for (int i = 0; i < 4; ++i) StoreBytes(p + 16 * i, v[i]);
  }
  WAVERNN_TF_INLINE static I Interleave(const int8_t* a, const int8_t* b,
                                        const int8_t* c, const int8_t* d) {
    const int8x16x2_t ab = vzipq_s8(vld1q_s8(a), vld1q_s8(b));
    const int8x16x2_t cd = vzipq_s8(vld1q_s8(c), vld1q_s8(d));
    const int16x8x2_t low = vzipq_s16(vreinterpretq_s16_s8(ab.val[0]),
                                      vreinterpretq_s16_s8(cd.val[0]));
    const int16x8x2_t high = vzipq_s16(vreinterpretq_s16_s8(ab.val[1]),
                                       vreinterpretq_s16_s8(cd.val[1]));
    return {{vreinterpretq_s32_s16(low.val[0]),
             vreinterpretq_s32_s16(low.val[1]),
             vreinterpretq_s32_s16(high.val[0]),
             vreinterpretq_s32_s16(high.val[1])}};
  }
  WAVERNN_TF_INLINE static I PackBytes(const I& a, const I& b, const I& c,
                                       const I& d) {
    const int32x4_t byte = vdupq_n_s32(255);
    return MapInts([&](int i) {
      const int32x4_t ab =
          vorrq_s32(vandq_s32(a.quad[i], byte),
                    vshlq_n_s32(vandq_s32(b.quad[i], byte), 8));
      const int32x4_t cd =
          vorrq_s32(vshlq_n_s32(vandq_s32(c.quad[i], byte), 16),
                    vshlq_n_s32(d.quad[i], 24));
      return vorrq_s32(ab, cd);
    });
  }
  template <int kQuad>
  WAVERNN_TF_INLINE static I ShiftBytes(const I& v) {
    const int32x4_t shifts = {0, 8, 16, 24};
    const int32x4_t from = vandq_s32(v.quad[kQuad], vdupq_n_s32(255));
    return {{vshlq_s32(vdupq_laneq_s32(from, 0), shifts),
             vshlq_s32(vdupq_laneq_s32(from, 1), shifts),
             vshlq_s32(vdupq_laneq_s32(from, 2), shifts),
             vshlq_s32(vdupq_laneq_s32(from, 3), shifts)}};
  }
  WAVERNN_TF_INLINE static I ToShorts(const F& v, const F& scale) {
    return ToBytes(v, scale);  // which adds no offset
  }
  WAVERNN_TF_INLINE static void StoreShorts(int16_t* p, const I& v) {
    WAVERNN_TF_UNROLL
    for (int i = 0; i < 4; ++i) vst1_s16(p + 4 * i, vmovn_s32(v.quad[i]));
  }
  // All of a, then all of b: one weight multiplies several streams.
  WAVERNN_TF_INLINE static I Interleave(const int16_t* a, const int16_t* b) {
    return MapInts([&](int i) {
      return vreinterpretq_s32_s16(vld1q_s16((i < 2 ? a : b) + 8 * (i % 2)));
    });
  }
  WAVERNN_TF_INLINE static I PackShorts(const I& a, const I& b) {
    return MapInts([&](int i) {
      const int32x4_t* const quad = (i < 2 ? a : b).quad + 2 * (i % 2);
      return vreinterpretq_s32_s16(
          vcombine_s16(vmovn_s32(quad[0]), vmovn_s32(quad[1])));
    });
  }
  template <int kHalf>
  WAVERNN_TF_INLINE static I ShiftShorts(const I& v) {
    const int32x4_t shifts = {0, 16, 0, 16};
    return MapInts([&](int i) {
      const int32x4_t from =
          vandq_s32(v.quad[2 * kHalf + i / 2], vdupq_n_s32(0xFFFF));
      const int32x4_t twice =
          i % 2 == 0 ? vzip1q_s32(from, from) : vzip2q_s32(from, from);
      return vshlq_s32(twice, shifts);
    });
  }

 protected:
  WAVERNN_TF_INLINE static I LoadWord(const void* w) {
    uint32_t word;
    __builtin_memcpy(&word, w, sizeof(word));
    return BroadcastInt(word);
  }
  template <typename Lane>
  WAVERNN_TF_INLINE static I MapInts(Lane lane) {
    return {{lane(0), lane(1), lane(2), lane(3)}};
  }

 private:
  template <typename Lane>
  WAVERNN_TF_INLINE static F Map(Lane lane) {
    return {{lane(0), lane(1), lane(2), lane(3)}};
  }
  // Lanes i and i + 8 of a vector added, then i and i + 4, then i and i + 2: of
  // a, then of b.
  WAVERNN_TF_INLINE static Quad AddHalves(const F& a, const F& b) {
    const Quad a4 = FourSums(a);
    const Quad b4 = FourSums(b);
    return vaddq_f32(vcombine_f32(vget_low_f32(a4), vget_low_f32(b4)),
                     vcombine_f32(vget_high_f32(a4), vget_high_f32(b4)));
  }
  WAVERNN_TF_INLINE static Quad FourSums(const F& v) {
    return vaddq_f32(vaddq_f32(v.quad[0], v.quad[2]),
                     vaddq_f32(v.quad[1], v.quad[3]));
  }
  WAVERNN_TF_INLINE static Quad Max(Quad a, Quad b) {
    return vbslq_f32(vcgtq_f32(a, b), a, b);
  }
  // Neighbours are added first.
  WAVERNN_TF_INLINE static Quad Reduce(const F& v) {
    return vpaddq_f32(vpaddq_f32(v.quad[0], v.quad[1]),
                      vpaddq_f32(v.quad[2], v.quad[3]));
  }
};

#ifdef __ARM_FEATURE_DOTPROD
// With the dot products of ARMv8.2.
struct VectorNeonDot : VectorNeon {
  static constexpr const char* kIsa = "neondot";

  WAVERNN_TF_INLINE static I Dot(const I& sum, const I& w, const I& x) {
    return MapInts(
        [&](int i) { return Dot4(sum.quad[i], w.quad[i], x.quad[i]); });
  }
  using VectorNeon::DotWord;
  WAVERNN_TF_INLINE static I DotWord(const I& sum, const int8_t* w,
                                     const I& x) {
    return Dot(sum, LoadWord(w), x);
  }
  WAVERNN_TF_INLINE static int32x4_t Dot4(int32x4_t sum, int32x4_t w,
                                          int32x4_t x) {
    return vdotq_s32(sum, vreinterpretq_s8_s32(w), vreinterpretq_s8_s32(x));
  }
  template <typename Weight, int kCount>
  using Lanes =
      std::conditional_t<std::is_same_v<Weight, int8_t>, RowsNeonDot<kCount>,
                         RowNeon<VectorNeonDot, Weight, kCount>>;
  using VectorNeon::Join;
  template <int kCount>
  WAVERNN_TF_INLINE static I Join(const RowsNeonDot<kCount>* v) {
    return {{v->sums[0], v->sums[1], v->sums[2], v->sums[3]}};
  }
};
#endif

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_SIMD_VECTOR_NEON_H_
