#include "model/conditioning.h"

#include <algorithm>
#include <cstddef>

namespace wavernn_tf {
namespace {

// out[t] = act(sum_j in[t + j] @ K[j] + b): rows of taps * channels_in floats
// that overlap. in [rows + taps - 1, channels_in], out [rows, channels_out].
void Convolve(const KernelTable& kernels, const FloatLayer& layer,
              const float* in, int64_t rows, float* out, bool relu = true) {
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
  params.relu = relu;
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

bool Conditioner::Allocate(const Engine& engine, int chunk_frames) {
  const Model& model = engine.model;
  std::size_t rows =
      static_cast<std::size_t>(chunk_frames) + model.past + model.lookahead;
  std::size_t largest = 0;  // floats that any layer puts out
  const std::size_t steps =
      static_cast<std::size_t>(chunk_frames) * model.steps_per_frame;
  const bool pitch = model.predictors.pitch != PitchSource::kOff;
  if (!coefficients_.Resize(chunk_frames * model.predictors.linear.order) ||
      !posterior_.Resize(pitch ? rows * kPitchClasses : 0) ||
      !input_.Resize(pitch ? rows * model.conditioning_inputs() : 0) ||
      !log_lags_.Resize(pitch ? chunk_frames + 2 : 0) || !lags_.Resize(steps) ||
      !voicing_.Resize(steps)) {
    return false;
  }
  for (const FloatLayer& layer : engine.estimator) {
    rows -= layer.taps - 1;
    largest = std::max(largest, rows * layer.channels_out);
  }
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

void Conditioner::PredictFrames(const Engine& engine, const float* features,
                                int frames) {
  const Model& model = engine.model;
  const LinearPrediction& linear = model.predictors.linear;
  for (int t = 0; t < frames; ++t) {
    LinearPredictor(linear, features + (t + model.past) * model.n_features,
                    model.n_mels(), coefficients_.data() + t * linear.order);
  }
}

// The pitch posterior of `rows` frames, less those that only the estimator
// sees, and beside their mel, times kPosteriorGain, in `input_`.
const float* Conditioner::AddPitch(const Engine& engine, const float* features,
                                   int64_t rows) {
  const Model& model = engine.model;
  const LagScale& scale = model.predictors.lags;
  const int reach = model.estimator_reach();
  const int mels = model.n_mels();
  const float* in = features;
  int64_t left = rows;
  int turn = 0;
  for (const FloatLayer& layer : engine.estimator) {
    const bool last = &layer == &engine.estimator.back();
    float* const out = last ? posterior_.data() : layer_[turn].data();
    left -= layer.taps - 1;
    Convolve(engine.kernels(), layer, in, left, out, !last);
    in = out;
    turn = 1 - turn;
  }
  for (int64_t t = 0; t < left; ++t) {
    float* const q = posterior_.data() + t * kPitchClasses;
    const float* const row = features + (t + reach) * model.n_features;
    if (engine.estimator.empty()) {
      scale.FromFrequency(row[mels], q);
    } else {
      LagScale::Softmax(q);
    }
    float* const to = input_.data() + t * (mels + kPitchClasses);
    std::copy_n(row, mels, to);
    for (int k = 0; k < kPitchClasses; ++k) {
      to[mels + k] = kPosteriorGain * q[k];
    }
  }
  return input_.data();
}

// Lags and voicing of the steps, from the posterior of the frames and of their
// neighbours.
void Conditioner::FollowPitch(const Model& model, int frames) {
  const LagScale& scale = model.predictors.lags;
  const int steps = model.steps_per_frame;
  // The frame before the first.
  const float* const q =
      posterior_.data() +
      (model.past - model.estimator_reach() - 1) * kPitchClasses;
  const auto voiced = [q](int t) {
    return 1.0 - q[t * kPitchClasses + kVoicedClasses];
  };
  for (int t = 0; t < frames + 2; ++t) {
    log_lags_[t] = scale.LogLag(q + t * kPitchClasses);
  }
  for (int t = 0; t < frames; ++t) {
    for (int step = 0; step < steps; ++step) {
      lags_[t * steps + step] = scale.Lag(AtStep(
          log_lags_[t], log_lags_[t + 1], log_lags_[t + 2], step, steps));
      voicing_[t * steps + step] = static_cast<float>(
          AtStep(voiced(t), voiced(t + 1), voiced(t + 2), step, steps));
    }
  }
}

const float* Conditioner::Run(const Engine& engine, StageClock* clock,
                              const float* features, int frames) {
  const TimedStage whole(clock, kConditioningStage);
  const Model& model = engine.model;
  const float* in = features;
  int64_t rows = static_cast<int64_t>(frames) + model.past + model.lookahead;
  if (model.predictors.on()) {
    const TimedStage stage(clock, kPredictionStage);
    if (model.predictors.linear.order > 0) {
      PredictFrames(engine, features, frames);
    }
    if (model.predictors.pitch != PitchSource::kOff) {
      in = AddPitch(engine, features, rows);
      rows -= 2 * model.estimator_reach();
      FollowPitch(model, frames);
    }
  }
  int turn = 0;
  for (const FloatLayer& layer : engine.convolutions) {
    float* const out = layer_[turn].data();
    rows -= layer.taps - 1;
    Convolve(engine.kernels(), layer, in, rows, out);
    in = out;
    turn = 1 - turn;
  }
  for (const FloatLayer& layer : engine.upsampling) {
    float* const out = layer_[turn].data();
    Upsample(engine.kernels(), layer, in, rows, out);
    rows *= layer.taps;
    in = out;
    turn = 1 - turn;
  }
  return in;
}

void ProjectGates(const Engine& engine, const float* steps, int64_t stride,
                  int n_steps, float* gates) {
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
  engine.kernels().affine(params);
}

}  // namespace wavernn_tf
