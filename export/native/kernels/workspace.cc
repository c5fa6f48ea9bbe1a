#include "kernels/workspace.h"

#include <algorithm>
#include <cstddef>

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

}  // namespace

bool Workspace::Allocate(const Model& model) {
  const std::size_t state = model.state_size;
  const std::size_t largest = LargestLayer(model);
  return layer[0].Resize(largest) && layer[1].Resize(largest) &&
         gates.Resize(kTileSteps * kGates * state) && hidden.Resize(state) &&
         recurrent.Resize(kGates * state) &&
         projection.Resize(model.projection_size) && logits.Resize(kClasses);
}

}  // namespace wavernn_tf
