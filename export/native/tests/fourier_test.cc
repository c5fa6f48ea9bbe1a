// The transform against its definition in double precision.

#include "prediction/fourier.h"

#include <cmath>
#include <vector>

#include "tests/helpers/check.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

constexpr double kTwoPi = 6.283185307179586;

// X[k] of x, with the angle reduced exactly.
void Expected(const Floats& real, const Floats& imaginary, int k, double& re,
              double& im) {
  const auto size = static_cast<long long>(real.size());
  re = im = 0.0;
  for (long long n = 0; n < size; ++n) {
    const double angle =
        -kTwoPi * static_cast<double>(k * n % size) / static_cast<double>(size);
    re += real[n] * std::cos(angle) - imaginary[n] * std::sin(angle);
    im += real[n] * std::sin(angle) + imaginary[n] * std::cos(angle);
  }
}

void TestSize(int size) {
  Subject() = std::to_string(size);
  std::mt19937 random(81);
  const Floats x_re = RandomFloats(random, size, 1.0f);
  const Floats x_im = RandomFloats(random, size, 1.0f);
  Fourier fourier;
  CHECK(fourier.Allocate(size));
  Floats re = x_re, im = x_im;
  fourier.Transform(re.data(), im.data());
  // Every stage rounds a product by a rounded factor, and a sum: relative to
  // the norm of x, 4 roundings a stage.
  double norm = 0.0;
  for (int n = 0; n < size; ++n) norm += x_re[n] * x_re[n] + x_im[n] * x_im[n];
  const double stages = std::log2(size);
  const double bound = 4.0 * stages * std::ldexp(1.0, -24) * std::sqrt(norm);
  const int step = size > 256 ? 7 : 1;
  for (int k = 0; k < size; k += step) {
    double expected_re, expected_im;
    Expected(x_re, x_im, k, expected_re, expected_im);
    CHECK(std::hypot(re[k] - expected_re, im[k] - expected_im) <= bound);
    // Canary: a bin further is another number.
    CHECK(std::hypot(re[(k + 1) % size] - expected_re,
                     im[(k + 1) % size] - expected_im) > bound);
  }
  // Back, by the exchanged parts.
  fourier.Transform(im.data(), re.data());
  for (int n = 0; n < size; ++n) {
    CHECK(std::hypot(re[n] / size - x_re[n], im[n] / size - x_im[n]) <=
          2.0 * bound);
  }
}

}  // namespace

int main() {
  for (int size = 2; size <= 2048; size *= 2) TestSize(size);
  return Failures();
}
