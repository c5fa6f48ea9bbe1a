#include "kernels/grouped_matrix.h"

#include <algorithm>
#include <cstddef>

namespace wavernn_tf {
namespace {

constexpr int kBlock = 16;  // weights

struct Row {
  const GroupedPart* part = nullptr;  // none: fills up the last group
  int index = 0;                      // block row in its matrix
  int32_t begin = 0;                  // blocks
  int32_t end = 0;
};

std::vector<Row> SortedRows(const std::vector<GroupedPart>& parts) {
  std::vector<Row> rows;
  for (const GroupedPart& part : parts) {
    const BlockSparse& matrix = *part.matrix;
    for (int row = 0; row < matrix.rows / BlockOut(matrix.shape); ++row) {
      rows.push_back(
          {&part, row, matrix.row_offsets[row], matrix.row_offsets[row + 1]});
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return a.end - a.begin > b.end - b.begin;
  });
  while (rows.size() % kGroupRows != 0) rows.push_back({});
  return rows;
}

}  // namespace

bool GroupedMatrix::Build(const std::vector<GroupedPart>& parts, int outputs) {
  const std::vector<Row> rows = SortedRows(parts);
  shape_ = parts[0].matrix->shape;
  const int block_out = BlockOut(shape_);
  const std::size_t groups = rows.size() / kGroupRows;
  steps_.clear();
  outputs_.clear();
  std::size_t blocks = 0;
  for (std::size_t g = 0; g < groups; ++g) {
    const Row& longest = rows[kGroupRows * g];
    steps_.push_back(longest.end - longest.begin);
    blocks += kGroupRows * static_cast<std::size_t>(steps_.back());
  }
  columns_.assign(blocks, 0);
  if (!values_.Resize(blocks * kBlock) ||
      !bias_.Resize(rows.size() * block_out)) {
    return false;
  }

  std::size_t first = 0;  // block of the group
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    const int32_t steps = steps_[i / kGroupRows];
    outputs_.push_back(outputs);
    if (row.part != nullptr) {
      const BlockSparse& matrix = *row.part->matrix;
      const int output = row.index * block_out;
      outputs_.back() = row.part->first_output + output;
      std::copy_n(row.part->bias + output, block_out,
                  bias_.data() + i * block_out);
      for (int32_t step = 0; step < steps; ++step) {
        const std::size_t to = first + kGroupRows * step + i % kGroupRows;
        const int32_t from = std::min(row.begin + step, row.end - 1);
        // A block of zeros keeps the row's last column: it reads nothing new.
        if (from >= row.begin) {
          columns_[to] = static_cast<uint16_t>(matrix.columns[from]);
        }
        if (row.begin + step < row.end) {
          std::copy_n(
              matrix.values + static_cast<std::ptrdiff_t>(from) * kBlock,
              kBlock, values_.data() + to * kBlock);
        }
      }
    }
    if (i % kGroupRows == kGroupRows - 1) {
      first += kGroupRows * static_cast<std::size_t>(steps);
    }
  }
  view_ = {static_cast<int>(groups), steps_.data(),  outputs_.data(),
           columns_.data(),          values_.data(), bias_.data()};
  return true;
}

}  // namespace wavernn_tf
