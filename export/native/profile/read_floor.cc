#include "profile/read_floor.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "base/unroll.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace wavernn_tf {
namespace {

constexpr int kLineFloats = 16;  // of a cache line of 64 bytes

// The empty asm statements need the values in registers: no load is left out.
#if defined(__x86_64__)

// As many lines in a turn as the hardware follows, which fetches them ahead:
// with twice as many they come at half the speed.
void Read512(const float* p, int64_t lines) {
  constexpr int kTurn = 16;
  const auto read = [](const float* line) {
    asm volatile("vmovaps %0, %%zmm0"
                 :
                 : "m"(*reinterpret_cast<const char(*)[64]>(line))
                 : "xmm0");
  };
  for (; lines >= kTurn; lines -= kTurn) {
    WAVERNN_TF_UNROLL
    for (int k = 0; k < kTurn; ++k, p += kLineFloats) read(p);
  }
  for (; lines > 0; --lines, p += kLineFloats) read(p);
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

// Microseconds to read it, the mean over so many of them.
double TimeToRead(const AlignedArray<float>& memory, double enough) {
  using Clock = std::chrono::steady_clock;
  constexpr int kTimes = 16;
  const auto lines = static_cast<int64_t>(memory.size() / kLineFloats);
  const Clock::time_point start = Clock::now();
  std::chrono::duration<double, std::micro> spent(0.0);
  int times = 0;
  while (spent.count() < enough) {
    for (int i = 0; i < kTimes; ++i) ReadLines(memory.data(), lines);
    times += kTimes;
    spent = Clock::now() - start;
  }
  return spent.count() / times;
}

}  // namespace

ReadFloor::ReadFloor(int64_t bytes) {
  constexpr int64_t kLine = kLineFloats * sizeof(float);
  const int64_t lines = std::max<int64_t>((bytes + kLine - 1) / kLine, 1);
  for (AlignedArray<float>& memory : memory_) {
    memory.Resize(static_cast<std::size_t>(lines) * kLineFloats);
  }
}

double ReadFloor::Measure() const {
  double us[kPlaces];
  for (int i = 0; i < kPlaces; ++i) {
    TimeToRead(memory_[i], 500.0);  // until the cache has settled
    us[i] = TimeToRead(memory_[i], 1000.0);
  }
  double* const median = us + kPlaces / 2;
  std::nth_element(us, median, us + kPlaces);
  return *median;
}

}  // namespace wavernn_tf
