// One model: sizes and views of its weights. Nothing is owned here but the
// short lists of layers; the weights stay in the model file.
#ifndef WAVERNN_TF_MODEL_MODEL_H_
#define WAVERNN_TF_MODEL_MODEL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/block_sparse.h"
#include "prediction/coding.h"
#include "prediction/postfilter.h"
#include "prediction/predictors.h"

namespace wavernn_tf {

constexpr int kGates = 3;  // u, r, e

// An array of float32, or of the upper halves of float32.
struct DenseArray {
  const void* data;
  WeightType type;  // kFloat32 or kBfloat16
};

// A convolution (taps = kernel size) or a transposed one whose stride equals
// its kernel size (taps = stride). Both have a bias and a ReLU, but for the
// last one of the pitch estimator.
struct ConvLayer {
  DenseArray kernel;  // [taps, channels_in, channels_out]
  const float* bias;  // [channels_out]
  int taps;
  int channels_in;
  int channels_out;
};

// logits = output relu(project h_half + project_bias) + output_bias
struct Head {
  BlockSparse project;        // [projection_size, state_size / 2]
  const float* project_bias;  // [projection_size]
  BlockSparse output;         // [256, projection_size]
  const float* output_bias;   // [256]
};

// One layer of the network over the earlier sub-tensors, with a ReLU.
struct SubscaleLayer {
  BlockSparse kernel;  // [channels, inputs], taps oldest first
  const float* bias;   // [channels]
  int dilation;        // positions between taps
};

// Subscale: sample B i + s belongs to sub-tensor s, where it has position i.
// A network over the earlier sub-tensors sees v = s[n] / 32768 of those z < s,
// at the positions i - past() .. i + future(). Its inputs, layer 0: for every
// tap the sub-tensors s - 1, s - 2, .. s - (B - 1), 0 where there is none, then
// B numbers, one-hot of s; other layers: for every tap the outputs of the one
// before. B = 1 is the plain model, which has neither layers nor matrices.
struct Subscale {
  int batch = 1;        // B: 1, 2, 4, 8 or 16
  int horizon = 0;      // F >= future()
  int kernel_size = 0;  // taps of every layer
  int channels = 0;     // a multiple of 16
  std::vector<SubscaleLayer> layers;
  BlockSparse gates[kGates];  // N_g, each [H, channels]

  bool plain() const { return batch == 1; }

  // Positions that a sub-tensor runs behind the one before it.
  int stagger() const { return plain() ? 0 : horizon + 1; }

  // Positions between the first tap and the last of layers `first` and on.
  int Reach(std::size_t first = 0) const {
    int reach = 0;
    for (std::size_t l = first; l < layers.size(); ++l) {
      reach += (kernel_size - 1) * layers[l].dilation;
    }
    return reach;
  }
  int past() const { return Reach() / 2; }
  int future() const { return Reach() - past(); }

  // Samples of every sub-tensor that a stream remembers.
  int history() const {
    return plain() ? 1 : std::max(1, (batch - 1) * stagger() + past());
  }
};

struct Model {
  int state_size = 0;  // H, a multiple of 32
  int projection_size = 0;
  int n_features = 0;
  int sample_rate = 0;    // Hz
  int hop_length = 0;     // samples a frame
  int sample_offset = 0;  // 16-bit steps
  float pre_emphasis = 0.0f;
  int past = 0;       // frames of context before the first
  int lookahead = 0;  // the same after the last; more come in ahead()

  std::vector<ConvLayer> convolutions;  // frame rate
  std::vector<ConvLayer> upsampling;    // frame rate -> step rate
  int steps_per_frame = 1;              // product of the strides
  int samples_per_step = 1;             // of the conditioning
  int conditioning_channels = 0;

  DenseArray conditioning_kernel = {};    // [channels, 3H]
  const float* input_kernel = nullptr;    // [3, 3H]
  const float* input_bias = nullptr;      // [3H]
  const float* recurrent_bias = nullptr;  // [3H]
  BlockSparse recurrent[kGates];          // each [H, H]
  Head coarse = {};
  Head fine = {};
  Subscale subscale;

  Predictors predictors;
  std::vector<ConvLayer> estimator;  // of pitch, at frame rate; may be empty
  DenseArray extra_kernel = {};      // [predictors.rows(), 3H]

  int n_mels() const {
    return n_features - (predictors.pitch == PitchSource::kGiven ? 1 : 0);
  }
  // Frames on each side that the estimator sees of each frame.
  int estimator_reach() const {
    int reach = 0;
    for (const ConvLayer& layer : estimator) reach += (layer.taps - 1) / 2;
    return reach;
  }
  // Inputs of the first convolution.
  int conditioning_inputs() const {
    return n_mels() +
           (predictors.pitch == PitchSource::kOff ? 0 : kPitchClasses);
  }
  Coding coding() const { return {sample_offset, predictors.mulaw}; }

  // Floats of a stream's state (generate.h).
  int stream_size() const {
    if (predictors.on()) {
      return state_size + predictor_size() + 1 + postfilter_size();
    }
    return subscale.batch * (state_size + subscale.history()) + 1;
  }
  // The predictors' part.
  int predictor_size() const { return predictors.state_size(); }
  int postfilter_size() const {
    return PostfilterStateSize(predictors, ahead(), steps_per_frame,
                               hop_length);
  }

  // Frames that the first sub-tensor, or the network before the postfilter,
  // runs ahead of the audio when sampling.
  int ahead() const {
    const int64_t samples =
        int64_t{subscale.batch - 1} * subscale.stagger() * subscale.batch +
        PostfilterDelay(predictors);
    return static_cast<int>((samples + hop_length - 1) / hop_length);
  }
  // The same in samples.
  int64_t delay() const { return int64_t{ahead()} * hop_length; }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_MODEL_MODEL_H_
