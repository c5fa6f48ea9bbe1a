#include "kernels/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wavernn_tf {

float InverseTemperature(float temperature) {
  return std::min(1.0f / temperature, std::numeric_limits<float>::max());
}

int LastPositive(const float* weights, int group) {
  constexpr int kGroup = kClasses / kClassGroups;
  const bool all = group == kClassGroups;
  const int begin = all ? 0 : group * kGroup;
  const int end = all ? kClasses : begin + kGroup;
  for (int k = end - 1; k > begin; --k) {
    if (weights[k] > 0.0f) return k;
  }
  return begin;
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
