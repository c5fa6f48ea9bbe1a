#include "kernels/read_floor.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

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

#endif

// What any machine of a family reads at once, and how asm names its register.
#if defined(__x86_64__)
using Word = float __attribute__((vector_size(16)));
#define WAVERNN_TF_REGISTER "x"
#elif defined(__aarch64__)
using Word = float __attribute__((vector_size(16)));
#define WAVERNN_TF_REGISTER "w"
#else
using Word = uintptr_t __attribute__((may_alias));
#define WAVERNN_TF_REGISTER "r"
#endif

void ReadWords(const float* p, int64_t lines) {
  const auto* v = reinterpret_cast<const Word*>(p);
  const int64_t words = lines * 64 / static_cast<int64_t>(sizeof(Word));
  for (int64_t i = 0; i < words; i += 4, v += 4) {
    const Word a = v[0], b = v[1], c = v[2], d = v[3];
    asm volatile("" ::WAVERNN_TF_REGISTER(a), WAVERNN_TF_REGISTER(b),
                 WAVERNN_TF_REGISTER(c), WAVERNN_TF_REGISTER(d));
  }
}
#undef WAVERNN_TF_REGISTER

// `lines` cache lines of 64 bytes.
void ReadLines(const float* memory, int64_t lines) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    Read512(memory, lines);
  } else if (__builtin_cpu_supports("avx")) {
    Read256(memory, lines);
  } else {
    ReadWords(memory, lines);
  }
#else
  ReadWords(memory, lines);
#endif
}

}  // namespace

ReadFloor::ReadFloor(int64_t bytes) {
  constexpr int64_t kLine = 64;
  const int64_t lines = std::max<int64_t>((bytes + kLine - 1) / kLine, 1);
  memory_.Resize(static_cast<std::size_t>(lines) * kLine / sizeof(float));
  ReadLines(memory_.data(), lines);
}

double ReadFloor::Measure() const {
  using Clock = std::chrono::steady_clock;
  const int64_t lines =
      static_cast<int64_t>(memory_.size() * sizeof(float) / 64);
  constexpr int kTimes = 16;
  constexpr double kEnough = 4000.0;  // microseconds
  const Clock::time_point start = Clock::now();
  std::chrono::duration<double, std::micro> spent(0.0);
  int times = 0;
  while (spent.count() < kEnough) {
    for (int i = 0; i < kTimes; ++i) ReadLines(memory_.data(), lines);
    times += kTimes;
    spent = Clock::now() - start;
  }
  return spent.count() / times;
}

}  // namespace wavernn_tf
