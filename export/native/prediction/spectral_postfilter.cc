#include "prediction/spectral_postfilter.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/double_math.h"

namespace wavernn_tf {
namespace {

// Samples between two moves of what is kept to the front.
constexpr int kRoom = 2048;
// Above what the passes make of any waveform; a state that holds more does not
// make infinities.
constexpr float kLoudest = 1e12f;
constexpr float kFullScale = 1.0f / 32768.0f;
constexpr float kLeastGain = 0.1f;                // -20 dB
constexpr float kLargestGain = 3.9810717f;        // 12 dB
constexpr double kLogLimit = 27.631021115928547;  // ln(1e12)

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

int SpectralPostfilterDelay(const SpectralShape& shape) {
  const int delay = shape.win_length - 1;
  const int frames = (delay + shape.hop_length - 1) / shape.hop_length;
  return (shape.passes - 1) * frames * shape.hop_length + delay;
}

int SpectralPostfilterStateSize(int ahead, int hop_length) {
  return 2 * ahead * hop_length;  // the waveform and the sum of frames
}

bool SpectralPostfilter::Allocate(const SpectralShape& shape, int64_t delay) {
  shape_ = shape;
  delay_ = delay / shape.passes;
  for (int k = 0; k < shape.passes; ++k) {
    const std::size_t size = delay_ + kRoom;
    if (!passes_[k].x.Resize(size) || !passes_[k].sum.Resize(size)) {
      return false;
    }
  }
  if (!fourier_.Allocate(shape.n_fft) || !overlap_.Resize(shape.hop_length) ||
      !piece_.Resize(shape.n_fft) || !real_.Resize(shape.bins()) ||
      !imaginary_.Resize(shape.bins()) || !found_.Resize(shape.bands + 1) ||
      !gains_.Resize(shape.bands + 2)) {
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
  for (int k = 0; k < shape_.passes; ++k) {
    Pass& pass = passes_[k];
    // At the start every pass waits for the one before; later each is a delay
    // ahead of the next.
    const int64_t behind = shape_.passes - 1 - k;
    pass.next = first > 0 ? first + behind * delay_ : -delay_;
    // The first frame whose window is not yet complete.
    pass.frame = FloorDiv(pass.next + delay_ - shape_.start - shape_.win_length,
                          shape_.hop_length) +
                 1;
    pass.end = delay_;
    for (float* values : {pass.x.data(), pass.sum.data()}) {
      for (std::size_t i = 0; i < pass.end; ++i) {
        values[i] = std::clamp(*state++, -kLoudest, kLoudest);
      }
    }
  }
}

void SpectralPostfilter::Store(float* state) const {
  for (int k = 0; k < shape_.passes; ++k) {
    const Pass& pass = passes_[k];
    for (const float* values : {pass.x.data(), pass.sum.data()}) {
      const float* const end = values + pass.end;
      state = std::copy(end - delay_, end, state);
    }
  }
}

bool SpectralPostfilter::Push(float x, float* y) {
  for (int k = 0; k < shape_.passes; ++k) {
    if (!PushInto(passes_[k], x, &x)) return false;
  }
  *y = x;
  return true;
}

bool SpectralPostfilter::PushInto(Pass& pass, float x, float* y) {
  if (pass.end == pass.x.size()) {
    for (float* values : {pass.x.data(), pass.sum.data()}) {
      std::memmove(values, values + pass.end - delay_, delay_ * sizeof(float));
    }
    pass.end = delay_;
  }
  pass.x[pass.end] = x;
  pass.sum[pass.end++] = 0.0f;
  const int64_t position = pass.next++;
  if (position + delay_ + 1 ==
      pass.frame * shape_.hop_length + shape_.start + shape_.win_length) {
    if (strength_ > 0.0f) FilterFrame(pass);
    ++pass.frame;
  }
  if (position < 0) return false;
  const std::size_t i = pass.end - 1 - delay_;
  if (strength_ == 0.0f) {
    *y = pass.x[i];
    return true;
  }
  const int64_t hop = shape_.hop_length;
  const int64_t phase = position - shape_.start;
  *y = pass.sum[i] * overlap_[phase - FloorDiv(phase, hop) * hop];
  return true;
}

// The frame whose window the last sample completes.
void SpectralPostfilter::FilterFrame(Pass& pass) {
  const int length = shape_.win_length;
  float* const piece = piece_.data();
  const float* const x = pass.x.data() + pass.end - length;
  for (int n = 0; n < length; ++n) piece[n] = x[n] * shape_.window[n];
  std::fill(piece + length, piece + shape_.n_fft, 0.0f);
  fourier_.Forward(piece, real_.data(), imaginary_.data());
  Gains(features_.row(std::max<int64_t>(pass.frame, 0) - first_frame_));
  for (int bin = 0; bin < shape_.bins(); ++bin) {
    const auto band = static_cast<int>(shape_.places[bin]);
    const float share = shape_.places[bin] - static_cast<float>(band);
    const float step = share * (gains_[band + 1] - gains_[band]);
    const float gain = gains_[band] + step;
    real_[bin] *= gain;
    imaginary_[bin] *= gain;
  }
  fourier_.Inverse(real_.data(), imaginary_.data(), piece);
  float* const sum = pass.sum.data() + pass.end - length;
  const float scale = 1.0f / static_cast<float>(shape_.n_fft);
  for (int n = 0; n < length; ++n) {
    const float part = piece[n] * scale * shape_.window[n];
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
    const double ratio = std::max<double>(wanted, shape_.floor) /
                         std::max(found_[band], shape_.floor);
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
