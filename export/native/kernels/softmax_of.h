// Softmax weights and draws (sampler.h), written once for any vector type of
// vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_SOFTMAX_OF_H_
#define WAVERNN_TF_KERNELS_SOFTMAX_OF_H_

#include "kernels/multiply.h"
#include "kernels/sampler.h"
#include "kernels/vector_math.h"

namespace wavernn_tf {

template <typename V>
struct SoftmaxOf {
  using F = typename V::F;
  using Math = VectorMath<V>;
  static constexpr int kGroup = kClasses / kClassGroups;
  static_assert(kGroup == 16 && kBatchLanes == 16);

  // The largest of 256 vectors, or of 16 with 16 lanes each.
  template <int kCount>
  static F LargestOf(const float* logits) {
    F top[4];
    for (int i = 0; i < 4; ++i) top[i] = V::Load(logits + 16 * i);
    for (int i = 4; i < kCount; ++i) {
      top[i % 4] = V::Max(top[i % 4], V::Load(logits + 16 * i));
    }
    return V::Max(V::Max(top[0], top[1]), V::Max(top[2], top[3]));
  }

  static float Softmax(const SoftmaxParams& p) {
    const float highest = V::Largest(LargestOf<kClassGroups>(p.logits));
    const F shift = V::Broadcast(highest);
    const F scale = V::Broadcast(p.scale);
    for (int g = 0; g < kClassGroups; ++g) {
      const F x = V::Sub(V::Load(p.logits + kGroup * g), shift);
      const F weights = Math::NegativeExp(V::Mul(x, scale));
      V::Store(p.weights + kGroup * g, weights);
      p.totals[g] = V::Sum(weights);
    }
    return highest;
  }

  // ------------------------------------------------------ lanes are streams

  // The sum of 16 vectors, lane by lane as V::Sum adds the lanes of one.
  static F SumOf(F* v) {
    for (int width = 8; width > 0; width /= 2) {
      for (int i = 0; i < width; ++i) v[i] = V::Add(v[i], v[i + width]);
    }
    return v[0];
  }

  static void DrawBatch(const BatchDrawParams& p) {
    const F highest = LargestOf<kClasses>(p.logits);
    const F scale = V::Load(p.scale);
    F sums[kClassGroups + 1];
    sums[0] = V::Zero();
    for (int g = 0; g < kClassGroups; ++g) {
      F weights[kGroup];
      for (int k = 0; k < kGroup; ++k) {
        float* const logit = p.logits + kBatchLanes * (kGroup * g + k);
        const F x = V::Sub(V::Load(logit), highest);
        weights[k] = Math::NegativeExp(V::Mul(x, scale));
        V::Store(logit, weights[k]);
      }
      sums[g + 1] = V::Add(sums[g], SumOf(weights));
    }
    const F threshold = V::Mul(V::Load(p.uniform), sums[kClassGroups]);
    F group = V::Zero();
    for (int g = 1; g <= kClassGroups; ++g) {
      group = V::Add(group, V::NotAbove(sums[g], threshold));
    }
    // Of the 16 running sums in every group only those in the lane's own count.
    F inside = V::Zero();
    for (int g = 0; g < kClassGroups; ++g) {
      const F index = V::Broadcast(static_cast<float>(g));
      const F own =
          V::Mul(V::NotAbove(group, index), V::NotAbove(index, group));
      F sum = sums[g];
      F below = V::Zero();
      for (int k = 0; k < kGroup; ++k) {
        sum = V::Add(sum, V::Load(p.logits + kBatchLanes * (kGroup * g + k)));
        below = V::Add(below, V::NotAbove(sum, threshold));
      }
      inside = V::Fma(own, below, inside);
    }
    V::Store(p.group, group);
    V::Store(p.inside, inside);
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_SOFTMAX_OF_H_
