// The pitch postfilter of the finished waveform x, before it is rounded. With
// the low-passed waveform b, in samples t, L one pitch period:
//   centred: y[t] = x[t] + g ((b[t-L] + b[t+L]) / 2 - b[t]) / (1 + g)
//   causal:  y[t] = x[t] + g (b[t-L] - b[t]) / (1 + g)
// That is (b + g (..)) / (1 + g) in the low band, and the rest unchanged.
// g = strength * voicing of the step. L is the step's lag, refined every
// kPostfilterBlock samples: of the lags within 7 % the first one with the
// highest normalised correlation of b over one longest lag, around the block
// (centred) or before it (causal).
#ifndef WAVERNN_TF_PREDICTION_PITCH_POSTFILTER_H_
#define WAVERNN_TF_PREDICTION_PITCH_POSTFILTER_H_

#include <cstddef>
#include <cstdint>

#include "base/aligned_array.h"
#include "prediction/predictors.h"

namespace wavernn_tf {

constexpr int kPostfilterBlock = 50;

// Samples that the filter must see after the one it puts out.
int PitchPostfilterDelay(const Predictors& predictors);

// Floats of a stream's state, which runs `ahead` frames ahead of its audio.
int PitchPostfilterStateSize(const Predictors& predictors, int ahead,
                             int steps_per_frame, int hop_length);

class PitchPostfilter {
 public:
  // Returns false when memory runs out.
  //   samples_per_step  of the conditioning
  //   delay             samples of the output, whole frames
  bool Allocate(const Predictors& predictors, int samples_per_step,
                int64_t delay);

  // Starts from a part of a stream's state, of PitchPostfilterStateSize floats,
  // for the output from sample `position` on. Zeros are silence; any finite
  // values are safe. `strength` 0 lets all pass.
  void Load(const float* state, uint64_t position, float strength);
  void Store(float* state) const;

  // Takes the waveform's next sample and the lag and the voicing of its step.
  // Once `delay` samples have come, every call makes an output.
  bool Push(float x, int lag, float voicing, float* y);

 private:
  float LowPassed(std::size_t i) const;
  int Refined(std::size_t i) const;
  void Append(float x, int lag, float gain);

  PostfilterShape shape_;
  LagScale lags_;
  float strength_ = 0.0f;
  int samples_per_step_ = 1;
  int64_t delay_ = 0;  // of the output, whole frames
  int64_t back_ = 0;   // samples kept before the next one to put out
  int64_t next_ = 0;   // the sample to put out when the next one comes
  int lag_ = 0;        // of the block
  // By sample, up to end_ - 1; when the arrays are full, what is kept moves to
  // the front.
  std::size_t end_ = 0;
  AlignedArray<float> x_;
  AlignedArray<float> low_;
  AlignedArray<int> step_lag_;
  AlignedArray<float> gain_;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PREDICTION_PITCH_POSTFILTER_H_
