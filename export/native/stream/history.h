// The last samples of 16 lanes.
#ifndef WAVERNN_TF_STREAM_HISTORY_H_
#define WAVERNN_TF_STREAM_HISTORY_H_

#include <cstddef>
#include <cstdint>

#include "base/aligned_array.h"
#include "kernels/multiply.h"

namespace wavernn_tf {

// s[n] of every lane by the step of the run that it belongs to, which may be
// below 0; 0 of a lane at rest.
class History {
 public:
  // Keeps at least `steps` steps. Returns false when memory runs out.
  bool Allocate(int steps) {
    std::size_t size = 1;
    while (size < static_cast<std::size_t>(steps)) size *= 2;
    mask_ = size - 1;
    return samples_.Resize(size * kBatchLanes);
  }

  float* Step(int64_t step) { return samples_.data() + Place(step); }
  const float* Step(int64_t step) const {
    return samples_.data() + Place(step);
  }

 private:
  std::size_t Place(int64_t step) const {
    return (static_cast<std::size_t>(step) & mask_) * kBatchLanes;
  }

  std::size_t mask_ = 0;
  AlignedArray<float> samples_;  // [steps, 16]
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_STREAM_HISTORY_H_
