#include "prediction/sample_predictor.h"

#include <algorithm>
#include <cstring>

#include "base/double_math.h"

namespace wavernn_tf {
namespace {

// Samples between two moves of what is kept to the front.
constexpr int kRoom = 1024;
constexpr float kUnit = 1.0f / 32768.0f;

int Whole(float value, int low, int high) {
  return static_cast<int>(RoundDouble(Clamped(value, low, high)));
}

template <typename T>
void ToFront(T* values, std::size_t end, std::size_t front, int count) {
  std::memmove(values + front - count, values + end - count, sizeof(T) * count);
}

}  // namespace

bool SamplePredictor::Allocate(const Predictors& predictors,
                               const Coding& coding) {
  predictors_ = &predictors;
  coding_ = coding;
  kept_samples_ = predictors_->samples();
  kept_residuals_ = predictors_->residuals();
  const std::size_t size = std::max(kept_samples_, kept_residuals_) + kRoom;
  return samples_.Resize(size) && residuals_.Resize(size);
}

void SamplePredictor::Load(const float* state) {
  end_ = std::max(kept_samples_, kept_residuals_);
  for (int i = 0; i < kept_samples_; ++i) {
    sample_ = Whole(*state++, coding_.lowest(), coding_.highest());
    samples_[end_ - kept_samples_ + i] = sample_;
  }
  for (int i = 0; i < kept_residuals_; ++i) {
    residual_ = Whole(*state++, -65536, 65535);
    residuals_[end_ - kept_residuals_ + i] =
        static_cast<float>(residual_) * kUnit;
  }
  const SplitSample silence = coding_.Encode(coding_.Value(0, 0));
  classes_.coarse = silence.coarse + Whole(state[0], -255, 255);
  classes_.fine = silence.fine + Whole(state[1], -255, 255);
  classes_.coarse = std::clamp(classes_.coarse, 0, 255);
  classes_.fine = std::clamp(classes_.fine, 0, 255);
  if (predictors_->noise.on()) {
    noise_ = Whole(state[2], -kMostNoise, kMostNoise);
  }
  prediction_ = 0;
}

void SamplePredictor::Store(float* state) const {
  for (int i = 0; i < kept_samples_; ++i) {
    *state++ = static_cast<float>(samples_[end_ - kept_samples_ + i]);
  }
  for (int i = 0; i < kept_residuals_; ++i) {
    *state++ = residuals_[end_ - kept_residuals_ + i] * 32768.0f;
  }
  const SplitSample silence = coding_.Encode(coding_.Value(0, 0));
  state[0] = static_cast<float>(classes_.coarse - silence.coarse);
  state[1] = static_cast<float>(classes_.fine - silence.fine);
  if (predictors_->noise.on()) state[2] = static_cast<float>(noise_);
}

void SamplePredictor::Predict(const double* coefficients, int lag,
                              float* inputs, int stride) {
  const int order = predictors_->linear.order;
  prediction_ = 0;
  if (order > 0) {
    const double sum =
        Predicted(coefficients, samples_.data() + end_ - order, order);
    prediction_ = static_cast<int>(
        Clamped(RoundDouble(sum), coding_.lowest(), coding_.highest()));
  }
  const unsigned chosen = predictors_->inputs;
  const auto put = [&inputs, stride](float value) {
    *inputs = value;
    inputs += stride;
  };
  if (chosen & kSampleInput) put(static_cast<float>(sample_) * kUnit);
  if (chosen & kPredictionInput) put(static_cast<float>(prediction_) * kUnit);
  if (chosen & kLaggedInput) {
    const float* const at = residuals_.data() + end_ - lag;
    for (int j = -kLagReach; j <= kLagReach; ++j) put(at[j]);
  }
  if (chosen & kLogResidualInput) put(LogarithmicInput(residual_));
  if (chosen & kLogSampleInput) put(LogarithmicInput(sample_));
  if (chosen & kLogPredictionInput) put(LogarithmicInput(prediction_));
}

int SamplePredictor::Value(float sample) const {
  const int whole = Whole(sample, coding_.lowest(), coding_.highest());
  return coding_.Value(whole, prediction_);
}

void SamplePredictor::Accept(SplitSample classes, int value) {
  classes_ = classes;
  Push(coding_.Sample(value, prediction_), coding_.Residual(value));
}

SplitSample SamplePredictor::AcceptDrawn(SplitSample drawn, int median,
                                         int level) {
  const int value = coding_.Decode(drawn);
  const NoiseShaping& shaping = predictors_->noise;
  if (!shaping.on()) {
    Accept(drawn, value);
    return drawn;
  }
  const int shift = NoiseShift(shaping.amount, level, noise_);
  noise_ = value - coding_.Decode({median, coding_.FineClasses(median) / 2});
  const int sample = std::clamp(coding_.Sample(value, prediction_) - shift,
                                coding_.lowest(), coding_.highest());
  const int shifted = coding_.Value(sample, prediction_);
  Accept(coding_.Encode(shifted), shifted);
  return classes_;
}

void SamplePredictor::Push(int sample, int residual) {
  if (end_ == samples_.size()) {
    const std::size_t front = std::max(kept_samples_, kept_residuals_);
    ToFront(samples_.data(), end_, front, kept_samples_);
    ToFront(residuals_.data(), end_, front, kept_residuals_);
    end_ = front;
  }
  sample_ = sample;
  residual_ = residual;
  samples_[end_] = sample;
  residuals_[end_++] = static_cast<float>(residual) * kUnit;
}

}  // namespace wavernn_tf
