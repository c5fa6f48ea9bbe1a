// The masked gates of the dual-softmax GRU. Gates in the order u, r, e; the
// coarse half of the state is [0, H/2), the fine half [H/2, H).
#ifndef WAVERNN_TF_KERNELS_GRU_H_
#define WAVERNN_TF_KERNELS_GRU_H_

namespace wavernn_tf {

// One half of the state, with H = state_size:
//   x_g = gates_g + c_{t-1} K0_g + f_{t-1} K1_g (+ c_t K2_g, fine half only)
//   u = sigmoid(x_u + q_u),  r = sigmoid(x_r + q_r),  q_g = R_g h + b_g
//   e = tanh(x_e + r * q_e)
//   h = u * h + (1 - u) * e
// x_g is built by fused multiply-adds on gates_g in the order above; the
// functions are those of vector_math.h. Natural alignment, no over-read; `h`
// and `repeated` overlap nothing else.
struct GateParams {
  const float* gates;         // [3H] conditioning and input bias
  const float* recurrent;     // [3H] q_g, before any half was updated
  const float* input_kernel;  // [3, 3H]: rows for c_{t-1}, f_{t-1}, c_t
  float* h;                   // [H] updated in place, this half only
  float* repeated;            // [4H] each value of h four times; or null
  int state_size;
  float coarse_previous;  // network inputs, in [-1, 1]
  float fine_previous;
  float coarse_now;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GRU_H_
