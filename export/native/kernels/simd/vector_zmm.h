// The 16-lane vector in one 512-bit register; see vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_SIMD_VECTOR_ZMM_H_
#define WAVERNN_TF_KERNELS_SIMD_VECTOR_ZMM_H_

#include <immintrin.h>

#include <cstdint>

#include "base/unroll.h"
#include "kernels/simd/isa_x86.h"

namespace wavernn_tf {

template <typename Isa, template <typename> typename Dots>
struct VectorZmm {
  static constexpr const char* kIsa = Isa::kName;
  static constexpr bool kGathers = Isa::kGathers;
  static constexpr bool kWide = true;
  static constexpr bool kMasks = true;
  static constexpr GroupVectors kGroupVectors = Isa::kGroupVectors;
  static constexpr auto& kBatchFrom = Isa::kBatchFrom;
  static constexpr int kBatchSums = 16;
  static constexpr int kGateVectors = 4;
  static constexpr int kAffineRows = 8;
  static constexpr int kAffineVectors = 2;
  static constexpr bool kTestsActivation = false;

  static constexpr int FetchEvery(WeightType type, BlockShape shape) {
    return Isa::FetchEvery(type, shape);
  }
  static constexpr int kFetchSteps = 4;

  static constexpr int kByteOffset = Dots<Isa>::kByteOffset;

  using F = __m512;
  using I = __m512i;

  static F Zero() { return _mm512_setzero_ps(); }
  static F Broadcast(float x) { return _mm512_set1_ps(x); }
  static F BroadcastQuad(const float* p) {
    return _mm512_broadcast_f32x4(_mm_loadu_ps(p));
  }
  static F Load(const float* p) { return _mm512_loadu_ps(p); }
  static void LoadHalves(const uint32_t* p, F& low, F& high) {
    I v = LoadInts(p);
    asm("" : "+v"(v));  // one load, not one for each half
    low = _mm512_castsi512_ps(_mm512_slli_epi32(v, 16));
    high = _mm512_castsi512_ps(_mm512_and_si512(v, _mm512_set1_epi32(-65536)));
  }
  static void Store(float* p, F v) { _mm512_storeu_ps(p, v); }
  template <int kHalf>
  static void StoreHalf(float* p, F v) {
    _mm256_storeu_ps(p, _mm512_extractf32x8_ps(v, kHalf));
  }
  template <int kQuad>
  static void StoreQuad(float* p, F v) {
    _mm_storeu_ps(p, _mm512_extractf32x4_ps(v, kQuad));
  }

  static F Add(F a, F b) { return _mm512_add_ps(a, b); }
  static F Sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F Mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F Div(F a, F b) { return _mm512_div_ps(a, b); }
  static F Fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F NegFma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }
  static F Max(F a, F b) { return _mm512_max_ps(a, b); }
  static F Bound(F v, float limit) {
    return _mm512_range_ps(v, Broadcast(limit), 2);  // the smaller magnitude
  }
  static F ZeroBelow(F v, F x, F limit) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, limit, _CMP_NLT_UQ), v);
  }
  static F NotAbove(F a, F b) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_NGT_UQ),
                               _mm512_set1_ps(1.0f));
  }
  static int CountNotAbove(F a, F b) {
    return __builtin_popcount(_mm512_cmp_ps_mask(a, b, _CMP_NGT_UQ));
  }
  static F Exponent(F v) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(v), 23));
  }

  static F Reduce4(F a, F b, F c, F d) {
    return _mm512_permutexvar_ps(Transposed(), Pairs(Pairs(a, b), Pairs(c, d)));
  }
  static F Totals(const F* v) {
    F sums[4];  // of v[j], v[j + 4], v[j + 8] and v[j + 12], a quarter each
    WAVERNN_TF_UNROLL
    for (int j = 0; j < 4; ++j) {
      const F low = AddHalves(v[j], v[j + 4]);
      const F high = AddHalves(v[j + 8], v[j + 12]);
      sums[j] = _mm512_add_ps(_mm512_shuffle_f32x4(low, high, 0x88),
                              _mm512_shuffle_f32x4(low, high, 0xDD));
    }
    return Pairs(AddFarPairs(sums[0], sums[1]), AddFarPairs(sums[2], sums[3]));
  }
  static F Prefix(F v) {
    v = _mm512_mask_add_ps(v, 0xAAAA, v, _mm512_permute_ps(v, 0xA0));
    v = _mm512_mask_add_ps(v, 0xCCCC, v, _mm512_permute_ps(v, 0x55));
    const I third =
        _mm512_setr_epi32(0, 0, 0, 0, 3, 3, 3, 3, 0, 0, 0, 0, 11, 11, 11, 11);
    v = _mm512_mask_add_ps(v, 0xF0F0, v, _mm512_permutexvar_ps(third, v));
    const I seventh = _mm512_set1_epi32(7);
    return _mm512_mask_add_ps(v, 0xFF00, v, _mm512_permutexvar_ps(seventh, v));
  }
  static float Largest(F v) {
    return Halvings<Isa>::Largest(
        _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1)));
  }

  static F ShiftIn(F v, float x) {
    return _mm512_castsi512_ps(_mm512_alignr_epi32(
        _mm512_castps_si512(v), _mm512_castps_si512(_mm512_set1_ps(x)), 15));
  }

  static I LoadInts(const void* p) { return _mm512_loadu_si512(p); }
  static void StoreInts(void* p, I v) { _mm512_storeu_si512(p, v); }
  // 16 or 8 units at columns.
  static I Gather(const uint32_t* p, const uint16_t* columns) {
    const I index = _mm512_cvtepu16_epi32(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(columns)));
    return _mm512_i32gather_epi32(index, p, 4);
  }
  static I Gather(const uint64_t* p, const uint16_t* columns) {
    const __m256i index = _mm256_cvtepu16_epi32(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(columns)));
    return _mm512_i32gather_epi64(index, p, 8);
  }
  // Lane i of four vectors, to p + outputs[i].
  static void StoreQuads(float* p, const int32_t* outputs, const F* v) {
    const Quads quads(v);
    for (int i = 0; i < 4; ++i) StoreEvery4(p, outputs + i, quads.every4[i]);
  }
  // Four lanes of 16 rows of 16 floats, which keep the others.
  class FourLanes {
   public:
    explicit FourLanes(const int* lanes) {
      int32_t places[16] = {};
      for (int j = 0; j < 4; ++j) {
        places[lanes[j]] = j;
        mask_ = static_cast<__mmask16>(mask_ | 1u << lanes[j]);
      }
      for (int quarter = 0; quarter < 4; ++quarter) {
        places_[quarter] =
            _mm512_add_epi32(LoadInts(places), _mm512_set1_epi32(4 * quarter));
      }
    }
    // Row r gets lane r of the four vectors.
    void Store(float* rows, const F* v) const {
      const Quads quads(v);
      WAVERNN_TF_UNROLL
      for (int r = 0; r < 16; ++r) {
        _mm512_mask_storeu_ps(
            rows + 16 * r, mask_,
            _mm512_permutexvar_ps(places_[r / 4], quads.every4[r % 4]));
      }
    }

   private:
    I places_[4];
    __mmask16 mask_ = 0;
  };
  static I InitSums(const int32_t* offsets) {
    return kByteOffset == 0 ? BroadcastInt(0u) : LoadInts(offsets);
  }
  static I InitBatchSums(int32_t offset) {
    return _mm512_set1_epi32(kByteOffset == 0 ? 0 : offset);
  }
  static I Dot(I sum, I w, I x) { return Dots<Isa>::Dot16(sum, w, x); }
  static I DotShorts(I sum, I w, I x) {
    return Dots<Isa>::DotShorts16(sum, w, x);
  }
  static I DotAll(I sum, const int8_t* w, I x) {
    return Dot(sum, LoadInts(w), x);
  }
  static I DotAll(I sum, const int16_t* w, I x) {
    return DotShorts(sum, LoadInts(w), x);
  }
  template <typename Weight>
  static I DotWord(I sum, const Weight* w, I x) {
    return Dots<Isa>::Dot16Word(sum, w, x);
  }
  static I BroadcastInt(uint32_t x) {
    return _mm512_set1_epi32(static_cast<int>(x));
  }
  static I BroadcastInt(uint64_t x) {
    return _mm512_set1_epi64(static_cast<int64_t>(x));
  }
  template <typename Weight, int kCount>
  using Lanes = SumsX86<VectorZmm, Dots<Isa>, Weight, kCount>;
  // x[0] in the first lanes, x[1] in the next ones, and so on.
  template <int kRows, typename Unit>
  static I BroadcastRows(const Unit* x) {
    constexpr int kUnits = 64 / sizeof(Unit) / kRows;  // of a row
    I v = BroadcastInt(x[0]);
    WAVERNN_TF_UNROLL
    for (int r = 1; r < kRows; ++r) {
      v = BroadcastInto(v, ((1u << kUnits) - 1) << kUnits * r, x[r]);
    }
    return v;
  }
  template <typename Sums>
  static I Join(const Sums* v) {
    if constexpr (Sums::kLanes == 16) {
      return v->sums;
    } else {
      return JoinHalves(v[0].sums, v[1].sums);
    }
  }
  static I AddPairs(I a, I b) {
    const I even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22,
                                     24, 26, 28, 30);
    const I odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23,
                                    25, 27, 29, 31);
    return _mm512_add_epi32(_mm512_permutex2var_epi32(a, even, b),
                            _mm512_permutex2var_epi32(a, odd, b));
  }
  static F ToFloat(I v) { return _mm512_cvtepi32_ps(v); }
  static I ToBytes(F v, F scale) {
    return _mm512_castps_si512(
        Fma(v, scale, Broadcast(12582912.0f + kByteOffset)));
  }
  static void StoreBytes(uint8_t* p, I v) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(v));
  }
  static void StoreBytesOf4(uint8_t* p, const I* v) {
    const I every2 = _mm512_set_epi16(
        62, 60, 58, 56, 54, 52, 50, 48, 46, 44, 42, 40, 38, 36, 34, 32, 30, 28,
        26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    I ab = _mm512_permutex2var_epi16(v[0], every2, v[1]);
    I cd = _mm512_permutex2var_epi16(v[2], every2, v[3]);
    if constexpr (kByteOffset == 0) {  // negative ones too
      ab = _mm512_and_si512(ab, _mm512_set1_epi16(255));
      cd = _mm512_and_si512(cd, _mm512_set1_epi16(255));
    }
    const I order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    StoreInts(p, _mm512_permutexvar_epi64(order, _mm512_packus_epi16(ab, cd)));
  }
  static I Interleave(const int8_t* a, const int8_t* b, const int8_t* c,
                      const int8_t* d) {
    const __m256i ab = _mm256_set_m128i(LoadBytes(b), LoadBytes(a));
    const __m256i cd = _mm256_set_m128i(LoadBytes(d), LoadBytes(c));
    // Four bytes of each in every quarter; these are then transposed.
    const I order = _mm512_setr_epi32(0, 4, 16, 20, 1, 5, 17, 21, 2, 6, 18, 22,
                                      3, 7, 19, 23);
    I v = _mm512_permutex2var_epi32(_mm512_castsi256_si512(ab), order,
                                    _mm512_castsi256_si512(cd));
    asm("" : "+v"(v));  // Clang 14 makes more of the two permutations
    const I transpose = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    return _mm512_shuffle_epi8(v, transpose);
  }
  static I PackBytes(I a, I b, I c, I d) {
    const I byte = _mm512_set1_epi32(255);
    const I ab =
        _mm512_or_si512(_mm512_and_si512(a, byte),
                        _mm512_slli_epi32(_mm512_and_si512(b, byte), 8));
    const I cd =
        _mm512_or_si512(_mm512_slli_epi32(_mm512_and_si512(c, byte), 16),
                        _mm512_slli_epi32(d, 24));
    return _mm512_or_si512(ab, cd);
  }
  template <int kQuad>
  static I ShiftBytes(I v) {
    constexpr int q = 4 * kQuad;
    const __m512i index =
        _mm512_setr_epi32(q, q, q, q, q + 1, q + 1, q + 1, q + 1, q + 2, q + 2,
                          q + 2, q + 2, q + 3, q + 3, q + 3, q + 3);
    const __m512i shifts = _mm512_setr_epi32(0, 8, 16, 24, 0, 8, 16, 24, 0, 8,
                                             16, 24, 0, 8, 16, 24);
    const __m512i bytes = _mm512_and_si512(_mm512_permutexvar_epi32(index, v),
                                           _mm512_set1_epi32(255));
    return _mm512_sllv_epi32(bytes, shifts);
  }
  static I ToShorts(F v, F scale) {
    return _mm512_castps_si512(Fma(v, scale, Broadcast(12582912.0f)));
  }
  static void StoreShorts(int16_t* p, I v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtepi32_epi16(v));
  }
  static I Interleave(const int16_t* a, const int16_t* b) {
    return PackShorts(LoadShorts(a), LoadShorts(b));
  }
  static I PackShorts(I a, I b) {
    return _mm512_mask_blend_epi16(0xAAAAAAAA, a, _mm512_slli_epi32(b, 16));
  }
  template <int kHalf>
  static I ShiftShorts(I v) {
    constexpr int h = 8 * kHalf;
    const I index =
        _mm512_setr_epi32(h, h, h + 1, h + 1, h + 2, h + 2, h + 3, h + 3, h + 4,
                          h + 4, h + 5, h + 5, h + 6, h + 6, h + 7, h + 7);
    const I twice = _mm512_permutexvar_epi32(index, v);
    // The lower half for even lanes, shifted for odd ones.
    return _mm512_mask_slli_epi32(_mm512_maskz_mov_epi16(0x55555555, twice),
                                  0xAAAA, twice, 16);
  }

 private:
  // v with x in the units of the mask.
  static I BroadcastInto(I v, unsigned mask, uint32_t x) {
    return _mm512_mask_set1_epi32(v, static_cast<__mmask16>(mask),
                                  static_cast<int>(x));
  }
  static I BroadcastInto(I v, unsigned mask, uint64_t x) {
    return _mm512_mask_set1_epi64(v, static_cast<__mmask8>(mask),
                                  static_cast<int64_t>(x));
  }
  // 16 lanes as 4 x 4, transposed.
  static I Transposed() {
    return _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11,
                             15);
  }
  static __m128i LoadBytes(const int8_t* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  static I LoadShorts(const int16_t* p) {
    return _mm512_cvtepu16_epi32(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  // Four vectors' lanes i, 4 + i, 8 + i and 12 + i, side by side.
  struct Quads {
    F every4[4];
    explicit Quads(const F* v) {
      const F ab_low = _mm512_unpacklo_ps(v[0], v[1]);
      const F ab_high = _mm512_unpackhi_ps(v[0], v[1]);
      const F cd_low = _mm512_unpacklo_ps(v[2], v[3]);
      const F cd_high = _mm512_unpackhi_ps(v[2], v[3]);
      every4[0] = _mm512_shuffle_ps(ab_low, cd_low, 0x44);
      every4[1] = _mm512_shuffle_ps(ab_low, cd_low, 0xEE);
      every4[2] = _mm512_shuffle_ps(ab_high, cd_high, 0x44);
      every4[3] = _mm512_shuffle_ps(ab_high, cd_high, 0xEE);
    }
  };
  static void StoreEvery4(float* p, const int32_t* outputs, F v) {
    StoreQuad<0>(p + outputs[0], v);
    StoreQuad<1>(p + outputs[4], v);
    StoreQuad<2>(p + outputs[8], v);
    StoreQuad<3>(p + outputs[12], v);
  }
  static I JoinHalves(__m256i low, __m256i high) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  }
  // Lanes i and i + 8 of a, then of b, added.
  static F AddHalves(F a, F b) {
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44),
                         _mm512_shuffle_f32x4(a, b, 0xEE));
  }
  // In every 128-bit quarter: a0 + a2, a1 + a3, b0 + b2, b1 + b3.
  static F AddFarPairs(F a, F b) {
    return _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44),
                         _mm512_shuffle_ps(a, b, 0xEE));
  }
  // In every 128-bit quarter: a0 + a1, a2 + a3, b0 + b1, b2 + b3.
  static F Pairs(F a, F b) {
    return _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x88),
                         _mm512_shuffle_ps(a, b, 0xDD));
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_SIMD_VECTOR_ZMM_H_
