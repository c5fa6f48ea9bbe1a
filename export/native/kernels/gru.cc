#include "kernels/gru.h"

#include <cmath>

namespace wavernn_tf {
namespace {

inline float Sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

// 1 - 2 / (1 + exp(2x)): within 2^-22 of tanh, absolutely, as the rounding of
// the state is; several times faster than glibc's tanhf.
inline float Tanh(float x) { return 1.0f - 2.0f / (1.0f + std::exp(2.0f * x)); }

// The input of gate output i: everything but the recurrence.
template <bool kFine>
inline float GateInput(const GateParams& p, int i) {
  const int width = 3 * p.state_size;
  float x = p.coarse_previous * p.input_kernel[i] +
            p.fine_previous * p.input_kernel[width + i];
  if constexpr (kFine) x += p.coarse_now * p.input_kernel[2 * width + i];
  return x + p.gates[i];
}

template <bool kFine>
void HalfGates(const GateParams& p) {
  const int half = p.state_size / 2;
  const int begin = kFine ? half : 0;
  for (int i = begin; i < begin + half; ++i) {
    const int r_index = p.state_size + i;
    const int e_index = 2 * p.state_size + i;
    const float u = Sigmoid(GateInput<kFine>(p, i) +
                            (p.recurrent[i] + p.recurrent_bias[i]));
    const float r = Sigmoid(GateInput<kFine>(p, r_index) +
                            (p.recurrent[r_index] + p.recurrent_bias[r_index]));
    const float e =
        Tanh(GateInput<kFine>(p, e_index) +
             r * (p.recurrent[e_index] + p.recurrent_bias[e_index]));
    p.h[i] = u * p.h[i] + (1.0f - u) * e;
  }
}

}  // namespace

void CoarseGatesScalar(const GateParams& params) { HalfGates<false>(params); }

void FineGatesScalar(const GateParams& params) { HalfGates<true>(params); }

}  // namespace wavernn_tf
