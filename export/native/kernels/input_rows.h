// The rows of the input kernel beyond c_{t-1}, f_{t-1}, c_t (gru.h): what
// predictors tell the gates of a sample is added to its conditioning.
#ifndef WAVERNN_TF_KERNELS_INPUT_ROWS_H_
#define WAVERNN_TF_KERNELS_INPUT_ROWS_H_

#include <cstdint>

namespace wavernn_tf {

// The kernel [rows, width] in panels of 32 outputs, each row after row. In
// upper halves of float32, word i of 16 has output i low and output 16 + i
// high.
constexpr int kInputPanel = 32;
static constexpr int64_t InputRowIndex(int rows, int row, int output) {
  return int64_t{output / kInputPanel} * rows * kInputPanel +
         row * kInputPanel + output % kInputPanel;
}

// out[o] = gates[o] + sum_r inputs[r] * kernel[r][o]: fused multiply-adds on
// gates[o], r ascending. Natural alignment, no over-read; `out` may be `gates`.
struct InputRowsParams {
  const float* gates;   // [width]
  const void* kernel;   // float32, or words of upper halves
  const float* inputs;  // [rows]
  int rows;
  int width;  // a multiple of 32
  float* out;
};

// A batch of 16 streams, outputs first .. first + count - 1, multiples of 16;
// every element of gates, inputs and out is 16 floats, one per stream.
struct BatchInputRowsParams {
  int first;
  int count;
  const float* gates;   // [count, 16]
  const float* kernel;  // float32, the same for all
  const float* inputs;  // [rows, 16]
  int rows;
  float* out;  // [count, 16]
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_INPUT_ROWS_H_
