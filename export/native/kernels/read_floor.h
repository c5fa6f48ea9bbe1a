// How fast this core reads memory that its cache holds: what no engine that
// reads its weights once per sample can pass.
#ifndef WAVERNN_TF_KERNELS_READ_FLOOR_H_
#define WAVERNN_TF_KERNELS_READ_FLOOR_H_

#include <cstdint>

#include "kernels/aligned_array.h"

namespace wavernn_tf {

class ReadFloor {
 public:
  // Of `bytes` of memory, which is read once here.
  explicit ReadFloor(int64_t bytes);

  // Microseconds to read all of it once, in order, with the widest loads of
  // the machine: the mean over some milliseconds.
  double Measure() const;

 private:
  AlignedArray<float> memory_;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_READ_FLOOR_H_
