// The product of a block-sparse matrix, as grouped_matrix.h lays it out, and a
// vector.
#ifndef WAVERNN_TF_KERNELS_MULTIPLY_H_
#define WAVERNN_TF_KERNELS_MULTIPLY_H_

#include <cstdint>

namespace wavernn_tf {

constexpr int kGroupRows = 4;

// What the kernels read. A step is one block of each of the group's four rows.
struct GroupedView {
  int groups;
  const int32_t* steps;     // [groups]
  const int32_t* outputs;   // [groups, 4] index in y of each row's first output
  const uint16_t* columns;  // [all steps, 4] block columns
  const float* values;      // [all steps, 4, 16] 64-byte aligned
  const float* bias;        // [groups, 4, block_out]
};

// y = act(W x + bias). In a 16x1 matrix x is [cols]; in a 4x4 matrix it is
// [4 * cols], every input four times. `repeat` writes y in that form. Each
// block row has 16 lanes that start at zero and take fused multiply-adds over
// its blocks in order. A 16x1 lane is an output; for 4x4 an output is
//   (lane[o] + lane[4 + o]) + (lane[8 + o] + lane[12 + o]).
// The bias is added last. x and y do not overlap; natural alignment, no
// over-read; y has kOutputSlack floats (four times that if repeated) after its
// end, where the rows that fill up the last group are written.
struct MultiplyParams {
  const GroupedView* matrix;
  const float* x;
  float* y;
  bool relu;
  bool repeat;
};

constexpr int kOutputSlack = 16;

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_MULTIPLY_H_
