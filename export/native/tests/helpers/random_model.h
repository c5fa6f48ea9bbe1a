// Random matrices and models that own their weights: tests and benchmark.
#ifndef WAVERNN_TF_TESTS_HELPERS_RANDOM_MODEL_H_
#define WAVERNN_TF_TESTS_HELPERS_RANDOM_MODEL_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <random>
#include <utility>
#include <vector>

#include "kernels/sampler.h"
#include "model/model.h"

namespace wavernn_tf {

using Floats = std::vector<float>;

// In [0, 1), the same with every standard library, as goldens need.
inline float Uniform(std::mt19937& random) {
  return static_cast<float>(random() >> 8) / 16777216.0f;
}

inline Floats RandomFloats(std::mt19937& random, std::size_t count,
                           float scale) {
  Floats values(count);
  for (float& value : values) value = (2.0f * Uniform(random) - 1.0f) * scale;
  return values;
}

// A packed matrix and the same weights dense, [rows, cols].
struct PackedMatrix {
  BlockSparse view;
  std::vector<int32_t> row_offsets;
  std::vector<int16_t> columns;
  Floats values;                 // float32
  std::vector<uint16_t> halves;  // bfloat16
  std::vector<int8_t> bytes;     // int8
  std::vector<int16_t> shorts;   // int16
  Floats scales;
  Floats dense;  // of the weights as they are stored
};

// Of a row of `cols` weights, all as large as that.
inline float LargestInteger(WeightType type, int cols) {
  if (type == WeightType::kInt8) return 127.0f;
  return static_cast<float>(std::min(32767, kMostInt16Sum / cols));
}

// One random weight in [-scale, scale] as `type` stores it, and its value.
inline float AddWeight(std::mt19937& random, WeightType type, float scale,
                       float row_scale, float most, PackedMatrix& packed) {
  const float value = (2.0f * Uniform(random) - 1.0f) * scale;
  switch (type) {
    case WeightType::kBfloat16: {
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof(bits));
      bits &= 0xFFFF0000u;
      packed.halves.push_back(static_cast<uint16_t>(bits >> 16));
      float half;
      std::memcpy(&half, &bits, sizeof(half));
      return half;
    }
    case WeightType::kInt8: {
      const auto byte = static_cast<int8_t>(value / scale * most);
      packed.bytes.push_back(byte);
      return row_scale * byte;
    }
    case WeightType::kInt16: {
      const auto integer = static_cast<int16_t>(value / scale * most);
      packed.shorts.push_back(integer);
      return row_scale * integer;
    }
    default:
      packed.values.push_back(value);
      return value;
  }
}

// Keeps each block with probability `density`, and the first if none was.
inline void FillMatrix(std::mt19937& random, BlockShape shape, WeightType type,
                       int rows, int cols, float density, float scale,
                       PackedMatrix& packed) {
  const int block_out = BlockOut(shape);
  const int block_in = BlockIn(shape);
  packed.row_offsets = {0};
  packed.dense.assign(static_cast<std::size_t>(rows) * cols, 0.0f);
  const float most = LargestInteger(type, cols);
  if (IsInteger(type)) {
    for (int row = 0; row < rows / block_out; ++row) {  // no two rows alike
      packed.scales.push_back(scale / most *
                              (1.0f - static_cast<float>(row % 7) / 16.0f));
    }
  }
  const int block_rows = rows / block_out;
  for (int row = 0; row < block_rows; ++row) {
    for (int col = 0; col < cols / block_in; ++col) {
      const bool last_chance = packed.columns.empty() &&
                               row == block_rows - 1 &&
                               col == cols / block_in - 1;
      if (Uniform(random) >= density && !last_chance) continue;
      packed.columns.push_back(static_cast<int16_t>(col));
      for (int lane = 0; lane < BlockSize(shape); ++lane) {
        const int out = row * block_out + lane % block_out;
        const int in = col * block_in + lane / block_out;
        const float row_scale =
            packed.scales.empty() ? 0.0f : packed.scales[row];
        packed.dense[static_cast<std::size_t>(out) * cols + in] =
            AddWeight(random, type, scale, row_scale, most, packed);
      }
    }
    packed.row_offsets.push_back(static_cast<int32_t>(packed.columns.size()));
  }
  const void* values = packed.values.data();
  if (type == WeightType::kBfloat16) values = packed.halves.data();
  if (type == WeightType::kInt8) values = packed.bytes.data();
  if (type == WeightType::kInt16) values = packed.shorts.data();
  packed.view = {shape,
                 type,
                 rows,
                 cols,
                 packed.row_offsets.data(),
                 packed.columns.data(),
                 values,
                 packed.scales.data()};
}

struct SubscaleShape {
  int batch = 1;  // a plain model
  int horizon = 3;
  int channels = 16;
  int kernel_size = 3;
  std::vector<int> dilations = {1, 2};
  float density = 0.5f;  // of all layers but the first
  float gate_density = 0.3f;
};

// What stands in front of the network: nothing by default.
struct PredictorShape {
  int order = 0;
  PitchSource pitch = PitchSource::kOff;
  bool mulaw = false;
  unsigned inputs = 0;
  PostfilterForm postfilter = PostfilterForm::kOff;
  int sample_rate = 8000;
  int estimator_channels = 24;
  NoiseShaping noise;
  bool power = false;  // spectrum of the spectral postfilter, else magnitude
  int passes = 1;      // of the same
};

// All at once, the pitch estimated.
inline PredictorShape AllPredictors() {
  PredictorShape shape;
  shape.order = 16;
  shape.pitch = PitchSource::kEstimated;
  shape.mulaw = true;
  shape.inputs = kAllExtraInputs;
  return shape;
}

struct ModelShape {
  int state_size = 32;
  int projection_size = 16;
  int n_features = 5;
  int hop_length = 12;
  float pre_emphasis = 0.85f;
  std::vector<int> taps = {3, 1};
  std::vector<int> strides = {2, 3};
  int channels = 21;  // not a multiple of the kernels' 16 lanes
  float density = 0.3f;
  BlockShape block = BlockShape::k4x4;
  WeightType weights = WeightType::kFloat32;
  // Every other matrix, R_r first, has the next block shape and weight type.
  bool mixed = false;
  SubscaleShape subscale;
  PredictorShape predictors;
};

// A model with weights of unit gain, so that nothing saturates. Its kernels are
// bfloat16 where its matrices are not float32, as in a model file.
class RandomModel {
 public:
  RandomModel(const ModelShape& shape, unsigned seed)
      : shape_(shape), random_(seed) {
    model_.state_size = shape.state_size;
    model_.projection_size = shape.projection_size;
    model_.n_features = shape.n_features;
    model_.hop_length = shape.hop_length;
    model_.sample_offset = 128;
    model_.pre_emphasis = shape.pre_emphasis;
    FillEstimator();
    FillConditioning();
    FillRecurrence();
    FillHead(model_.coarse);
    FillHead(model_.fine);
    if (shape.subscale.batch > 1) FillSubscale();
    FillPredictors();
  }
  RandomModel(const RandomModel&) = delete;
  RandomModel& operator=(const RandomModel&) = delete;

  const Model& model() const { return model_; }
  std::mt19937& random() { return random_; }

  // With given pitch the last one is a frequency, now and then none.
  Floats Features(int frames) {
    const std::size_t rows =
        frames + model_.ahead() + model_.past + model_.lookahead;
    const int n = model_.n_features;
    Floats features = RandomFloats(random_, rows * n, 1.0f);
    if (model_.predictors.pitch != PitchSource::kGiven) return features;
    for (std::size_t i = n - 1; i < features.size(); i += n) {
      features[i] = std::max(0.0f, 200.0f + 250.0f * features[i]);
    }
    return features;
  }

 private:
  const float* Array(std::size_t count, float scale) {
    arrays_.push_back(RandomFloats(random_, count, scale));
    return arrays_.back().data();
  }

  DenseArray Kernel(std::size_t count, float scale) {
    const float* const floats = Array(count, scale);
    if (shape_.weights == WeightType::kFloat32) {
      return {floats, WeightType::kFloat32};
    }
    halves_.emplace_back();
    for (std::size_t i = 0; i < count; ++i) {
      uint32_t bits;
      std::memcpy(&bits, floats + i, sizeof(bits));
      halves_.back().push_back(static_cast<uint16_t>(bits >> 16));
    }
    return {halves_.back().data(), WeightType::kBfloat16};
  }

  BlockSparse Matrix(int rows, int cols, float density) {
    const int next = shape_.mixed ? static_cast<int>(matrices_.size() % 2) : 0;
    const int block = static_cast<int>(shape_.block) + next;
    const int type = static_cast<int>(shape_.weights) + next;
    return Matrix(static_cast<BlockShape>(block % kBlockShapes),
                  static_cast<WeightType>(type % kWeightTypes), rows, cols,
                  density);
  }

  BlockSparse Matrix(BlockShape block, WeightType type, int rows, int cols,
                     float density) {
    matrices_.emplace_back();
    const float scale = std::sqrt(3.0f / (static_cast<float>(cols) * density));
    FillMatrix(random_, block, type, rows, cols, density, scale,
               matrices_.back());
    return matrices_.back().view;
  }

  ConvLayer Layer(int taps, int channels_in, int fan_in) {
    return Layer(taps, channels_in, fan_in, shape_.channels);
  }

  ConvLayer Layer(int taps, int channels_in, int fan_in, int out) {
    const float scale = std::sqrt(6.0f / static_cast<float>(fan_in));
    const std::size_t count =
        static_cast<std::size_t>(taps) * channels_in * out;
    const DenseArray kernel = Kernel(count, scale);
    return {kernel, Array(out, 0.1f), taps, channels_in, out};
  }

  // Without predictors no random number is drawn, here and below.
  void FillEstimator() {
    const PredictorShape& shape = shape_.predictors;
    Predictors& predictors = model_.predictors;
    predictors.linear.order = shape.order;
    predictors.pitch = shape.pitch;
    if (shape.pitch != PitchSource::kOff) {
      predictors.lags = LagScale(shape.sample_rate);
    }
    predictors.mulaw = shape.mulaw;
    if (shape.mulaw) model_.sample_offset = 0;
    predictors.inputs = shape.inputs;
    predictors.noise = shape.noise;
    predictors.postfilter.form = shape.postfilter;
    predictors.postfilter.strength = 1.5f;
    if (shape.pitch != PitchSource::kEstimated) return;
    const int channels = shape.estimator_channels;
    const int n = shape_.n_features;
    model_.estimator = {Layer(5, n, 5 * n, channels),
                        Layer(1, channels, channels, kPitchClasses)};
    model_.past += model_.estimator_reach();
    model_.lookahead += model_.estimator_reach();
  }

  const double* Doubles(std::vector<double> values) {
    doubles_.push_back(std::move(values));
    return doubles_.back().data();
  }

  // Every band adds the autocorrelation of a resonance, rho^k.
  void FillPredictors() {
    Predictors& predictors = model_.predictors;
    const int rows = predictors.rows();
    const int width = kGates * shape_.state_size;
    if (rows > 0) {
      model_.extra_kernel =
          Kernel(static_cast<std::size_t>(rows) * width, 0.5f);
    }
    LinearPrediction& linear = predictors.linear;
    if (linear.order > 0) {
      const int bands = model_.n_mels();
      linear.slope = 2.0;
      linear.intercept = 0.5;
      std::vector<double> matrix((linear.order + 1) * bands);
      for (int b = 0; b < bands; ++b) {
        const double rho = 0.97 - 1.9 * b / bands;
        double value = 1.0;
        for (int k = 0; k <= linear.order; ++k) {
          matrix[k * bands + b] = value;
          value *= rho;
        }
      }
      linear.matrix = Doubles(std::move(matrix));
      std::vector<double> floor(linear.order + 1);
      floor[0] = 1e-4;
      linear.floor = Doubles(std::move(floor));
    }
    if (predictors.postfilter.form == PostfilterForm::kSpectral) {
      FillSpectral();
    } else if (predictors.postfilter.form != PostfilterForm::kOff) {
      predictors.postfilter.reach = 3;
      arrays_.push_back({0.05f, 0.1f, 0.2f, 0.3f, 0.2f, 0.1f, 0.05f});
      predictors.postfilter.taps = arrays_.back().data();
    }
  }

  // Triangular bands around every `spacing`-th bin, and an arched window. All
  // is made of operations with the same result everywhere, as goldens need. The
  // first column is a band without a bin, and the highest bins have no band.
  void FillSpectral() {
    SpectralShape& shape = model_.predictors.spectral;
    shape.hop_length = shape_.hop_length;
    shape.win_length = 4 * shape.hop_length + 2;  // no multiple of the hop
    shape.n_fft = 2;
    while (shape.n_fft < shape.win_length) shape.n_fft *= 2;
    shape.start = (shape.hop_length - shape.win_length) / 2;
    shape.bands = model_.n_mels() - 1;
    shape.power = shape_.predictors.power;
    shape.passes = shape_.predictors.passes;
    shape.slope = 2.0;
    shape.intercept = 0.5;
    shape.floor = 0.001f;
    const int spacing = shape.n_fft / 2 / (shape.bands + 2);
    Floats window, weights, places;
    for (int n = 0; n < shape.win_length; ++n) {
      const float t = (static_cast<float>(n) + 0.5f) / shape.win_length;
      window.push_back(4.0f * t * (1.0f - t));
    }
    std::vector<int32_t> columns, first;
    for (int band = 0; band < shape.bands; ++band) columns.push_back(band + 1);
    for (int bin = 0; bin < shape.bins(); ++bin) {
      const int below = bin / spacing - 1;  // the centre of 0 is `spacing`
      const float share = static_cast<float>(bin % spacing) / spacing;
      const bool outside = below >= shape.bands;
      first.push_back(outside || below < 0 ? 0 : below);
      weights.push_back(outside ? 0.0f : below < 0 ? share : 1.0f - share);
      const bool two = below >= 0 && below + 1 < shape.bands;
      weights.push_back(two ? share : 0.0f);
      places.push_back(outside ? static_cast<float>(shape.bands)
                       : two   ? static_cast<float>(below) + share
                               : static_cast<float>(first.back()));
    }
    const auto keep = [this](Floats values) {
      arrays_.push_back(std::move(values));
      return arrays_.back().data();
    };
    shape.window = keep(std::move(window));
    shape.weights = keep(std::move(weights));
    shape.places = keep(std::move(places));
    integers_.push_back(std::move(columns));
    shape.columns = integers_.back().data();
    integers_.push_back(std::move(first));
    shape.first = integers_.back().data();
  }

  void FillConditioning() {
    int channels = model_.conditioning_inputs();
    for (int taps : shape_.taps) {
      model_.convolutions.push_back(Layer(taps, channels, taps * channels));
      model_.past += (taps - 1) / 2;
      model_.lookahead += (taps - 1) / 2;
      channels = shape_.channels;
    }
    for (int stride : shape_.strides) {
      model_.upsampling.push_back(Layer(stride, channels, channels));
      model_.steps_per_frame *= stride;
    }
    model_.samples_per_step = shape_.hop_length / model_.steps_per_frame;
    model_.conditioning_channels = channels;
  }

  void FillRecurrence() {
    const int width = kGates * shape_.state_size;
    const int channels = model_.conditioning_channels;
    model_.conditioning_kernel =
        Kernel(static_cast<std::size_t>(channels) * width,
               std::sqrt(3.0f / static_cast<float>(channels)));
    float* input = const_cast<float*>(Array(3 * width, 1.0f));
    for (int gate = 0; gate < kGates; ++gate) {
      for (int i = 0; i < shape_.state_size / 2; ++i) {
        input[2 * width + gate * shape_.state_size + i] = 0.0f;
      }
    }
    model_.input_kernel = input;
    model_.input_bias = Array(width, 0.1f);
    model_.recurrent_bias = Array(width, 0.1f);
    for (BlockSparse& matrix : model_.recurrent) {
      matrix = Matrix(shape_.state_size, shape_.state_size, shape_.density);
    }
  }

  void FillSubscale() {
    const SubscaleShape& shape = shape_.subscale;
    Subscale& subscale = model_.subscale;
    subscale.batch = shape.batch;
    subscale.horizon = shape.horizon;
    subscale.kernel_size = shape.kernel_size;
    subscale.channels = shape.channels;
    const int taps = shape.kernel_size;
    for (int dilation : shape.dilations) {
      SubscaleLayer layer = {};
      if (subscale.layers.empty()) {
        const bool full = shape_.weights == WeightType::kFloat32;
        layer.kernel = Matrix(
            BlockShape::k16x1,
            full ? WeightType::kFloat32 : WeightType::kBfloat16, shape.channels,
            taps * (shape.batch - 1) + shape.batch, 1.0f);
      } else {
        layer.kernel =
            Matrix(shape.channels, taps * shape.channels, shape.density);
      }
      layer.bias = Array(shape.channels, 0.1f);
      layer.dilation = dilation;
      subscale.layers.push_back(layer);
    }
    for (BlockSparse& matrix : subscale.gates) {
      matrix = Matrix(shape_.state_size, shape.channels, shape.gate_density);
    }
  }

  void FillHead(Head& head) {
    head.project =
        Matrix(shape_.projection_size, shape_.state_size / 2, shape_.density);
    head.project_bias = Array(shape_.projection_size, 0.1f);
    head.output = Matrix(kClasses, shape_.projection_size, shape_.density);
    head.output_bias = Array(kClasses, 0.1f);
  }

  ModelShape shape_;
  std::mt19937 random_;
  std::deque<Floats> arrays_;
  std::deque<std::vector<uint16_t>> halves_;
  std::deque<std::vector<double>> doubles_;
  std::deque<std::vector<int32_t>> integers_;
  std::deque<PackedMatrix> matrices_;
  Model model_;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TESTS_HELPERS_RANDOM_MODEL_H_
