#include "prediction/linear_prediction.h"

#include "base/double_math.h"

namespace wavernn_tf {
namespace {

constexpr double kLogPowerLimit = 27.631021115928547;  // ln(1e12)
constexpr double kCoefficientLimit = 32768.0;
constexpr double kStepsPerUnit = 4096.0;

double RoundedCoefficient(double a) {
  if (!(a == a)) return 0.0;
  const double bounded = Clamped(a, -kCoefficientLimit, kCoefficientLimit);
  return RoundDouble(bounded * kStepsPerUnit) / kStepsPerUnit;
}

}  // namespace

void LevinsonDurbin(const double* r, int order, double* a) {
  for (int i = 0; i < order; ++i) a[i] = 0.0;
  double error = r[0];
  for (int i = 0; i < order; ++i) {
    if (!(error > 0.0)) return;
    double sum = 0.0;
    for (int j = 0; j < i; ++j) {
      const double product = a[j] * r[i - j];
      sum += product;
    }
    const double reflection = (r[i + 1] - sum) / error;
    double updated[kMostOrder];
    for (int j = 0; j < i; ++j) {
      const double product = reflection * a[i - 1 - j];
      updated[j] = a[j] - product;
    }
    for (int j = 0; j < i; ++j) a[j] = updated[j];
    a[i] = reflection;
    const double square = reflection * reflection;
    error *= 1.0 - square;
  }
}

void LinearPredictor(const LinearPrediction& prediction, const float* mel,
                     int n_mels, double* coefficients) {
  const int order = prediction.order;
  double r[kMostOrder + 1] = {};
  for (int k = 0; k <= order; ++k) r[k] = prediction.floor[k];
  for (int band = 0; band < n_mels; ++band) {
    const double scaled = static_cast<double>(mel[band]) * prediction.slope;
    const double power = DoubleExp(Clamped(scaled + prediction.intercept,
                                           -kLogPowerLimit, kLogPowerLimit));
    const double* const column = prediction.matrix + band;
    for (int k = 0; k <= order; ++k) {
      const double product = column[k * n_mels] * power;
      r[k] += product;
    }
  }
  double a[kMostOrder];
  LevinsonDurbin(r, order, a);
  for (int k = 0; k < order; ++k) {
    coefficients[order - 1 - k] = RoundedCoefficient(a[k]);
  }
}

}  // namespace wavernn_tf
