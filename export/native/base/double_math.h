// exp, log and rounding in float64, from operations that IEEE 754 fixes to the
// last bit, so that every machine gets the same. Bounds: prediction_test.cc.
#ifndef WAVERNN_TF_BASE_DOUBLE_MATH_H_
#define WAVERNN_TF_BASE_DOUBLE_MATH_H_

#include <cstdint>
#include <cstring>

namespace wavernn_tf {

// ln 2 in two parts: products of the first with integers up to 2^11 are exact.
constexpr double kLn2High = 0x1.62e42fefap-1;
constexpr double kLn2Low = 0x1.cf79abc9e3b3ap-40;

// To the nearest integer, half to even; |x| < 2^51.
inline double RoundDouble(double x) {
  constexpr double kMagic = 0x1.8p52;
  const double shifted = x + kMagic;
  return shifted - kMagic;
}

// x in [low, high]; NaN gives `low`.
inline double Clamped(double x, double low, double high) {
  if (!(x > low)) return low;
  return x < high ? x : high;
}

// exp(x) for |x| <= 700. Relative error below 2^-51.
inline double DoubleExp(double x) {
  const double n = RoundDouble(x * 0x1.71547652b82fep+0);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  // 1 / k!, k = 13 .. 0
  constexpr double kTaylor[] = {1.0 / 6227020800.0,
                                1.0 / 479001600.0,
                                1.0 / 39916800.0,
                                1.0 / 3628800.0,
                                1.0 / 362880.0,
                                1.0 / 40320.0,
                                1.0 / 5040.0,
                                1.0 / 720.0,
                                1.0 / 120.0,
                                1.0 / 24.0,
                                1.0 / 6.0,
                                0.5,
                                1.0,
                                1.0};
  double sum = kTaylor[0];
  for (int i = 1; i < 14; ++i) {
    const double product = sum * r;
    sum = product + kTaylor[i];
  }
  const uint64_t bits = static_cast<uint64_t>(static_cast<int64_t>(n) + 1023)
                        << 52;
  double power;
  std::memcpy(&power, &bits, sizeof(power));
  return sum * power;
}

// ln(x) for finite x >= 2^-1022. Absolute error below 2^-51 (1 + |ln x|).
inline double DoubleLog(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  int64_t exponent = static_cast<int64_t>(bits >> 52) - 1023;
  bits = (bits & 0x000FFFFFFFFFFFFFu) | 0x3FF0000000000000u;
  double m;
  std::memcpy(&m, &bits, sizeof(m));
  if (m > 0x1.6a09e667f3bcdp+0) {  // the square root of 2
    m *= 0.5;
    exponent += 1;
  }
  // ln(m) = 2 atanh(s)
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  double sum = 1.0 / 23.0;
  for (int k = 21; k >= 1; k -= 2) {
    const double product = sum * z;
    sum = product + 1.0 / k;
  }
  const auto n = static_cast<double>(exponent);
  const double small = 2.0 * s * sum;
  return n * kLn2High + (small + n * kLn2Low);
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_BASE_DOUBLE_MATH_H_
