// Block-sparse matrices laid out for the kernels (multiply.h). A running
// instance makes them once from the model's matrices.
//
// Block rows, of one matrix or of several that read the same inputs, are
// sorted by length, longest first, and taken four at a time: a group. In a
// group the rows' blocks lie side by side, so that weights are read strictly
// in sequence, four sums run at once and the trip count seldom changes. The
// shorter rows of a group are filled up with blocks of zeros.
#ifndef WAVERNN_TF_KERNELS_GROUPED_MATRIX_H_
#define WAVERNN_TF_KERNELS_GROUPED_MATRIX_H_

#include <cstdint>
#include <vector>

#include "kernels/aligned_buffer.h"
#include "kernels/block_sparse.h"
#include "kernels/multiply.h"

namespace wavernn_tf {

// One matrix of a group's origin: y[first_output + o] = (W x)[o] + bias[o].
struct GroupedPart {
  const BlockSparse* matrix;
  const float* bias;
  int first_output;
};

class GroupedMatrix {
 public:
  // `parts` have one block shape and read the same x; `outputs` is the size of
  // y. Returns false when memory runs out.
  bool Build(const std::vector<GroupedPart>& parts, int outputs);

  BlockShape shape() const { return shape_; }
  const GroupedView& view() const { return view_; }
  // Blocks read per product, the zeros that fill up groups included.
  int64_t blocks() const { return static_cast<int64_t>(columns_.size()); }

 private:
  BlockShape shape_ = BlockShape::k16x1;
  std::vector<int32_t> steps_;
  std::vector<int32_t> outputs_;
  std::vector<uint16_t> columns_;
  AlignedBuffer values_;
  AlignedBuffer bias_;
  GroupedView view_ = {};
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GROUPED_MATRIX_H_
