// Extra rows of the input kernel (input_rows.h), written once for any vector
// type of vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_INPUT_ROWS_OF_H_
#define WAVERNN_TF_KERNELS_INPUT_ROWS_OF_H_

#include <cstdint>

#include "kernels/input_rows.h"
#include "kernels/multiply.h"
#include "kernels/unroll.h"

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

  // kPanels panels from output `o` on, side by side.
  template <bool kHalves, int kPanels>
  WAVERNN_TF_INLINE static void Panels(const InputRowsParams& p, int o) {
    F low[kPanels], high[kPanels];
    WAVERNN_TF_UNROLL
    for (int i = 0; i < kPanels; ++i) {
      low[i] = V::Load(p.gates + o + kInputPanel * i);
      high[i] = V::Load(p.gates + o + kInputPanel * i + 16);
    }
    const int64_t first = int64_t{o / kInputPanel} * p.rows;
    for (int row = 0; row < p.rows; ++row) {
      const F x = V::Broadcast(p.inputs[row]);
      WAVERNN_TF_UNROLL
      for (int i = 0; i < kPanels; ++i) {
        F a, b;
        LoadRow<kHalves>(p.kernel, first + i * p.rows + row, a, b);
        low[i] = V::Fma(x, a, low[i]);
        high[i] = V::Fma(x, b, high[i]);
      }
    }
    WAVERNN_TF_UNROLL
    for (int i = 0; i < kPanels; ++i) {
      V::Store(p.out + o + kInputPanel * i, low[i]);
      V::Store(p.out + o + kInputPanel * i + 16, high[i]);
    }
  }

  template <bool kHalves>
  static void Add(const InputRowsParams& p) {
    constexpr int kPanels = 3;  // the width is a multiple of 96
    int o = 0;
    for (; o + kPanels * kInputPanel <= p.width; o += kPanels * kInputPanel) {
      Panels<kHalves, kPanels>(p, o);
    }
    for (; o < p.width; o += kInputPanel) Panels<kHalves, 1>(p, o);
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

#endif  // WAVERNN_TF_KERNELS_INPUT_ROWS_OF_H_
