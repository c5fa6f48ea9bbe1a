#include "prediction/fourier.h"

#include <utility>

namespace wavernn_tf {
namespace {

constexpr double kPi = 0x1.921fb54442d18p+1;

// Taylor's series of a cosine (first 0) or a sine (first 1), 0 <= x <= pi / 4.
double Series(double x, int first) {
  const double square = x * x;
  double term = first == 0 ? 1.0 : x;
  double sum = term;
  for (int k = first + 2; k < 24; k += 2) {
    term *= square;
    term /= -static_cast<double>(k * (k - 1));
    sum += term;
  }
  return sum;
}

// cos and sin of pi j / half, 0 <= j < half; the series meet in the middle of a
// quarter.
void UnitCircle(int j, int half, double& cosine, double& sine) {
  const bool obtuse = 2 * j > half;
  const int acute = obtuse ? half - j : j;
  if (4 * acute <= half) {
    const double x = kPi * acute / half;
    cosine = Series(x, 0);
    sine = Series(x, 1);
  } else {
    const double x = kPi * (half - 2 * acute) / (2.0 * half);
    cosine = Series(x, 1);
    sine = Series(x, 0);
  }
  if (obtuse) cosine = -cosine;
}

}  // namespace

bool Fourier::Allocate(int size) {
  size_ = size;
  if (!reversed_.Resize(size) || !cosines_.Resize(size) ||
      !sines_.Resize(size)) {
    return false;
  }
  reversed_[0] = 0;
  for (int i = 1; i < size; ++i) {
    reversed_[i] = reversed_[i / 2] / 2 + (i % 2) * (size / 2);
  }
  for (int half = 1, at = 0; half < size; at += half, half *= 2) {
    for (int j = 0; j < half; ++j) {
      double cosine, sine;
      UnitCircle(j, half, cosine, sine);
      cosines_[at + j] = static_cast<float>(cosine);
      sines_[at + j] = static_cast<float>(-sine);
    }
  }
  return true;
}

void Fourier::Transform(float* real, float* imaginary) const {
  for (int i = 0; i < size_; ++i) {
    const int j = reversed_[i];
    if (j <= i) continue;
    std::swap(real[i], real[j]);
    std::swap(imaginary[i], imaginary[j]);
  }
  const float* cosines = cosines_.data();
  const float* sines = sines_.data();
  for (int half = 1; half < size_; half *= 2) {
    for (int at = 0; at < size_; at += 2 * half) {
      float* const low_re = real + at;
      float* const low_im = imaginary + at;
      float* const high_re = low_re + half;
      float* const high_im = low_im + half;
      for (int j = 0; j < half; ++j) {
        const float re = high_re[j] * cosines[j] - high_im[j] * sines[j];
        const float im = high_re[j] * sines[j] + high_im[j] * cosines[j];
        high_re[j] = low_re[j] - re;
        high_im[j] = low_im[j] - im;
        low_re[j] += re;
        low_im[j] += im;
      }
    }
    cosines += half;
    sines += half;
  }
}

}  // namespace wavernn_tf
