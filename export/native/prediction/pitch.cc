#include "prediction/pitch.h"

#include <algorithm>

#include "base/double_math.h"

namespace wavernn_tf {
namespace {

constexpr double kLastClass = kVoicedClasses - 1;

}  // namespace

LagScale::LagScale(int sample_rate)
    : sample_rate_(sample_rate),
      shortest_(static_cast<int>(RoundDouble(sample_rate / 400.0))),
      longest_(static_cast<int>(RoundDouble(sample_rate / 70.0))),
      log_shortest_(DoubleLog(shortest_)),
      log_range_(DoubleLog(static_cast<double>(longest_) / shortest_)) {}

void LagScale::Softmax(float* logits) {
  const float highest = *std::max_element(logits, logits + kPitchClasses);
  double weights[kPitchClasses];
  double total = 0.0;
  for (int k = 0; k < kPitchClasses; ++k) {
    const double below = static_cast<double>(logits[k]) - highest;
    weights[k] = DoubleExp(Clamped(below, -600.0, 0.0));
    total += weights[k];
  }
  for (int k = 0; k < kPitchClasses; ++k) {
    logits[k] = static_cast<float>(weights[k] / total);
  }
}

void LagScale::FromFrequency(float frequency, float* posterior) const {
  std::fill_n(posterior, kPitchClasses, 0.0f);
  if (!(frequency > 0.0f)) {
    posterior[kVoicedClasses] = 1.0f;
    return;
  }
  const double log_lag =
      DoubleLog(sample_rate_ / static_cast<double>(frequency));
  const double place = Clamped(
      (log_lag - log_shortest_) / log_range_ * kLastClass, 0.0, kLastClass);
  const int lower = std::min(static_cast<int>(place), kVoicedClasses - 2);
  posterior[lower] = static_cast<float>(1.0 - (place - lower));
  posterior[lower + 1] = static_cast<float>(place - lower);
}

double LagScale::LogLag(const float* posterior) const {
  const int best = static_cast<int>(
      std::max_element(posterior, posterior + kVoicedClasses) - posterior);
  double total = 0.0;
  double sum = 0.0;
  for (int k = std::max(best - kLagReach, 0);
       k <= std::min(best + kLagReach, kVoicedClasses - 1); ++k) {
    const double weight = posterior[k];
    total += weight;
    sum += weight * (log_shortest_ + log_range_ * (k / kLastClass));
  }
  if (!(total > 0.0)) return log_shortest_ + 0.5 * log_range_;
  return sum / total;
}

int LagScale::Lag(double log_lag) const {
  const double lag = DoubleExp(Clamped(log_lag, 0.0, 20.0));
  return static_cast<int>(Clamped(RoundDouble(lag), shortest_, longest_));
}

double AtStep(double before, double own, double after, int step, int steps) {
  const double place = (step + 0.5) / steps - 0.5;
  const double back = std::max(-place, 0.0);
  const double ahead = std::max(place, 0.0);
  return ((1.0 - back - ahead) * own + back * before) + ahead * after;
}

}  // namespace wavernn_tf
