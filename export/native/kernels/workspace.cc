#include "kernels/workspace.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "kernels/sampler.h"

namespace wavernn_tf {
namespace {

// The most floats that any layer puts out for one tile of frames.
std::size_t LargestLayer(const Model& model) {
  std::size_t largest = 0;
  std::size_t rows =
      static_cast<std::size_t>(kTileFrames) + model.past + model.lookahead;
  for (const ConvLayer& layer : model.convolutions) {
    rows -= layer.taps - 1;
    largest = std::max(largest, rows * layer.channels_out);
  }
  for (const ConvLayer& layer : model.upsampling) {
    rows *= layer.taps;
    largest = std::max(largest, rows * layer.channels_out);
  }
  return largest;
}

// One matrix per block shape that the gates use: they read the same state.
bool GroupRecurrence(const Model& model, std::deque<GroupedMatrix>& grouped) {
  grouped.clear();
  for (BlockShape shape : {BlockShape::k4x4, BlockShape::k16x1}) {
    std::vector<GroupedPart> parts;
    for (int gate = 0; gate < kGates; ++gate) {
      if (model.recurrent[gate].shape != shape) continue;
      const int first = gate * model.state_size;
      parts.push_back(
          {&model.recurrent[gate], model.recurrent_bias + first, first});
    }
    if (parts.empty()) continue;
    grouped.emplace_back();
    if (!grouped.back().Build(parts, kGates * model.state_size)) return false;
  }
  return true;
}

bool ReadsRepeated(const Model& model) {
  bool reads = model.coarse.project.shape == BlockShape::k4x4 ||
               model.fine.project.shape == BlockShape::k4x4;
  for (const BlockSparse& matrix : model.recurrent) {
    reads = reads || matrix.shape == BlockShape::k4x4;
  }
  return reads;
}

bool GroupHead(const Head& head, GroupedHead& grouped) {
  return grouped.project.Build({{&head.project, head.project_bias, 0}},
                               head.project.rows) &&
         grouped.output.Build({{&head.output, head.output_bias, 0}},
                              head.output.rows);
}

}  // namespace

bool Workspace::Allocate(const Model& model) {
  const std::size_t state = model.state_size;
  const std::size_t largest = LargestLayer(model);
  reads_repeated = ReadsRepeated(model);
  const std::size_t projected = model.projection_size;
  return layer[0].Resize(largest) && layer[1].Resize(largest) &&
         gates.Resize(kTileSteps * kGates * state) && hidden.Resize(state) &&
         repeated.Resize(4 * state) &&
         recurrent.Resize(kGates * state + kOutputSlack) &&
         projection.Resize(4 * (projected + kOutputSlack)) &&
         logits.Resize(kClasses + kOutputSlack) &&
         GroupRecurrence(model, recurrence) &&
         GroupHead(model.coarse, coarse) && GroupHead(model.fine, fine);
}

void Workspace::SetHidden(const Model& model, const float* state) {
  for (int i = 0; i < model.state_size; ++i) {
    hidden.data()[i] = state[i];
    for (int j = 0; j < 4; ++j) repeated.data()[4 * i + j] = state[i];
  }
}

}  // namespace wavernn_tf
