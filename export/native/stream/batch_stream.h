// Streams as a batch of 16 lanes: lane k is sub-tensor k % B of stream k / B,
// in a plain model (B = 1) a stream of its own. As in stream.h, sampling and
// scoring differ by who chooses the classes.
#ifndef WAVERNN_TF_STREAM_BATCH_STREAM_H_
#define WAVERNN_TF_STREAM_BATCH_STREAM_H_

#include <algorithm>
#include <cstdint>

#include "base/signal.h"
#include "kernels/sampler.h"
#include "model/engine.h"
#include "stream/stream.h"
#include "stream/workspace.h"

namespace wavernn_tf {

// The logits, or weights, of one lane.
struct Lane {
  float values[kClasses];

  Lane(const float* logits, int lane) {
    for (int i = 0; i < kClasses; ++i) {
      values[i] = logits[kBatchLanes * i + lane];
    }
  }
};

// Updates one half of the state in all lanes, part by part.
//   gates  const float* of (int part, int first, int count): [3 count, 16] of
//          these units, all but the recurrence and the classes
template <typename Gates>
void UpdateHalf(const Engine& engine, bool fine, BatchGateParams params,
                const Gates& gates, BatchWorkspace& workspace) {
  const KernelTable& kernels = engine.kernels();
  const int half = engine.model.state_size / 2;

  const int start = fine ? half : 0;
  int part = fine ? PartsOf(half) : 0;
  for (int first = 0; first < half; first += kPartUnits, ++part) {
    params.first = start + first;
    params.count = std::min(kPartUnits, half - first);
    params.gates = gates(part, params.first, params.count);
    const TimedStage stage(workspace.clock, kGatesStage);
    fine ? kernels.fine_gates_batch(params)
         : kernels.coarse_gates_batch(params);
  }
  const TimedStage stage(workspace.clock, kGatesStage);
  workspace.state.Refresh(kernels, start, half, kLargestState);
}

// One sample of every lane: updates the workspace's state and `classes` [16],
// which hold those of the sample before, then the ones chosen.
//   gates    as above
//   chooser  void Coarse(float* logits, SplitSample* classes), then Fine, each
//            given logits [256, 16] that it may overwrite
template <typename Gates, typename Chooser>
void StepLanes(const Engine& engine, const Gates& gates, SplitSample* classes,
               BatchWorkspace& workspace, Chooser& chooser) {
  const int half = engine.model.state_size / 2;
  alignas(64) float coarse_previous[kBatchLanes];
  alignas(64) float fine_previous[kBatchLanes];
  alignas(64) float coarse_now[kBatchLanes] = {};
  for (int k = 0; k < kBatchLanes; ++k) {
    coarse_previous[k] = NetworkInput(classes[k].coarse);
    fine_previous[k] = NetworkInput(classes[k].fine);
  }
  RecurrentProduct(engine, workspace);
  const BatchGateParams params = {0,
                                  0,
                                  nullptr,
                                  workspace.recurrent.data(),
                                  engine.input_kernel.data(),
                                  engine.recurrent_bias.data(),
                                  workspace.state.plain(),
                                  coarse_previous,
                                  fine_previous,
                                  coarse_now};
  UpdateHalf(engine, false, params, gates, workspace);
  ComputeLogits(engine, engine.coarse, 0, workspace);
  chooser.Coarse(workspace.logits.data(), classes);
  for (int k = 0; k < kBatchLanes; ++k) {
    coarse_now[k] = NetworkInput(classes[k].coarse);
  }
  UpdateHalf(engine, true, params, gates, workspace);
  ComputeLogits(engine, engine.fine, half, workspace);
  chooser.Fine(workspace.logits.data(), classes);
}

// One stream's part of a run. Step r of the run is its wavefront step
// tau = begin + r: sub-tensor s is at position i = tau - s * stagger, at sample
// B i + s, and rests while i < 0.
struct LaneStream {
  const float* features;  // as in generate.h
  const float* state;     // h of sub-tensor 0, 1, ..: [B, H]; null for zeros
  int64_t begin;          // wavefront steps
  int64_t end;
  int64_t first;  // the sample at which `features` begin
};

struct LaneRun {
  LaneStream streams[kBatchLanes];
  int count;       // of streams
  int64_t frames;  // of each stream's features, without context
  int stagger;     // positions
};

// The sample of every lane at step r; below 0 if it rests.
inline void FindSamples(const LaneRun& run, int sub_tensors, int64_t r,
                        int64_t* samples) {
  for (int k = 0; k < kBatchLanes; ++k) {
    const int s = k % sub_tensors;
    const int stream = k / sub_tensors;
    samples[k] = -1;
    if (stream >= run.count) continue;
    const int64_t tau = run.streams[stream].begin + r;
    const int64_t position = tau - int64_t{s} * run.stagger;
    if (position < 0 || tau >= run.streams[stream].end) continue;
    samples[k] = sub_tensors * position + s;
  }
}

// Puts the states of lanes that begin at step r where the kernels read them;
// the others' are 0 at the first step.
inline void LoadStates(const Engine& engine, const LaneRun& run, int64_t r,
                       const int64_t* samples, BatchActivations& state) {
  const int size = engine.model.state_size;
  const int B = engine.model.subscale.batch;
  bool changed = false;
  for (int k = 0; k < kBatchLanes; ++k) {
    const bool begins = samples[k] >= 0 && (r == 0 || samples[k] < B);
    if (!begins && r > 0) continue;
    const float* from = begins ? run.streams[k / B].state : nullptr;
    if (from != nullptr) from += k % B * size;
    float* const h = state.plain() + k;
    for (int i = 0; i < size; ++i) {
      h[kBatchLanes * i] = from != nullptr ? from[i] : 0.0f;
    }
    changed = true;
  }
  if (changed) state.Refresh(engine.kernels(), 0, size, kLargestState);
}

// Predicts the next sample of the lanes that run, each a stream of its own.
inline void PredictLanes(const int64_t* samples, const int64_t* steps,
                         BatchWorkspace& workspace) {
  const TimedStage stage(workspace.clock, kPredictionStage);
  for (int k = 0; k < kBatchLanes; ++k) {
    if (samples[k] < 0) continue;
    workspace.predictors[k].Predict(
        workspace.conditioning.coefficients(k, steps[k]),
        workspace.conditioning.lag(k, steps[k]),
        workspace.extra_inputs.data() + k, kBatchLanes);
  }
}

// Adds what the lanes' steps see of the predictors to the conditioning of the
// units first .. first + count - 1.
inline const float* AddInputs(const Engine& engine, const float* gates,
                              int first, int count, BatchWorkspace& workspace) {
  const int rows = engine.model.predictors.rows();
  if (rows == 0) return gates;
  float* const out = workspace.part_gates.data();
  const TimedStage stage(workspace.clock, kPredictionStage);
  engine.kernels().add_inputs_batch({kGates * first, kGates * count, gates,
                                     engine.extra_kernel.data(),
                                     workspace.extra_inputs.data(), rows, out});
  return out;
}

// Runs all streams to their ends. The workspace's history holds the samples
// before the first step, as far as something reads them; its predictors are
// loaded.
//   chooser  as above; before it, void Begin(int64_t r, const int64_t* samples)
//            says where the lanes are, and after it void Accept(int64_t r,
//            SplitSample* classes) writes what the next step reads into the
//            history, and into `classes` where it is not what was chosen
template <typename Chooser>
void RunLanes(const Engine& engine, const LaneRun& run,
              BatchWorkspace& workspace, Chooser& chooser) {
  const Model& model = engine.model;
  const Subscale& subscale = model.subscale;
  const bool predicts = model.predictors.on();
  const float* features[kBatchLanes] = {};
  int64_t end = 0;
  for (int stream = 0; stream < run.count; ++stream) {
    const LaneStream& from = run.streams[stream];
    features[stream] = from.features;
    end = std::max(end, from.end - from.begin);
  }
  workspace.conditioning.Start(engine, features, run.count, run.frames);
  SplitSample classes[kBatchLanes];
  for (int k = 0; k < kBatchLanes; ++k) {
    classes[k] =
        predicts ? workspace.predictors[k].classes()
                 : Split(workspace.history.Step(-1)[k], model.sample_offset);
  }
  const auto gates = [&](int part, int first, int count) {
    const float* const conditioning =
        workspace.conditioning.Transpose(engine, workspace.clock, first, count);
    if (predicts) {
      return AddInputs(engine, conditioning, first, count, workspace);
    }
    if (subscale.plain()) return conditioning;
    const TimedStage stage(workspace.clock, kSubscaleStage);
    return workspace.network.AddTo(conditioning, part, engine);
  };
  const auto run_network = [&](int64_t r) {
    const TimedStage stage(workspace.clock, kSubscaleStage);
    workspace.network.Run(engine, workspace.history, r, run.stagger);
  };
  for (int64_t r = subscale.plain() ? 0 : -subscale.Reach(1); r < 0; ++r) {
    run_network(r);
  }
  for (int64_t r = 0; r < end; ++r) {
    int64_t samples[kBatchLanes];
    int64_t steps[kBatchLanes];
    FindSamples(run, subscale.batch, r, samples);
    for (int k = 0; k < kBatchLanes; ++k) {
      const int64_t first = run.streams[k / subscale.batch].first;
      steps[k] =
          samples[k] < 0 ? -1 : (samples[k] - first) / model.samples_per_step;
    }
    LoadStates(engine, run, r, samples, workspace.state);
    workspace.conditioning.Enter(engine, workspace.clock, steps);
    if (!subscale.plain()) run_network(r);
    if (predicts) PredictLanes(samples, steps, workspace);
    chooser.Begin(r, samples);
    StepLanes(engine, gates, classes, workspace, chooser);
    chooser.Accept(r, classes);
  }
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_STREAM_BATCH_STREAM_H_
