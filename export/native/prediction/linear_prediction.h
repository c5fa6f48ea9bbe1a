// Linear prediction of every sample, from the features alone: the log-mel of a
// frame gives the power per band, that the autocorrelation, and that the
// predictor, which is held for the frame.
#ifndef WAVERNN_TF_PREDICTION_LINEAR_PREDICTION_H_
#define WAVERNN_TF_PREDICTION_LINEAR_PREDICTION_H_

namespace wavernn_tf {

constexpr int kMostOrder = 32;

// ln(power) = slope * mel + intercept, bounded by +-ln(1e12), of every band;
// r = matrix power + floor.
struct LinearPrediction {
  int order = 0;  // 0: none
  double slope = 0.0;
  double intercept = 0.0;
  const double* matrix = nullptr;  // [order + 1, n_mels]
  const double* floor = nullptr;   // [order + 1]
};

// The coefficients of a frame, a_order .. a_1: the one of the newest sample
// last. Multiples of 2^-12, of magnitude up to 2^15, whatever `mel` [n_mels]
// is.
void LinearPredictor(const LinearPrediction& prediction, const float* mel,
                     int n_mels, double* coefficients);

// Levinson-Durbin: a_1 .. a_order of r [order + 1], not rounded. Stops at zeros
// where r has no energy left to explain.
void LevinsonDurbin(const double* r, int order, double* a);

// sum_k a_k s_{t-k} over the last samples [order], the newest last, which are
// integers of magnitude up to 2^17: exact, in any order.
inline double Predicted(const double* coefficients, const double* samples,
                        int order) {
  double sums[4] = {};
  int k = 0;
  for (; k + 4 <= order; k += 4) {
    for (int i = 0; i < 4; ++i) {
      const double product = coefficients[k + i] * samples[k + i];
      sums[i] += product;
    }
  }
  for (; k < order; ++k) {
    const double product = coefficients[k] * samples[k];
    sums[0] += product;
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PREDICTION_LINEAR_PREDICTION_H_
