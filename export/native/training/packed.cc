#include "training/packed.h"

namespace wavernn_tf {

TrainingMatrix PackedMatrix::view() const {
  TrainingMatrix matrix;
  matrix.shape = layout_.shape;
  matrix.rows = block_rows() * BlockOut(layout_.shape);
  matrix.cols = layout_.cols;
  matrix.row_offsets = offsets_.data();
  matrix.columns = columns_.data();
  matrix.values = values_.data();
  return matrix;
}

void PackedMatrix::Unpack(const std::vector<const float*>& gradients,
                          float* dense) const {
  const int out = BlockOut(layout_.shape), in = BlockIn(layout_.shape);
  std::size_t k = 0;
  for (int row = 0; row < block_rows(); ++row) {
    for (int32_t b = offsets_[row]; b < offsets_[row + 1]; ++b) {
      for (int i = 0; i < in; ++i) {
        float* const target =
            dense +
            (static_cast<std::size_t>(columns_[b]) * in + i) * layout_.stride;
        for (int o = row * out; o < (row + 1) * out; ++o, ++k) {
          if (o >= layout_.rows) continue;
          float sum = gradients[0][k];
          for (std::size_t g = 1; g < gradients.size(); ++g) {
            sum += gradients[g][k];
          }
          target[o] = sum;
        }
      }
    }
  }
}

}  // namespace wavernn_tf
