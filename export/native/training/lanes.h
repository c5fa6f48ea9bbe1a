// Sequences to lanes and back: [lane][n] and [n][16].
#ifndef WAVERNN_TF_TRAINING_LANES_H_
#define WAVERNN_TF_TRAINING_LANES_H_

#include <cstddef>

#include "training/group.h"

namespace wavernn_tf {

// to [n][16]; lanes from `lanes` on become zero.
template <typename T>
void ToLanes(const T* from, std::size_t n, int lanes, T* to) {
  for (std::size_t i = 0; i < n; ++i) {
    T* const row = to + i * kTrainingLanes;
    for (int lane = 0; lane < lanes; ++lane) row[lane] = from[lane * n + i];
    for (int lane = lanes; lane < kTrainingLanes; ++lane) row[lane] = T{};
  }
}

// from [n][16]; lanes from `lanes` on are left out.
template <typename T>
void FromLanes(const T* from, std::size_t n, int lanes, T* to) {
  for (std::size_t i = 0; i < n; ++i) {
    const T* const row = from + i * kTrainingLanes;
    for (int lane = 0; lane < lanes; ++lane) to[lane * n + i] = row[lane];
  }
}

// A value for each row, in all lanes.
inline void BroadcastToLanes(const float* from, int n, int padded, float* to) {
  for (int i = 0; i < padded; ++i) {
    const float value = i < n ? from[i] : 0.0f;
    for (int lane = 0; lane < kTrainingLanes; ++lane) {
      to[i * kTrainingLanes + lane] = value;
    }
  }
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TRAINING_LANES_H_
