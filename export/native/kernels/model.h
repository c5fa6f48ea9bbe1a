// One model: sizes and views of its weights. Nothing is owned here but the
// short lists of layers; the weights stay in the model file.
#ifndef WAVERNN_TF_KERNELS_MODEL_H_
#define WAVERNN_TF_KERNELS_MODEL_H_

#include <cstdint>
#include <vector>

#include "kernels/block_sparse.h"

namespace wavernn_tf {

constexpr int kGates = 3;  // u, r, e

// An array of float32, or of the upper halves of float32.
struct DenseArray {
  const void* data;
  WeightType type;  // kFloat32 or kBfloat16
};

// A convolution (taps = kernel size) or a transposed one whose stride equals
// its kernel size (taps = stride). Both have a bias and a ReLU.
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

struct Model {
  int state_size = 0;  // H, a multiple of 32
  int projection_size = 0;
  int n_features = 0;
  int hop_length = 0;     // samples a frame
  int sample_offset = 0;  // 16-bit steps
  float pre_emphasis = 0.0f;
  int past = 0;       // frames of context before the first
  int lookahead = 0;  // frames of context after the last

  std::vector<ConvLayer> convolutions;  // frame rate
  std::vector<ConvLayer> upsampling;    // frame rate -> step rate
  int steps_per_frame = 1;              // product of the strides
  int hold = 1;                         // samples a step
  int conditioning_channels = 0;

  DenseArray conditioning_kernel = {};    // [channels, 3H]
  const float* input_kernel = nullptr;    // [3, 3H]
  const float* input_bias = nullptr;      // [3H]
  const float* recurrent_bias = nullptr;  // [3H]
  BlockSparse recurrent[kGates];          // each [H, H]
  Head coarse = {};
  Head fine = {};
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_MODEL_H_
