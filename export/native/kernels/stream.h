// One stream through the model. The step function below is the only one:
// sampling and scoring differ by who chooses the classes.
#ifndef WAVERNN_TF_KERNELS_STREAM_H_
#define WAVERNN_TF_KERNELS_STREAM_H_

#include <algorithm>
#include <cstdint>

#include "kernels/conditioning.h"
#include "kernels/heads.h"
#include "kernels/kernel_table.h"
#include "kernels/model.h"
#include "kernels/signal.h"
#include "kernels/workspace.h"

namespace wavernn_tf {

// R_g h + b_g for the three gates and both halves, into workspace.recurrent.
inline void Recur(const KernelTable& kernels, Workspace& workspace) {
  for (const GroupedMatrix& matrix : workspace.recurrence) {
    Multiply(kernels, matrix, workspace.hidden.data(),
             workspace.repeated.data(), workspace.recurrent.data());
  }
}

// One sample: updates the workspace's state and returns the classes chosen.
//   gates    [3H] conditioning of this step, input bias included
//   previous the classes of the sample before
//   chooser  int Coarse(float* logits), then int Fine(float* logits), each
//            given 256 logits that it may overwrite
template <typename Chooser>
SplitSample Step(const Model& model, const KernelTable& kernels,
                 const float* gates, SplitSample previous, Workspace& workspace,
                 Chooser& chooser) {
  float* const logits = workspace.logits.data();
  Recur(kernels, workspace);

  GateParams params = {};
  params.gates = gates;
  params.recurrent = workspace.recurrent.data();
  params.input_kernel = model.input_kernel;
  params.h = workspace.hidden.data();
  params.repeated =
      workspace.reads_repeated ? workspace.repeated.data() : nullptr;
  params.state_size = model.state_size;
  params.coarse_previous = NetworkInput(previous.coarse);
  params.fine_previous = NetworkInput(previous.fine);
  kernels.coarse_gates(params);
  ComputeLogits(kernels, workspace.coarse, 0, workspace);
  SplitSample sample = {};
  sample.coarse = chooser.Coarse(logits);

  params.coarse_now = NetworkInput(sample.coarse);
  kernels.fine_gates(params);
  ComputeLogits(kernels, workspace.fine, model.state_size / 2, workspace);
  sample.fine = chooser.Fine(logits);
  return sample;
}

// Runs `samples` samples of a stream from the workspace's state.
//   features [ceil(samples / hop) + past + lookahead, n_features]
// `previous` holds the classes before the first sample, then before the next.
template <typename Chooser>
void RunStream(const Model& model, const KernelTable& kernels,
               const float* features, int64_t samples, SplitSample previous,
               Workspace& workspace, Chooser& chooser) {
  const int64_t gates_size = static_cast<int64_t>(kGates) * model.state_size;
  const int64_t frames = (samples + model.hop_length - 1) / model.hop_length;
  int64_t left = samples;
  for (int64_t frame = 0; frame < frames; frame += kTileFrames) {
    const int tile =
        static_cast<int>(std::min<int64_t>(kTileFrames, frames - frame));
    const float* steps = ConditionFrames(
        model, kernels, features + frame * model.n_features, tile, workspace);
    const int64_t n_steps = static_cast<int64_t>(tile) * model.steps_per_frame;
    for (int64_t step = 0; step < n_steps && left > 0; step += kTileSteps) {
      const int count =
          static_cast<int>(std::min<int64_t>(kTileSteps, n_steps - step));
      ProjectGates(model, kernels, steps + step * model.conditioning_channels,
                   count, workspace);
      for (int t = 0; t < count; ++t) {
        const float* gates = workspace.gates.data() + t * gates_size;
        for (int i = 0; i < model.hold && left > 0; ++i, --left) {
          previous = Step(model, kernels, gates, previous, workspace, chooser);
          chooser.Accept(previous);
        }
      }
    }
  }
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_STREAM_H_
