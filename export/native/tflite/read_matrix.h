// A packed matrix (block_sparse.h) off the weight list.
#ifndef WAVERNN_TF_TFLITE_READ_MATRIX_H_
#define WAVERNN_TF_TFLITE_READ_MATRIX_H_

#include "kernels/block_sparse.h"
#include "tflite/weight_reader.h"

namespace wavernn_tf {

// Reads row_offsets, columns, scales if the values are integers, and values.
// All is checked that the kernels rely on. If `rows` is kAnySize, the matrix
// has as many as row_offsets says, at most kMostRows. On failure returns false
// with the reader's error set.
constexpr int kMostRows = 1 << 14;
bool ReadMatrix(WeightReader& reader, const char* name, int rows, int cols,
                BlockSparse& matrix);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TFLITE_READ_MATRIX_H_
