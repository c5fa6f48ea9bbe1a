// The 16-lane vector in two 256-bit registers; see vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_SIMD_VECTOR_YMM_H_
#define WAVERNN_TF_KERNELS_SIMD_VECTOR_YMM_H_

#include <immintrin.h>

#include <cstdint>

#include "base/unroll.h"
#include "kernels/simd/isa_x86.h"

namespace wavernn_tf {

template <typename Isa, template <typename> typename Dots>
struct VectorYmm {
  static constexpr const char* kIsa = Isa::kName;
  static constexpr bool kGathers = Isa::kGathers;
  static constexpr bool kWide = false;  // a vector is no one register
  static constexpr bool kMasks = false;
  static constexpr GroupVectors kGroupVectors = Isa::kGroupVectors;
  static constexpr auto& kBatchFrom = Isa::kBatchFrom;
  static constexpr int kBatchSums = 4;
  static constexpr int kGateVectors = 1;
  static constexpr int kAffineRows = 2;
  static constexpr int kAffineVectors = 2;
  static constexpr bool kTestsActivation = false;

  static constexpr int FetchEvery(WeightType type, BlockShape shape) {
    return Isa::FetchEvery(type, shape);
  }
  static constexpr int kFetchSteps = 0;

  static constexpr int kByteOffset = Dots<Isa>::kByteOffset;

  struct F {
    __m256 low, high;
  };
  struct I {
    __m256i low, high;
  };

  static F Zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static F Broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static F BroadcastQuad(const float* p) {
    const __m256 v = _mm256_broadcast_ps(reinterpret_cast<const __m128*>(p));
    return {v, v};
  }
  static F Load(const float* p) {
    return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
  }
  static void LoadHalves(const uint32_t* p, F& low, F& high) {
    I v = LoadInts(p);
    asm("" : "+x"(v.low), "+x"(v.high));  // one load, not one for each half
    low = Floats({_mm256_slli_epi32(v.low, 16), _mm256_slli_epi32(v.high, 16)});
    const __m256i mask = _mm256_set1_epi32(-65536);
    high =
        Floats({_mm256_and_si256(v.low, mask), _mm256_and_si256(v.high, mask)});
  }
  static void Store(float* p, F v) {
    _mm256_storeu_ps(p, v.low);
    _mm256_storeu_ps(p + 8, v.high);
  }
  template <int kHalf>
  static void StoreHalf(float* p, F v) {
    _mm256_storeu_ps(p, kHalf == 0 ? v.low : v.high);
  }
  template <int kQuad>
  static void StoreQuad(float* p, F v) {
    _mm_storeu_ps(p,
                  _mm256_extractf128_ps(kQuad < 2 ? v.low : v.high, kQuad % 2));
  }

  static F Add(F a, F b) {
    return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
  }
  static F Sub(F a, F b) {
    return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
  }
  static F Mul(F a, F b) {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
  }
  static F Div(F a, F b) {
    return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
  }
  static F Fma(F a, F b, F c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low),
            _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  static F NegFma(F a, F b, F c) {
    return {_mm256_fnmadd_ps(a.low, b.low, c.low),
            _mm256_fnmadd_ps(a.high, b.high, c.high)};
  }
  static F Max(F a, F b) {
    return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
  }
  static F Bound(F v, float limit) {
    const F above = Max(v, Broadcast(-limit));
    const __m256 most = _mm256_set1_ps(limit);
    return {_mm256_min_ps(above.low, most), _mm256_min_ps(above.high, most)};
  }
  static F ZeroBelow(F v, F x, F limit) {
    return {
        _mm256_and_ps(v.low, _mm256_cmp_ps(x.low, limit.low, _CMP_NLT_UQ)),
        _mm256_and_ps(v.high, _mm256_cmp_ps(x.high, limit.high, _CMP_NLT_UQ))};
  }
  static F NotAbove(F a, F b) {
    const __m256 one = _mm256_set1_ps(1.0f);
    return {_mm256_and_ps(one, _mm256_cmp_ps(a.low, b.low, _CMP_NGT_UQ)),
            _mm256_and_ps(one, _mm256_cmp_ps(a.high, b.high, _CMP_NGT_UQ))};
  }
  static int CountNotAbove(F a, F b) {
    const int low =
        _mm256_movemask_ps(_mm256_cmp_ps(a.low, b.low, _CMP_NGT_UQ));
    const int high =
        _mm256_movemask_ps(_mm256_cmp_ps(a.high, b.high, _CMP_NGT_UQ));
    return __builtin_popcount(low | high << 8);
  }
  static F Exponent(F v) { return {Exponent(v.low), Exponent(v.high)}; }

  static F Reduce4(F a, F b, F c, F d) {
    const __m256 low = Pairs(Pairs(a.low, b.low), Pairs(c.low, d.low));
    const __m256 high = Pairs(Pairs(a.high, b.high), Pairs(c.high, d.high));
    // Their quarters are the outputs 0 .. 3 of a, b, c, d each: transpose them.
    __m128 o0 = _mm256_castps256_ps128(low);
    __m128 o1 = _mm256_extractf128_ps(low, 1);
    __m128 o2 = _mm256_castps256_ps128(high);
    __m128 o3 = _mm256_extractf128_ps(high, 1);
    _MM_TRANSPOSE4_PS(o0, o1, o2, o3);
    return {_mm256_set_m128(o1, o0), _mm256_set_m128(o3, o2)};
  }
  static F Totals(const F* v) { return {EightTotals(v), EightTotals(v + 8)}; }
  static F Prefix(F v) {
    const __m256 low = EightPrefix(v.low);
    const __m256 before = _mm256_permutevar8x32_ps(low, _mm256_set1_epi32(7));
    return {low, _mm256_add_ps(EightPrefix(v.high), before)};
  }
  static float Largest(F v) {
    return Halvings<Isa>::Largest(_mm256_max_ps(v.low, v.high));
  }

  static F ShiftIn(F v, float x) {
    const __m256i before = _mm256_setr_epi32(7, 0, 1, 2, 3, 4, 5, 6);
    const __m256 low = _mm256_permutevar8x32_ps(v.low, before);
    const __m256 high = _mm256_permutevar8x32_ps(v.high, before);
    return {_mm256_blend_ps(low, _mm256_set1_ps(x), 1),
            _mm256_blend_ps(high, low, 1)};
  }

  static I LoadInts(const void* p) {
    const auto* v = static_cast<const __m256i*>(p);
    return {_mm256_loadu_si256(v), _mm256_loadu_si256(v + 1)};
  }
  static void StoreInts(void* p, I v) {
    auto* to = static_cast<__m256i*>(p);
    _mm256_storeu_si256(to, v.low);
    _mm256_storeu_si256(to + 1, v.high);
  }
  static I InitSums(const int32_t* offsets) {
    return kByteOffset == 0 ? BroadcastInt(0u) : LoadInts(offsets);
  }
  static I InitBatchSums(int32_t offset) {
    return BroadcastInt(kByteOffset == 0 ? 0 : static_cast<uint32_t>(offset));
  }
  static I Dot(I sum, I w, I x) {
    return {Dots<Isa>::Dot8(sum.low, w.low, x.low),
            Dots<Isa>::Dot8(sum.high, w.high, x.high)};
  }
  static I DotShorts(I sum, I w, I x) {
    return {Dots<Isa>::DotShorts8(sum.low, w.low, x.low),
            Dots<Isa>::DotShorts8(sum.high, w.high, x.high)};
  }
  static I DotAll(I sum, const int8_t* w, I x) {
    return Dot(sum, LoadInts(w), x);
  }
  static I DotAll(I sum, const int16_t* w, I x) {
    return DotShorts(sum, LoadInts(w), x);
  }
  static I DotWord(I sum, const int8_t* w, I x) {
    return Dot(sum, BroadcastInt(Word(w)), x);
  }
  static I DotWord(I sum, const int16_t* w, I x) {
    return DotShorts(sum, BroadcastInt(Word(w)), x);
  }
  static I BroadcastInt(uint32_t x) {
    const __m256i v = _mm256_set1_epi32(static_cast<int>(x));
    return {v, v};
  }
  static I BroadcastInt(uint64_t x) {
    const __m256i v = _mm256_set1_epi64x(static_cast<int64_t>(x));
    return {v, v};
  }
  template <typename Weight, int kCount>
  using Lanes = SumsX86<VectorYmm, Dots<Isa>, Weight, kCount>;
  template <int kRows, typename Unit>
  static I BroadcastRows(const Unit* x) {
    static_assert(kRows == 1);
    return BroadcastInt(*x);
  }
  template <typename Sums>
  static I Join(const Sums* v) {
    if constexpr (Sums::kLanes == 16) {
      return v->sums;
    } else {
      return {v[0].sums, v[1].sums};
    }
  }
  static I AddPairs(I a, I b) {
    // Of both registers' halves, which are then put in order.
    return {_mm256_permute4x64_epi64(_mm256_hadd_epi32(a.low, a.high), 0xD8),
            _mm256_permute4x64_epi64(_mm256_hadd_epi32(b.low, b.high), 0xD8)};
  }
  static F ToFloat(I v) {
    return {_mm256_cvtepi32_ps(v.low), _mm256_cvtepi32_ps(v.high)};
  }
  static I ToBytes(F v, F scale) {
    const F sum = Fma(v, scale, Broadcast(12582912.0f + kByteOffset));
    return {_mm256_castps_si256(sum.low), _mm256_castps_si256(sum.high)};
  }
  static void StoreBytes(uint8_t* p, I v) {
    const __m256i byte = _mm256_set1_epi32(255);
    const __m256i words = _mm256_packus_epi32(_mm256_and_si256(v.low, byte),
                                              _mm256_and_si256(v.high, byte));
    const __m256i sorted = _mm256_permute4x64_epi64(words, 0xD8);
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(sorted),
                                           _mm256_extracti128_si256(sorted, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
  }
  static void StoreBytesOf4(uint8_t* p, const I* v) {
    for (int i = 0; i < 4; ++i) StoreBytes(p + 16 * i, v[i]);
  }
  static I Interleave(const int8_t* a, const int8_t* b, const int8_t* c,
                      const int8_t* d) {
    const __m128i ab_low = _mm_unpacklo_epi8(LoadBytes(a), LoadBytes(b));
    const __m128i ab_high = _mm_unpackhi_epi8(LoadBytes(a), LoadBytes(b));
    const __m128i cd_low = _mm_unpacklo_epi8(LoadBytes(c), LoadBytes(d));
    const __m128i cd_high = _mm_unpackhi_epi8(LoadBytes(c), LoadBytes(d));
    return {_mm256_set_m128i(_mm_unpackhi_epi16(ab_low, cd_low),
                             _mm_unpacklo_epi16(ab_low, cd_low)),
            _mm256_set_m128i(_mm_unpackhi_epi16(ab_high, cd_high),
                             _mm_unpacklo_epi16(ab_high, cd_high))};
  }
  static I PackBytes(I a, I b, I c, I d) {
    return {PackBytes(a.low, b.low, c.low, d.low),
            PackBytes(a.high, b.high, c.high, d.high)};
  }
  template <int kQuad>
  static I ShiftBytes(I v) {
    constexpr int q = 4 * (kQuad % 2);
    const __m256i from = kQuad < 2 ? v.low : v.high;
    const __m256i low = _mm256_permutevar8x32_epi32(
        from, _mm256_setr_epi32(q, q, q, q, q + 1, q + 1, q + 1, q + 1));
    const __m256i high = _mm256_permutevar8x32_epi32(
        from, _mm256_setr_epi32(q + 2, q + 2, q + 2, q + 2, q + 3, q + 3, q + 3,
                                q + 3));
    const __m256i shifts = _mm256_setr_epi32(0, 8, 16, 24, 0, 8, 16, 24);
    const __m256i byte = _mm256_set1_epi32(255);
    return {_mm256_sllv_epi32(_mm256_and_si256(low, byte), shifts),
            _mm256_sllv_epi32(_mm256_and_si256(high, byte), shifts)};
  }
  static I ToShorts(F v, F scale) {
    const F sum = Fma(v, scale, Broadcast(12582912.0f));
    return {_mm256_castps_si256(sum.low), _mm256_castps_si256(sum.high)};
  }
  static void StoreShorts(int16_t* p, I v) {
    const __m256i half = _mm256_set1_epi32(0xFFFF);
    const __m256i shorts = _mm256_packus_epi32(_mm256_and_si256(v.low, half),
                                               _mm256_and_si256(v.high, half));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm256_permute4x64_epi64(shorts, 0xD8));
  }
  static I Interleave(const int16_t* a, const int16_t* b) {
    return PackShorts({LoadShorts(a), LoadShorts(a + 8)},
                      {LoadShorts(b), LoadShorts(b + 8)});
  }
  static I PackShorts(I a, I b) {
    return {_mm256_blend_epi16(a.low, _mm256_slli_epi32(b.low, 16), 0xAA),
            _mm256_blend_epi16(a.high, _mm256_slli_epi32(b.high, 16), 0xAA)};
  }
  template <int kHalf>
  static I ShiftShorts(I v) {
    const __m256i from = kHalf == 0 ? v.low : v.high;
    const __m256i low = _mm256_permutevar8x32_epi32(
        from, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
    const __m256i high = _mm256_permutevar8x32_epi32(
        from, _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7));
    const __m256i shifts = _mm256_setr_epi32(0, 16, 0, 16, 0, 16, 0, 16);
    const __m256i half = _mm256_set1_epi32(0xFFFF);
    return {_mm256_sllv_epi32(_mm256_and_si256(low, half), shifts),
            _mm256_sllv_epi32(_mm256_and_si256(high, half), shifts)};
  }

 private:
  static uint32_t Word(const void* p) {
    uint32_t word;
    __builtin_memcpy(&word, p, sizeof(word));
    return word;
  }
  static __m128i LoadBytes(const int8_t* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  static __m256i LoadShorts(const int16_t* p) {
    return _mm256_cvtepu16_epi32(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static F Floats(I v) {
    return {_mm256_castsi256_ps(v.low), _mm256_castsi256_ps(v.high)};
  }
  static __m256i PackBytes(__m256i a, __m256i b, __m256i c, __m256i d) {
    const __m256i byte = _mm256_set1_epi32(255);
    const __m256i ab =
        _mm256_or_si256(_mm256_and_si256(a, byte),
                        _mm256_slli_epi32(_mm256_and_si256(b, byte), 8));
    const __m256i cd =
        _mm256_or_si256(_mm256_slli_epi32(_mm256_and_si256(c, byte), 16),
                        _mm256_slli_epi32(d, 24));
    return _mm256_or_si256(ab, cd);
  }
  static __m256 Exponent(__m256 v) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(v), 23));
  }
  // Totals of eight.
  static __m256 EightTotals(const F* v) {
    __m256 sums[4];  // of v[j] and v[j + 4], a half each
    WAVERNN_TF_UNROLL
    for (int j = 0; j < 4; ++j) {
      const __m256 a = _mm256_add_ps(v[j].low, v[j].high);
      const __m256 b = _mm256_add_ps(v[j + 4].low, v[j + 4].high);
      sums[j] = _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20),
                              _mm256_permute2f128_ps(a, b, 0x31));
    }
    return Pairs(AddFarPairs(sums[0], sums[1]), AddFarPairs(sums[2], sums[3]));
  }
  // Prefix of eight lanes.
  static __m256 EightPrefix(__m256 v) {
    const __m256 first = _mm256_permute_ps(v, 0xA0);
    v = _mm256_blend_ps(v, _mm256_add_ps(v, first), 0xAA);
    const __m256 second = _mm256_permute_ps(v, 0x55);
    v = _mm256_blend_ps(v, _mm256_add_ps(v, second), 0xCC);
    const __m256 third = _mm256_permutevar8x32_ps(v, _mm256_set1_epi32(3));
    return _mm256_blend_ps(v, _mm256_add_ps(v, third), 0xF0);
  }
  // In every 128-bit half: a0 + a2, a1 + a3, b0 + b2, b1 + b3.
  static __m256 AddFarPairs(__m256 a, __m256 b) {
    return _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x44),
                         _mm256_shuffle_ps(a, b, 0xEE));
  }
  // In every 128-bit half: a0 + a1, a2 + a3, b0 + b1, b2 + b3.
  static __m256 Pairs(__m256 a, __m256 b) {
    return _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x88),
                         _mm256_shuffle_ps(a, b, 0xDD));
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_SIMD_VECTOR_YMM_H_
