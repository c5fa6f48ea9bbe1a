// The 16-lane vector in one AVX-512 register; see vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_VECTOR_AVX512_H_
#define WAVERNN_TF_KERNELS_VECTOR_AVX512_H_

#include <immintrin.h>

namespace wavernn_tf {

struct VectorAvx512 {
  static constexpr const char* kIsa = "avx512";
  static constexpr int kGateVectors = 4;
  static constexpr int kAffineRows = 4;
  static constexpr int kAffineVectors = 4;

  using F = __m512;

  static F Zero() { return _mm512_setzero_ps(); }
  static F Broadcast(float x) { return _mm512_set1_ps(x); }
  static F Load(const float* p) { return _mm512_loadu_ps(p); }
  static void Store(float* p, F v) { _mm512_storeu_ps(p, v); }
  template <int kQuad>
  static void StoreQuad(float* p, F v) {
    _mm_storeu_ps(p, _mm512_extractf32x4_ps(v, kQuad));
  }
  template <int kQuad>
  static F Repeat(F v) {
    constexpr int q = 4 * kQuad;
    const __m512i index =
        _mm512_setr_epi32(q, q, q, q, q + 1, q + 1, q + 1, q + 1, q + 2, q + 2,
                          q + 2, q + 2, q + 3, q + 3, q + 3, q + 3);
    return _mm512_permutexvar_ps(index, v);
  }

  static F Add(F a, F b) { return _mm512_add_ps(a, b); }
  static F Sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F Mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F Fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F NegFma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }
  static F Max(F a, F b) { return _mm512_max_ps(a, b); }
  static F Min(F a, F b) { return _mm512_min_ps(a, b); }
  static F ZeroBelow(F v, F x, F limit) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, limit, _CMP_NLT_UQ), v);
  }
  static F Exponent(F v) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(v), 23));
  }
  static F Guess(F v) {
    return _mm512_castsi512_ps(_mm512_sub_epi32(_mm512_set1_epi32(0x7EF311C3),
                                                _mm512_castps_si512(v)));
  }

  static F Reduce4(F a, F b, F c, F d) {
    const F ab = Pairs(a, b);
    const F cd = Pairs(c, d);
    return Pairs(ab, cd);
  }
  static float Sum(F v) {
    const __m256 v8 =
        _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    const __m128 v4 =
        _mm_add_ps(_mm256_castps256_ps128(v8), _mm256_extractf128_ps(v8, 1));
    const __m128 v2 = _mm_add_ps(v4, _mm_movehl_ps(v4, v4));
    return _mm_cvtss_f32(_mm_add_ss(v2, _mm_movehdup_ps(v2)));
  }
  static float Largest(F v) {
    const __m256 v8 =
        _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    const __m128 v4 =
        _mm_max_ps(_mm256_castps256_ps128(v8), _mm256_extractf128_ps(v8, 1));
    const __m128 v2 = _mm_max_ps(v4, _mm_movehl_ps(v4, v4));
    return _mm_cvtss_f32(_mm_max_ss(v2, _mm_movehdup_ps(v2)));
  }

 private:
  // In 128-bit quarters: a0 + a1, a2 + a3, b0 + b1, b2 + b3.
  static F Pairs(F a, F b) {
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88),
                         _mm512_shuffle_f32x4(a, b, 0xDD));
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_VECTOR_AVX512_H_
