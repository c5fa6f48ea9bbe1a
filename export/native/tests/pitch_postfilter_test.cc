// The pitch postfilter against its definition over a whole waveform.

#include "prediction/pitch_postfilter.h"

#include <cmath>
#include <cstdlib>
#include <vector>

#include "tests/helpers/check.h"
#include "tests/helpers/product.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

constexpr int kSamples = 12 * 600;

struct Waveform {
  std::vector<double> x;
  std::vector<int> lags;       // by sample, held over steps
  std::vector<float> voicing;  // the same
};

// A period that glides, in noise: its lag is told some per cent off.
Waveform MakeWaveform(const Model& model) {
  std::mt19937 random(71);
  Waveform wave;
  double phase = 0.0;
  for (int n = 0; n < kSamples; ++n) {
    const double period = 60.0 + 20.0 * std::sin(n / 900.0);
    phase += 1.0 / period;
    const double pulse = std::exp(6.0 * std::cos(6.283185307 * phase) - 6.0);
    wave.x.push_back(
        std::nearbyint(8000.0 * pulse + 3000.0 * (Uniform(random) - 0.5)));
    if (n % model.samples_per_step == 0) {
      wave.lags.push_back(static_cast<int>(period * 1.04));
      wave.voicing.push_back(0.5f + 0.5f * Uniform(random));
    } else {
      wave.lags.push_back(wave.lags.back());
      wave.voicing.push_back(wave.voicing.back());
    }
  }
  return wave;
}

std::vector<double> Expected(const Model& model, const Waveform& wave) {
  const PostfilterShape& shape = model.predictors.postfilter;
  const LagScale& scale = model.predictors.lags;
  const auto x = [&wave](int n) {
    return n < 0 || n >= kSamples ? 0.0 : wave.x[n];
  };
  // From one window and one lag before the first sample on.
  const int before = 2 * scale.longest();
  std::vector<double> all(before + kSamples + 2 * scale.longest());
  for (int i = 0; i < static_cast<int>(all.size()); ++i) {
    for (int j = -shape.reach; j <= shape.reach; ++j) {
      all[i] += shape.taps[j + shape.reach] * x(i - before + j);
    }
  }
  const auto low = [&](int n) { return all[before + n]; };
  const bool centred = shape.form == PostfilterForm::kCentred;
  const int window = scale.longest();
  std::vector<double> y(kSamples);
  int lag = 0;
  for (int n = 0; n < kSamples; ++n) {
    if (n % kPostfilterBlock == 0) {
      const int begin = n - window + (centred ? window / 2 + 25 : 0);
      double most = 0.0;
      lag = wave.lags[n];
      for (int m = scale.shortest(); m <= scale.longest(); ++m) {
        if (m < 0.93 * wave.lags[n] || m > 1.07 * wave.lags[n]) continue;
        double product = 0.0, own = 0.0, other = 0.0;
        for (int i = begin; i < begin + window; ++i) {
          product += low(i) * low(i - m);
          own += low(i) * low(i);
          other += low(i - m) * low(i - m);
        }
        const double correlation = product / std::sqrt(own * other);
        if (correlation > most) {
          most = correlation;
          lag = m;
        }
      }
    }
    const double g = shape.strength * wave.voicing[n];
    const double around =
        centred ? 0.5 * (low(n - lag) + low(n + lag)) : low(n - lag);
    y[n] = wave.x[n] + g * (around - low(n)) / (1.0 + g);
  }
  return y;
}

// Runs the filter, from a stored state after every `cut` samples of output.
std::vector<float> Filtered(const Model& model, const Waveform& wave,
                            float strength, int cut) {
  PitchPostfilter filter;
  CHECK(
      filter.Allocate(model.predictors, model.samples_per_step, model.delay()));
  Floats state(model.postfilter_size(), 0.0f);
  filter.Load(state.data(), 0, strength);
  std::vector<float> y;
  for (int n = 0; n < kSamples; ++n) {
    float value;
    if (!filter.Push(static_cast<float>(wave.x[n]), wave.lags[n],
                     wave.voicing[n], &value)) {
      continue;
    }
    y.push_back(value);
    if (y.size() % cut != 0) continue;
    filter.Store(state.data());
    CHECK(filter.Allocate(model.predictors, model.samples_per_step,
                          model.delay()));  // forgets all
    filter.Load(state.data(), y.size(), strength);
  }
  CHECK(static_cast<int>(y.size()) ==
        kSamples - model.ahead() * model.hop_length);
  return y;
}

void TestForm(PostfilterForm form) {
  ModelShape shape;
  shape.predictors.pitch = PitchSource::kGiven;
  shape.predictors.postfilter = form;
  RandomModel random(shape, 72);
  const Model& model = random.model();
  const Waveform wave = MakeWaveform(model);
  const std::vector<float> y = Filtered(model, wave, 1.5f, 1 << 30);
  const std::vector<double> expected = Expected(model, wave);
  // Sums of some ten float32 products of values below 1e4.
  const auto near = [&](std::size_t n) {
    return std::fabs(y[n] - expected[n]) < 0.02;
  };
  std::size_t wrong = 0, changed = 0;
  for (std::size_t n = 0; n < y.size(); ++n) {
    wrong += !near(n);
    changed += std::fabs(y[n] - wave.x[n]) > 0.02;
  }
  CHECK(wrong == 0);
  CHECK(changed > y.size() / 2);  // canary: it does something
  for (int cut : {12, 36, 1200}) {
    CHECK(Filtered(model, wave, 1.5f, cut) == y);
  }
  const std::vector<float> same = Filtered(model, wave, 0.0f, 24);
  for (std::size_t n = 0; n < same.size(); ++n) {
    CHECK(same[n] == static_cast<float>(wave.x[n]));
  }
  // A state of any finite values is safe.
  PitchPostfilter filter;
  CHECK(
      filter.Allocate(model.predictors, model.samples_per_step, model.delay()));
  filter.Load(Floats(model.postfilter_size(), -3e38f).data(), 120, 1.5f);
  for (int n = 0; n < 2000; ++n) {
    float value;
    CHECK(filter.Push(1.0f, 100000 % 60 + 20, 1.0f, &value));
    CHECK(std::isfinite(value));
  }
}

}  // namespace

int main() {
  TestForm(PostfilterForm::kCausal);
  TestForm(PostfilterForm::kCentred);
  return Failures();
}
