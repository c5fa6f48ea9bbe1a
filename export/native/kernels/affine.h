// Dense affine map of many rows: the work-horse of the conditioning network.
#ifndef WAVERNN_TF_KERNELS_AFFINE_H_
#define WAVERNN_TF_KERNELS_AFFINE_H_

#include <cstdint>

namespace wavernn_tf {

// A kernel [depth, width] is read in panels of so many outputs, which lie one
// after the other, each row after row: [depth, kPanel]. The last one is as wide
// as what is left.
constexpr int kPanel = 32;

struct PanelPlace {
  int64_t first;  // element: of input 0
  int stride;     // from an input to the next
};
static constexpr PanelPlace PlaceInPanel(int depth, int width, int o) {
  const int start = o / kPanel * kPanel;
  const int rest = width - start;
  return {int64_t{start} * depth + (o - start), rest < kPanel ? rest : kPanel};
}

// out[t][o] = act(bias[o] + sum_d in[t][d] * kernel[d][o]), d ascending.
// Row t of `in` starts at in + t * in_stride (rows may overlap: that is a
// convolution) and row t of `out` at out + t * out_stride. Strides count
// floats. Natural alignment, no over-read. Every output has one accumulator
// that starts at its bias and takes fused multiply-adds, so its bits depend
// neither on `rows` nor on the instruction set.
struct AffineParams {
  const float* in;
  int64_t in_stride;
  const float* kernel;  // [depth, width] in panels
  const float* bias;    // [width]
  float* out;
  int64_t out_stride;
  int64_t rows;
  int depth;
  int width;
  bool relu;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_AFFINE_H_
