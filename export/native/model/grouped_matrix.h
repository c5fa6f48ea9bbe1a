// Block-sparse matrices laid out for the kernels (multiply.h).
//
// Block rows, of one matrix or of several that read the same inputs, are sorted
// by length, longest first, and taken several at a time: a group. In a group
// the rows' blocks lie side by side, so that weights are read strictly in
// sequence, four sums run at once and the trip count seldom changes. The
// shorter rows of a group are filled up with zeros.
#ifndef WAVERNN_TF_MODEL_GROUPED_MATRIX_H_
#define WAVERNN_TF_MODEL_GROUPED_MATRIX_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "base/aligned_array.h"
#include "kernels/block_sparse.h"
#include "kernels/multiply.h"

namespace wavernn_tf {

struct KernelTable;

// One matrix of a group's origin. Its output o, with o / 16 = a, goes to
// y[first_output + a * stride + o % 16]; stride 16 leaves no gaps.
struct GroupedPart {
  const BlockSparse* matrix;
  const float* bias;  // or null: of all parts or of none
  int first_output = 0;
  int stride = 16;
};

class GroupedMatrix {
 public:
  // `parts` have one block shape and weight type and read the same x; `outputs`
  // is the size of y; `vectors` is that of the kernels (kernel_table.h).
  // Returns false when memory runs out.
  bool Build(const std::vector<GroupedPart>& parts, int outputs,
             const KernelTable& kernels);

  // The same as several matrices with some kPieceBytes of weights each, longest
  // rows first, which are added to `pieces`.
  static bool BuildPieces(const std::vector<GroupedPart>& parts, int outputs,
                          const KernelTable& kernels,
                          std::deque<GroupedMatrix>& pieces);
  static constexpr int kPieceBytes = 128 << 10;

  BlockShape shape() const { return shape_; }
  WeightType type() const { return type_; }
  bool gathered() const { return gathered_; }
  InputForm form() const { return FormOf(type_, shape_); }
  const GroupedView& view() const { return view_; }

  // For the kernels of 16 streams: of bfloat16 the values are float32, which
  // Widen makes. It returns false when memory runs out.
  bool Widen();
  const GroupedView& batch_view() const { return batch_view_; }

 private:
  struct Row;
  struct Layout;
  static std::vector<Row> SortedRows(const std::vector<GroupedPart>& parts,
                                     const Layout& layout);
  bool BuildRows(const std::vector<Row>& rows, const Layout& layout,
                 int outputs);
  bool Reserve(const std::vector<Row>& rows, const Layout& layout,
               bool has_bias);
  void FillOutputs(const std::vector<Row>& rows, const Layout& layout,
                   int outputs);
  void FillColumns(const Row& row, const Layout& layout, std::size_t step,
                   int32_t steps, int place);
  template <typename T>
  void FillValues(const Row& row, const Layout& layout, std::size_t step,
                  int place, T* values);
  void FillOffsets(const Layout& layout);
  void PairHalves();

  BlockShape shape_ = BlockShape::k16x1;
  WeightType type_ = WeightType::kFloat32;
  bool gathered_ = false;
  AlignedArray<int32_t> steps_;
  AlignedArray<int32_t> lengths_;
  AlignedArray<uint16_t> columns_;
  AlignedArray<float> floats_;    // float32
  AlignedArray<uint32_t> pairs_;  // bfloat16
  AlignedArray<int8_t> bytes_;    // int8
  AlignedArray<int16_t> shorts_;  // int16
  AlignedArray<int32_t> outputs_;
  AlignedArray<float> bias_;
  AlignedArray<float> scales_;
  AlignedArray<int32_t> offsets_;
  GroupedView view_ = {};
  GroupedView batch_view_ = {};
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_MODEL_GROUPED_MATRIX_H_
