#include "stream/workspace.h"

#include <algorithm>
#include <cstddef>

#include "kernels/sampler.h"

namespace wavernn_tf {

bool Workspace::Allocate(const Engine& engine) {
  const Model& model = engine.model;
  const std::size_t width = static_cast<std::size_t>(kGates) * model.state_size;
  if (model.predictors.on() &&
      (!predictor.Allocate(model.predictors, model.coding()) ||
       !postfilter.Allocate(model.predictors, model.samples_per_step,
                            model.delay()) ||
       !extra_inputs.Resize(model.predictors.rows()) ||
       !sample_gates.Resize(width))) {
    return false;
  }
  return conditioner.Allocate(engine, kChunkFrames) &&
         state.Allocate(model.state_size, engine.state_forms) &&
         projection.Allocate(model.projection_size, engine.projection_forms) &&
         gates.Resize(kChunkSteps * width) &&
         recurrent.Resize(width + kOutputSlack) &&
         logits.Resize(kClasses + kOutputSlack);
}

void Workspace::SetState(const Engine& engine, const float* values) {
  const int size = engine.model.state_size;
  std::copy_n(values, size, state.plain());
  state.Refresh(engine.kernels(), 0, size, kLargestState);
}

bool BatchWorkspace::Allocate(Engine& engine) {
  const Model& model = engine.model;
  const std::size_t width = static_cast<std::size_t>(kGates) * model.state_size;
  if (model.predictors.on()) {
    for (int k = 0; k < kBatchLanes; ++k) {
      if (!predictors[k].Allocate(model.predictors, model.coding()) ||
          !postfilters[k].Allocate(model.predictors, model.samples_per_step,
                                   model.delay())) {
        return false;
      }
    }
    if (!extra_inputs.Resize(model.predictors.rows() * kBatchLanes) ||
        !part_gates.Resize(kGates * kPartUnits * kBatchLanes)) {
      return false;
    }
  }
  return engine.Widen() && conditioning.Allocate(engine) &&
         network.Allocate(engine) &&
         history.Allocate(model.subscale.history() + 1) &&
         state.Allocate(model.state_size, engine.state_forms) &&
         projection.Allocate(model.projection_size, engine.projection_forms) &&
         recurrent.Resize(kBatchLanes * (width + kOutputSlack)) &&
         logits.Resize(kBatchLanes * (kClasses + kOutputSlack));
}

}  // namespace wavernn_tf
