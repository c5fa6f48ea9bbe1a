#include "kernels/block_sparse.h"

namespace wavernn_tf {
namespace {

constexpr int kLanes = 16;

// Sums the lanes that share an output, as the header states.
template <int kBlockOut>
void StoreRow(const float* lanes, float* y) {
  if constexpr (kBlockOut == kLanes) {
    for (int o = 0; o < kLanes; ++o) y[o] = lanes[o];
  } else {
    static_assert(kBlockOut == 4, "blocks are 16x1 or 4x4");
    for (int o = 0; o < 4; ++o) {
      y[o] = (lanes[o] + lanes[4 + o]) + (lanes[8 + o] + lanes[12 + o]);
    }
  }
}

template <int kBlockOut, int kBlockIn>
void Multiply(const BlockSparse& matrix, const float* __restrict x,
              float* __restrict y) {
  static_assert(kBlockOut * kBlockIn == kLanes, "a block has 16 weights");
  const int32_t* const offsets = matrix.row_offsets;
  const int16_t* const columns = matrix.columns;
  const int block_rows = matrix.rows / kBlockOut;
  for (int row = 0; row < block_rows; ++row) {
    float lanes[kLanes] = {};
    for (int32_t block = offsets[row]; block < offsets[row + 1]; ++block) {
      const float* __restrict w =
          matrix.values + static_cast<int64_t>(block) * kLanes;
      const float* __restrict inputs = x + columns[block] * kBlockIn;
      for (int i = 0; i < kBlockIn; ++i) {
        for (int o = 0; o < kBlockOut; ++o) {
          lanes[kBlockOut * i + o] += w[kBlockOut * i + o] * inputs[i];
        }
      }
    }
    StoreRow<kBlockOut>(lanes, y + row * kBlockOut);
  }
}

}  // namespace

void Multiply4x4Scalar(const BlockSparse& matrix, const float* x, float* y) {
  Multiply<4, 4>(matrix, x, y);
}

void Multiply16x1Scalar(const BlockSparse& matrix, const float* x, float* y) {
  Multiply<16, 1>(matrix, x, y);
}

}  // namespace wavernn_tf
