// Packed block-sparse matrices, as a model file holds them.
//
// W has `rows` outputs and `cols` inputs, cut in blocks of block_out x block_in
// = 4x4 or 16x1, 16 weights each. Only blocks that are not all zero are kept,
// block row by block row:
//   row_offsets [rows / block_out + 1]  first block of each block row
//   columns     [n_blocks]              block column: input = column * block_in
//   values      [n_blocks, 16]          lane block_out * i + o holds
//       W[row * block_out + o, column * block_in + i]
#ifndef WAVERNN_TF_KERNELS_BLOCK_SPARSE_H_
#define WAVERNN_TF_KERNELS_BLOCK_SPARSE_H_

#include <cstdint>

namespace wavernn_tf {

enum class BlockShape { k4x4, k16x1 };  // outputs x inputs

inline int BlockOut(BlockShape shape) {
  return shape == BlockShape::k4x4 ? 4 : 16;
}
inline int BlockIn(BlockShape shape) {
  return shape == BlockShape::k4x4 ? 4 : 1;
}

// A view: the memory belongs to the model file. Indices were checked when the
// view was made; the kernels check nothing. Pointers have natural alignment.
struct BlockSparse {
  BlockShape shape = BlockShape::k16x1;
  int rows = 0;
  int cols = 0;
  const int32_t* row_offsets = nullptr;
  const int16_t* columns = nullptr;
  const float* values = nullptr;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_BLOCK_SPARSE_H_
