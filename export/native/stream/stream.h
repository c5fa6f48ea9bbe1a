// One stream through the model. The step function below is the only one of a
// single stream: sampling and scoring differ by who chooses the classes.
#ifndef WAVERNN_TF_STREAM_STREAM_H_
#define WAVERNN_TF_STREAM_STREAM_H_

#include <algorithm>
#include <cstdint>
#include <deque>

#include "base/signal.h"
#include "model/engine.h"
#include "profile/stage_clock.h"
#include "stream/workspace.h"

namespace wavernn_tf {

// logits = output relu(project half + b) + b', the half of the state that
// starts at unit `first`. For one stream, or for 16 with theirs workspace.
template <typename AnyWorkspace>
void ComputeLogits(const Engine& engine, const GroupedHead& head, int first,
                   AnyWorkspace& workspace) {
  const TimedStage stage(workspace.clock, kHeadsStage);
  const KernelTable& kernels = engine.kernels();
  workspace.state.Project(kernels, head.project, first, workspace.projection);
  workspace.projection.Multiply(kernels, head.output, 0,
                                workspace.logits.data());
}

// workspace.recurrent = R_g h for the three gates and both halves. Matrices are
// read forwards and backwards in turn: what was read last is read first the
// next time, while a cache that cannot hold all still holds that.
template <typename AnyWorkspace>
void RecurrentProduct(const Engine& engine, AnyWorkspace& workspace) {
  const TimedStage stage(workspace.clock, kRecurrentStage);
  const auto multiply = [&](const GroupedMatrix& matrix) {
    workspace.state.Multiply(engine.kernels(), matrix, 0,
                             workspace.recurrent.data());
  };
  const std::deque<GroupedMatrix>& matrices = engine.recurrence;
  if (workspace.backwards) {
    std::for_each(matrices.rbegin(), matrices.rend(), multiply);
  } else {
    std::for_each(matrices.begin(), matrices.end(), multiply);
  }
  workspace.backwards = !workspace.backwards;
}

// One sample: updates the workspace's state and returns the classes chosen.
//   gates    [3H] conditioning of this step, input bias included
//   previous the classes of the sample before
//   chooser  int Coarse(float* logits), then int Fine(float* logits), each
//            given 256 logits that it may overwrite
template <typename Chooser>
SplitSample Step(const Engine& engine, const float* gates, SplitSample previous,
                 Workspace& workspace, Chooser& chooser) {
  const int size = engine.model.state_size;
  const int half = size / 2;
  float* const logits = workspace.logits.data();
  RecurrentProduct(engine, workspace);

  GateParams params = {};
  params.gates = gates;
  params.recurrent = workspace.recurrent.data();
  params.input_kernel = engine.input_kernel.data();
  params.bias = engine.recurrent_bias.data();
  params.h = workspace.state.plain();
  params.forms = workspace.state.forms();
  params.state_size = size;
  params.coarse_previous = NetworkInput(previous.coarse);
  params.fine_previous = NetworkInput(previous.fine);
  {
    const TimedStage stage(workspace.clock, kGatesStage);
    engine.kernels().coarse_gates(params);
  }
  ComputeLogits(engine, engine.coarse, 0, workspace);
  SplitSample sample = {};
  sample.coarse = chooser.Coarse(logits);

  params.coarse_now = NetworkInput(sample.coarse);
  {
    const TimedStage stage(workspace.clock, kGatesStage);
    engine.kernels().fine_gates(params);
  }
  ComputeLogits(engine, engine.fine, half, workspace);
  sample.fine = chooser.Fine(logits);
  return sample;
}

// Predicts the next sample of a stream and adds to the gates' conditioning what
// its step sees of the predictors. `step` is one of the chunk's.
inline const float* PredictStep(const Engine& engine, const float* gates,
                                int64_t step, Workspace& workspace) {
  const TimedStage stage(workspace.clock, kPredictionStage);
  const Model& model = engine.model;
  const Conditioner& conditioner = workspace.conditioner;
  const int64_t frame = step / model.steps_per_frame;
  workspace.predictor.Predict(
      conditioner.coefficients() + frame * model.predictors.linear.order,
      conditioner.lags()[step], workspace.extra_inputs.data(), 1);
  const int rows = model.predictors.rows();
  if (rows == 0) return gates;
  const bool halves = engine.extra_halves.size() > 0;
  const InputRowsParams params = {
      gates,
      halves ? static_cast<const void*>(engine.extra_halves.data())
             : engine.extra_kernel.data(),
      workspace.extra_inputs.data(),
      rows,
      kGates * model.state_size,
      workspace.sample_gates.data()};
  const KernelTable& kernels = engine.kernels();
  halves ? kernels.add_inputs_halves(params) : kernels.add_inputs(params);
  return workspace.sample_gates.data();
}

// Runs `samples` samples of a stream from the workspace's state, which includes
// its predictors'.
//   features [ceil(samples / hop) + past + lookahead, n_features]
//   chooser  as above; with predictors before every step void Enter(int lag,
//            float voicing); SplitSample Accept(SplitSample) takes the classes
//            chosen and returns those that the next step reads
// `previous` holds the classes before the first sample, then before the next.
template <typename Chooser>
void RunStream(const Engine& engine, const float* features, int64_t samples,
               SplitSample previous, Workspace& workspace, Chooser& chooser) {
  const Model& model = engine.model;
  const int64_t width = static_cast<int64_t>(kGates) * model.state_size;
  const int64_t channels = model.conditioning_channels;
  const bool predicts = model.predictors.on();
  const int64_t frames = (samples + model.hop_length - 1) / model.hop_length;
  int64_t left = samples;
  for (int64_t frame = 0; frame < frames; frame += kChunkFrames) {
    const int chunk =
        static_cast<int>(std::min<int64_t>(kChunkFrames, frames - frame));
    const float* const steps = workspace.conditioner.Run(
        engine, workspace.clock, features + frame * model.n_features, chunk);
    const int64_t n_steps = static_cast<int64_t>(chunk) * model.steps_per_frame;
    for (int64_t step = 0; step < n_steps && left > 0; step += kChunkSteps) {
      const int count =
          static_cast<int>(std::min<int64_t>(kChunkSteps, n_steps - step));
      {
        const TimedStage stage(workspace.clock, kConditioningStage);
        ProjectGates(engine, steps + step * channels, channels, count,
                     workspace.gates.data());
      }
      for (int t = 0; t < count; ++t) {
        const float* const gates = workspace.gates.data() + t * width;
        if (predicts) {
          chooser.Enter(workspace.conditioner.lags()[step + t],
                        workspace.conditioner.voicing()[step + t]);
        }
        for (int i = 0; i < model.samples_per_step && left > 0; ++i, --left) {
          const float* const inputs =
              predicts ? PredictStep(engine, gates, step + t, workspace)
                       : gates;
          previous = chooser.Accept(
              Step(engine, inputs, previous, workspace, chooser));
        }
      }
    }
  }
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_STREAM_STREAM_H_
