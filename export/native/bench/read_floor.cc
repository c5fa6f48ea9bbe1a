#include "bench/read_floor.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace wavernn_tf {
namespace {

// The empty asm statements need the values in registers: no load is left out.
#if defined(__x86_64__)

__attribute__((target("avx512f"))) void Read512(const float* p, int64_t lines) {
  int64_t i = 0;
  for (; i + 4 <= lines; i += 4, p += 64) {
    const __m512 a = _mm512_load_ps(p);
    const __m512 b = _mm512_load_ps(p + 16);
    const __m512 c = _mm512_load_ps(p + 32);
    const __m512 d = _mm512_load_ps(p + 48);
    asm volatile("" ::"v"(a), "v"(b), "v"(c), "v"(d));
  }
  for (; i < lines; ++i, p += 16) {
    const __m512 a = _mm512_load_ps(p);
    asm volatile("" ::"v"(a));
  }
}

__attribute__((target("avx"))) void Read256(const float* p, int64_t lines) {
  for (int64_t i = 0; i < lines; ++i, p += 16) {
    const __m256 a = _mm256_load_ps(p);
    const __m256 b = _mm256_load_ps(p + 8);
    asm volatile("" ::"x"(a), "x"(b));
  }
}

#else

void ReadWords(const float* p, int64_t lines) {
  using Vector = float __attribute__((vector_size(16)));
  for (int64_t i = 0; i < lines; ++i, p += 16) {
    const Vector* v = reinterpret_cast<const Vector*>(p);
    const Vector a = v[0], b = v[1], c = v[2], d = v[3];
    asm volatile("" ::"w"(a), "w"(b), "w"(c), "w"(d));
  }
}

#endif

}  // namespace

void ReadLines(const float* memory, int64_t lines) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    Read512(memory, lines);
  } else if (__builtin_cpu_supports("avx")) {
    Read256(memory, lines);
  }
#else
  ReadWords(memory, lines);
#endif
}

}  // namespace wavernn_tf
