// The 16-lane vector in two AVX registers; see vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_VECTOR_AVX2_H_
#define WAVERNN_TF_KERNELS_VECTOR_AVX2_H_

#include <immintrin.h>

namespace wavernn_tf {

struct VectorAvx2 {
  static constexpr const char* kIsa = "avx2";
  static constexpr int kGateVectors = 1;
  static constexpr int kAffineRows = 2;
  static constexpr int kAffineVectors = 2;

  struct F {
    __m256 low, high;
  };

  static F Zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static F Broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static F Load(const float* p) {
    return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
  }
  static void Store(float* p, F v) {
    _mm256_storeu_ps(p, v.low);
    _mm256_storeu_ps(p + 8, v.high);
  }
  template <int kQuad>
  static void StoreQuad(float* p, F v) {
    _mm_storeu_ps(p,
                  _mm256_extractf128_ps(kQuad < 2 ? v.low : v.high, kQuad % 2));
  }
  template <int kQuad>
  static F Repeat(F v) {
    constexpr int q = 4 * (kQuad % 2);
    const __m256 from = kQuad < 2 ? v.low : v.high;
    return {
        _mm256_permutevar8x32_ps(
            from, _mm256_setr_epi32(q, q, q, q, q + 1, q + 1, q + 1, q + 1)),
        _mm256_permutevar8x32_ps(
            from, _mm256_setr_epi32(q + 2, q + 2, q + 2, q + 2, q + 3, q + 3,
                                    q + 3, q + 3))};
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
  static F Min(F a, F b) {
    return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
  }
  static F ZeroBelow(F v, F x, F limit) {
    return {
        _mm256_and_ps(v.low, _mm256_cmp_ps(x.low, limit.low, _CMP_NLT_UQ)),
        _mm256_and_ps(v.high, _mm256_cmp_ps(x.high, limit.high, _CMP_NLT_UQ))};
  }
  static F Exponent(F v) { return {Exponent(v.low), Exponent(v.high)}; }
  static F Guess(F v) { return {Guess(v.low), Guess(v.high)}; }

  static F Reduce4(F a, F b, F c, F d) {
    return {Reduce2(a, b), Reduce2(c, d)};
  }
  static float Sum(F v) {
    const __m256 v8 = _mm256_add_ps(v.low, v.high);
    const __m128 v4 =
        _mm_add_ps(_mm256_castps256_ps128(v8), _mm256_extractf128_ps(v8, 1));
    const __m128 v2 = _mm_add_ps(v4, _mm_movehl_ps(v4, v4));
    return _mm_cvtss_f32(_mm_add_ss(v2, _mm_movehdup_ps(v2)));
  }
  static float Largest(F v) {
    const __m256 v8 = _mm256_max_ps(v.low, v.high);
    const __m128 v4 =
        _mm_max_ps(_mm256_castps256_ps128(v8), _mm256_extractf128_ps(v8, 1));
    const __m128 v2 = _mm_max_ps(v4, _mm_movehl_ps(v4, v4));
    return _mm_cvtss_f32(_mm_max_ss(v2, _mm_movehdup_ps(v2)));
  }

 private:
  static __m256 Exponent(__m256 v) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(v), 23));
  }
  static __m256 Guess(__m256 v) {
    return _mm256_castsi256_ps(_mm256_sub_epi32(_mm256_set1_epi32(0x7EF311C3),
                                                _mm256_castps_si256(v)));
  }
  // In 128-bit halves: the four outputs of a, the four of b.
  static __m256 Reduce2(const F& a, const F& b) {
    const __m256 first =
        _mm256_add_ps(_mm256_permute2f128_ps(a.low, b.low, 0x20),
                      _mm256_permute2f128_ps(a.low, b.low, 0x31));
    const __m256 second =
        _mm256_add_ps(_mm256_permute2f128_ps(a.high, b.high, 0x20),
                      _mm256_permute2f128_ps(a.high, b.high, 0x31));
    return _mm256_add_ps(first, second);
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_VECTOR_AVX2_H_
