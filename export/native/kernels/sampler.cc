#include "kernels/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wavernn_tf {
namespace {

constexpr int kGroupClasses = kClasses / kClassGroups;

// How many of the running sums from `sum` on do not exceed the threshold: they
// never fall, so the first that does comes next.
int CountUpTo(const float* terms, int count, float sum, float threshold) {
  int below = 0;
  for (int i = 0; i < count; ++i) {
    sum += terms[i];
    below += !(sum > threshold);
  }
  return below;
}

}  // namespace

float InverseTemperature(float temperature) {
  return std::min(1.0f / temperature, std::numeric_limits<float>::max());
}

int LastPositive(const float* weights, int group) {
  const bool all = group == kClassGroups;
  const int begin = all ? 0 : group * kGroupClasses;
  const int end = all ? kClasses : begin + kGroupClasses;
  for (int k = end - 1; k > begin; --k) {
    if (weights[k] > 0.0f) return k;
  }
  return begin;
}

int DrawClass(const float* weights, const float* totals, float uniform) {
  float sums[kClassGroups + 1] = {0.0f};  // before each group
  for (int g = 0; g < kClassGroups; ++g) sums[g + 1] = sums[g] + totals[g];
  const float threshold = uniform * sums[kClassGroups];
  int group = 0;
  for (int g = 1; g <= kClassGroups; ++g) group += !(sums[g] > threshold);
  if (group == kClassGroups) return LastPositive(weights, group);
  const int begin = group * kGroupClasses;
  const int k =
      CountUpTo(weights + begin, kGroupClasses, sums[group], threshold);
  if (k < kGroupClasses) return begin + k;
  return LastPositive(weights, group);
}

int ArgMax(const float* logits) {
  int best = 0;
  for (int k = 1; k < kClasses; ++k) {
    if (logits[k] > logits[best]) best = k;
  }
  return best;
}

float LogProbability(float logit, float highest, const float* totals) {
  double total = 0.0;
  for (int g = 0; g < kClassGroups; ++g) total += totals[g];
  return (logit - highest) - static_cast<float>(std::log(total));
}

}  // namespace wavernn_tf
