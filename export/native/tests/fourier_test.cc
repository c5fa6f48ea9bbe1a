// The transform against its definition in double precision.

#include "prediction/fourier.h"

#include <cmath>

#include "tests/helpers/check.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

constexpr double kTwoPi = 6.283185307179586;

// X[k] of x, with the angle reduced exactly.
void Expected(const Floats& x, int k, double& re, double& im) {
  const auto size = static_cast<long long>(x.size());
  re = im = 0.0;
  for (long long n = 0; n < size; ++n) {
    const double angle =
        -kTwoPi * static_cast<double>(k * n % size) / static_cast<double>(size);
    re += x[n] * std::cos(angle);
    im += x[n] * std::sin(angle);
  }
}

void TestSize(int size) {
  Subject() = std::to_string(size);
  std::mt19937 random(81);
  const Floats x = RandomFloats(random, size, 1.0f);
  Fourier fourier;
  CHECK(fourier.Allocate(size));
  const int bins = size / 2 + 1;
  Floats re(bins), im(bins);
  fourier.Forward(x.data(), re.data(), im.data());
  CHECK(im[0] == 0.0f && im[bins - 1] == 0.0f);
  // Every stage rounds a product by a rounded factor, and a sum: relative to
  // the norm of x, 4 roundings a stage.
  double norm = 0.0;
  for (float value : x) norm += value * value;
  const double stages = std::log2(size);
  const double bound = 4.0 * stages * std::ldexp(1.0, -24) * std::sqrt(norm);
  const int step = size > 256 ? 7 : 1;
  for (int k = 0; k < bins; k += step) {
    double expected_re, expected_im;
    Expected(x, k, expected_re, expected_im);
    CHECK(std::hypot(re[k] - expected_re, im[k] - expected_im) <= bound);
    // Canary: a bin further is another number.
    const int other = (k + 1) % bins;
    CHECK(std::hypot(re[other] - expected_re, im[other] - expected_im) > bound);
  }
  Floats back(size);
  fourier.Inverse(re.data(), im.data(), back.data());
  for (int n = 0; n < size; ++n) {
    CHECK(std::fabs(back[n] / size - x[n]) <= 2.0 * bound);
  }
}

}  // namespace

int main() {
  for (int size = 2; size <= 2048; size *= 2) TestSize(size);
  return Failures();
}
