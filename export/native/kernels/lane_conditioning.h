// The conditioning of 16 lanes, each at a step of its own.
#ifndef WAVERNN_TF_KERNELS_LANE_CONDITIONING_H_
#define WAVERNN_TF_KERNELS_LANE_CONDITIONING_H_

#include <cstddef>
#include <cstdint>

#include "kernels/aligned_array.h"
#include "kernels/conditioning.h"
#include "kernels/engine.h"
#include "kernels/kernel_table.h"
#include "kernels/multiply.h"

namespace wavernn_tf {

// Lane k belongs to stream k / B. The steps of all streams are projected to the
// gates once, before the first lane needs them, and kept until the last lane
// has had them; the lanes of a call are at most `ahead()` frames apart.
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
  void Enter(const Engine& engine, const KernelTable& kernels,
             const int64_t* steps);

  // The gates' conditioning of all lanes, [3 count + slack, 16] of the units
  // first .. first + count - 1: once for all units after every Enter.
  const float* Turn(const KernelTable& kernels, int first, int count);

 private:
  void Condition(const Engine& engine, const KernelTable& kernels);
  void Project(const Engine& engine, const KernelTable& kernels);

  const float* features_[kBatchLanes] = {};
  int streams_ = 0;
  int sub_tensors_ = 1;           // B
  int64_t width_ = 0;             // 3H
  int64_t slots_ = 0;             // steps that the ring holds
  int64_t end_ = 0;               // steps in all
  int64_t tile_ = 0;              // the first step in `steps_`
  int64_t conditioned_ = 0;       // the step after the last in `steps_`
  int64_t projected_ = 0;         // the step after the last in `ring_`
  int64_t at_[kBatchLanes] = {};  // each lane's step in `turned_`, or -1
  // Lanes that came to another step in the last Enter.
  int entering_ = 0;
  int lanes_[kBatchLanes] = {};
  const float* gates_[kBatchLanes] = {};  // [3H] of each
  Conditioner conditioner_;
  AlignedArray<float> steps_;   // [steps of a tile, streams, channels]
  AlignedArray<float> ring_;    // [slots, streams, 3H] as projected
  AlignedArray<float> turned_;  // [3H + slack, 16] of the lanes
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_LANE_CONDITIONING_H_
