// a * b + c rounded once, on any machine.
#ifndef WAVERNN_TF_BASE_FUSED_MULTIPLY_ADD_H_
#define WAVERNN_TF_BASE_FUSED_MULTIPLY_ADD_H_

#include <cmath>
#include <cstdint>
#include <cstring>

namespace wavernn_tf {

// In float64, where the product of two float32 is exact. Only the sum rounds:
// were it rounded to nearest, the conversion to float32 would round a second
// time. So it is rounded to odd: if it is not exact, its last bit is one, which
// says on which side of every float32, and of every midpoint between two, the
// true sum lies.
inline float EmulatedMultiplyAdd(float a, float b, float c) {
  const double product = static_cast<double>(a) * static_cast<double>(b);
  const double addend = c;
  const double sum = product + addend;
  const double rest = sum - product;  // Knuth's exact error of the sum
  const double error = (product - (sum - rest)) + (addend - rest);
  int64_t bits;
  std::memcpy(&bits, &sum, sizeof(bits));
  // The nearest sum is even and lies on one side of the true one: step to the
  // other side, towards the error. A NaN or infinite sum has no such error.
  const bool inexact = error > 0.0 || error < 0.0;
  if (inexact && (bits & 1) == 0) bits += (error > 0.0) == (sum > 0.0) ? 1 : -1;
  double odd;
  std::memcpy(&odd, &bits, sizeof(odd));
  return static_cast<float>(odd);
}

inline float FusedMultiplyAdd(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__) || defined(FP_FAST_FMAF)
  return std::fma(a, b, c);
#else
  return EmulatedMultiplyAdd(a, b, c);
#endif
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_BASE_FUSED_MULTIPLY_ADD_H_
