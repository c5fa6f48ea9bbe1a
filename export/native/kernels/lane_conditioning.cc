#include "kernels/lane_conditioning.h"

#include <algorithm>

#include "kernels/timed_kernels.h"

namespace wavernn_tf {
namespace {

// Frames of all streams whose conditioning is computed at once.
constexpr int kBatchTileFrames = 8;

// What a file may ask for, in floats: where nearly every sample has a step of
// its own, the horizon holds many.
constexpr int64_t kLargestRing = int64_t{1} << 30;

}  // namespace

bool LaneConditioning::Allocate(const Engine& engine) {
  const Model& model = engine.model;
  sub_tensors_ = model.subscale.batch;
  width_ = int64_t{kGates} * model.state_size;
  const int64_t streams = kBatchLanes / sub_tensors_;
  // Samples between the lanes of a stream, and B steps that are projected at
  // once: 16 rows for all streams.
  const int64_t apart =
      int64_t{sub_tensors_} * (sub_tensors_ - 1) * model.subscale.lag();
  slots_ = (apart + model.hold - 1) / model.hold + sub_tensors_;
  return slots_ * streams * width_ <= kLargestRing &&
         conditioner_.Allocate(engine, kBatchTileFrames) &&
         steps_.Resize(streams * kBatchTileFrames * model.steps_per_frame *
                       model.conditioning_channels) &&
         ring_.Resize(slots_ * streams * width_) &&
         turned_.Resize((width_ + kOutputSlack) * kBatchLanes);
}

void LaneConditioning::Start(const Engine& engine, const float* const* features,
                             int streams, int64_t frames) {
  std::copy_n(features, streams, features_);
  streams_ = streams;
  end_ = frames * engine.model.steps_per_frame;
  tile_ = conditioned_ = projected_ = 0;
  std::fill_n(at_, kBatchLanes, -1);
}

// The next frames of every stream.
void LaneConditioning::Condition(const Engine& engine,
                                 const KernelTable& kernels) {
  const Model& model = engine.model;
  const int channels = model.conditioning_channels;
  const int64_t frame = conditioned_ / model.steps_per_frame;
  tile_ = conditioned_;
  conditioned_ =
      std::min<int64_t>(end_, tile_ + kBatchTileFrames * model.steps_per_frame);
  const int64_t steps = conditioned_ - tile_;
  for (int stream = 0; stream < streams_; ++stream) {
    const float* from = conditioner_.Run(
        engine, kernels, features_[stream] + frame * model.n_features,
        static_cast<int>(steps / model.steps_per_frame));
    float* to = steps_.data() + int64_t{stream} * channels;
    for (int64_t step = 0; step < steps; ++step) {
      std::copy_n(from, channels, to);
      from += channels;
      to += int64_t{streams_} * channels;
    }
  }
}

// As many steps as make 16 rows, if all streams run, and lie together.
void LaneConditioning::Project(const Engine& engine,
                               const KernelTable& kernels) {
  if (projected_ == conditioned_) Condition(engine, kernels);
  const int64_t channels = engine.model.conditioning_channels;
  const int64_t slot = projected_ % slots_;
  const int64_t steps = std::min<int64_t>(
      {sub_tensors_, conditioned_ - projected_, slots_ - slot});
  ProjectGates(engine, kernels,
               steps_.data() + (projected_ - tile_) * streams_ * channels,
               channels, static_cast<int>(steps) * streams_,
               ring_.data() + slot * streams_ * width_);
  projected_ += steps;
}

void LaneConditioning::Enter(const Engine& engine, const KernelTable& kernels,
                             const int64_t* steps) {
  entering_ = 0;
  for (int k = 0; k < kBatchLanes; ++k) {
    const int64_t step = std::min(steps[k], end_ - 1);
    if (step < 0 || step == at_[k]) continue;
    at_[k] = step;
    lanes_[entering_++] = k;
  }
  const TimedStage stage(kernels, kConditioningStage);
  for (int i = 0; i < entering_; ++i) {
    while (projected_ <= at_[lanes_[i]]) Project(engine, kernels);
  }
  for (int i = 0; i < entering_; ++i) {
    const int64_t row =
        at_[lanes_[i]] % slots_ * streams_ + lanes_[i] / sub_tensors_;
    gates_[i] = ring_.data() + row * width_;
  }
}

const float* LaneConditioning::Turn(const KernelTable& kernels, int first,
                                    int count) {
  float* const turned = turned_.data() + kBatchLanes * kGates * first;
  if (entering_ == 0) return turned;
  const float* from[kBatchLanes];
  for (int i = 0; i < entering_; ++i) from[i] = gates_[i] + kGates * first;
  kernels.turn(
      {from, lanes_, entering_, kGates * count, kGates * kPartUnits, turned});
  return turned;
}

}  // namespace wavernn_tf
