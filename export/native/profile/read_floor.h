// How fast this core reads memory that its cache holds: what no engine that
// reads its weights once per sample can pass.
#ifndef WAVERNN_TF_PROFILE_READ_FLOOR_H_
#define WAVERNN_TF_PROFILE_READ_FLOOR_H_

#include <cstdint>

#include "base/aligned_array.h"

namespace wavernn_tf {

class ReadFloor {
 public:
  // Of `bytes` of memory, in several places.
  explicit ReadFloor(int64_t bytes);

  // Microseconds to read all of it once, in order, with the widest loads of
  // the machine: the median over the places. It takes some tens of
  // milliseconds.
  double Measure() const;

 private:
  // Where the system put the pages, some may push each other out of a
  // second-level cache: one place says little about another.
  static constexpr int kPlaces = 25;

  AlignedArray<float> memory_[kPlaces];
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PROFILE_READ_FLOOR_H_
