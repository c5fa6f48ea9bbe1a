// What stands in front of the network: sizes and views of a model's predictors.
#ifndef WAVERNN_TF_PREDICTION_PREDICTORS_H_
#define WAVERNN_TF_PREDICTION_PREDICTORS_H_

#include <cstdint>

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

// Passes of the spectral postfilter, one behind the other.
constexpr int kMostPasses = 8;

// Of the finished waveform: of the pitch, causal or centred
// (pitch_postfilter.h), or of the spectrum (spectral_postfilter.h).
enum class PostfilterForm { kOff, kCausal, kCentred, kSpectral };
struct PostfilterShape {
  PostfilterForm form = PostfilterForm::kOff;
  float strength = 0.0f;
  int reach = 0;                // of the low-pass, on each side
  const float* taps = nullptr;  // [2 reach + 1] of the low-pass
};

// The analysis behind the features, of the spectral postfilter. Bands without a
// bin are left out.
struct SpectralShape {
  int passes = 1;      // of the filter
  int n_fft = 0;       // a power of two
  int win_length = 0;  // at most n_fft
  int hop_length = 0;  // at most win_length / 2
  int start = 0;       // of a frame's window, from the frame's first sample
  int bands = 0;       // that are kept
  bool power = false;  // of the magnitude spectrum: 2, else 1
  double slope = 0.0;  // ln(band) = slope * feature + intercept
  double intercept = 0.0;
  float floor = 0.0f;
  const float* window = nullptr;     // [win_length]
  const int32_t* columns = nullptr;  // [bands], of the features
  const int32_t* first = nullptr;    // [n_fft / 2 + 1], lower band of a bin
  const float* weights = nullptr;    // [n_fft / 2 + 1, 2], of first, first + 1
  // [n_fft / 2 + 1]: where a bin lies among the bands' centres, 0 .. bands;
  // at `bands` it is left as it is.
  const float* places = nullptr;

  int bins() const { return n_fft / 2 + 1; }
};

struct Predictors {
  LinearPrediction linear;
  PitchSource pitch = PitchSource::kOff;
  LagScale lags;        // unless `pitch` is off
  bool mulaw = false;   // the split in coarse and fine
  unsigned inputs = 0;  // ExtraInput
  NoiseShaping noise;   // needs pitch
  PostfilterShape postfilter;
  SpectralShape spectral;  // of that form

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
