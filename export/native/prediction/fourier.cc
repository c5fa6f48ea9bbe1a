#include "prediction/fourier.h"

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
  half_ = size / 2;
  if (!reversed_.Resize(half_) || !cosines_.Resize(size) ||
      !sines_.Resize(size) || !real_.Resize(half_) ||
      !imaginary_.Resize(half_)) {
    return false;
  }
  for (int i = 1; i < half_; ++i) {
    reversed_[i] = reversed_[i / 2] / 2 + (i % 2) * (half_ / 2);
  }
  for (int length = 1, at = 0; length <= half_; at += length, length *= 2) {
    for (int j = 0; j < length; ++j) {
      double cosine, sine;
      UnitCircle(j, length, cosine, sine);
      cosines_[at + j] = static_cast<float>(cosine);
      sines_[at + j] = static_cast<float>(-sine);
    }
  }
  return true;
}

// The transform Z of x[2n] + i x[2n + 1] has those of both:
//   E[k] = (Z[k] + conj(Z[half - k])) / 2, O[k] = (Z[k] - conj(Z[half - k])) /
//   2i X[k] = E[k] + w^k O[k], X[half - k] = conj(E[k] - w^k O[k])
// with w = e^(-2 pi i / size).
void Fourier::Forward(const float* x, float* real, float* imaginary) {
  for (int i = 0; i < half_; ++i) {
    const int n = 2 * reversed_[i];
    real_[i] = x[n];
    imaginary_[i] = x[n + 1];
  }
  Butterflies();
  const float* const cosines = cosines_.data() + half_ - 1;
  const float* const sines = sines_.data() + half_ - 1;
  real[0] = real_[0] + imaginary_[0];
  imaginary[0] = 0.0f;
  real[half_] = real_[0] - imaginary_[0];
  imaginary[half_] = 0.0f;
  for (int k = 1; k <= half_ / 2; ++k) {
    const int mirrored = half_ - k;
    const float even_re = 0.5f * (real_[k] + real_[mirrored]);
    const float even_im = 0.5f * (imaginary_[k] - imaginary_[mirrored]);
    const float odd_re = 0.5f * (imaginary_[k] + imaginary_[mirrored]);
    const float odd_im = 0.5f * (real_[mirrored] - real_[k]);
    const float re = odd_re * cosines[k] - odd_im * sines[k];
    const float im = odd_re * sines[k] + odd_im * cosines[k];
    real[k] = even_re + re;
    imaginary[k] = even_im + im;
    real[mirrored] = even_re - re;
    imaginary[mirrored] = im - even_im;
  }
}

// The same backwards, twice as large: 2 E[k] = X[k] + conj(X[half - k]),
// 2 O[k] = (X[k] - conj(X[half - k])) / w^k, Z = E + i O. Its inverse is the
// transform with both parts exchanged.
void Fourier::Inverse(const float* real, const float* imaginary, float* x) {
  const float* const cosines = cosines_.data() + half_ - 1;
  const float* const sines = sines_.data() + half_ - 1;
  for (int i = 0; i < half_; ++i) {
    const int k = reversed_[i];
    const int mirrored = half_ - k;
    const float re = real[k] - real[mirrored];
    const float im = imaginary[k] + imaginary[mirrored];
    const float odd_re = re * cosines[k] + im * sines[k];
    const float odd_im = im * cosines[k] - re * sines[k];
    imaginary_[i] = (real[k] + real[mirrored]) - odd_im;
    real_[i] = (imaginary[k] - imaginary[mirrored]) + odd_re;
  }
  Butterflies();
  for (int n = 0; n < half_; ++n) {
    x[2 * n] = imaginary_[n];
    x[2 * n + 1] = real_[n];
  }
}

void Fourier::Butterflies() {
  const float* cosines = cosines_.data();
  const float* sines = sines_.data();
  for (int length = 1; length < half_; length *= 2) {
    for (int at = 0; at < half_; at += 2 * length) {
      float* const low_re = real_.data() + at;
      float* const low_im = imaginary_.data() + at;
      float* const high_re = low_re + length;
      float* const high_im = low_im + length;
      for (int j = 0; j < length; ++j) {
        const float re = high_re[j] * cosines[j] - high_im[j] * sines[j];
        const float im = high_re[j] * sines[j] + high_im[j] * cosines[j];
        high_re[j] = low_re[j] - re;
        high_im[j] = low_im[j] - im;
        low_re[j] += re;
        low_im[j] += im;
      }
    }
    cosines += length;
    sines += length;
  }
}

}  // namespace wavernn_tf
