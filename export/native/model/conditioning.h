// The conditioning network: features at frame rate -> gate inputs at step
// rate. "Valid" everywhere: the caller gives past + lookahead frames of
// context. Every output has one accumulation order, so chunks of any length
// give the same bits.
#ifndef WAVERNN_TF_MODEL_CONDITIONING_H_
#define WAVERNN_TF_MODEL_CONDITIONING_H_

#include <cstdint>

#include "base/aligned_array.h"
#include "kernels/kernel_table.h"
#include "model/engine.h"
#include "profile/stage_clock.h"

namespace wavernn_tf {

// Scratch memory of the network for a chunk of frames.
class Conditioner {
 public:
  // Returns false when memory runs out.
  bool Allocate(const Engine& engine, int chunk_frames);

  // Convolves and upsamples `frames` <= chunk_frames frames.
  //   features [frames + past + lookahead, n_features]
  // Returns [frames * steps_per_frame, conditioning_channels], in here.
  const float* Run(const Engine& engine, StageClock* clock,
                   const float* features, int frames);

  // Of the frames of the last Run, what predictors know of them, if any:
  const double* coefficients() const {  // [frames, order], see LinearPredictor
    return coefficients_.data();
  }
  const int* lags() const { return lags_.data(); }          // [steps]
  const float* voicing() const { return voicing_.data(); }  // [steps]

 private:
  void PredictFrames(const Engine& engine, const float* features, int frames);
  const float* AddPitch(const Engine& engine, const float* features,
                        int64_t rows);
  void FollowPitch(const Model& model, int frames);

  AlignedArray<float> layer_[2];  // activations, by turns
  AlignedArray<double> coefficients_;
  AlignedArray<float> posterior_;  // [rows, 65]
  AlignedArray<float> input_;      // [rows, n_mels + 65]
  AlignedArray<double> log_lags_;  // [2 + frames]
  AlignedArray<int> lags_;
  AlignedArray<float> voicing_;
};

// gates[t] = steps[t] @ gate_kernel + gate_bias for t < n_steps
//   steps rows of conditioning_channels floats, `stride` floats apart
//   gates [n_steps, 3H] in the order of gru.h
void ProjectGates(const Engine& engine, const float* steps, int64_t stride,
                  int n_steps, float* gates);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_MODEL_CONDITIONING_H_
