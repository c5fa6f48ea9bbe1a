#include "kernels/sampler.h"

#include <cmath>

namespace wavernn_tf {

void SoftmaxWeightsScalar(const float* logits, float temperature,
                          float* weights) {
  const float highest = logits[ArgMax(logits)];
  for (int k = 0; k < kClasses; ++k) {
    weights[k] = std::exp((logits[k] - highest) / temperature);
  }
}

int DrawClass(const float* weights, float uniform) {
  float total = 0.0f;
  for (int k = 0; k < kClasses; ++k) total += weights[k];
  const float threshold = uniform * total;
  float sum = 0.0f;
  int last_positive = 0;
  for (int k = 0; k < kClasses; ++k) {
    sum += weights[k];
    if (sum > threshold) return k;
    if (weights[k] > 0.0f) last_positive = k;
  }
  return last_positive;
}

int ArgMax(const float* logits) {
  int best = 0;
  for (int k = 1; k < kClasses; ++k) {
    if (logits[k] > logits[best]) best = k;
  }
  return best;
}

float LogProbability(const float* logits, int label) {
  const float highest = logits[ArgMax(logits)];
  double total = 0.0;
  for (int k = 0; k < kClasses; ++k) total += std::exp(logits[k] - highest);
  return (logits[label] - highest) - static_cast<float>(std::log(total));
}

}  // namespace wavernn_tf
