// Matrices of the training kernels, packed from Keras's dense ones and back.
#ifndef WAVERNN_TF_TRAINING_PACKED_H_
#define WAVERNN_TF_TRAINING_PACKED_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned_array.h"
#include "training/group.h"

namespace wavernn_tf {

// Where the weights of a matrix lie: that of input i and output o at
// [i * stride + o].
struct DenseLayout {
  BlockShape shape;
  int rows, cols;  // outputs and inputs
  std::size_t stride;
};

class PackedMatrix {
 public:
  // Keeps the blocks of which `keep(first output, first input)` holds. Outputs
  // are padded with zeros to whole blocks. Returns false when memory runs out.
  template <typename Keep>
  bool Pack(const DenseLayout& layout, const float* weights, Keep keep);

  TrainingMatrix view() const;
  std::size_t size() const { return used_; }  // weights that are kept

  // The sum of packed gradients, in their order, at the places of the weights;
  // `dense` is zero elsewhere already.
  void Unpack(const std::vector<const float*>& gradients, float* dense) const;

 private:
  int block_rows() const {
    const int out = BlockOut(layout_.shape);
    return (layout_.rows + out - 1) / out;
  }

  DenseLayout layout_ = {};
  std::vector<int32_t> offsets_, columns_;
  AlignedArray<float> values_;
  std::size_t used_ = 0;
};

template <typename Keep>
bool PackedMatrix::Pack(const DenseLayout& layout, const float* weights,
                        Keep keep) {
  layout_ = layout;
  const int out = BlockOut(layout.shape), in = BlockIn(layout.shape);
  offsets_.assign(1, 0);
  columns_.clear();
  for (int row = 0; row < block_rows(); ++row) {
    for (int column = 0; column < layout.cols / in; ++column) {
      if (keep(row * out, column * in)) columns_.push_back(column);
    }
    offsets_.push_back(static_cast<int32_t>(columns_.size()));
  }
  used_ = columns_.size() * static_cast<std::size_t>(out) * in;
  if (values_.size() < used_ && !values_.Resize(used_)) return false;
  float* value = values_.data();
  for (int row = 0; row < block_rows(); ++row) {
    for (int32_t b = offsets_[row]; b < offsets_[row + 1]; ++b) {
      for (int i = 0; i < in; ++i) {
        const float* const source =
            weights +
            (static_cast<std::size_t>(columns_[b]) * in + i) * layout.stride;
        for (int o = row * out; o < (row + 1) * out; ++o) {
          *value++ = o < layout.rows ? source[o] : 0.0f;
        }
      }
    }
  }
  return true;
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TRAINING_PACKED_H_
