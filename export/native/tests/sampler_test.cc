#include "kernels/sampler.h"

#include <cmath>
#include <vector>

#include "tests/check.h"

using namespace wavernn_tf;

namespace {

std::vector<float> Logits() {
  std::vector<float> logits(kClasses);
  for (int k = 0; k < kClasses; ++k) logits[k] = std::sin(0.7f * k) * 3.0f;
  return logits;
}

void TestDrawEdges() {
  std::vector<float> weights(kClasses, 0.0f);
  weights[3] = 1.0f;
  weights[9] = 3.0f;
  CHECK(DrawClass(weights.data(), 0.0f) == 3);
  CHECK(DrawClass(weights.data(), 0.2499999f) == 3);
  CHECK(DrawClass(weights.data(), 0.25f) == 9);  // the sum must exceed
  CHECK(DrawClass(weights.data(), 1.0f - 1.0f / 16777216.0f) == 9);
  CHECK(DrawClass(weights.data(), 1.0f) == 9);  // rounding left none
  const std::vector<float> nans(kClasses, NAN);
  CHECK(DrawClass(nans.data(), 0.5f) == 0);
}

// Every class comes as often as its probability says.
void TestDrawFrequencies() {
  const std::vector<float> logits = Logits();
  std::vector<float> weights(kClasses);
  SoftmaxWeightsScalar(logits.data(), 0.8f, weights.data());
  double total = 0.0;
  for (float w : weights) total += w;
  const int draws = 1 << 16;
  std::vector<int> counts(kClasses);
  for (int i = 0; i < draws; ++i) {
    ++counts[DrawClass(weights.data(), (i + 0.5f) / draws)];
  }
  for (int k = 0; k < kClasses; ++k) {
    // An even grid of uniforms misses by two at most, plus rounding.
    CHECK(std::fabs(counts[k] - draws * weights[k] / total) <= 3.0);
  }
}

void TestWeights() {
  const std::vector<float> logits = Logits();
  std::vector<float> weights = logits;
  SoftmaxWeightsScalar(weights.data(), 1e-30f, weights.data());  // in place
  for (int k = 0; k < kClasses; ++k) {
    CHECK(weights[k] == (k == ArgMax(logits.data()) ? 1.0f : 0.0f));
  }
}

void TestArgMax() {
  std::vector<float> logits(kClasses, -1.0f);
  logits[7] = logits[200] = 2.0f;
  CHECK(ArgMax(logits.data()) == 7);
}

void TestLogProbability() {
  std::vector<float> logits = Logits();
  for (float& logit : logits) logit += 500.0f;  // would overflow unshifted
  double total = 0.0;
  for (int k = 0; k < kClasses; ++k) {
    total += std::exp(static_cast<double>(LogProbability(logits.data(), k)));
  }
  CHECK(std::fabs(total - 1.0) < 1e-4);  // float32 at 500: 3e-5 each
  const std::vector<float> flat(kClasses, 0.25f);
  CHECK(std::fabs(LogProbability(flat.data(), 17) + std::log(256.0f)) < 1e-6);
}

}  // namespace

int main() {
  TestDrawEdges();
  TestDrawFrequencies();
  TestWeights();
  TestArgMax();
  TestLogProbability();
  return Failures();
}
