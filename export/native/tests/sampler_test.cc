#include "kernels/sampler.h"

#include <array>
#include <cmath>
#include <vector>

#include "kernels/kernel_table.h"
#include "tests/check.h"

using namespace wavernn_tf;

namespace {

std::vector<float> Logits() {
  std::vector<float> logits(kClasses);
  for (int k = 0; k < kClasses; ++k) logits[k] = std::sin(0.7f * k) * 3.0f;
  return logits;
}

using Totals = std::array<float, kClassGroups>;

// A draw whose group totals are plain sums.
int Draw(const std::vector<float>& weights, float uniform) {
  Totals totals = {};
  for (int k = 0; k < kClasses; ++k) totals[k / 16] += weights[k];
  return DrawClass(weights.data(), totals.data(), uniform);
}

void TestDrawEdges() {
  std::vector<float> weights(kClasses, 0.0f);
  weights[3] = 1.0f;
  weights[9] = 3.0f;
  CHECK(Draw(weights, 0.0f) == 3);
  CHECK(Draw(weights, 0.2499999f) == 3);
  CHECK(Draw(weights, 0.25f) == 9);  // the sum must exceed
  CHECK(Draw(weights, 1.0f - 1.0f / 16777216.0f) == 9);
  CHECK(Draw(weights, 1.0f) == 9);  // rounding left none
  const std::vector<float> nans(kClasses, NAN);
  CHECK(Draw(nans, 0.5f) == 0);
}

// Every class comes as often as its probability says.
void TestDrawFrequencies() {
  const std::vector<float> logits = Logits();
  std::vector<float> weights(kClasses);
  Totals totals;
  ScalarKernels().softmax(
      {logits.data(), InverseTemperature(0.8f), weights.data(), totals.data()});
  double total = 0.0;
  for (float w : weights) total += w;
  const int draws = 1 << 16;
  std::vector<int> counts(kClasses);
  for (int i = 0; i < draws; ++i) {
    ++counts[DrawClass(weights.data(), totals.data(), (i + 0.5f) / draws)];
  }
  for (int k = 0; k < kClasses; ++k) {
    // An even grid of uniforms misses by two at most, plus rounding.
    CHECK(std::fabs(counts[k] - draws * weights[k] / total) <= 3.0);
  }
}

void TestWeights() {
  const std::vector<float> logits = Logits();
  for (float temperature : {1e-30f, 1e-44f}) {
    std::vector<float> weights = logits;
    Totals totals;
    ScalarKernels().softmax({weights.data(), InverseTemperature(temperature),
                             weights.data(), totals.data()});  // in place
    for (int k = 0; k < kClasses; ++k) {
      CHECK(weights[k] == (k == ArgMax(logits.data()) ? 1.0f : 0.0f));
    }
  }
}

void TestArgMax() {
  std::vector<float> logits(kClasses, -1.0f);
  logits[7] = logits[200] = 2.0f;
  CHECK(ArgMax(logits.data()) == 7);
}

float Likelihood(const std::vector<float>& logits, int label) {
  std::vector<float> weights(kClasses);
  Totals totals;
  const float highest = ScalarKernels().softmax(
      {logits.data(), 1.0f, weights.data(), totals.data()});
  return LogProbability(logits[label], highest, totals.data());
}

void TestLogProbability() {
  std::vector<float> logits = Logits();
  for (float& logit : logits) logit += 500.0f;  // would overflow unshifted
  double total = 0.0;
  for (int k = 0; k < kClasses; ++k) {
    total += std::exp(static_cast<double>(Likelihood(logits, k)));
  }
  CHECK(std::fabs(total - 1.0) < 1e-4);  // float32 at 500: 3e-5 each
  const std::vector<float> flat(kClasses, 0.25f);
  CHECK(std::fabs(Likelihood(flat, 17) + std::log(256.0f)) < 1e-6);
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
