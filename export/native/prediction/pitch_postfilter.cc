#include "prediction/pitch_postfilter.h"

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
constexpr double kRange = 0.07;

// What a block's correlation reads before a sample: one window and one lag of
// the low-passed waveform.
int64_t Back(const Predictors& predictors) {
  return 2 * int64_t{predictors.lags.longest()} + predictors.postfilter.reach;
}

// The sum of products, in eight chains.
float Dot(const float* a, const float* b, int count) {
  float sums[8] = {};
  int i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int k = 0; k < 8; ++k) {
      const float product = a[i + k] * b[i + k];
      sums[k] += product;
    }
  }
  for (; i < count; ++i) {
    const float product = a[i] * b[i];
    sums[i % 8] += product;
  }
  for (int width = 4; width > 0; width /= 2) {
    for (int k = 0; k < width; ++k) sums[k] += sums[k + width];
  }
  return sums[0];
}

double Square(float x) { return static_cast<double>(x) * x; }

}  // namespace

int PitchPostfilterDelay(const Predictors& predictors) {
  const PostfilterShape& shape = predictors.postfilter;
  if (shape.form == PostfilterForm::kCausal) return shape.reach;
  return std::max(predictors.lags.longest(),
                  (predictors.lags.longest() + kPostfilterBlock) / 2 + 1) +
         shape.reach;
}

int PitchPostfilterStateSize(const Predictors& predictors, int ahead,
                             int steps_per_frame, int hop_length) {
  // The waveform, lag and voicing of the steps ahead, the lag of the block.
  return static_cast<int>(Back(predictors) + int64_t{ahead} * hop_length +
                          2 * int64_t{ahead} * steps_per_frame + 1);
}

bool PitchPostfilter::Allocate(const Predictors& predictors,
                               int samples_per_step, int64_t delay) {
  shape_ = predictors.postfilter;
  lags_ = predictors.lags;
  samples_per_step_ = samples_per_step;
  delay_ = delay;
  back_ = Back(predictors);
  const std::size_t size = back_ + delay_ + kRoom;
  return x_.Resize(size) && low_.Resize(size) && step_lag_.Resize(size) &&
         gain_.Resize(size);
}

void PitchPostfilter::Load(const float* state, uint64_t position,
                           float strength) {
  strength_ = strength;
  next_ = position > 0 ? static_cast<int64_t>(position) : -delay_;
  end_ = back_ + delay_;
  for (std::size_t i = 0; i < end_; ++i) {
    x_[i] = std::clamp(*state++, -kLoudest, kLoudest);
  }
  for (int64_t i = 0; i < back_; ++i) {
    step_lag_[i] = lags_.shortest();
    gain_[i] = 0.0f;
  }
  const auto lag = [this](float value) {
    return static_cast<int>(
        RoundDouble(Clamped(value, lags_.shortest(), lags_.longest())));
  };
  for (int64_t first = back_; first < static_cast<int64_t>(end_);
       first += samples_per_step_) {
    const int step_lag = lag(*state++);
    const float voicing = std::clamp(*state++, 0.0f, 1.0f);
    for (int64_t i = first; i < first + samples_per_step_; ++i) {
      step_lag_[i] = step_lag;
      gain_[i] = voicing;
    }
  }
  lag_ = lag(*state);
  for (std::size_t i = 0; i < end_; ++i) {
    const bool known =
        static_cast<int64_t>(i) >= shape_.reach && i + shape_.reach < end_;
    low_[i] = known ? LowPassed(i) : 0.0f;
  }
}

void PitchPostfilter::Store(float* state) const {
  const std::size_t first = end_ - delay_;
  state = std::copy(x_.data() + first - back_, x_.data() + end_, state);
  for (std::size_t i = first; i < end_; i += samples_per_step_) {
    *state++ = static_cast<float>(step_lag_[i]);
    *state++ = gain_[i];
  }
  *state = static_cast<float>(lag_);
}

bool PitchPostfilter::Push(float x, int lag, float voicing, float* y) {
  Append(x, lag, voicing);
  low_[end_ - 1 - shape_.reach] = LowPassed(end_ - 1 - shape_.reach);
  const int64_t position = next_++;
  if (position < 0) return false;
  const std::size_t i = end_ - 1 - delay_;
  *y = x_[i];
  if (strength_ == 0.0f) return true;
  if (position % kPostfilterBlock == 0) lag_ = Refined(i);
  const float gain = strength_ * gain_[i];
  float other = low_[i - lag_];
  if (shape_.form == PostfilterForm::kCentred) {
    other = 0.5f * (other + low_[i + lag_]);
  }
  const float change = gain * (other - low_[i]);
  *y += change / (1.0f + gain);
  return true;
}

float PitchPostfilter::LowPassed(std::size_t i) const {
  return Dot(x_.data() + i - shape_.reach, shape_.taps, 2 * shape_.reach + 1);
}

// The lag of the block that begins at i.
int PitchPostfilter::Refined(std::size_t i) const {
  const int middle = step_lag_[i];
  const int window = lags_.longest();
  const int lowest = std::max(
      lags_.shortest(), static_cast<int>(std::ceil((1.0 - kRange) * middle)));
  const int highest =
      std::min(lags_.longest(), static_cast<int>((1.0 + kRange) * middle));
  const float* begin = low_.data() + i - window;
  if (shape_.form == PostfilterForm::kCentred) {
    begin += window / 2 + kPostfilterBlock / 2;
  }
  // In float64: what leaves the window may be far louder than what stays.
  double energy = 0.0;
  for (int n = 0; n < window; ++n) energy += Square(begin[n - lowest]);
  int best = middle;
  double most = 0.0;
  for (int lag = lowest; lag <= highest; ++lag) {
    const float* const other = begin - lag;
    if (lag > lowest) {
      // One value comes in front, one leaves behind.
      energy += Square(other[0]);
      energy -= Square(other[window]);
    }
    const double product = Dot(begin, other, window);
    // Of what correlates at all, the square says which one most.
    if (!(product > 0.0 && energy > 0.0)) continue;
    const double square = product * product / energy;
    if (square > most) {
      most = square;
      best = lag;
    }
  }
  return best;
}

void PitchPostfilter::Append(float x, int lag, float voicing) {
  if (end_ == x_.size()) {
    const std::size_t kept = back_ + delay_;
    for (float* values : {x_.data(), low_.data(), gain_.data()}) {
      std::memmove(values, values + end_ - kept, kept * sizeof(float));
    }
    std::memmove(step_lag_.data(), step_lag_.data() + end_ - kept,
                 kept * sizeof(int));
    end_ = kept;
  }
  x_[end_] = x;
  step_lag_[end_] = lag;
  gain_[end_++] = voicing;
}

}  // namespace wavernn_tf
