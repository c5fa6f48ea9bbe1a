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

  // Panel after panel, so that memory is read in sequence. The inputs of
  // kRows rows stay in registers; 0 is any number of them.
  template <bool kHalves, int kRows>
  static void AddPanels(const InputRowsParams& p) {
    F inputs[kRows > 0 ? kRows : 1];
    WAVERNN_TF_UNROLL
    for (int i = 0; i < kRows; ++i) inputs[i] = V::Broadcast(p.inputs[i]);
    int64_t row = 0;
    for (int o = 0; o < p.width; o += kInputPanel) {
      F low = V::Load(p.gates + o);
      F high = V::Load(p.gates + o + 16);
      const auto add = [&](const F& x) {
        F a, b;
        LoadRow<kHalves>(p.kernel, row++, a, b);
        low = V::Fma(x, a, low);
        high = V::Fma(x, b, high);
      };
      if constexpr (kRows > 0) {
        WAVERNN_TF_UNROLL
        for (int i = 0; i < kRows; ++i) add(inputs[i]);
      } else {
        for (int i = 0; i < p.rows; ++i) add(V::Broadcast(p.inputs[i]));
      }
      V::Store(p.out + o, low);
      V::Store(p.out + o + 16, high);
    }
  }

  template <bool kHalves>
  static void Add(const InputRowsParams& p) {
    constexpr int kUsual = 10;  // with all inputs that a voice can have
    if (p.rows == kUsual) {
      AddPanels<kHalves, kUsual>(p);
    } else {
      AddPanels<kHalves, 0>(p);
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
