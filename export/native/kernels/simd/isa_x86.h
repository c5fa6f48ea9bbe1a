// What the x86 instruction sets differ in, beside the width of a vector: names,
// group sizes and dot products. Every one is a type of its own, so that no two
// share a function: each file is built with its own flags.
#ifndef WAVERNN_TF_KERNELS_SIMD_ISA_X86_H_
#define WAVERNN_TF_KERNELS_SIMD_ISA_X86_H_

#include <immintrin.h>

#include <cstdint>

#include "kernels/multiply.h"

namespace wavernn_tf {

// kGroupVectors: sums that fit the 16 or 32 registers. kGathers: inputs of 16
// rows are gathered by an instruction. FetchEvery (generic/rows.h) and
// kBatchFrom, by weight type, are what bench_generate measured best.
struct Avx2 {
  static constexpr const char* kName = "avx2";
  static constexpr bool kGathers = false;
  static constexpr GroupVectors kGroupVectors = {4, 4};
  static constexpr int kBatchFrom[] = {15, 15, 13, 13};
  static constexpr int FetchEvery(WeightType, BlockShape) { return 1; }
};
struct Avx2Vnni {
  static constexpr const char* kName = "avx2vnni";
  static constexpr bool kGathers = false;
  static constexpr GroupVectors kGroupVectors = {4, 4};
  static constexpr int kBatchFrom[] = {15, 15, 13, 12};
  static constexpr int FetchEvery(WeightType, BlockShape) { return 1; }
};
struct Avx512 {
  static constexpr const char* kName = "avx512";
  static constexpr bool kGathers = false;
  static constexpr GroupVectors kGroupVectors = {8, 8};
  static constexpr int kBatchFrom[] = {10, 10, 14, 10};
  static constexpr int FetchEvery(WeightType type, BlockShape shape) {
    if (type == WeightType::kBfloat16) return 1;
    return IsInteger(type) || shape == BlockShape::k8x4 ? 0 : 4;
  }
};
// Measured on AMD's fifth Zen.
struct Avx512Vnni {
  static constexpr const char* kName = "avx512vnni";
  static constexpr bool kGathers = false;
  static constexpr GroupVectors kGroupVectors = {8, 8};
  static constexpr int kBatchFrom[] = {8, 13, 8, 9};
  static constexpr int FetchEvery(WeightType type, BlockShape shape) {
    if (type == WeightType::kBfloat16) return shape == BlockShape::k8x4;
    return type == WeightType::kInt16 && shape == BlockShape::k16x1;
  }
};
// Measured on an Intel server with AMX, whose gathers are fast.
struct Avx512Gather : Avx512 {
  static constexpr const char* kName = "avx512gather";
  static constexpr bool kGathers = true;
  static constexpr int kBatchFrom[] = {10, 10, 10, 9};
};

// The last halvings of Largest of vector_scalar.h.
template <typename Isa>
struct Halvings {
  static float Largest(__m256 v8) {
    const __m128 v4 =
        _mm_max_ps(_mm256_castps256_ps128(v8), _mm256_extractf128_ps(v8, 1));
    const __m128 v2 = _mm_max_ps(v4, _mm_movehl_ps(v4, v4));
    return _mm_cvtss_f32(_mm_max_ss(v2, _mm_movehdup_ps(v2)));
  }
};

// Dot of vector_scalar.h on 8 lanes, and on 16, without VNNI.
template <typename Isa>
struct MaddDots {
  static constexpr int kByteOffset = 0;
  static constexpr bool kWideBytes = false;  // Dot16 is no faster than two Dot8

  // No byte is -128, so that neither the sign nor the sum of two overflows.
  static __m256i Dot8(__m256i sum, __m256i w, __m256i x) {
    const __m256i two =
        _mm256_maddubs_epi16(_mm256_abs_epi8(x), _mm256_sign_epi8(w, x));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(two, _mm256_set1_epi16(1)));
  }
  static __m256i DotShorts8(__m256i sum, __m256i w, __m256i x) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(w, x));
  }
#ifdef __AVX512F__
  static __m512i DotShorts16(__m512i sum, __m512i w, __m512i x) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(w, x));
  }
  static __m512i Dot16(__m512i sum, __m512i w, __m512i x) {
    const __m256i low =
        Dot8(_mm512_castsi512_si256(sum), _mm512_castsi512_si256(w),
             _mm512_castsi512_si256(x));
    const __m256i high =
        Dot8(_mm512_extracti64x4_epi64(sum, 1), _mm512_extracti64x4_epi64(w, 1),
             _mm512_extracti64x4_epi64(x, 1));
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  }
  static __m512i Dot16Word(__m512i sum, const int8_t* w, __m512i x) {
    int word;
    __builtin_memcpy(&word, w, sizeof(word));
    return Dot16(sum, _mm512_set1_epi32(word), x);
  }
  static __m512i Dot16Word(__m512i sum, const int16_t* w, __m512i x) {
    int word;
    __builtin_memcpy(&word, w, sizeof(word));
    return DotShorts16(sum, _mm512_set1_epi32(word), x);
  }
#endif
};

// With VNNI, which multiplies unsigned by signed bytes. As assembly: GCC 12
// copies the sums of the intrinsics to and fro.
template <typename Isa>
struct VnniDots {
  static constexpr int kByteOffset = 128;
  static constexpr bool kWideBytes = true;

#ifdef __AVX512F__
#define WAVERNN_TF_DPBUSD "vpdpbusd %2, %1, %0"
#define WAVERNN_TF_DPWSSD "vpdpwssd %2, %1, %0"
#else
#define WAVERNN_TF_DPBUSD "%{vex%} vpdpbusd %2, %1, %0"
#define WAVERNN_TF_DPWSSD "%{vex%} vpdpwssd %2, %1, %0"
#endif
  static __m256i Dot8(__m256i sum, __m256i w, __m256i x) {
    asm(WAVERNN_TF_DPBUSD : "+v"(sum) : "v"(x), "vm"(w));
    return sum;
  }
  static __m256i DotShorts8(__m256i sum, __m256i w, __m256i x) {
    asm(WAVERNN_TF_DPWSSD : "+v"(sum) : "v"(x), "vm"(w));
    return sum;
  }
#ifdef __AVX512F__
  static __m512i Dot16(__m512i sum, __m512i w, __m512i x) {
    asm(WAVERNN_TF_DPBUSD : "+v"(sum) : "v"(x), "vm"(w));
    return sum;
  }
  static __m512i DotShorts16(__m512i sum, __m512i w, __m512i x) {
    asm(WAVERNN_TF_DPWSSD : "+v"(sum) : "v"(x), "vm"(w));
    return sum;
  }
  // The instruction repeats the word as it loads it.
  template <typename Weight>
  struct Word {
    Weight weights[4 / sizeof(Weight)];
  };
  static __m512i Dot16Word(__m512i sum, const int8_t* w, __m512i x) {
    asm("vpdpbusd %2%{1to16%}, %1, %0"
        : "+v"(sum)
        : "v"(x), "m"(*reinterpret_cast<const Word<int8_t>*>(w)));
    return sum;
  }
  static __m512i Dot16Word(__m512i sum, const int16_t* w, __m512i x) {
    asm("vpdpwssd %2%{1to16%}, %1, %0"
        : "+v"(sum)
        : "v"(x), "m"(*reinterpret_cast<const Word<int16_t>*>(w)));
    return sum;
  }
#endif
#undef WAVERNN_TF_DPBUSD
#undef WAVERNN_TF_DPWSSD
};

// Lanes of vector_scalar.h: kCount sums of a row, in a vector of 16 lanes or a
// register of 8, which holds as many rows as it can side by side.
template <typename V, typename Dots, typename Weight, int kCount>
static constexpr int kSumLanes =
    kCount == 16 ||
            (V::kWide && (sizeof(Weight) > sizeof(int8_t) || Dots::kWideBytes))
        ? 16
        : 8;

template <typename V, typename Dots, typename Weight, int kCount,
          int kAll = kSumLanes<V, Dots, Weight, kCount>>
struct SumsX86 {
  static constexpr int kLanes = 16;
  static constexpr int kRows = kLanes / kCount;
  typename V::I sums;

  void InitSums(const int32_t* offsets) {
    sums = sizeof(Weight) == 1 ? V::InitSums(offsets) : V::BroadcastInt(0u);
  }
  template <typename Unit>
  void Dot(const Weight* w, const Unit* x) {
    sums = V::DotAll(sums, w, V::template BroadcastRows<kRows>(x));
  }
};

template <typename V, typename Dots, typename Weight, int kCount>
struct SumsX86<V, Dots, Weight, kCount, 8> {
  static constexpr int kLanes = 8;
  static constexpr int kRows = kLanes / kCount;
  __m256i sums;

  void InitSums(const int32_t* offsets) {
    constexpr bool kOffsets = sizeof(Weight) == 1 && V::kByteOffset != 0;
    sums = kOffsets ? Load(offsets) : _mm256_setzero_si256();
  }
  template <typename Unit>
  void Dot(const Weight* w, const Unit* x) {
    if constexpr (sizeof(Weight) == 1) {
      sums = Dots::Dot8(sums, Load(w), BroadcastRows(x));
    } else {
      sums = Dots::DotShorts8(sums, Load(w), BroadcastRows(x));
    }
  }

 private:
  static __m256i Load(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
  }
  static __m256i BroadcastRows(const uint32_t* x) {
    const __m256i first = _mm256_set1_epi32(static_cast<int>(x[0]));
    if constexpr (kRows == 1) {
      return first;
    } else {
      static_assert(kRows == 2);
      const __m256i second = _mm256_set1_epi32(static_cast<int>(x[1]));
      return _mm256_blend_epi32(first, second, 0xF0);
    }
  }
  static __m256i BroadcastRows(const uint64_t* x) {
    static_assert(kRows == 1);
    return _mm256_set1_epi64x(static_cast<int64_t>(x[0]));
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_SIMD_ISA_X86_H_
