#include "stream/subscale_network.h"

#include <algorithm>

namespace wavernn_tf {

bool SubscaleNetwork::Allocate(const Engine& engine) {
  const Subscale& model = engine.model.subscale;
  layers_.clear();
  if (model.plain()) return true;
  const std::size_t row = model.channels + kOutputSlack;
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    Layer& layer = layers_.emplace_back();
    if (!layer.input.Allocate(model.layers[l].kernel.cols,
                              1u << engine.subscale.layers[l].form())) {
      return false;
    }
    if (l == 0) continue;
    layer.slots = (model.kernel_size - 1) * model.layers[l].dilation + 1;
    if (!layer.outputs.Resize(layer.slots * row * kBatchLanes) ||
        !layer.largest.Resize(layer.slots * kBatchLanes)) {
      return false;
    }
  }
  // One-hot of the sub-tensor, behind the taps of the first layer.
  const int B = model.batch;
  float* const own =
      layers_[0].input.plain() + kBatchLanes * model.kernel_size * (B - 1);
  for (int k = 0; k < kBatchLanes; ++k) own[kBatchLanes * (k % B) + k] = 1.0f;
  turn_ = model.Reach();
  return n_.Allocate(model.channels, engine.subscale.channel_forms) &&
         gates_.Resize(kBatchLanes * (kGates * kPartUnits + kOutputSlack));
}

// Where earlier sub-tensors are missing, the input keeps its zeros.
void SubscaleNetwork::ReadHistory(const Subscale& model, const History& history,
                                  int64_t step, int stagger) {
  const int B = model.batch;
  const int dilation = model.layers[0].dilation;
  const int64_t ahead = step + model.future();
  float* to = layers_[0].input.plain();
  for (int tap = model.kernel_size - 1; tap >= 0; --tap) {
    const int64_t newest = ahead - int64_t{tap} * dilation;
    for (int j = 0; j < B - 1; ++j, to += kBatchLanes) {
      const float* const from = history.Step(newest - int64_t{j + 1} * stagger);
      for (int first = 0; first < kBatchLanes; first += B) {
        for (int s = j + 1; s < B; ++s) {
          to[first + s] = from[first + s - 1 - j] * (1.0f / 32768.0f);
        }
      }
    }
  }
}

float* SubscaleNetwork::Outputs(Layer& layer, const Subscale& model,
                                std::size_t turn) const {
  const std::size_t row = model.channels + kOutputSlack;
  return layer.outputs.data() + turn % layer.slots * row * kBatchLanes;
}

// The taps of a layer behind the first, oldest first, at one scale.
void SubscaleNetwork::Concatenate(const Subscale& model,
                                  const KernelTable& kernels, int index) {
  Layer& layer = layers_[index];
  const std::size_t dilation = model.layers[index].dilation;
  float largest[kBatchLanes] = {};
  for (int tap = 0; tap < model.kernel_size; ++tap) {
    const float* const m = layer.largest.data() +
                           (turn_ - tap * dilation) % layer.slots * kBatchLanes;
    for (int k = 0; k < kBatchLanes; ++k) {
      largest[k] = std::max(largest[k], m[k]);
    }
  }
  for (int tap = 0; tap < model.kernel_size; ++tap) {
    const int place = model.kernel_size - 1 - tap;
    layer.input.Take(kernels, place * model.channels, model.channels,
                     Outputs(layer, model, turn_ - tap * dilation), largest);
  }
}

void SubscaleNetwork::Run(const Engine& engine, const History& history,
                          int64_t step, int stagger) {
  const Subscale& model = engine.model.subscale;
  const KernelTable& kernels = engine.kernels();
  const int last = static_cast<int>(model.layers.size()) - 1;
  ReadHistory(model, history, step, stagger);
  ++turn_;
  for (int l = 0; l < last; ++l) {
    Layer& next = layers_[l + 1];
    layers_[l].input.Multiply(
        kernels, engine.subscale.layers[l], 0, Outputs(next, model, turn_),
        true, next.largest.data() + turn_ % next.slots * kBatchLanes);
    Concatenate(model, kernels, l + 1);
  }
  layers_[last].input.Project(kernels, engine.subscale.layers[last], 0, n_);
}

const float* SubscaleNetwork::AddTo(const float* gates, int part,
                                    const Engine& engine) {
  for (const GroupedMatrix& matrix : engine.subscale.gates[part]) {
    n_.Multiply(engine.kernels(), matrix, 0, gates_.data(), false, nullptr,
                gates);
  }
  return gates_.data();
}

}  // namespace wavernn_tf
