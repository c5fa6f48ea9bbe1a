#include "kernels/conditioning.h"

namespace wavernn_tf {
namespace {

// out[t] = relu(sum_j in[t + j] @ K[j] + b): rows of taps * channels_in floats
// that overlap. in [rows + taps - 1, channels_in], out [rows, channels_out].
void Convolve(const KernelTable& kernels, const ConvLayer& layer,
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
void Upsample(const KernelTable& kernels, const ConvLayer& layer,
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

const float* ConditionFrames(const Model& model, const KernelTable& kernels,
                             const float* features, int frames,
                             Workspace& workspace) {
  const float* in = features;
  int64_t rows = static_cast<int64_t>(frames) + model.past + model.lookahead;
  int turn = 0;
  for (const ConvLayer& layer : model.convolutions) {
    float* out = workspace.layer[turn].data();
    rows -= layer.taps - 1;
    Convolve(kernels, layer, in, rows, out);
    in = out;
    turn = 1 - turn;
  }
  for (const ConvLayer& layer : model.upsampling) {
    float* out = workspace.layer[turn].data();
    Upsample(kernels, layer, in, rows, out);
    rows *= layer.taps;
    in = out;
    turn = 1 - turn;
  }
  return in;
}

void ProjectGates(const Model& model, const KernelTable& kernels,
                  const float* steps, int n_steps, Workspace& workspace) {
  AffineParams params = {};
  params.in = steps;
  params.in_stride = model.conditioning_channels;
  params.kernel = model.conditioning_kernel;
  params.bias = model.input_bias;
  params.out = workspace.gates.data();
  params.out_stride = static_cast<int64_t>(kGates) * model.state_size;
  params.rows = n_steps;
  params.depth = model.conditioning_channels;
  params.width = kGates * model.state_size;
  params.relu = false;
  kernels.affine(params);
}

}  // namespace wavernn_tf
