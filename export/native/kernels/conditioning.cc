#include "kernels/conditioning.h"

#include <algorithm>
#include <cstddef>

namespace wavernn_tf {
namespace {

// out[t] = relu(sum_j in[t + j] @ K[j] + b): rows of taps * channels_in floats
// that overlap. in [rows + taps - 1, channels_in], out [rows, channels_out].
void Convolve(const KernelTable& kernels, const FloatLayer& layer,
              const float* in, int64_t rows, float* out) {
  AffineParams params = {};
  params.in = in;
  params.in_stride = layer.channels_in;
  params.kernel = layer.kernel;
  params.bias = layer.bias;
  params.out = out;
  params.out_stride = layer.channels_out;
  params.rows = rows;
  params.depth = layer.taps * layer.channels_in;
  params.width = layer.channels_out;
  params.relu = true;
  kernels.affine(params);
}

// out[t * stride + j] = relu(in[t] @ K[j] + b).
// in [rows, channels_in], out [rows * stride, channels_out].
void Upsample(const KernelTable& kernels, const FloatLayer& layer,
              const float* in, int64_t rows, float* out) {
  const int64_t tap_size =
      static_cast<int64_t>(layer.channels_in) * layer.channels_out;
  for (int j = 0; j < layer.taps; ++j) {
    AffineParams params = {};
    params.in = in;
    params.in_stride = layer.channels_in;
    params.kernel = layer.kernel + j * tap_size;
    params.bias = layer.bias;
    params.out = out + static_cast<int64_t>(j) * layer.channels_out;
    params.out_stride = static_cast<int64_t>(layer.taps) * layer.channels_out;
    params.rows = rows;
    params.depth = layer.channels_in;
    params.width = layer.channels_out;
    params.relu = true;
    kernels.affine(params);
  }
}

}  // namespace

bool Conditioner::Allocate(const Engine& engine, int tile_frames) {
  const Model& model = engine.model;
  std::size_t rows =
      static_cast<std::size_t>(tile_frames) + model.past + model.lookahead;
  std::size_t largest = 0;  // floats that any layer puts out
  for (const FloatLayer& layer : engine.convolutions) {
    rows -= layer.taps - 1;
    largest = std::max(largest, rows * layer.channels_out);
  }
  for (const FloatLayer& layer : engine.upsampling) {
    rows *= layer.taps;
    largest = std::max(largest, rows * layer.channels_out);
  }
  return layer_[0].Resize(largest) && layer_[1].Resize(largest);
}

const float* Conditioner::Run(const Engine& engine, const KernelTable& kernels,
                              const float* features, int frames) {
  const Model& model = engine.model;
  const float* in = features;
  int64_t rows = static_cast<int64_t>(frames) + model.past + model.lookahead;
  int turn = 0;
  for (const FloatLayer& layer : engine.convolutions) {
    float* const out = layer_[turn].data();
    rows -= layer.taps - 1;
    Convolve(kernels, layer, in, rows, out);
    in = out;
    turn = 1 - turn;
  }
  for (const FloatLayer& layer : engine.upsampling) {
    float* const out = layer_[turn].data();
    Upsample(kernels, layer, in, rows, out);
    rows *= layer.taps;
    in = out;
    turn = 1 - turn;
  }
  return in;
}

void ProjectGates(const Engine& engine, const KernelTable& kernels,
                  const float* steps, int64_t stride, int n_steps,
                  float* gates) {
  const int width = kGates * engine.model.state_size;
  AffineParams params = {};
  params.in = steps;
  params.in_stride = stride;
  params.kernel = engine.gate_kernel.data();
  params.bias = engine.gate_bias.data();
  params.out = gates;
  params.out_stride = width;
  params.rows = n_steps;
  params.depth = engine.model.conditioning_channels;
  params.width = width;
  params.relu = false;
  kernels.affine(params);
}

}  // namespace wavernn_tf
