// The spectral postfilter against its definition over a whole waveform.

#include "prediction/spectral_postfilter.h"

#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include "tests/helpers/check.h"
#include "tests/helpers/product.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

constexpr double kTwoPi = 6.283185307179586;

using Complex = std::complex<double>;

constexpr int kFrames = 120;
constexpr float kAnyFinite = std::numeric_limits<float>::max();

// A filter, a waveform and what it is to sound like.
struct Setting {
  SpectralShape shape;
  int ahead = 0;  // frames
  int width = 0;  // of the features
  Floats x;
  Floats features;  // [kFrames + ahead, width]

  FrameRows rows(std::size_t frame = 0) const {
    return {features.data() + frame * width, width};
  }
  int delay() const { return ahead * shape.hop_length; }
};

Setting MakeSetting(RandomModel& random, const SpectralShape& shape,
                    float amplitude) {
  Setting setting;
  setting.shape = shape;
  setting.ahead = (SpectralPostfilterDelay(shape) + shape.hop_length - 1) /
                  shape.hop_length;
  setting.width = random.model().n_features;
  const int samples = (kFrames + setting.ahead) * shape.hop_length;
  setting.x = RandomFloats(random.random(), samples, amplitude);
  for (float& value : setting.x) value = std::nearbyint(value);
  setting.features = RandomFloats(
      random.random(), (kFrames + setting.ahead) * setting.width, 2.0f);
  return setting;
}

// e^(sign 2 pi i k n / n_fft), sum over n of x.
Complex Fourier(const std::vector<Complex>& x, int k, double sign) {
  Complex sum = 0.0;
  const int size = static_cast<int>(x.size());
  for (int n = 0; n < size; ++n) {
    sum += x[n] * std::polar(1.0, sign * kTwoPi * (k * n % size) / size);
  }
  return sum;
}

// The gains of the bins of one frame's spectrum.
std::vector<double> Gains(const SpectralShape& shape,
                          const std::vector<Complex>& spectrum,
                          const float* features, double strength) {
  std::vector<double> gains(shape.bands + 2, 1.0);
  for (int band = 0; band < shape.bands; ++band) {
    double found = 0.0;
    for (int bin = 0; bin < shape.bins(); ++bin) {
      const double level =
          std::pow(std::abs(spectrum[bin]) / 32768.0, shape.power ? 2.0 : 1.0);
      for (int side = 0; side < 2; ++side) {
        if (shape.first[bin] + side != band) continue;
        found += shape.weights[2 * bin + side] * level;
      }
    }
    const double wanted =
        std::exp(shape.slope * features[shape.columns[band]] + shape.intercept);
    const double floor = shape.floor;
    const double ratio = std::max(wanted, floor) / std::max(found, floor);
    const double gain = std::pow(ratio, shape.power ? 0.5 : 1.0);
    const double bounded = std::min(std::max(gain, 0.1), std::pow(10.0, 0.6));
    gains[band] = 1.0 + strength * (bounded - 1.0);
  }
  std::vector<double> bins;
  for (int bin = 0; bin < shape.bins(); ++bin) {
    const int low = static_cast<int>(shape.places[bin]);
    const double share = shape.places[bin] - low;
    bins.push_back(gains[low] * (1.0 - share) + gains[low + 1] * share);
  }
  return bins;
}

std::vector<double> ExpectedPass(const Setting& setting,
                                 const std::vector<double>& waveform,
                                 double strength) {
  const SpectralShape& shape = setting.shape;
  const int samples = static_cast<int>(waveform.size());
  std::vector<double> sum(samples), weight(samples);
  for (int frame = -setting.ahead; frame < kFrames + setting.ahead; ++frame) {
    const int begin = frame * shape.hop_length + shape.start;
    const auto inside = [&](int n) { return n >= 0 && n < samples; };
    std::vector<Complex> x(shape.n_fft), spectrum(shape.n_fft);
    for (int n = 0; n < shape.win_length; ++n) {
      if (inside(begin + n)) x[n] = waveform[begin + n] * shape.window[n];
    }
    for (int k = 0; k < shape.n_fft; ++k) spectrum[k] = Fourier(x, k, -1.0);
    const int row = std::min(std::max(frame, 0), kFrames + setting.ahead - 1);
    const std::vector<double> gains =
        Gains(shape, spectrum, setting.rows(row).row(0), strength);
    for (int k = 0; k < shape.n_fft; ++k) {
      spectrum[k] *= gains[std::min(k, shape.n_fft - k)];
    }
    for (int n = 0; n < shape.win_length; ++n) {
      if (!inside(begin + n)) continue;
      const double y = Fourier(spectrum, n, 1.0).real() / shape.n_fft;
      sum[begin + n] += y * shape.window[n];
      weight[begin + n] += double{shape.window[n]} * shape.window[n];
    }
  }
  for (int n = 0; n < samples; ++n) sum[n] /= weight[n];
  return sum;
}

std::vector<double> Expected(const Setting& setting, double strength) {
  std::vector<double> x(setting.x.begin(), setting.x.end());
  for (int k = 0; k < setting.shape.passes; ++k) {
    x = ExpectedPass(setting, x, strength);
  }
  return x;
}

// Runs the filter, from a stored state after every `cut` frames of output.
Floats Filtered(const Setting& setting, float strength, int cut) {
  const int hop = setting.shape.hop_length;
  SpectralPostfilter filter;
  CHECK(filter.Allocate(setting.shape, setting.delay()));
  Floats state(SpectralPostfilterStateSize(setting.ahead, hop), 0.0f);
  filter.Load(state.data(), 0, setting.rows(), strength);
  Floats y;
  for (float x : setting.x) {
    float value;
    if (!filter.Push(x, &value)) continue;
    y.push_back(value);
    if (y.size() % (cut * hop) != 0) continue;
    filter.Store(state.data());
    CHECK(filter.Allocate(setting.shape, setting.delay()));  // forgets all
    filter.Load(state.data(), y.size(), setting.rows(y.size() / hop), strength);
  }
  CHECK(y.size() == std::size_t(kFrames * hop));
  return y;
}

int Differences(const Floats& y, const std::vector<double>& expected,
                double bound) {
  int count = 0;
  for (std::size_t n = 0; n < y.size(); ++n) {
    count += !(std::fabs(y[n] - expected[n]) <= bound);
  }
  return count;
}

void TestDefinition(const Setting& setting) {
  for (float strength : {1.0f, 0.6f}) {
    const Floats y = Filtered(setting, strength, kFrames + 1);
    const std::vector<double> expected = Expected(setting, strength);
    // In every pass two transforms of 6 stages and the sums around them, some
    // 200 roundings of values as large as the waveform or its result.
    double largest = 0.0;
    for (std::size_t n = 0; n < y.size(); ++n) {
      largest = std::max({largest, std::fabs(expected[n]),
                          std::fabs(static_cast<double>(setting.x[n]))});
    }
    const double bound =
        200.0 * setting.shape.passes * std::ldexp(largest, -24);
    CHECK(Differences(y, expected, bound) == 0);
    // Canaries: it does something, and a little less of it is noticed.
    const std::vector<double> x(setting.x.begin(), setting.x.end());
    const int half = static_cast<int>(y.size() / 2);
    CHECK(Differences(y, x, bound) > half);
    CHECK(Differences(y, Expected(setting, strength - 0.01), bound) > half);
  }
}

void TestState(const Setting& setting) {
  const Floats whole = Filtered(setting, 1.5f, kFrames + 1);
  CHECK(SameBits(whole, Filtered(setting, 1.0f, kFrames + 1)));  // all of it
  for (int cut : {1, 3, 50})
    CHECK(SameBits(Filtered(setting, 1.5f, cut), whole));
  const Floats same = Filtered(setting, 0.0f, 2);
  CHECK(SameBits(same,
                 Floats(setting.x.begin(), setting.x.begin() + same.size())));
}

// Any finite features, samples of any size, a state of any finite values.
void TestSafety(Setting setting) {
  const std::size_t samples = setting.x.size();
  setting.x.assign(samples, 0.0f);
  for (float value : Filtered(setting, 1.0f, 7)) CHECK(value == 0.0f);
  for (float feature : {kAnyFinite, -kAnyFinite, 0.0f}) {
    std::fill(setting.features.begin(), setting.features.end(), feature);
    for (float level : {32767.0f, -32768.0f, 0.0f}) {
      setting.x.assign(samples, level);
      for (float value : Filtered(setting, 1.0f, 7)) {
        // A constant lies in the lowest bins, none louder than by 12 dB.
        const float most = std::pow(5.0f, setting.shape.passes);
        CHECK(std::fabs(value) <= most * std::fabs(level));
      }
    }
    SpectralPostfilter filter;
    CHECK(filter.Allocate(setting.shape, setting.delay()));
    const int size = 2 * setting.delay();
    filter.Load(Floats(size, -kAnyFinite).data(), 12, setting.rows(), 1.0f);
    for (int n = 0; n < 1000; ++n) {
      float value;
      CHECK(filter.Push(1.0f, &value));
      CHECK(std::isfinite(value));
    }
  }
}

void TestShape(RandomModel& random, const SpectralShape& shape) {
  TestDefinition(MakeSetting(random, shape, 32767.0f));
  TestDefinition(MakeSetting(random, shape, 900.0f));
  TestState(MakeSetting(random, shape, 9000.0f));
  TestSafety(MakeSetting(random, shape, 1.0f));
}

}  // namespace

int main() {
  for (bool power : {false, true}) {
    ModelShape shape;
    shape.predictors.order = 5;
    shape.predictors.postfilter = PostfilterForm::kSpectral;
    shape.predictors.power = power;
    RandomModel random(shape, 82);
    SpectralShape spectral = random.model().predictors.spectral;
    Subject() = power ? "power" : "magnitude";
    TestShape(random, spectral);
    Subject() += " centred on the first sample";
    spectral.start = -spectral.win_length / 2;
    TestShape(random, spectral);
    Subject() += " two hops";
    spectral.win_length = 2 * spectral.hop_length;
    spectral.start = 0;
    TestShape(random, spectral);
    Subject() += " in three passes";
    spectral.passes = 3;
    TestShape(random, spectral);
    spectral = random.model().predictors.spectral;
    spectral.passes = kMostPasses;
    Subject() = "most passes";
    TestShape(random, spectral);
  }
  return Failures();
}
