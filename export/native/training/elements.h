// What training does to single values: the gates and the softmax, forward and
// backward, for any vector type of vector_scalar.h. See group.h.
#ifndef WAVERNN_TF_TRAINING_ELEMENTS_H_
#define WAVERNN_TF_TRAINING_ELEMENTS_H_

#include <math.h>

#include <cstddef>
#include <cstdint>

#include "base/unroll.h"
#include "kernels/simd/vector_math.h"
#include "training/group.h"
#include "training/products.h"

namespace wavernn_tf {

template <typename V>
struct TrainingElements {
  using F = typename V::F;
  using Math = VectorMath<V>;

  static F One() { return V::Broadcast(1.0f); }

  // 1 / (1 + exp(-x)). Absolute error below 2^-20.
  WAVERNN_TF_INLINE static F Sigmoid(F x) { return Math::Gated(One(), x); }

  // (t - 1) / (t + 1), t = exp(2 x). Absolute error below 2^-19.
  WAVERNN_TF_INLINE static F Tanh(F x) {
    const auto t = Math::template BoundedExp<2>(V::Bound(x, Math::kTanhEnd));
    return V::Div(V::Fma(t.p, t.power, V::Broadcast(-1.0f)),
                  V::Fma(t.p, t.power, One()));
  }

  // Activations of one step in place, and the next state.
  //   u, r, e, m [H][16]: R h + I x + G of u and r, I x + G of e, and m.
  static void Gates(int units, const float* h, float* u, float* r, float* e,
                    const float* m, float* next) {
    for (int i = 0; i < 16 * units; i += 16) {
      const F gate = Sigmoid(V::Load(u + i));
      const F reset = Sigmoid(V::Load(r + i));
      const F candidate = Tanh(V::Fma(reset, V::Load(m + i), V::Load(e + i)));
      V::Store(u + i, gate);
      V::Store(r + i, reset);
      V::Store(e + i, candidate);
      V::Store(next + i,
               V::Fma(gate, V::Sub(V::Load(h + i), candidate), candidate));
    }
  }

  // Gradients before the activations from that of the state.
  //   dh: of h_t. gate: of u, r, e and m. inputs [3H][16]: added to.
  //   before: of h_{t-1} as far as it does not pass through R.
  static void GatesBackward(int units, const float* h, const float* u,
                            const float* r, const float* e, const float* m,
                            const float* heads, float* carried,
                            const LaneRows* gate, float* inputs) {
    for (int row = 0; row < units; ++row) {
      const int i = 16 * row;
      const F dh = V::Add(V::Load(carried + i), V::Load(heads + i));
      const F gate_u = V::Load(u + i), gate_r = V::Load(r + i);
      const F candidate = V::Load(e + i);
      const F kept = V::Mul(dh, gate_u);
      const F slope_u = V::Mul(gate_u, V::Sub(One(), gate_u));
      const F du =
          V::Mul(V::Mul(dh, V::Sub(V::Load(h + i), candidate)), slope_u);
      const F de =
          V::Mul(V::Sub(dh, kept), V::NegFma(candidate, candidate, One()));
      const F dm = V::Mul(de, gate_r);
      const F dr = V::Mul(V::Mul(dm, V::Load(m + i)), V::Sub(One(), gate_r));
      V::Store(carried + i, kept);
      V::Store(gate[0].Row(row), du);
      V::Store(gate[1].Row(row), dr);
      V::Store(gate[2].Row(row), de);
      V::Store(gate[3].Row(row), dm);
      const F sums[] = {du, dr, de};
      WAVERNN_TF_UNROLL
      for (int g = 0; g < kTrainingGates; ++g) {
        float* const out =
            inputs + (static_cast<std::size_t>(g) * units + row) * 16;
        V::Store(out, V::Add(V::Load(out), sums[g]));
      }
    }
  }

  static void Rectify(int rows, float* values) {
    for (int i = 0; i < 16 * rows; i += 16) {
      V::Store(values + i, V::Max(V::Load(values + i), V::Zero()));
    }
  }

  // gradient where the value is above zero, else nothing.
  static void RectifyBackward(int rows, const float* values,
                              LaneRows gradient) {
    for (int row = 0; row < rows; ++row) {
      float* const g = gradient.Row(row);
      const F closed = V::NotAbove(V::Load(values + 16 * row), V::Zero());
      V::Store(g, V::Mul(V::Load(g), V::Sub(One(), closed)));
    }
  }

  // Cross entropy of 256 logits a lane, in bits, added to `bits`; the gradient
  // of `scale` times it is written if `backward`. Classes from `limits` [16] on
  // have no probability; null: there are none.
  static void Softmax(float* logits, const int32_t* classes,
                      const float* limits, int lanes, float scale,
                      bool backward, float* exponentials, LaneRows gradient,
                      double* bits) {
    constexpr int kAll = kTrainingClasses * 16;
    if (limits != nullptr) {
      const F limit = V::Load(limits);
      for (int k = 0; k < kTrainingClasses; ++k) {
        const F outside = V::Sub(
            One(), V::NotAbove(V::Broadcast(static_cast<float>(k + 1)), limit));
        // Finite, so that nothing becomes NaN; far below every logit.
        V::Store(logits + 16 * k, V::NegFma(outside, V::Broadcast(1e30f),
                                            V::Load(logits + 16 * k)));
      }
    }
    F highest[4];
    WAVERNN_TF_UNROLL
    for (int j = 0; j < 4; ++j) highest[j] = V::Load(logits + 16 * j);
    for (int i = 64; i < kAll; i += 64) {
      WAVERNN_TF_UNROLL
      for (int j = 0; j < 4; ++j) {
        highest[j] = V::Max(V::Load(logits + i + 16 * j), highest[j]);
      }
    }
    const F most =
        V::Max(V::Max(highest[0], highest[1]), V::Max(highest[2], highest[3]));
    F sum[4];
    WAVERNN_TF_UNROLL
    for (int j = 0; j < 4; ++j) sum[j] = V::Zero();
    for (int i = 0; i < kAll; i += 64) {
      WAVERNN_TF_UNROLL
      for (int j = 0; j < 4; ++j) {
        const F value =
            Math::NegativeExp(V::Sub(V::Load(logits + i + 16 * j), most));
        V::Store(exponentials + i + 16 * j, value);
        sum[j] = V::Add(sum[j], value);
      }
    }
    const F total = V::Add(V::Add(sum[0], sum[1]), V::Add(sum[2], sum[3]));
    alignas(64) float totals[16], maxima[16];
    V::Store(totals, total);
    V::Store(maxima, most);
    constexpr double kPerNat = 1.4426950408889634;
    for (int lane = 0; lane < lanes; ++lane) {
      const double logit = logits[16 * classes[lane] + lane];
      bits[lane] += kPerNat * (::log(static_cast<double>(totals[lane])) +
                               static_cast<double>(maxima[lane]) - logit);
    }
    if (!backward) return;
    // Padded lanes have no gradient.
    alignas(64) float scales[16];
    for (int lane = 0; lane < 16; ++lane) {
      scales[lane] = lane < lanes ? scale : 0.0f;
    }
    const F factor = V::Div(V::Load(scales), total);
    for (int row = 0; row < kTrainingClasses; ++row) {
      V::Store(gradient.Row(row),
               V::Mul(V::Load(exponentials + 16 * row), factor));
    }
    for (int lane = 0; lane < lanes; ++lane) {
      gradient.Row(classes[lane])[lane] -= scale;
    }
  }

  // gradient [rows] += the sum over lanes and `count` steps.
  static void BiasGradient(int rows, LaneRows dy, int count, float* gradient) {
    for (int row = 0; row < rows; row += 16) {
      const float* const d = dy.Row(row);
      F sum[16];
      for (int o = 0; o < 16; ++o) sum[o] = V::Load(d + 16 * o);
      for (int step = 1; step < count; ++step) {
        for (int o = 0; o < 16; ++o) {
          sum[o] = V::Add(sum[o], V::Load(d + 256 * step + 16 * o));
        }
      }
      V::Store(gradient + row, V::Add(V::Load(gradient + row), V::Totals(sum)));
    }
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TRAINING_ELEMENTS_H_
