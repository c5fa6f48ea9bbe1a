// The conditioning of 16 lanes, each at a step of its own.
#ifndef WAVERNN_TF_MODEL_LANE_CONDITIONING_H_
#define WAVERNN_TF_MODEL_LANE_CONDITIONING_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned_array.h"
#include "kernels/kernel_table.h"
#include "kernels/multiply.h"
#include "model/conditioning.h"
#include "model/engine.h"

namespace wavernn_tf {

// Lane k belongs to stream k / B. The steps of all streams are projected to the
// gates once, before the first lane needs them, and kept until the last lane
// has had them; the lanes of a call are at most `ahead()` frames apart.
//
// What the lanes see is one set of columns, [3H, 16]. Where the lanes of a
// stream go to new steps together, each a whole number of steps behind the one
// before it, there are as many sets, in turn: a lane then comes to the step at
// which the lane before it was when that set was in use, and its lanes move up.
class LaneConditioning {
 public:
  // Returns false when memory runs out.
  bool Allocate(const Engine& engine);

  // For `streams` streams, each with features of `frames` frames and the
  // context around them, whose steps count from 0.
  void Start(const Engine& engine, const float* const* features, int streams,
             int64_t frames);

  // Lane k goes to steps[k]: below 0 it rests. Beyond the end the last step
  // stays. A lane's steps do not fall.
  void Enter(const Engine& engine, StageClock* clock, const int64_t* steps);

  // Of a stream's step that the lanes are at, and of its frame, what predictors
  // know (conditioning.h). Lanes of a model with predictors go together.
  const double* coefficients(int stream, int64_t step) const {
    const int64_t frame = (step - begin_) / steps_per_frame_;
    return coefficients_.data() + (stream * kBatchChunkFrames + frame) * order_;
  }
  int lag(int stream, int64_t step) const { return lags_[At(stream, step)]; }
  float voicing(int stream, int64_t step) const {
    return voicing_[At(stream, step)];
  }

  // The gates' conditioning of all lanes, [3 count + slack, 16] of the units
  // first .. first + count - 1: once for all units after every Enter.
  const float* Transpose(const Engine& engine, StageClock* clock, int first,
                         int count);

 private:
  struct Columns {
    AlignedArray<float> values;       // [3H + slack, 16]
    int64_t steps[kBatchLanes] = {};  // of each lane, or -1
  };

  // Frames of all streams whose conditioning is computed at once.
  static constexpr int kBatchChunkFrames = 8;

  std::size_t At(int stream, int64_t step) const {
    return int64_t{stream} * kBatchChunkFrames * steps_per_frame_ +
           (step - begin_);
  }

  // [3H] of a stream's step, which must be in the ring.
  const float* Row(int64_t step, int stream) const;
  void Condition(const Engine& engine, StageClock* clock);
  void Project(const Engine& engine, StageClock* clock);

  const float* features_[kBatchLanes] = {};
  int streams_ = 0;
  int sub_tensors_ = 1;      // B
  int64_t width_ = 0;        // 3H
  int64_t slots_ = 0;        // steps that the ring holds
  int64_t end_ = 0;          // steps in all
  int64_t begin_ = 0;        // the first step in `steps_`
  int64_t conditioned_ = 0;  // the step after the last in `steps_`
  int64_t projected_ = 0;    // the step after the last in `ring_`
  // What the last Enter asks for: the lanes of the set to move up, with these
  // rows for the first ones, or these lanes to be filled with theirs.
  bool moving_ = false;
  int entering_ = 0;
  int lanes_[kBatchLanes] = {};
  const float* rows_[kBatchLanes] = {};
  std::size_t current_ = 0;  // set of columns
  Conditioner conditioner_;
  AlignedArray<float> steps_;  // [steps of some frames, streams, channels]
  AlignedArray<float> ring_;   // [slots, streams, 3H] as projected
  std::vector<Columns> columns_;
  // Of the steps in `steps_`, stream after stream:
  int order_ = 0;
  int64_t steps_per_frame_ = 1;
  AlignedArray<double> coefficients_;
  AlignedArray<int> lags_;
  AlignedArray<float> voicing_;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_MODEL_LANE_CONDITIONING_H_
