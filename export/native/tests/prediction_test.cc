// What stands in front of the network, against its definitions in plain words:
// exp and log, linear prediction, the coded value, pitch, the history.

#include <cmath>
#include <limits>
#include <vector>

#include "base/double_math.h"
#include "prediction/coding.h"
#include "prediction/linear_prediction.h"
#include "prediction/pitch.h"
#include "prediction/sample_predictor.h"
#include "tests/helpers/check.h"
#include "tests/helpers/product.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

void TestMath() {
  std::mt19937 random(61);
  const auto uniform = [&] { return 2.0 * Uniform(random) - 1.0; };
  for (int i = 0; i < 20000; ++i) {
    const double x = 700.0 * uniform();
    CHECK(std::fabs(DoubleExp(x) / std::exp(x) - 1.0) < std::ldexp(1.0, -51));
    const double y = std::ldexp(1.0 + Uniform(random), i % 2000 - 1000);
    CHECK(std::fabs(DoubleLog(y) - std::log(y)) <
          std::ldexp(1.0 + std::fabs(std::log(y)), -51));
    const double z = 1e6 * uniform();
    CHECK(RoundDouble(z) == std::nearbyint(z));
  }
  CHECK(DoubleExp(0.0) == 1.0 && DoubleLog(1.0) == 0.0);
  CHECK(RoundDouble(2.5) == 2.0 && RoundDouble(-3.5) == -4.0);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(Clamped(nan, -1.0, 1.0) == -1.0 && Clamped(3.0, -1.0, 1.0) == 1.0);
}

// The predictor solves the normal equations sum_j a_j r[|i - j|] = r[i].
void TestLevinson() {
  std::mt19937 random(62);
  constexpr int kOrder = 16;
  for (int round = 0; round < 50; ++round) {
    std::vector<double> r(kOrder + 1);
    for (int band = 0; band < 6; ++band) {
      const double rho = 1.9 * Uniform(random) - 0.95;
      for (int k = 0; k <= kOrder; ++k) {
        r[k] += (band + 1) * std::pow(rho, k);
      }
    }
    r[0] *= 1.0001;
    std::vector<double> a(kOrder);
    LevinsonDurbin(r.data(), kOrder, a.data());
    for (int i = 1; i <= kOrder; ++i) {
      double sum = 0.0;
      for (int j = 1; j <= kOrder; ++j) sum += a[j - 1] * r[std::abs(i - j)];
      // Errors grow with the condition number, below 2 r[0] / 1e-4 r[0].
      CHECK(std::fabs(sum - r[i]) < 1e-10 * r[0]);
    }
    a[3] += 1e-6;  // canary
    double sum = 0.0;
    for (int j = 1; j <= kOrder; ++j) sum += a[j - 1] * r[std::abs(4 - j)];
    CHECK(std::fabs(sum - r[4]) > 1e-10 * r[0]);
  }
  const double silent[] = {0.0, 0.0, 0.0};
  double none[2] = {7.0, 7.0};
  LevinsonDurbin(silent, 2, none);
  CHECK(none[0] == 0.0 && none[1] == 0.0);
}

// Any features give coefficients on the grid, newest sample last, and sums that
// are exact in any order.
void TestLinearPredictor() {
  ModelShape shape;
  shape.predictors.order = 16;
  RandomModel random(shape, 63);
  const Model& model = random.model();
  const LinearPrediction& linear = model.predictors.linear;
  const float infinity = std::numeric_limits<float>::infinity();
  double moved = 0.0;
  for (float level : {0.0f, -1e30f, 1e30f, 300.0f, -300.0f, infinity, 1.0f}) {
    Floats mel = RandomFloats(random.random(), model.n_mels(), 1.0f);
    for (float& value : mel) value += level;
    if (level == 300.0f) mel[1] = std::nanf("");
    double a[kMostOrder], s[kMostOrder];
    LinearPredictor(linear, mel.data(), model.n_mels(), a);
    for (int k = 0; k < linear.order; ++k) {
      CHECK(std::fabs(a[k]) <= 32768.0);
      CHECK(a[k] * 4096.0 == std::nearbyint(a[k] * 4096.0));
      s[k] = std::nearbyint(65535.0 * Uniform(random.random()) - 32768.0);
      moved += std::fabs(a[k]);
    }
    double backwards = 0.0;
    for (int k = linear.order - 1; k >= 0; --k) backwards += a[k] * s[k];
    CHECK(Predicted(a, s, linear.order) == backwards);
  }
  CHECK(moved > 0.0);
  // One resonance, sampled: s_t is predicted by rho s_{t-1}.
  const double matrix[] = {1.0, 0.5, 0.25};
  const double floor[] = {1e-9, 0.0, 0.0};
  LinearPrediction one = {2, 1.0, 0.0, matrix, floor};
  const float mel[] = {1.0f};
  double a[2];
  LinearPredictor(one, mel, 1, a);
  CHECK(a[1] == 0.5 && a[0] == 0.0);
}

void TestMuLaw() {
  const MuLawClasses& classes = MuLaw();
  CHECK(classes.edges[0] == 0 && classes.edges[256] == 65536);
  for (int k = 1; k < 256; ++k) {
    const double q = (k - 128.5) / 128.0;
    const double distance =
        32768.0 * (std::pow(256.0, std::fabs(q)) - 1.0) / 255.0;
    const double edge = 32768.0 + (q < 0 ? -distance : distance);
    CHECK(classes.edges[k] == static_cast<int>(std::nearbyint(edge)));
    CHECK(classes.edges[k] > classes.edges[k - 1]);
  }
  int narrowest = 65536, widest = 0;
  for (int width : classes.widths) {
    narrowest = std::min(narrowest, width);
    widest = std::max(widest, width);
  }
  CHECK(narrowest < 10 && widest > 1000);
}

void TestCoding(Coding coding) {
  std::vector<std::vector<int>> shared(65536);
  for (int v = 0; v < 65536; ++v) {
    const SplitSample classes = coding.Encode(v);
    CHECK(classes.coarse >= 0 && classes.coarse < 256);
    CHECK(classes.fine >= 0 &&
          classes.fine < coding.FineClasses(classes.coarse));
    // In a class a little wider than 256 the value may be one of the
    // neighbour's.
    const SplitSample again = coding.Encode(coding.Decode(classes));
    CHECK(again.coarse == classes.coarse);
    const int width = coding.mulaw ? MuLaw().widths[classes.coarse] : 256;
    const bool close = width > 256 && width < 512;
    CHECK(std::abs(again.fine - classes.fine) <= (close ? 1 : 0));
    shared[256 * classes.coarse + classes.fine].push_back(v);
    for (int p : {-32768 - coding.offset, -5, 0, 77, 32767 - coding.offset}) {
      const int s = coding.Sample(v, p);
      CHECK(s >= coding.lowest() && s <= coding.highest());
      CHECK(coding.Value(s, p) == v);
    }
  }
  for (int i = 0; i < 65536; ++i) {
    if (shared[i].empty()) continue;
    const SplitSample classes = {i / 256, i % 256};
    const auto count = static_cast<float>(shared[i].size());
    CHECK(std::fabs(coding.SharedNats(classes) - std::log(count)) < 1e-6f);
    const int value = coding.Decode(classes);
    CHECK(value >= shared[i].front() - 1 && value <= shared[i].back());
  }
  CHECK(coding.Residual(coding.Value(0, 0)) == 0);
}

void TestLogarithmicInput() {
  for (int x = 0; x <= 65536; x = x * 3 / 2 + 1) {
    const double expected = std::log1p(x / 8.0) / std::log(4097.0);
    // One rounding to float32.
    CHECK(std::fabs(LogarithmicInput(x) - expected) < 6.1e-8);
    CHECK(LogarithmicInput(-x) == -LogarithmicInput(x));
  }
  CHECK(LogarithmicInput(32768) == 1.0f);
}

void TestPitch() {
  const LagScale scale(16000);
  CHECK(scale.shortest() == 40 && scale.longest() == 229);
  float q[kPitchClasses];
  for (float hz = 70.0f; hz < 400.0f; hz += 3.7f) {
    scale.FromFrequency(hz, q);
    float sum = 0.0f;
    for (float share : q) sum += share;
    CHECK(std::fabs(sum - 1.0f) < 1e-6f && q[kVoicedClasses] == 0.0f);
    // Linear between classes, as the log lag is.
    CHECK(std::fabs(std::exp(scale.LogLag(q)) - 16000.0 / hz) < 1e-3);
    CHECK(std::abs(scale.Lag(scale.LogLag(q)) - 16000.0 / hz) <= 1.0);
  }
  for (float hz : {0.0f, -5.0f, std::nanf("")}) {
    scale.FromFrequency(hz, q);
    CHECK(q[kVoicedClasses] == 1.0f && q[0] == 0.0f);
    CHECK(std::fabs(std::exp(scale.LogLag(q)) - std::sqrt(40.0 * 229.0)) <
          1e-3);
  }
  const float extremes[] = {1e-38f, 1e38f,
                            std::numeric_limits<float>::infinity()};
  for (int i = 0; i < 3; ++i) {
    scale.FromFrequency(extremes[i], q);
    CHECK(scale.Lag(scale.LogLag(q)) == (i == 0 ? 229 : 40));
  }
  float logits[kPitchClasses] = {};
  logits[3] = 1000.0f;
  logits[4] = 1000.0f;
  LagScale::Softmax(logits);
  CHECK(logits[3] == 0.5f && logits[4] == 0.5f && logits[0] == 0.0f);
  // Halfway between the frames' centres, and at the frame's own.
  CHECK(AtStep(0.0, 1.0, 5.0, 0, 1) == 1.0);
  CHECK(AtStep(0.0, 1.0, 5.0, 0, 2) == 0.75);
  CHECK(AtStep(0.0, 1.0, 5.0, 1, 2) == 2.0);
}

// Samples come back as they were coded; what is fed is where the inputs say,
// over more samples than the arrays have room for.
void TestSamplePredictor() {
  ModelShape shape;
  shape.predictors = AllPredictors();
  RandomModel random(shape, 64);
  const Model& model = random.model();
  const Coding coding = model.coding();
  SamplePredictor predictor;
  CHECK(predictor.Allocate(model.predictors, coding));
  predictor.Load(Floats(model.predictor_size(), 0.0f).data());
  double a[16] = {};
  a[15] = 0.5;  // of the newest
  a[14] = -0.125;
  const int longest = model.predictors.lags.longest();
  std::vector<int> s(2), e(longest + 3);
  for (int t = 0; t < 5000; ++t) {
    const int lag = longest - t % (longest - 20);
    float inputs[kMostExtraRows];
    predictor.Predict(a, lag, inputs, 1);
    const int last = s.back();
    const int p =
        static_cast<int>(std::nearbyint(0.5 * last - 0.125 * s[s.size() - 2]));
    CHECK(predictor.prediction() == p);
    CHECK(inputs[0] == last / 32768.0f && inputs[1] == p / 32768.0f);
    for (int j = -2; j <= 2; ++j) {
      CHECK(inputs[4 + j] == e[e.size() - lag + j] / 32768.0f);
    }
    CHECK(inputs[7] == LogarithmicInput(e.back()));
    CHECK(inputs[8] == LogarithmicInput(last));
    CHECK(inputs[9] == LogarithmicInput(p));
    const int sample = static_cast<int>(random.random()() % 60000) - 30000;
    const int value = predictor.Value(static_cast<float>(sample));
    CHECK(value == coding.Value(sample, p));
    predictor.Accept(coding.Encode(value), value);
    CHECK(predictor.sample() == sample);
    s.push_back(sample);
    e.push_back(coding.Residual(value));
    if (t % 700 != 699) continue;
    Floats state(model.predictor_size());
    predictor.Store(state.data());
    predictor.Load(state.data());
    Floats again(model.predictor_size());
    predictor.Store(again.data());
    CHECK(SameBits(state, again));
  }
  // A state of any finite values is safe.
  Floats wild(model.predictor_size(), 1e38f);
  wild[3] = -1e38f;
  predictor.Load(wild.data());
  float inputs[kMostExtraRows];
  predictor.Predict(a, longest, inputs, 1);
  for (float input : inputs) CHECK(std::fabs(input) <= 2.0f);
}

// The equations of noise_shaping.h, over a clipped and a wrapped sample too.
void TestNoiseShaping() {
  CHECK(VoicingLevel(0.0f) == 0 && VoicingLevel(1.0f) == 256);
  CHECK(VoicingLevel(2.5f / 256.0f) == 2 && VoicingLevel(3.5f / 256.0f) == 4);
  CHECK(VoicingLevel(NAN) == 0 && VoicingLevel(3e38f) == 256);
  CHECK(TemperatureFactor(0.7f, 0) == 1.0f);
  CHECK(TemperatureFactor(0.7f, 256) == 0.7f);
  CHECK(TemperatureFactor(1.0f, 77) == 1.0f);
  CHECK(NoiseShift(128, 256, 3) == 2 && NoiseShift(128, 256, -3) == -1);
  CHECK(NoiseShift(kMostNoiseShaping, 256, kMostNoise) == 58879);
  CHECK(NoiseShift(kMostNoiseShaping, 256, -kMostNoise) == -58879);
  ModelShape shape;
  shape.predictors = AllPredictors();
  shape.predictors.order = 0;
  shape.predictors.inputs = kLogResidualInput;
  shape.predictors.noise.amount = 128;
  RandomModel random(shape, 66);
  const Model& model = random.model();
  const Coding coding = model.coding();
  SamplePredictor predictor;
  CHECK(predictor.Allocate(model.predictors, coding));
  CHECK(model.predictor_size() == 1 + 1 + 2 + 1);
  predictor.Load(Floats(model.predictor_size(), 0.0f).data());
  int noise = 0;
  int clipped = 0;
  for (int t = 0; t < 3000; ++t) {
    float input;
    predictor.Predict(nullptr, 0, &input, 1);
    const int level = static_cast<int>(random.random()() % 257);
    const int median = static_cast<int>(random.random()() % 256);
    SplitSample drawn = {static_cast<int>(random.random()() % 256), 0};
    if (t % 3 == 0) drawn.coarse = t % 2 * 255;  // near the ends of the range
    drawn.fine =
        static_cast<int>(random.random()() % coding.FineClasses(drawn.coarse));
    const SplitSample next = predictor.AcceptDrawn(drawn, median, level);
    const double shift =
        std::floor(128.0 * level * noise / 65536.0 + 0.5);  // exact
    const double wanted = coding.Decode(drawn) - 32768 - shift;
    const double sample = std::clamp(wanted, -32768.0, 32767.0);
    clipped += sample != wanted;
    CHECK(predictor.sample() == sample);
    const SplitSample expected =
        coding.Encode(coding.Value(static_cast<int>(sample), 0));
    CHECK(next.coarse == expected.coarse && next.fine == expected.fine);
    noise = coding.Decode(drawn) -
            coding.Decode({median, coding.FineClasses(median) / 2});
    Floats state(model.predictor_size());
    predictor.Store(state.data());
    CHECK(state.back() == static_cast<float>(noise));
    if (t % 100 == 99) predictor.Load(state.data());
  }
  CHECK(clipped > 20);
  predictor.Load(Floats(model.predictor_size(), 3e38f).data());  // is safe
  predictor.AcceptDrawn({255, 255}, 0, 256);
  CHECK(predictor.sample() >= -32768);
}

void TestMask() {
  const Coding coding = {0, true};
  CHECK(coding.FineClasses(128) < 20 && coding.FineClasses(0) == 256);
  std::mt19937 random(65);
  for (float temperature : {1e-30f, 1.0f, 1e30f, 3e38f}) {
    Floats logits = RandomFloats(random, kClasses, 10.0f);
    logits[200] = 1e4f;  // the likeliest one, if it were there
    MaskFine(coding, 128, logits.data());
    ForEachIsa([&](const KernelTable& kernels) {
      Floats weights(kClasses), totals(kClassGroups);
      kernels.softmax({logits.data(), FineScale(coding, temperature),
                       weights.data(), totals.data()});
      for (int k = coding.FineClasses(128); k < kClasses; ++k) {
        CHECK(weights[k] == 0.0f);
      }
      CHECK(totals[0] > 0.0f);
    });
  }
}

}  // namespace

int main() {
  TestMath();
  TestLevinson();
  TestLinearPredictor();
  TestMuLaw();
  TestCoding({128, false});
  TestCoding({0, true});
  TestLogarithmicInput();
  TestPitch();
  TestSamplePredictor();
  TestNoiseShaping();
  TestMask();
  return Failures();
}
