// How many multiply-adds a core does at most, for any vector type of
// vector_scalar.h.
#ifndef WAVERNN_TF_TRAINING_PEAK_H_
#define WAVERNN_TF_TRAINING_PEAK_H_

#include <cstdint>

#include "base/unroll.h"

namespace wavernn_tf {

template <typename V>
struct TrainingPeak {
  // Chains that run at once.
  static constexpr int kSums = V::kBatchSums;

  // Runs independent chains in registers and counts their multiply-adds;
  // returns what keeps the compiler from leaving them out.
  static float Run(int64_t rounds, int64_t* multiply_adds) {
    typename V::F sum[kSums];
    for (int i = 0; i < kSums; ++i) sum[i] = V::Broadcast(0.5f + i);
    const auto factor = V::Broadcast(0.5f), addend = V::Broadcast(0.25f);
    for (int64_t round = 0; round < rounds; ++round) {
      WAVERNN_TF_UNROLL
      for (int i = 0; i < kSums; ++i) sum[i] = V::Fma(sum[i], factor, addend);
    }
    for (int i = 1; i < kSums; ++i) sum[0] = V::Add(sum[0], sum[i]);
    alignas(64) float lanes[16];
    V::Store(lanes, sum[0]);
    *multiply_adds = rounds * kSums * 16;
    return lanes[0];
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TRAINING_PEAK_H_
