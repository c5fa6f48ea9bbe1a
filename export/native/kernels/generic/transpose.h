// Transposing (transpose.h), for any vector type of vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_GENERIC_TRANSPOSE_H_
#define WAVERNN_TF_KERNELS_GENERIC_TRANSPOSE_H_

#include <algorithm>

#include "base/unroll.h"
#include "kernels/multiply.h"
#include "kernels/transpose.h"

namespace wavernn_tf {

template <typename V>
struct TransposeOf {
  static void Transpose(const TransposeParams& p) {
    if constexpr (V::kMasks) {
      for (int k = 0; k < p.count; k += 4) TransposeFour(p, k);
    } else {
      for (int k = 0; k < p.count; ++k) TransposeOne(p, k);
    }
  }

  static void Shift(const ShiftParams& p) {
    const float* const first = p.from[0];
    for (int i = 0; i < p.n; ++i) {
      float* const to = p.to + kBatchLanes * i;
      const float x = first != nullptr ? first[i] : 0.0f;
      V::Store(to, V::ShiftIn(V::Load(to), x));
    }
    for (int k = p.sub_tensors; k < kBatchLanes; k += p.sub_tensors) {
      const float* const from = p.from[k / p.sub_tensors];
      if (from == nullptr) continue;
      for (int i = 0; i < p.n; ++i) p.to[kBatchLanes * i + k] = from[i];
    }
  }

  static void TransposeOne(const TransposeParams& p, int k) {
    const float* const from = p.from[k];
    float* const to = p.to + p.lanes[k];
    for (int i = 0; i < p.n; ++i) to[kBatchLanes * i] = from[i];
  }

  // Lanes k .. k + 3; where fewer are left, the last one several times.
  static void TransposeFour(const TransposeParams& p, int k) {
    const float* from[4];
    int lanes[4];
    for (int j = 0; j < 4; ++j) {
      const int which = std::min(k + j, p.count - 1);
      from[j] = p.from[which];
      lanes[j] = p.lanes[which];
    }
    const typename V::FourLanes columns(lanes);
    for (int i = 0; i < p.n; i += 16) {
      typename V::F v[4];
      for (int j = 0; j < 4; ++j) {
        v[j] = V::Load(from[j] + i);
        __builtin_prefetch(from[j] + i + p.ahead);
      }
      columns.Store(p.to + kBatchLanes * i, v);
    }
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERIC_TRANSPOSE_H_
