// Extra rows of the input kernel (input_rows.h), written once for any vector
// type of vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_GENERIC_INPUT_ROWS_H_
#define WAVERNN_TF_KERNELS_GENERIC_INPUT_ROWS_H_

#include <cstdint>

#include "base/unroll.h"
#include "kernels/input_rows.h"
#include "kernels/multiply.h"

namespace wavernn_tf {

template <typename V>
struct InputRowsOf {
  using F = typename V::F;

  // 16 outputs of one row, low and high.
  template <bool kHalves>
  WAVERNN_TF_INLINE static void LoadRow(const void* kernel, int64_t row, F& low,
                                        F& high) {
    if constexpr (kHalves) {
      V::LoadHalves(static_cast<const uint32_t*>(kernel) + 16 * row, low, high);
    } else {
      const float* const from =
          static_cast<const float*>(kernel) + kInputPanel * row;
      low = V::Load(from);
      high = V::Load(from + 16);
    }
  }

  // Panel after panel, so that memory is read in sequence.
  template <bool kHalves>
  static void Add(const InputRowsParams& p) {
    int64_t row = 0;
    for (int o = 0; o < p.width; o += kInputPanel) {
      F low = V::Load(p.gates + o);
      F high = V::Load(p.gates + o + 16);
      for (int i = 0; i < p.rows; ++i, ++row) {
        const F x = V::Broadcast(p.inputs[i]);
        F a, b;
        LoadRow<kHalves>(p.kernel, row, a, b);
        low = V::Fma(x, a, low);
        high = V::Fma(x, b, high);
      }
      V::Store(p.out + o, low);
      V::Store(p.out + o + 16, high);
    }
  }

  static void AddBatch(const BatchInputRowsParams& p) {
    constexpr int kOutputs = 8;
    for (int i = 0; i < p.count; i += kOutputs) {
      F sums[kOutputs];
      WAVERNN_TF_UNROLL
      for (int j = 0; j < kOutputs; ++j) {
        sums[j] = V::Load(p.gates + kBatchLanes * (i + j));
      }
      const float* kernel = p.kernel + InputRowIndex(p.rows, 0, p.first + i);
      for (int row = 0; row < p.rows; ++row, kernel += kInputPanel) {
        const F x = V::Load(p.inputs + kBatchLanes * row);
        WAVERNN_TF_UNROLL
        for (int j = 0; j < kOutputs; ++j) {
          sums[j] = V::Fma(x, V::Broadcast(kernel[j]), sums[j]);
        }
      }
      WAVERNN_TF_UNROLL
      for (int j = 0; j < kOutputs; ++j) {
        V::Store(p.out + kBatchLanes * (i + j), sums[j]);
      }
    }
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERIC_INPUT_ROWS_H_
