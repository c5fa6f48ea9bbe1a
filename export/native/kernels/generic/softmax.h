// Softmax weights and draws (sampler.h), written once for any vector type of
// vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_GENERIC_SOFTMAX_H_
#define WAVERNN_TF_KERNELS_GENERIC_SOFTMAX_H_

#include "base/unroll.h"
#include "kernels/generic/rows.h"
#include "kernels/multiply.h"
#include "kernels/sampler.h"
#include "kernels/simd/vector_math.h"

namespace wavernn_tf {

template <typename V>
struct SoftmaxOf {
  using F = typename V::F;
  using Math = VectorMath<V>;
  static constexpr int kGroup = kClasses / kClassGroups;
  static_assert(kGroup == 16 && kBatchLanes == 16);

  // The largest of so many vectors, 16 at a time.
  static F LargestAmong(const float* logits, int count) {
    F top = V::Load(logits);
    for (int i = 0; i < count; i += 16) {
      F v[16];
      WAVERNN_TF_UNROLL
      for (int k = 0; k < 16; ++k) v[k] = V::Load(logits + 16 * (i + k));
      top = V::Max(top, LargestOf<V, 16>(v));
    }
    return top;
  }

  static float Softmax(const SoftmaxParams& p) {
    const float highest = V::Largest(LargestAmong(p.logits, kClassGroups));
    const F shift = V::Broadcast(highest);
    const F scale = V::Broadcast(p.scale);
    F weights[kClassGroups];
    WAVERNN_TF_UNROLL
    for (int g = 0; g < kClassGroups; ++g) {
      const F x = V::Sub(V::Load(p.logits + kGroup * g), shift);
      weights[g] = Math::NegativeExp(V::Mul(x, scale));
      V::Store(p.weights + kGroup * g, weights[g]);
    }
    V::Store(p.totals, V::Totals(weights));
    return highest;
  }

  static int Draw(const DrawParams& p) {
    alignas(64) float ends[2 * kClassGroups];  // after a zero in the middle
    float* const end = ends + kClassGroups;
    const F sums = V::Prefix(V::Load(p.totals));
    end[-1] = 0.0f;
    V::Store(end, sums);
    const F threshold = V::Broadcast(p.uniform * end[kClassGroups - 1]);
    const int group = V::CountNotAbove(sums, threshold);
    if (group == kClassGroups) return LastPositive(p.weights, group);
    const F weights = V::Load(p.weights + kGroup * group);
    const F before = V::Broadcast(end[group - 1]);
    const F running = V::Add(before, V::Prefix(weights));
    const int inside = V::CountNotAbove(running, threshold);
    if (inside == kGroup) return LastPositive(p.weights, group);
    return kGroup * group + inside;
  }

  // ------------------------------------------------------ lanes are streams

  // V::Totals and V::Prefix of every lane's 16 values.
  static F TotalOf(F* v) {
    for (int width = 8; width > 0; width /= 2) {
      for (int i = 0; i < width; ++i) v[i] = V::Add(v[i], v[i + width]);
    }
    return v[0];
  }
  static void MakePrefix(F* v) {
    for (int width = 1; width < 16; width *= 2) {
      for (int i = 0; i < 16; ++i) {
        if (i & width) v[i] = V::Add(v[i], v[(i | (width - 1)) - width]);
      }
    }
  }
  static F CountNotAbove(const F* v, F threshold) {
    F count = V::Zero();
    for (int i = 0; i < 16; ++i) {
      count = V::Add(count, V::NotAbove(v[i], threshold));
    }
    return count;
  }

  // Where the draws fall: weights [256, 16], and of every lane the running sums
  // of its groups.
  static void Search(const float* weights, const F* ends, F uniform,
                     float* to_group, float* to_inside) {
    const F threshold = V::Mul(uniform, ends[kClassGroups - 1]);
    const F group = CountNotAbove(ends, threshold);
    // Of every lane its own group: 1 times its values, 0 times all others.
    F own[kClassGroups];
    F before = V::Zero();
    for (int g = 0; g < kClassGroups; ++g) {
      const F index = V::Broadcast(static_cast<float>(g));
      own[g] = V::Mul(V::NotAbove(group, index), V::NotAbove(index, group));
      if (g > 0) before = V::Fma(own[g], ends[g - 1], before);
    }
    F running[kGroup];
    for (int k = 0; k < kGroup; ++k) {
      running[k] = V::Zero();
      for (int g = 0; g < kClassGroups; ++g) {
        const float* const weight = weights + kBatchLanes * (kGroup * g + k);
        running[k] = V::Fma(own[g], V::Load(weight), running[k]);
      }
    }
    MakePrefix(running);
    for (int k = 0; k < kGroup; ++k) running[k] = V::Add(before, running[k]);
    V::Store(to_group, group);
    V::Store(to_inside, CountNotAbove(running, threshold));
  }

  template <bool kMedian>
  static void DrawBatch(const BatchDrawParams& p) {
    const F highest = LargestAmong(p.logits, kClasses);
    const F scale = V::Load(p.scale);
    F ends[kClassGroups];
    for (int g = 0; g < kClassGroups; ++g) {
      F weights[kGroup];
      for (int k = 0; k < kGroup; ++k) {
        float* const logit = p.logits + kBatchLanes * (kGroup * g + k);
        const F x = V::Sub(V::Load(logit), highest);
        weights[k] = Math::NegativeExp(V::Mul(x, scale));
        V::Store(logit, weights[k]);
      }
      ends[g] = TotalOf(weights);
    }
    MakePrefix(ends);
    Search(p.logits, ends, V::Load(p.uniform), p.group, p.inside);
    if constexpr (kMedian) {
      Search(p.logits, ends, V::Broadcast(0.5f), p.median_group,
             p.median_inside);
    }
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERIC_SOFTMAX_H_
