#include "model/grouped_matrix.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "kernels/kernel_table.h"

namespace wavernn_tf {

// One block row; without a part it fills up the last group.
struct GroupedMatrix::Row {
  const GroupedPart* part = nullptr;
  int index = 0;      // in its matrix
  int32_t begin = 0;  // blocks
  int32_t end = 0;
  int32_t steps = 0;
};

// How the rows of a group share a step; see multiply.h.
struct GroupedMatrix::Layout {
  BlockShape shape;
  WeightType type;
  bool by_output;  // of all rows: output after output, not row after row
  int rows;        // of a group
  int blocks;      // of a row in one step
  int units;       // of a column

  // For all rows of these parts.
  Layout(const std::vector<GroupedPart>& parts, const KernelTable& kernels)
      : shape(parts[0].matrix->shape), type(parts[0].matrix->type) {
    int block_rows = 0;
    for (const GroupedPart& part : parts) {
      block_rows += part.matrix->rows / BlockOut(shape);
    }
    // Fewer rows would be filled up to groups of sixteen in vain.
    constexpr int kEnough = 64;
    by_output = kernels.multiply_gathered[static_cast<int>(type)]
                                         [static_cast<int>(shape)] != nullptr &&
                block_rows >= kEnough;
    rows = by_output ? 16 : GroupRows(type, shape, kernels.group_vectors);
    blocks = StepBlocks(type, shape);
    units = ColumnUnits(type, shape);
  }

  int outputs() const { return rows * BlockOut(shape); }        // of a group
  int columns() const { return rows * blocks; }                 // of a step
  int weights() const { return columns() * BlockSize(shape); }  // of a step

  // Where output o of the group's row r stands among the group's.
  int Output(int r, int o) const {
    return by_output ? rows * o + r : BlockOut(shape) * r + o;
  }

  // Where weight [i][o] of the row's block stands among the step's.
  int Weight(int r, int block, int i, int o) const {
    const bool single = shape == BlockShape::k16x1;
    return blocks * BlockIn(shape) * Output(r, o) + (single ? block : i);
  }
};

std::vector<GroupedMatrix::Row> GroupedMatrix::SortedRows(
    const std::vector<GroupedPart>& parts, const Layout& layout) {
  std::vector<Row> rows;
  for (const GroupedPart& part : parts) {
    const BlockSparse& matrix = *part.matrix;
    for (int row = 0; row < matrix.rows / BlockOut(matrix.shape); ++row) {
      const int32_t begin = matrix.row_offsets[row];
      const int32_t end = matrix.row_offsets[row + 1];
      const int32_t steps = (end - begin + layout.blocks - 1) / layout.blocks;
      rows.push_back({&part, row, begin, end, steps});
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return a.steps > b.steps;
  });
  while (rows.size() % layout.rows != 0) rows.push_back({});
  return rows;
}

bool GroupedMatrix::Reserve(const std::vector<Row>& rows, const Layout& layout,
                            bool has_bias) {
  const std::size_t groups = rows.size() / layout.rows;
  if (!steps_.Resize(groups) || !lengths_.Resize(rows.size())) return false;
  for (std::size_t i = 0; i < rows.size(); ++i) lengths_[i] = rows[i].steps;
  std::size_t steps = 0;
  for (std::size_t g = 0; g < groups; ++g) {
    steps_[g] = rows[g * layout.rows].steps;
    steps += steps_[g];
  }
  const std::size_t outputs = groups * layout.outputs();
  const std::size_t weights = steps * layout.weights();
  const bool values = type_ == WeightType::kInt8    ? bytes_.Resize(weights)
                      : type_ == WeightType::kInt16 ? shorts_.Resize(weights)
                                                    : floats_.Resize(weights);
  return values && columns_.Resize(steps * layout.columns()) &&
         outputs_.Resize(rows.size()) &&
         bias_.Resize(has_bias ? outputs : layout.outputs()) &&
         scales_.Resize(layout.by_output ? rows.size() : outputs) &&
         offsets_.Resize(outputs);
}

void GroupedMatrix::FillOutputs(const std::vector<Row>& rows,
                                const Layout& layout, int outputs) {
  const int block_out = BlockOut(layout.shape);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    outputs_[i] = outputs;
    if (row.part == nullptr) continue;
    const int first = row.index * block_out;
    outputs_[i] =
        row.part->first_output + first / 16 * row.part->stride + first % 16;
    const std::size_t group = i / layout.rows * layout.outputs();
    for (int o = 0; o < block_out; ++o) {
      const std::size_t at =
          group + layout.Output(static_cast<int>(i % layout.rows), o);
      if (row.part->bias != nullptr) bias_[at] = row.part->bias[first + o];
      if (!IsInteger(type_)) continue;
      scales_[layout.by_output ? i : at] = row.part->matrix->scales[row.index];
    }
  }
}

// Blocks of zeros keep the row's last column: they read nothing new.
void GroupedMatrix::FillColumns(const Row& row, const Layout& layout,
                                std::size_t step, int32_t steps, int place) {
  for (int32_t k = 0; k < steps * layout.blocks; ++k) {
    const int32_t block = std::min(row.begin + k, row.end - 1);
    if (block < row.begin) continue;
    const std::size_t at = (step + k / layout.blocks) * layout.columns() +
                           place * layout.blocks + k % layout.blocks;
    columns_[at] =
        static_cast<uint16_t>(row.part->matrix->columns[block] * layout.units);
  }
}

template <typename T>
void GroupedMatrix::FillValues(const Row& row, const Layout& layout,
                               std::size_t step, int place, T* values) {
  const BlockSparse& matrix = *row.part->matrix;
  const int block_out = BlockOut(layout.shape);
  const int block_in = BlockIn(layout.shape);
  for (int32_t block = row.begin; block < row.end; ++block) {
    const int32_t k = block - row.begin;
    T* const to = values + (step + k / layout.blocks) * layout.weights();
    std::ptrdiff_t from =
        static_cast<std::ptrdiff_t>(block) * BlockSize(layout.shape);
    for (int i = 0; i < block_in; ++i) {
      for (int o = 0; o < block_out; ++o, ++from) {
        T& value = to[layout.Weight(place, k % layout.blocks, i, o)];
        if constexpr (std::is_integral_v<T>) {
          value = static_cast<const T*>(matrix.values)[from];
        } else if (matrix.type == WeightType::kFloat32) {
          value = static_cast<const float*>(matrix.values)[from];
        } else {
          const uint32_t bits =
              uint32_t{static_cast<const uint16_t*>(matrix.values)[from]} << 16;
          std::memcpy(&value, &bits, sizeof(bits));
        }
      }
    }
  }
}

// float32 to bfloat16: lane j of two vectors in one word, the first one low.
void GroupedMatrix::PairHalves() {
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    uint32_t low, high;
    const float* const first = floats_.data() + i / 16 * 32 + i % 16;
    std::memcpy(&low, first, sizeof(low));
    std::memcpy(&high, first + 16, sizeof(high));
    pairs_[i] = high | low >> 16;
  }
}

// What a sum of bytes + 128 times weights exceeds that of the bytes by.
void GroupedMatrix::FillOffsets(const Layout& layout) {
  std::size_t weight = 0;
  for (std::size_t g = 0; g < steps_.size(); ++g) {
    int32_t* const offsets = offsets_.data() + g * layout.outputs();
    for (int32_t s = 0; s < steps_[g]; ++s) {
      for (int k = 0; k < layout.weights(); ++k, ++weight) {
        offsets[k / 4] -= 128 * bytes_[weight];
      }
    }
  }
}

bool GroupedMatrix::Build(const std::vector<GroupedPart>& parts, int outputs,
                          const KernelTable& kernels) {
  const Layout layout(parts, kernels);
  return BuildRows(SortedRows(parts, layout), layout, outputs);
}

bool GroupedMatrix::BuildPieces(const std::vector<GroupedPart>& parts,
                                int outputs, const KernelTable& kernels,
                                std::deque<GroupedMatrix>& pieces) {
  const Layout layout(parts, kernels);
  const std::vector<Row> rows = SortedRows(parts, layout);
  const int step_bytes = layout.weights() * WeightBytes(layout.type);
  std::vector<Row> piece;
  int64_t bytes = 0;
  for (std::size_t i = 0; i < rows.size(); i += layout.rows) {
    piece.insert(piece.end(), &rows[i], &rows[i] + layout.rows);
    bytes += int64_t{rows[i].steps} * step_bytes;
    const bool last = i + layout.rows == rows.size();
    if (bytes < kPieceBytes && !last) continue;
    pieces.emplace_back();
    if (!pieces.back().BuildRows(piece, layout, outputs)) return false;
    piece.clear();
    bytes = 0;
  }
  return true;
}

bool GroupedMatrix::BuildRows(const std::vector<Row>& rows,
                              const Layout& layout, int outputs) {
  shape_ = layout.shape;
  type_ = layout.type;
  gathered_ = layout.by_output;
  const bool has_bias = rows[0].part->bias != nullptr;
  if (!Reserve(rows, layout, has_bias)) return false;
  FillOutputs(rows, layout, outputs);

  std::size_t step = 0;  // first of the group
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const int place = static_cast<int>(i % layout.rows);
    const int32_t steps = steps_[i / layout.rows];
    if (rows[i].part != nullptr) {
      FillColumns(rows[i], layout, step, steps, place);
      if (type_ == WeightType::kInt8) {
        FillValues(rows[i], layout, step, place, bytes_.data());
      } else if (type_ == WeightType::kInt16) {
        FillValues(rows[i], layout, step, place, shorts_.data());
      } else {
        FillValues(rows[i], layout, step, place, floats_.data());
      }
    }
    if (place == layout.rows - 1) step += steps;
  }

  const void* values = floats_.data();
  if (type_ == WeightType::kInt8) {
    FillOffsets(layout);
    values = bytes_.data();
  }
  if (type_ == WeightType::kInt16) values = shorts_.data();
  if (type_ == WeightType::kBfloat16) {
    if (!pairs_.Resize(floats_.size() / 2)) return false;
    PairHalves();
    floats_ = AlignedArray<float>();
    values = pairs_.data();
  }
  view_ = {static_cast<int>(steps_.size()),
           steps_.data(),
           lengths_.data(),
           columns_.data(),
           values,
           outputs_.data(),
           outputs,
           bias_.data(),
           has_bias ? layout.outputs() : 0,
           scales_.data(),
           offsets_.data()};
  batch_view_ = view_;
  return true;
}

bool GroupedMatrix::Widen() {
  if (type_ != WeightType::kBfloat16 || floats_.size() > 0) return true;
  if (!floats_.Resize(2 * pairs_.size())) return false;
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const uint32_t low = pairs_[i] << 16;
    const uint32_t high = pairs_[i] & 0xFFFF0000u;
    float* const first = floats_.data() + i / 16 * 32 + i % 16;
    std::memcpy(first, &low, sizeof(low));
    std::memcpy(first + 16, &high, sizeof(high));
  }
  batch_view_.values = floats_.data();
  return true;
}

}  // namespace wavernn_tf
