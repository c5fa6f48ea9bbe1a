// The masked gates of the dual-softmax GRU. Gates in the order u, r, e; the
// coarse half of the state is [0, H/2), the fine half [H/2, H).
#ifndef WAVERNN_TF_KERNELS_GRU_H_
#define WAVERNN_TF_KERNELS_GRU_H_

#include <cstdint>

#include "kernels/quantise.h"

namespace wavernn_tf {

// Arrays over the gates are kept by 16 units, so that a step reads them in
// sequence: unit i of gate g is element GateIndex(g, i) of an array of 3H.
constexpr int kGateStride = 48;
static constexpr int GateIndex(int gate, int unit) {
  return unit / 16 * kGateStride + 16 * gate + unit % 16;
}

// So many units of 16 streams go through the gates at once (or those that a
// half of the state has left), that what is computed for them stays close.
constexpr int kPartUnits = 64;
static constexpr int PartsOf(int units) {
  return (units + kPartUnits - 1) / kPartUnits;
}

// The rows for c_{t-1}, f_{t-1}, c_t of the input kernel: 9H elements.
static constexpr int InputKernelIndex(int row, int gate, int unit) {
  return 3 * (unit / 16 * kGateStride + 16 * gate) + 16 * row + unit % 16;
}

// One half of the state:
//   x_g = gates_g + c_{t-1} K0_g + f_{t-1} K1_g (+ c_t K2_g, fine half only)
//   u = sigmoid(x_u + q_u),  r = sigmoid(x_r + q_r),  q_g = R_g h
//   e = tanh(x_e + r * (q_e + b_e))
//   h = u * h + (1 - u) * e
// x_g is built by fused multiply-adds on gates_g in the order above; the
// functions are those of vector_math.h. Natural alignment, no over-read; `h`
// overlaps nothing else. H is a multiple of 32.
struct GateParams {
  const float* gates;         // [3H] conditioning, input bias, b_u and b_r
  const float* recurrent;     // [3H] q_g, before any half was updated
  const float* input_kernel;  // [9H]
  const float* bias;          // [H] b_e
  float* h;                   // [H] updated in place, this half only
  IntegerForms forms;         // h, of which this half is written
  int state_size;
  float coarse_previous;  // network inputs, in [-1, 1]
  float fine_previous;
  float coarse_now;
};

// A batch of 16 streams: every element of gates, recurrent and h is 16 floats,
// one per stream, and so is every network input. Of one half of the state the
// units first .. first + count - 1, multiples of 16; `gates` holds theirs
// alone.
struct BatchGateParams {
  int first;
  int count;
  const float* gates;  // [3 count, 16]
  const float* recurrent;
  const float* input_kernel;  // [9H], the same for all
  const float* bias;          // [H], the same for all
  float* h;
  const float* coarse_previous;
  const float* fine_previous;
  const float* coarse_now;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GRU_H_
