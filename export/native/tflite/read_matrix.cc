#include "tflite/read_matrix.h"

#include <cstdint>
#include <cstdlib>

namespace wavernn_tf {
namespace {

// Row offsets start at 0, never fall, and end at the number of blocks.
bool CheckOffsets(const char* name, const int32_t* offsets, int block_rows,
                  int n_blocks, ErrorText& error) {
  if (offsets[0] != 0) {
    return error.Set("expected %s.row_offsets[0] = 0; got %d", name,
                     offsets[0]);
  }
  for (int row = 0; row < block_rows; ++row) {
    if (offsets[row + 1] < offsets[row]) {
      return error.Set(
          "expected %s.row_offsets not to fall; got %d after %d"
          " at row %d",
          name, offsets[row + 1], offsets[row], row);
    }
  }
  if (offsets[block_rows] != n_blocks) {
    return error.Set("expected the last of %s.row_offsets = %d blocks; got %d",
                     name, n_blocks, offsets[block_rows]);
  }
  return true;
}

// Columns lie in the matrix and do not fall within a block row.
bool CheckColumns(const char* name, const int32_t* offsets, int block_rows,
                  const int16_t* columns, int block_cols, ErrorText& error) {
  for (int row = 0; row < block_rows; ++row) {
    for (int32_t block = offsets[row]; block < offsets[row + 1]; ++block) {
      if (columns[block] < 0 || columns[block] >= block_cols) {
        return error.Set("expected %s.columns in [0, %d); got %d at block %d",
                         name, block_cols, columns[block], block);
      }
      if (block > offsets[row] && columns[block] < columns[block - 1]) {
        return error.Set(
            "expected %s.columns not to fall within a block row; got"
            " %d after %d at block %d",
            name, columns[block], columns[block - 1], block);
      }
    }
  }
  return true;
}

// Sets rows that were left open.
bool SetRows(const char* name, int block_rows, BlockSparse& matrix,
             ErrorText& error) {
  const int block_out = BlockOut(matrix.shape);
  if (block_rows < 1 || block_rows > kMostRows / block_out) {
    return error.Set(
        "expected %s.row_offsets for 1 to %d block rows; got %d of %d outputs",
        name, kMostRows / block_out, block_rows, block_out);
  }
  matrix.rows = block_rows * block_out;
  return true;
}

// The block shape off the shape of `values` [n_blocks, block_in, block_out].
bool ReadBlockShape(const char* name, const TfLiteTensor& values,
                    BlockSparse& matrix, ErrorText& error) {
  const int block_in = values.dims->data[1];
  const int block_out = values.dims->data[2];
  bool known = false;
  for (BlockShape shape :
       {BlockShape::k4x4, BlockShape::k16x1, BlockShape::k8x4}) {
    if (block_in != BlockIn(shape) || block_out != BlockOut(shape)) continue;
    matrix.shape = shape;
    known = true;
  }
  if (!known) {
    return error.Set(
        "expected %s.values of shape [?, 4, 4], [?, 1, 16] or [?, 4, 8]; got"
        " %s",
        name, ShapeText(values).c_str());
  }
  if (values.dims->data[0] < 1) {
    return error.Set("expected %s to hold at least one block; got none", name);
  }
  if ((matrix.rows != kAnySize && matrix.rows % block_out != 0) ||
      matrix.cols % block_in != 0) {
    return error.Set(
        "expected %s (%d outputs, %d inputs) to be a multiple of"
        " its %dx%d blocks",
        name, matrix.rows, matrix.cols, block_out, block_in);
  }
  return true;
}

// A float32 vector ahead of the values is their scales.
bool HasScales(const WeightReader& reader) {
  const TfLiteTensor* next = reader.Peek();
  return next != nullptr && next->type == kTfLiteFloat32 &&
         next->dims != nullptr && next->dims->size == 1;
}

// One scale per block row.
bool ReadScales(WeightReader& reader, const char* name, int block_rows,
                BlockSparse& matrix) {
  if (!reader.Vector(name, ".scales", block_rows, matrix.scales)) return false;
  for (int i = 0; i < block_rows; ++i) {
    if (matrix.scales[i] > 0.0f) continue;
    return reader.error().Set("expected %s.scales > 0; got %g at block row %d",
                              name, static_cast<double>(matrix.scales[i]), i);
  }
  return true;
}

// The weight type off the element type of `values`, of which those with scales
// are integers.
bool ReadWeightType(const char* name, const TfLiteTensor& values, bool scaled,
                    BlockSparse& matrix, ErrorText& error) {
  const TfLiteType type = values.type;
  if (scaled) {
    matrix.type = type == kTfLiteInt8 ? WeightType::kInt8 : WeightType::kInt16;
    if (type == kTfLiteInt8 || type == kTfLiteInt16) return true;
  } else {
    matrix.type =
        type == kTfLiteInt16 ? WeightType::kBfloat16 : WeightType::kFloat32;
    if (type == kTfLiteFloat32 || type == kTfLiteInt16) return true;
  }
  return error.Set("expected %s.values %s; got %s (type %d)", name,
                   scaled ? "behind scales to be int8 or int16"
                          : "without scales to be float32 or int16 (bfloat16)",
                   TypeName(type), static_cast<int>(type));
}

// Sums of products of int16 weights fit 32 bits.
bool CheckSums(const char* name, const BlockSparse& matrix, ErrorText& error) {
  const auto* value = static_cast<const int16_t*>(matrix.values);
  const int block_out = BlockOut(matrix.shape);
  for (int row = 0; row < matrix.rows / block_out; ++row) {
    int64_t sums[16] = {};
    const int32_t blocks =
        matrix.row_offsets[row + 1] - matrix.row_offsets[row];
    for (int i = 0; i < blocks * BlockIn(matrix.shape); ++i) {
      for (int o = 0; o < block_out; ++o) sums[o] += std::abs(int{*value++});
    }
    for (int o = 0; o < block_out; ++o) {
      if (sums[o] <= kMostInt16Sum) continue;
      return error.Set(
          "expected the magnitudes in %s.values to sum to at most %d for every"
          " output; got %lld for output %d",
          name, static_cast<int>(kMostInt16Sum),
          static_cast<long long>(sums[o]), row * block_out + o);
    }
  }
  return true;
}

}  // namespace

bool ReadMatrix(WeightReader& reader, const char* name, int rows, int cols,
                BlockSparse& matrix) {
  matrix.rows = rows;
  matrix.cols = cols;
  const int any_vector[] = {kAnySize};
  const int any_blocks[] = {kAnySize, kAnySize, kAnySize};
  const TfLiteTensor* offsets =
      reader.Next(name, ".row_offsets", kTfLiteInt32, 1, any_vector);
  if (offsets == nullptr) return false;
  const TfLiteTensor* columns =
      reader.Next(name, ".columns", kTfLiteInt16, 1, any_vector);
  if (columns == nullptr) return false;
  ErrorText& error = reader.error();
  const bool scaled = HasScales(reader);
  if (scaled && !ReadScales(reader, name, offsets->dims->data[0] - 1, matrix)) {
    return false;
  }
  const TfLiteTensor* next = reader.Peek();
  if (next != nullptr && !ReadWeightType(name, *next, scaled, matrix, error)) {
    return false;
  }
  const TfLiteType type = next == nullptr ? kTfLiteNoType : next->type;
  const TfLiteTensor* values =
      matrix.type == WeightType::kInt16
          ? reader.Next(name, ".values", type, 3, any_blocks)
          : reader.Numbers(name, ".values", type, 3, any_blocks);
  if (values == nullptr || !ReadBlockShape(name, *values, matrix, error)) {
    return false;
  }

  if (rows == kAnySize &&
      !SetRows(name, offsets->dims->data[0] - 1, matrix, error)) {
    return false;
  }
  const int block_rows = matrix.rows / BlockOut(matrix.shape);
  const int block_cols = cols / BlockIn(matrix.shape);
  const int n_blocks = values->dims->data[0];
  if (offsets->dims->data[0] != block_rows + 1) {
    return error.Set("expected %s.row_offsets of shape [%d]; got %s", name,
                     block_rows + 1, ShapeText(*offsets).c_str());
  }
  if (columns->dims->data[0] != n_blocks) {
    return error.Set("expected %s.columns of shape [%d]; got %s", name,
                     n_blocks, ShapeText(*columns).c_str());
  }
  matrix.row_offsets = Data<int32_t>(*offsets);
  matrix.columns = Data<int16_t>(*columns);
  matrix.values = values->data.data;
  return CheckOffsets(name, matrix.row_offsets, block_rows, n_blocks, error) &&
         CheckColumns(name, matrix.row_offsets, block_rows, matrix.columns,
                      block_cols, error) &&
         (matrix.type != WeightType::kInt16 || CheckSums(name, matrix, error));
}

}  // namespace wavernn_tf
