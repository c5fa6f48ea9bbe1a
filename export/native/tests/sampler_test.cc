#include "kernels/sampler.h"

#include <cmath>
#include <random>

#include "kernels/kernel_table.h"
#include "tests/helpers/check.h"
#include "tests/helpers/draw.h"
#include "tests/helpers/product.h"

using namespace wavernn_tf;

namespace {

Floats Logits() {
  Floats logits(kClasses);
  for (int k = 0; k < kClasses; ++k) logits[k] = std::sin(0.7f * k) * 3.0f;
  return logits;
}

// A draw whose group totals are plain sums, the same on every instruction set.
int Draw(const Floats& weights, float uniform) {
  Floats totals(kClassGroups);
  for (int k = 0; k < kClasses; ++k) totals[k / 16] += weights[k];
  const int drawn = ClassOf(weights, PlaceOf(weights, totals, uniform));
  ForEachIsa([&](const KernelTable& kernels) {
    CHECK(kernels.draw({weights.data(), totals.data(), uniform}) == drawn);
  });
  return drawn;
}

void TestDrawEdges() {
  Floats weights(kClasses, 0.0f);
  weights[3] = 1.0f;
  weights[9] = 3.0f;
  CHECK(Draw(weights, 0.0f) == 3);
  CHECK(Draw(weights, 0.2499999f) == 3);
  CHECK(Draw(weights, 0.25f) == 9);  // the sum must exceed
  CHECK(Draw(weights, 1.0f - 1.0f / 16777216.0f) == 9);
  CHECK(Draw(weights, 1.0f) == 9);  // rounding left none
  CHECK(Draw(Floats(kClasses, NAN), 0.5f) == 0);
}

// Weights of all sizes, most of them zero: the class has one, and its share of
// the line from 0 to 1 lies at the uniform number, up to rounding.
void TestDrawFollowsTheWeights() {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    Floats weights = RandomFloats(random, kClasses, 1.0f);
    for (float& w : weights) {
      w = random() % 4 > 0 ? 0.0f : std::ldexp(std::fabs(w), -(random() % 30));
    }
    const float uniform = static_cast<float>(random() >> 8) / 16777216.0f;
    const int drawn = Draw(weights, uniform);
    CHECK(weights[drawn] > 0.0f);
    double total = 0.0, before = 0.0;
    for (int k = 0; k < kClasses; ++k) {
      if (k < drawn) before += weights[k];
      total += weights[k];
    }
    CHECK(before <= (uniform + 1e-6) * total);
    CHECK(before + weights[drawn] >= (uniform - 1e-6) * total);
  }
}

// Every class comes as often as its probability says.
void TestDrawFrequencies() {
  const Floats logits = Logits();
  Floats weights(kClasses), totals(kClassGroups);
  ForEachIsa([&](const KernelTable& kernels) {
    kernels.softmax({logits.data(), InverseTemperature(0.8f), weights.data(),
                     totals.data()});
    double total = 0.0;
    for (float w : weights) total += w;
    const int draws = 1 << 16;
    std::vector<int> counts(kClasses);
    for (int i = 0; i < draws; ++i) {
      ++counts[kernels.draw(
          {weights.data(), totals.data(), (i + 0.5f) / draws})];
    }
    for (int k = 0; k < kClasses; ++k) {
      // An even grid of uniforms misses by two at most, plus rounding.
      CHECK(std::fabs(counts[k] - draws * weights[k] / total) <= 3.0);
    }
  });
}

void TestWeights() {
  const Floats logits = Logits();
  for (float temperature : {1e-30f, 1e-44f}) {
    Floats weights = logits;
    Floats totals(kClassGroups);
    ScalarKernels().softmax({weights.data(), InverseTemperature(temperature),
                             weights.data(), totals.data()});  // in place
    for (int k = 0; k < kClasses; ++k) {
      CHECK(weights[k] == (k == ArgMax(logits.data()) ? 1.0f : 0.0f));
    }
  }
}

void TestArgMax() {
  Floats logits(kClasses, -1.0f);
  logits[7] = logits[200] = 2.0f;
  CHECK(ArgMax(logits.data()) == 7);
}

float Likelihood(const Floats& logits, int label) {
  Floats weights(kClasses);
  Floats totals(kClassGroups);
  const float highest = ScalarKernels().softmax(
      {logits.data(), 1.0f, weights.data(), totals.data()});
  return LogProbability(logits[label], highest, totals.data());
}

void TestLogProbability() {
  Floats logits = Logits();
  for (float& logit : logits) logit += 500.0f;  // would overflow unshifted
  double total = 0.0;
  for (int k = 0; k < kClasses; ++k) {
    total += std::exp(static_cast<double>(Likelihood(logits, k)));
  }
  CHECK(std::fabs(total - 1.0) < 1e-4);  // float32 at 500: 3e-5 each
  const Floats flat(kClasses, 0.25f);
  CHECK(std::fabs(Likelihood(flat, 17) + std::log(256.0f)) < 1e-6);
}

}  // namespace

int main() {
  TestDrawEdges();
  TestDrawFollowsTheWeights();
  TestDrawFrequencies();
  TestWeights();
  TestArgMax();
  TestLogProbability();
  return Failures();
}
