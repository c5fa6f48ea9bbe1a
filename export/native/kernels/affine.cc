#include "kernels/affine.h"

#include <algorithm>

namespace wavernn_tf {
namespace {

constexpr int kLanes = 16;
constexpr int kTileRows = 2;  // 2 x 16 accumulators fit 16 SSE registers

// kRows rows of `lanes` outputs from row t and output o. kFull: lanes is 16.
template <int kRows, bool kFull>
void Tile(const AffineParams& p, int64_t t, int o, int lanes) {
  const int count = kFull ? kLanes : lanes;
  float sums[kRows][kLanes];
  for (int row = 0; row < kRows; ++row) {
    for (int lane = 0; lane < count; ++lane) sums[row][lane] = p.bias[o + lane];
  }
  const float* __restrict in = p.in + t * p.in_stride;
  const float* __restrict w = p.kernel + o;
  for (int d = 0; d < p.depth; ++d, w += p.width) {
    for (int row = 0; row < kRows; ++row) {
      const float x = in[row * p.in_stride + d];
      for (int lane = 0; lane < count; ++lane) sums[row][lane] += x * w[lane];
    }
  }
  for (int row = 0; row < kRows; ++row) {
    float* __restrict out = p.out + (t + row) * p.out_stride + o;
    for (int lane = 0; lane < count; ++lane) {
      out[lane] = p.relu ? std::max(sums[row][lane], 0.0f) : sums[row][lane];
    }
  }
}

template <bool kFull>
void Column(const AffineParams& p, int o, int lanes) {
  int64_t t = 0;
  for (; t + kTileRows <= p.rows; t += kTileRows) {
    Tile<kTileRows, kFull>(p, t, o, lanes);
  }
  for (; t < p.rows; ++t) Tile<1, kFull>(p, t, o, lanes);
}

}  // namespace

void AffineScalar(const AffineParams& params) {
  int o = 0;
  for (; o + kLanes <= params.width; o += kLanes) {
    Column<true>(params, o, kLanes);
  }
  if (o < params.width) Column<false>(params, o, params.width - o);
}

}  // namespace wavernn_tf
