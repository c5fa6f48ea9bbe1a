#include "model/lane_conditioning.h"

#include <algorithm>

namespace wavernn_tf {
namespace {

// What a file may ask for, in floats: where nearly every sample has a step of
// its own, the horizon holds many.
constexpr int64_t kLargestRing = int64_t{1} << 30;

// Steps between neighbouring lanes, if they are whole and all lanes go to the
// next at once; or one, and lanes come to theirs one by one.
int64_t ColumnSets(const Model& model) {
  const int64_t B = model.subscale.batch;
  const int64_t apart = B * model.subscale.stagger();
  const bool together =
      model.samples_per_step % B == 0 && apart % model.samples_per_step == 0;
  return together ? std::max<int64_t>(1, apart / model.samples_per_step) : 1;
}

}  // namespace

bool LaneConditioning::Allocate(const Engine& engine) {
  const Model& model = engine.model;
  sub_tensors_ = model.subscale.batch;
  width_ = int64_t{kGates} * model.state_size;
  const int64_t streams = kBatchLanes / sub_tensors_;
  // Samples between the lanes of a stream, and B steps that are projected at
  // once: 16 rows for all streams.
  const int64_t apart =
      int64_t{sub_tensors_} * (sub_tensors_ - 1) * model.subscale.stagger();
  slots_ = (apart + model.samples_per_step - 1) / model.samples_per_step +
           sub_tensors_;
  const int64_t sets = ColumnSets(model);
  if (slots_ * streams * width_ > kLargestRing) return false;
  columns_.clear();
  columns_.resize(sets);
  for (Columns& columns : columns_) {
    if (!columns.values.Resize((width_ + kOutputSlack) * kBatchLanes)) {
      return false;
    }
  }
  order_ = model.predictors.linear.order;
  steps_per_frame_ = model.steps_per_frame;
  if (model.predictors.on()) {
    const int64_t steps_kept = streams * kBatchChunkFrames * steps_per_frame_;
    if (!coefficients_.Resize(streams * kBatchChunkFrames * order_) ||
        !lags_.Resize(steps_kept) || !voicing_.Resize(steps_kept)) {
      return false;
    }
  }
  return conditioner_.Allocate(engine, kBatchChunkFrames) &&
         steps_.Resize(streams * kBatchChunkFrames * model.steps_per_frame *
                       model.conditioning_channels) &&
         ring_.Resize(slots_ * streams * width_);
}

void LaneConditioning::Start(const Engine& engine, const float* const* features,
                             int streams, int64_t frames) {
  std::copy_n(features, streams, features_);
  streams_ = streams;
  end_ = frames * engine.model.steps_per_frame;
  begin_ = conditioned_ = projected_ = 0;
  entering_ = 0;
  moving_ = false;
  for (Columns& columns : columns_) std::fill_n(columns.steps, kBatchLanes, -1);
}

// The next frames of every stream.
void LaneConditioning::Condition(const Engine& engine, StageClock* clock) {
  const Model& model = engine.model;
  const int channels = model.conditioning_channels;
  const int64_t frame = conditioned_ / model.steps_per_frame;
  begin_ = conditioned_;
  conditioned_ = std::min<int64_t>(
      end_, begin_ + kBatchChunkFrames * model.steps_per_frame);
  const int64_t steps = conditioned_ - begin_;
  for (int stream = 0; stream < streams_; ++stream) {
    const float* from = conditioner_.Run(
        engine, clock, features_[stream] + frame * model.n_features,
        static_cast<int>(steps / model.steps_per_frame));
    if (model.predictors.on()) {
      std::copy_n(conditioner_.coefficients(),
                  steps / model.steps_per_frame * order_,
                  coefficients_.data() + stream * kBatchChunkFrames * order_);
      std::copy_n(conditioner_.lags(), steps,
                  lags_.data() + At(stream, begin_));
      std::copy_n(conditioner_.voicing(), steps,
                  voicing_.data() + At(stream, begin_));
    }
    float* to = steps_.data() + int64_t{stream} * channels;
    for (int64_t step = 0; step < steps; ++step) {
      std::copy_n(from, channels, to);
      from += channels;
      to += int64_t{streams_} * channels;
    }
  }
}

// As many steps as make 16 rows, if all streams run, and lie together.
void LaneConditioning::Project(const Engine& engine, StageClock* clock) {
  if (projected_ == conditioned_) Condition(engine, clock);
  const int64_t channels = engine.model.conditioning_channels;
  const int64_t slot = projected_ % slots_;
  const int64_t steps = std::min<int64_t>(
      {sub_tensors_, conditioned_ - projected_, slots_ - slot});
  ProjectGates(engine,
               steps_.data() + (projected_ - begin_) * streams_ * channels,
               channels, static_cast<int>(steps) * streams_,
               ring_.data() + slot * streams_ * width_);
  projected_ += steps;
}

const float* LaneConditioning::Row(int64_t step, int stream) const {
  return ring_.data() + (step % slots_ * streams_ + stream) * width_;
}

void LaneConditioning::Enter(const Engine& engine, StageClock* clock,
                             const int64_t* steps) {
  const TimedStage stage(clock, kConditioningStage);
  entering_ = 0;
  moving_ = false;
  int64_t at[kBatchLanes];
  bool same = true;
  for (int k = 0; k < kBatchLanes; ++k) {
    at[k] = std::min(steps[k], end_ - 1);
    same = same && (at[k] < 0 || at[k] == columns_[current_].steps[k]);
    while (projected_ <= at[k]) Project(engine, clock);
  }
  if (same) return;
  current_ = (current_ + 1) % columns_.size();
  int64_t* const held = columns_[current_].steps;
  moving_ = sub_tensors_ > 1;
  for (int k = 0; k < kBatchLanes; ++k) {
    const bool first = k % sub_tensors_ == 0;
    moving_ = moving_ && (first || at[k] < 0 || at[k] == held[k - 1]);
  }
  if (moving_) {
    for (int k = kBatchLanes - 1; k >= 0; --k) {
      const bool first = k % sub_tensors_ == 0;
      held[k] = first ? at[k] : held[k - 1];
      if (!first) continue;
      const int stream = k / sub_tensors_;
      rows_[stream] = at[k] < 0 ? nullptr : Row(at[k], stream);
    }
    return;
  }
  for (int k = 0; k < kBatchLanes; ++k) {
    if (at[k] < 0 || at[k] == held[k]) continue;
    held[k] = at[k];
    lanes_[entering_] = k;
    rows_[entering_++] = Row(at[k], k / sub_tensors_);
  }
}

const float* LaneConditioning::Transpose(const Engine& engine,
                                         StageClock* clock, int first,
                                         int count) {
  const TimedStage stage(clock, kConditioningStage);
  const KernelTable& kernels = engine.kernels();
  float* const gates =
      columns_[current_].values.data() + kBatchLanes * kGates * first;
  const float* from[kBatchLanes] = {};
  const int rows = moving_ ? kBatchLanes / sub_tensors_ : entering_;
  for (int i = 0; i < rows; ++i) {
    if (rows_[i] != nullptr) from[i] = rows_[i] + kGates * first;
  }
  if (moving_) {
    kernels.shift({from, sub_tensors_, kGates * count, gates});
  } else if (entering_ > 0) {
    kernels.transpose(
        {from, lanes_, entering_, kGates * count, kGates * kPartUnits, gates});
  }
  return gates;
}

}  // namespace wavernn_tf
