// The product of a block-sparse matrix, laid out by grouped_matrix.h, and the
// activations of one stream (multiply) or of 16 streams (multiply_batch).
#ifndef WAVERNN_TF_KERNELS_MULTIPLY_H_
#define WAVERNN_TF_KERNELS_MULTIPLY_H_

#include <cstdint>
#include <type_traits>

#include "kernels/block_sparse.h"

namespace wavernn_tf {

// How a product reads its inputs, x of n values:
enum InputForm {
  kPlain,          // float [n]
  kBytes,          // uint8_t [n], 8-bit integers as quantise.h has them
  kShiftedBytes,   // uint32_t [4 n]: byte i, shifted by 0, 8, 16 and 24 bits
  kShorts,         // int16_t [n], 16-bit integers as quantise.h has them
  kShiftedShorts,  // uint32_t [2 n]: short i, shifted by 0 and 16 bits
};

static constexpr InputForm FormOf(WeightType type, BlockShape shape) {
  const bool single = shape == BlockShape::k16x1;
  if (type == WeightType::kInt8) return single ? kShiftedBytes : kBytes;
  if (type == WeightType::kInt16) return single ? kShiftedShorts : kShorts;
  return kPlain;
}

// The kernels hold a column as the place of its inputs, counted in units that
// fit 16 bits and need no shift to address memory.
static constexpr int UnitBytes(WeightType type, BlockShape shape) {
  return FormOf(type, shape) == kBytes || shape == BlockShape::k16x1 ? 4 : 8;
}
static constexpr int ColumnUnits(WeightType type, BlockShape shape) {
  const int unit = UnitBytes(type, shape);
  switch (FormOf(type, shape)) {
    case kPlain:
      return 4 * BlockIn(shape) / unit;
    case kBytes:
      return BlockIn(shape) / unit;
    case kShiftedBytes:
      return 16 / unit;
    default:  // of 16 bits, shifted or not
      return 8 / unit;
  }
}

// A weight of integers, and the unit that columns are counted in.
template <WeightType kType>
using IntegerOf =
    std::conditional_t<kType == WeightType::kInt8, int8_t, int16_t>;
template <WeightType kType, BlockShape kShape>
using UnitOf =
    std::conditional_t<UnitBytes(kType, kShape) == 8, uint64_t, uint32_t>;

// A lane of an integer product sums the products of a word of weights, these
// many, and as many inputs.
static constexpr int WordWeights(WeightType type) {
  return type == WeightType::kInt8 ? 4 : 2;
}

// Blocks of a row that a step takes: in 16x1 integers fill a word's weights.
static constexpr int StepBlocks(WeightType type, BlockShape shape) {
  const bool single = shape == BlockShape::k16x1;
  return single && IsInteger(type) ? WordWeights(type) : 1;
}

// How many vectors of 16 sums the kernels of an instruction set keep.
struct GroupVectors {
  int floats;
  int shorts;
};

// Rows of a group, but where they are gathered.
static constexpr int GroupRows(WeightType type, BlockShape shape,
                               GroupVectors vectors) {
  const int weights = BlockSize(shape) * StepBlocks(type, shape);
  switch (type) {
    case WeightType::kInt8:
      return shape == BlockShape::k16x1 ? 4 : 8;
    case WeightType::kInt16:
      return 16 * vectors.shorts / (weights / WordWeights(type));
    default:
      return 16 * vectors.floats / weights;
  }
}

// A step is a part of each of a group's rows. For float32 and bfloat16 a row's
// part is one block, and a group has GroupVectors::floats times 16 lanes; rows
// of 8x4 are two rows of 4x4 that share their columns. For int8 a group is
// eight rows, and a row's part one block; in 16x1 it is four rows, and four
// blocks. A lane is then four weights of one output. For int16 a lane is two
// weights of one output, a row's part one block, in 16x1 two, and a group has
// GroupVectors::shorts times 16 lanes. If gathered, a group of 4x4 or 8x4 is
// sixteen rows, whose lanes of one output lie together.
struct GroupedView {
  int groups;
  const int32_t* steps;     // [groups]
  const int32_t* lengths;   // [groups, rows] steps that hold blocks of a row
  const uint16_t* columns;  // [all steps, columns of a step]
  const void* values;       // [all steps, lanes], 64-byte aligned
  const int32_t* outputs;   // [groups, rows] index in y of a row's first output
  int filler;               // what `outputs` holds for rows that fill up
  const float* bias;        // [groups, outputs of a group]; without a bias
  int bias_step;            // zeros for one group, all others at distance 0
  // Integers only: [groups, outputs of a group]; if gathered [groups, 16].
  const float* scales;
  // int8 only, [groups, outputs of a group]: -128 times the sum of an output's
  // weights.
  const int32_t* offsets;
};

// y = act(W x + bias). x has the form that FormOf says.
//
// float32, bfloat16: each block row has 16 lanes (two times 16 in 8x4) that
// start at zero and take fused multiply-adds over its blocks in order. A 16x1
// lane is an output; of a 4x4 row, and of each half of an 8x4 row, an output is
//   (lane[4 o] + lane[4 o + 1]) + (lane[4 o + 2] + lane[4 o + 3]),
// where lane 4 o + i takes input i. The bias is added last.
// Integers: y = fma(sum, row scale * scale, bias), the sum being exact.
//
// y has kOutputSlack floats after its end, where rows that fill up the last
// group may be written. x and y do not overlap; natural alignment, no
// over-read.
struct MultiplyParams {
  const GroupedView* matrix;
  const void* x;
  float scale;  // of integer inputs: x = scale * integer
  float* y;
  bool relu;
  float* largest;  // of y and 0; null if nobody asks
};

constexpr int kOutputSlack = 16;

// 16 streams as a batch, each as above to the last bit: x is float [n, 16], the
// bytes [n / 4, 16, 4] (for 16x1 [n, 16]) or the shorts [n / 2, 16, 2] (for
// 16x1, and on some instruction sets, [n, 16]); scale has one value per stream
// and y is [outputs + kOutputSlack, 16].
constexpr int kBatchLanes = 16;

struct BatchMultiplyParams {
  const GroupedView* matrix;
  const void* x;       // 64-byte aligned
  const float* scale;  // [16]
  float* y;            // 64-byte aligned
  bool relu;
  float* largest;     // [16], as above
  const float* base;  // as y: stands in for the bias; null for none
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_MULTIPLY_H_
