#include "prediction/spectral_postfilter.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/double_math.h"

namespace wavernn_tf {
namespace {

// Samples between two moves of what is kept to the front.
constexpr int kRoom = 2048;
// Far above any waveform: a state that holds more does not make infinities.
constexpr float kLoudest = 1e9f;
constexpr float kFullScale = 1.0f / 32768.0f;
constexpr float kLeastGain = 0.1f;                // -20 dB
constexpr float kLargestGain = 1.4125376f;        // 3 dB
constexpr double kLogLimit = 27.631021115928547;  // ln(1e12)

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

int SpectralPostfilterDelay(const SpectralShape& shape) {
  return shape.win_length - 1;
}

int SpectralPostfilterStateSize(int ahead, int hop_length) {
  return 2 * ahead * hop_length;  // the waveform and the sum of frames
}

bool SpectralPostfilter::Allocate(const SpectralShape& shape, int64_t delay) {
  shape_ = shape;
  delay_ = delay;
  const std::size_t size = delay_ + kRoom;
  if (!fourier_.Allocate(shape.n_fft) || !x_.Resize(size) ||
      !sum_.Resize(size) || !overlap_.Resize(shape.hop_length) ||
      !real_.Resize(shape.n_fft) || !imaginary_.Resize(shape.n_fft) ||
      !found_.Resize(shape.bands + 1) || !gains_.Resize(shape.bands + 2)) {
    return false;
  }
  for (int i = 0; i < shape.hop_length; ++i) {
    float sum = 0.0f;
    for (int n = i; n < shape.win_length; n += shape.hop_length) {
      const float square = shape.window[n] * shape.window[n];
      sum += square;
    }
    overlap_[i] = 1.0f / sum;
  }
  return true;
}

void SpectralPostfilter::Load(const float* state, uint64_t position,
                              const FrameRows& features, float strength) {
  strength_ = std::min(strength, 1.0f);
  features_ = features;
  const auto first = static_cast<int64_t>(position);
  first_frame_ = first / shape_.hop_length;
  next_ = first > 0 ? first : -delay_;
  // The first frame whose window is not yet complete.
  frame_ = FloorDiv(next_ + delay_ - shape_.start - shape_.win_length,
                    shape_.hop_length) +
           1;
  end_ = delay_;
  for (float* values : {x_.data(), sum_.data()}) {
    for (std::size_t i = 0; i < end_; ++i) {
      values[i] = std::clamp(*state++, -kLoudest, kLoudest);
    }
  }
}

void SpectralPostfilter::Store(float* state) const {
  for (const float* values : {x_.data(), sum_.data()}) {
    state = std::copy(values + end_ - delay_, values + end_, state);
  }
}

bool SpectralPostfilter::Push(float x, float* y) {
  if (end_ == x_.size()) {
    for (float* values : {x_.data(), sum_.data()}) {
      std::memmove(values, values + end_ - delay_, delay_ * sizeof(float));
    }
    end_ = delay_;
  }
  x_[end_] = x;
  sum_[end_++] = 0.0f;
  const int64_t position = next_++;
  if (position + delay_ + 1 ==
      frame_ * shape_.hop_length + shape_.start + shape_.win_length) {
    if (strength_ > 0.0f) FilterFrame();
    ++frame_;
  }
  if (position < 0) return false;
  const std::size_t i = end_ - 1 - delay_;
  if (strength_ == 0.0f) {
    *y = x_[i];
    return true;
  }
  const int64_t hop = shape_.hop_length;
  const int64_t phase = position - shape_.start;
  *y = sum_[i] * overlap_[phase - FloorDiv(phase, hop) * hop];
  return true;
}

// The frame whose window the last sample completes.
void SpectralPostfilter::FilterFrame() {
  const int length = shape_.win_length;
  const int n_fft = shape_.n_fft;
  float* const real = real_.data();
  float* const imaginary = imaginary_.data();
  const float* const x = x_.data() + end_ - length;
  for (int n = 0; n < length; ++n) real[n] = x[n] * shape_.window[n];
  std::fill(real + length, real + n_fft, 0.0f);
  std::fill(imaginary, imaginary + n_fft, 0.0f);
  fourier_.Transform(real, imaginary);
  Gains(features_.row(std::max<int64_t>(frame_, 0) - first_frame_));
  for (int bin = 0; bin < shape_.bins(); ++bin) {
    const auto band = static_cast<int>(shape_.places[bin]);
    const float share = shape_.places[bin] - static_cast<float>(band);
    const float step = share * (gains_[band + 1] - gains_[band]);
    const float gain = gains_[band] + step;
    real[bin] *= gain;
    imaginary[bin] *= gain;
    const int mirrored = n_fft - bin;
    if (bin == 0 || mirrored == bin) continue;
    real[mirrored] = real[bin];
    imaginary[mirrored] = -imaginary[bin];
  }
  fourier_.Transform(imaginary, real);
  float* const sum = sum_.data() + end_ - length;
  const float scale = 1.0f / static_cast<float>(n_fft);
  for (int n = 0; n < length; ++n) {
    const float part = real[n] * scale * shape_.window[n];
    sum[n] += part;
  }
}

// The gains of the bands, and 1 behind them, from the spectrum and a frame's
// features.
void SpectralPostfilter::Gains(const float* features) {
  std::fill(found_.data(), found_.data() + shape_.bands + 1, 0.0f);
  for (int bin = 0; bin < shape_.bins(); ++bin) {
    const float re = real_[bin] * kFullScale;
    const float im = imaginary_[bin] * kFullScale;
    const float re_square = re * re;
    const float im_square = im * im;
    float level = re_square + im_square;
    if (!shape_.power) level = std::sqrt(level);
    float* const found = found_.data() + shape_.first[bin];
    const float low = shape_.weights[2 * bin] * level;
    const float high = shape_.weights[2 * bin + 1] * level;
    found[0] += low;
    found[1] += high;
  }
  for (int band = 0; band < shape_.bands; ++band) {
    const double log =
        static_cast<double>(features[shape_.columns[band]]) * shape_.slope;
    const double wanted =
        DoubleExp(Clamped(log + shape_.intercept, -kLogLimit, kLogLimit));
    const double ratio =
        (wanted + shape_.floor) / (found_[band] + shape_.floor);
    const double gain = shape_.power ? std::sqrt(ratio) : ratio;
    const auto bounded =
        static_cast<float>(Clamped(gain, kLeastGain, kLargestGain));
    const float change = strength_ * (bounded - 1.0f);
    gains_[band] = 1.0f + change;
  }
  gains_[shape_.bands] = 1.0f;
  gains_[shape_.bands + 1] = 1.0f;
}

}  // namespace wavernn_tf
