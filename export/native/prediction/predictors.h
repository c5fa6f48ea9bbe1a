// What stands in front of the network: sizes and views of a model's predictors.
#ifndef WAVERNN_TF_PREDICTION_PREDICTORS_H_
#define WAVERNN_TF_PREDICTION_PREDICTORS_H_

#include "prediction/linear_prediction.h"
#include "prediction/noise_shaping.h"
#include "prediction/pitch.h"

namespace wavernn_tf {

enum class PitchSource { kOff, kEstimated, kGiven };

// Inputs of the GRU beside c_{t-1}, f_{t-1} and c_t, as bits, in the order of
// their rows.
enum ExtraInput : unsigned {
  kSampleInput = 1u << 0,         // s_{t-1} / 32768
  kPredictionInput = 1u << 1,     // p_t / 32768
  kLaggedInput = 1u << 2,         // e_{t-lag-2} .. e_{t-lag+2}, / 32768
  kLogResidualInput = 1u << 3,    // L(e_{t-1}), see coding.h
  kLogSampleInput = 1u << 4,      // L(s_{t-1})
  kLogPredictionInput = 1u << 5,  // L(p_t)
  kAllExtraInputs = (1u << 6) - 1,
};
constexpr int kMostExtraRows = 5 + kLagTaps;

constexpr int ExtraRows(unsigned inputs) {
  int rows = (inputs & kLaggedInput) != 0 ? kLagTaps - 1 : 0;
  for (; inputs != 0; inputs >>= 1) rows += inputs & 1u;
  return rows;
}

// Of the finished waveform, see postfilter.h.
enum class PostfilterForm { kOff, kCausal, kCentred };
struct PostfilterShape {
  PostfilterForm form = PostfilterForm::kOff;
  float strength = 0.0f;
  int reach = 0;                // of the low-pass, on each side
  const float* taps = nullptr;  // [2 reach + 1] of the low-pass
};

struct Predictors {
  LinearPrediction linear;
  PitchSource pitch = PitchSource::kOff;
  LagScale lags;        // unless `pitch` is off
  bool mulaw = false;   // the split in coarse and fine
  unsigned inputs = 0;  // ExtraInput
  NoiseShaping noise;   // needs pitch
  PostfilterShape postfilter;

  // Whether a step needs more than the last classes. Without, the plain model
  // of signal.h runs.
  bool on() const {
    return linear.order > 0 || pitch != PitchSource::kOff || mulaw ||
           inputs != 0;
  }
  int rows() const { return ExtraRows(inputs); }

  // Samples and residuals that a stream remembers.
  int samples() const { return linear.order > 1 ? linear.order : 1; }
  int residuals() const {
    return (inputs & kLaggedInput) != 0 ? lags.longest() + kLagReach + 1 : 1;
  }
  // Floats of a stream's state for the samples, the residuals, the last classes
  // and the last noise.
  int state_size() const {
    return samples() + residuals() + 2 + (noise.on() ? 1 : 0);
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PREDICTION_PREDICTORS_H_
