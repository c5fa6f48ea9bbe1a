#include <algorithm>
#include <cstddef>

#include "kernels/generate.h"
#include "kernels/philox.h"
#include "kernels/sampler.h"
#include "kernels/signal.h"
#include "kernels/stream.h"

namespace wavernn_tf {
namespace {

// What one lane carries besides the network's state.
struct Lane {
  const GenerateParams* stream = nullptr;  // null: the lane idles
  SampleUniforms uniforms = {};
  SplitSample classes = {};  // of the last sample
  float s = 0.0f;            // s[n-1]
  float y = 0.0f;            // y[n-1]
};

class Batch {
 public:
  Batch(const Engine& engine, const KernelTable& kernels,
        const GenerateParams* streams, int count, BatchWorkspace& workspace)
      : engine_(engine),
        model_(engine.model),
        kernels_(kernels),
        workspace_(workspace) {
    for (int k = 0; k < kBatchLanes; ++k) {
      scale_[k] = 1.0f;
      if (k < count) Start(k, streams[k]);
    }
    for (int i = 0; i < model_.state_size; ++i) {
      float* const h = workspace_.state.plain() + kBatchLanes * i;
      for (int k = 0; k < kBatchLanes; ++k) {
        h[k] = k < count ? streams[k].state_in[i] : 0.0f;
      }
    }
    workspace_.state.Refresh(kernels_, 0, model_.state_size, kUnitScale);
  }

  void Run(int64_t frames) {
    for (int64_t frame = 0; frame < frames; frame += kBatchTileFrames) {
      const int tile =
          static_cast<int>(std::min<int64_t>(kBatchTileFrames, frames - frame));
      const int n_steps = tile * model_.steps_per_frame;
      const int64_t stride =
          static_cast<int64_t>(n_steps) * model_.conditioning_channels;
      Condition(frame, tile, stride);
      for (int step = 0; step < n_steps; ++step) {
        ProjectGates(engine_, kernels_,
                     workspace_.steps.data() + static_cast<int64_t>(step) *
                                                   model_.conditioning_channels,
                     stride, kBatchLanes, workspace_.gates.data());
        TurnGates();
        for (int i = 0; i < model_.hold; ++i) Step();
      }
    }
  }

  void Finish() {
    const int size = model_.state_size;
    for (int k = 0; k < kBatchLanes; ++k) {
      const Lane& lane = lanes_[k];
      if (lane.stream == nullptr) continue;
      float* const out = lane.stream->state_out;
      const float* const h = workspace_.state.plain() + k;
      for (int i = 0; i < size; ++i) out[i] = h[kBatchLanes * i];
      out[size] = lane.s;
      out[size + 1] = lane.y;
    }
  }

 private:
  void Start(int k, const GenerateParams& stream) {
    Lane& lane = lanes_[k];
    lane.stream = &stream;
    lane.s = stream.state_in[model_.state_size];
    lane.y = stream.state_in[model_.state_size + 1];
    lane.classes = Split(lane.s, model_.sample_offset);
    if (stream.temperature > 0.0f) {
      scale_[k] = InverseTemperature(stream.temperature);
    }
  }

  void Condition(int64_t frame, int tile, int64_t stride) {
    for (int k = 0; k < kBatchLanes; ++k) {
      if (lanes_[k].stream == nullptr) continue;
      const float* const features =
          lanes_[k].stream->features + frame * model_.n_features;
      std::copy_n(workspace_.conditioner.Run(engine_, kernels_, features, tile),
                  stride, workspace_.steps.data() + k * stride);
    }
  }

  void TurnGates() {
    const int width = kGates * model_.state_size;
    const float* const gates = workspace_.gates.data();
    float* turned = workspace_.turned.data();
    for (int i = 0; i < width; ++i) {
      for (int k = 0; k < kBatchLanes; ++k) {
        *turned++ = gates[static_cast<std::ptrdiff_t>(k) * width + i];
      }
    }
  }

  void Step() {
    const int half = model_.state_size / 2;
    alignas(64) float coarse_previous[kBatchLanes];
    alignas(64) float fine_previous[kBatchLanes];
    alignas(64) float coarse_now[kBatchLanes] = {};
    for (int k = 0; k < kBatchLanes; ++k) {
      Lane& lane = lanes_[k];
      coarse_previous[k] = NetworkInput(lane.classes.coarse);
      fine_previous[k] = NetworkInput(lane.classes.fine);
      if (lane.stream == nullptr) continue;
      lane.uniforms =
          DrawUniforms(lane.stream->seed, lane.stream->position + written_);
    }
    Recur(engine_, kernels_, workspace_);
    const BatchGateParams params = {workspace_.turned.data(),
                                    workspace_.recurrent.data(),
                                    engine_.input_kernel.data(),
                                    engine_.recurrent_bias.data(),
                                    workspace_.state.plain(),
                                    model_.state_size,
                                    coarse_previous,
                                    fine_previous,
                                    coarse_now};
    kernels_.coarse_gates_batch(params);
    workspace_.state.Refresh(kernels_, 0, half, kUnitScale);
    ComputeLogits(kernels_, engine_.coarse, 0, workspace_);
    Draw(false);
    for (int k = 0; k < kBatchLanes; ++k) {
      coarse_now[k] = NetworkInput(lanes_[k].classes.coarse);
    }
    kernels_.fine_gates_batch(params);
    workspace_.state.Refresh(kernels_, half, half, kUnitScale);
    ComputeLogits(kernels_, engine_.fine, half, workspace_);
    Draw(true);
    Accept();
  }

  // The coarse or the fine classes of all lanes.
  void Draw(bool fine) {
    alignas(64) float uniforms[kBatchLanes];
    alignas(64) float group[kBatchLanes];
    alignas(64) float inside[kBatchLanes];
    float* const logits = workspace_.logits.data();
    for (int k = 0; k < kBatchLanes; ++k) {
      Lane& lane = lanes_[k];
      uniforms[k] = fine ? lane.uniforms.fine : lane.uniforms.coarse;
      // Temperature 0 needs the logits themselves, which the draw overwrites.
      if (Greedy(lane)) Chosen(lane, fine) = Column(k, ArgMax);
    }
    kernels_.draw_batch({logits, scale_, uniforms, group, inside});
    for (int k = 0; k < kBatchLanes; ++k) {
      Lane& lane = lanes_[k];
      if (lane.stream == nullptr || Greedy(lane)) continue;
      const int g = static_cast<int>(group[k]);
      const int i = static_cast<int>(inside[k]);
      Chosen(lane, fine) =
          g < kClassGroups && i < kClassGroups
              ? kClassGroups * g + i
              : Column(k, [g](const float* w) { return LastPositive(w, g); });
    }
  }

  static int& Chosen(Lane& lane, bool fine) {
    return fine ? lane.classes.fine : lane.classes.coarse;
  }

  static bool Greedy(const Lane& lane) {
    return lane.stream != nullptr && lane.stream->temperature == 0.0f;
  }

  // What `choose` finds in the logits, or weights, of one lane.
  template <typename Choose>
  int Column(int k, Choose choose) const {
    float column[kClasses];
    for (int i = 0; i < kClasses; ++i) {
      column[i] = workspace_.logits[kBatchLanes * i + k];
    }
    return choose(column);
  }

  void Accept() {
    for (Lane& lane : lanes_) {
      if (lane.stream == nullptr) continue;
      lane.s = Combine(lane.classes, model_.sample_offset);
      lane.y = DeEmphasise(lane.s, lane.y, model_.pre_emphasis);
      lane.stream->audio[written_] = ToAudio(lane.y);
    }
    ++written_;
  }

  const Engine& engine_;
  const Model& model_;
  const KernelTable& kernels_;
  BatchWorkspace& workspace_;
  Lane lanes_[kBatchLanes];
  alignas(64) float scale_[kBatchLanes];  // of the logits
  uint64_t written_ = 0;
};

}  // namespace

void GenerateBatch(const Engine& engine, const KernelTable& kernels,
                   const GenerateParams* streams, int count,
                   BatchWorkspace& workspace) {
  Batch batch(engine, kernels, streams, count, workspace);
  batch.Run(streams[0].frames);
  batch.Finish();
}

}  // namespace wavernn_tf
