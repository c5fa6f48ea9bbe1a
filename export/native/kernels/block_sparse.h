// Packed block-sparse matrices, as a model file holds them.
//
// W has `rows` outputs and `cols` inputs, cut in blocks of block_out x block_in
// weights. Only blocks that are not all zero are kept, block row by block row:
//   row_offsets [rows / block_out + 1]  first block of each block row
//   columns     [n_blocks]              block column: input = column * block_in
//   values      [n_blocks, block_in, block_out]
//       values[b, i, o] = W[row * block_out + o, column * block_in + i]
//   scales      [rows / block_out], integers only: W[o, i] is scales[row]
//       times the value
#ifndef WAVERNN_TF_KERNELS_BLOCK_SPARSE_H_
#define WAVERNN_TF_KERNELS_BLOCK_SPARSE_H_

#include <cstdint>

namespace wavernn_tf {

enum class BlockShape { k4x4, k16x1, k8x4 };  // outputs x inputs
constexpr int kBlockShapes = 3;

// How a weight is stored; a bfloat16 is the upper half of a float32.
enum class WeightType { kFloat32, kBfloat16, kInt8, kInt16 };
constexpr int kWeightTypes = 4;

// Integers are multiplied by integers (quantise.h).
static constexpr bool IsInteger(WeightType type) {
  return type == WeightType::kInt8 || type == WeightType::kInt16;
}

static constexpr int WeightBytes(WeightType type) {
  return type == WeightType::kFloat32 ? 4 : type == WeightType::kInt8 ? 1 : 2;
}

// What the magnitudes of the int16 weights of one output sum to at most: their
// products with inputs of up to 8192 stay below 2^31.
constexpr int32_t kMostInt16Sum = (1 << 18) - 1;

static constexpr int BlockOut(BlockShape shape) {
  return shape == BlockShape::k4x4 ? 4 : shape == BlockShape::k8x4 ? 8 : 16;
}
static constexpr int BlockIn(BlockShape shape) {
  return shape == BlockShape::k16x1 ? 1 : 4;
}
static constexpr int BlockSize(BlockShape shape) {
  return BlockOut(shape) * BlockIn(shape);
}

// A view: the memory belongs to the model file. Indices were checked when the
// view was made; the kernels check nothing. Pointers have natural alignment.
struct BlockSparse {
  BlockShape shape = BlockShape::k16x1;
  WeightType type = WeightType::kFloat32;
  int rows = 0;
  int cols = 0;
  const int32_t* row_offsets = nullptr;
  const int16_t* columns = nullptr;
  const void* values = nullptr;  // float, uint16_t, int8_t or int16_t
  const float* scales = nullptr;

  int32_t blocks() const { return row_offsets[rows / BlockOut(shape)]; }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_BLOCK_SPARSE_H_
