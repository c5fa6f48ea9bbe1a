#include "tflite/weights.h"

#include <cmath>
#include <cstdio>

#include "kernels/sampler.h"
#include "tflite/config.h"
#include "tflite/read_matrix.h"
#include "tflite/read_spectral.h"
#include "tflite/tensors.h"
#include "tflite/weight_reader.h"

namespace wavernn_tf {
namespace {

// kernel [taps, channels_in, ?] and bias [channels_out].
bool ReadLayer(WeightReader& reader, const char* kind, int index,
               int channels_in, ConvLayer& layer) {
  char name[48];
  std::snprintf(name, sizeof(name), "%s[%d]", kind, index);
  const int shape[] = {kAnySize, channels_in, kAnySize};
  const TfLiteTensor* kernel =
      reader.Dense(name, ".kernel", 3, shape, layer.kernel);
  if (kernel == nullptr) return false;
  layer.taps = kernel->dims->data[0];
  layer.channels_in = channels_in;
  layer.channels_out = kernel->dims->data[2];
  constexpr int kLargest = 1 << 16;
  if (layer.taps < 1 || layer.taps > kLargest || layer.channels_out < 1 ||
      layer.channels_out > kLargest) {
    return reader.error().Set(
        "expected %s.kernel with 1 to %d taps and output channels; got shape"
        " %s",
        name, kLargest, ShapeText(*kernel).c_str());
  }
  return reader.Vector(name, ".bias", layer.channels_out, layer.bias);
}

// The receptive field of the convolutions must be what the config says.
bool CheckContext(const Model& model, ErrorText& error) {
  int64_t context = 0;
  for (const ConvLayer& layer : model.convolutions) {
    if (layer.taps % 2 == 0) {
      return error.Set("expected odd convolution kernels; got %d taps",
                       layer.taps);
    }
    context += (layer.taps - 1) / 2;
  }
  if (model.predictors.pitch != PitchSource::kOff && context < 1) {
    return error.Set(
        "expected a convolution of 3 taps or more with pitch, which is"
        " interpolated between frames; got none");
  }
  for (const ConvLayer& layer : model.estimator) {
    if (layer.taps % 2 == 0) {
      return error.Set("expected odd kernels of the estimator; got %d taps",
                       layer.taps);
    }
  }
  context += model.estimator_reach();
  if (context == model.past && context == model.lookahead) return true;
  return error.Set(
      "expected past = lookahead = %lld, the convolutions' reach;"
      " got %d and %d",
      static_cast<long long>(context), model.past, model.lookahead);
}

bool SetStepRate(Model& model, ErrorText& error) {
  int64_t steps = 1;
  for (const ConvLayer& layer : model.upsampling) {
    steps *= layer.taps;
    if (steps > model.hop_length) break;
  }
  if (steps > model.hop_length || model.hop_length % steps != 0) {
    return error.Set(
        "expected hop_length divisible by the product of the"
        " upsampling strides; got %d and %lld",
        model.hop_length, static_cast<long long>(steps));
  }
  model.steps_per_frame = static_cast<int>(steps);
  model.samples_per_step = model.hop_length / model.steps_per_frame;
  return true;
}

bool ReadConditioning(WeightReader& reader, const LayerCounts& counts,
                      Model& model) {
  int channels = model.n_mels();
  for (int i = 0; i < counts.estimator; ++i) {
    ConvLayer layer = {};
    if (!ReadLayer(reader, "pitch", i, channels, layer)) return false;
    model.estimator.push_back(layer);
    channels = layer.channels_out;
  }
  if (counts.estimator > 0 && channels != kPitchClasses) {
    return reader.error().Set(
        "expected the pitch estimator to put out %d classes; got %d",
        kPitchClasses, channels);
  }
  channels = model.conditioning_inputs();
  for (int i = 0; i < counts.convolutions; ++i) {
    ConvLayer layer = {};
    if (!ReadLayer(reader, "conv", i, channels, layer)) return false;
    model.convolutions.push_back(layer);
    channels = layer.channels_out;
  }
  for (int i = 0; i < counts.upsampling; ++i) {
    ConvLayer layer = {};
    if (!ReadLayer(reader, "upsample", i, channels, layer)) return false;
    model.upsampling.push_back(layer);
    channels = layer.channels_out;
  }
  model.conditioning_channels = channels;
  return CheckContext(model, reader.error()) &&
         SetStepRate(model, reader.error());
}

bool ReadRecurrence(WeightReader& reader, Model& model) {
  const int width = kGates * model.state_size;
  const int conditioning[] = {model.conditioning_channels, width};
  const int input[] = {3, width};
  if (reader.Dense("cond_kernel", "", 2, conditioning,
                   model.conditioning_kernel) == nullptr ||
      !reader.Floats("input_kernel", "", 2, input, model.input_kernel) ||
      !reader.Vector("input_bias", "", width, model.input_bias) ||
      !reader.Vector("recurrent_bias", "", width, model.recurrent_bias)) {
    return false;
  }
  constexpr const char* kNames[kGates] = {"recurrent_u", "recurrent_r",
                                          "recurrent_e"};
  for (int gate = 0; gate < kGates; ++gate) {
    if (!ReadMatrix(reader, kNames[gate], model.state_size, model.state_size,
                    model.recurrent[gate])) {
      return false;
    }
  }
  return true;
}

// The dilations come first, of all layers.
bool ReadDilations(WeightReader& reader, int layers, Subscale& subscale) {
  const TfLiteTensor* tensor =
      reader.Next("dilations", "", kTfLiteInt32, 1, &layers);
  if (tensor == nullptr) return false;
  constexpr int kLargest = 1 << 13;
  for (int l = 0; l < layers; ++l) {
    const int32_t dilation = Data<int32_t>(*tensor)[l];
    if (dilation < 1 || dilation > kLargest) {
      return reader.error().Set("expected dilations in [1, %d]; got %d",
                                kLargest, dilation);
    }
    subscale.layers.push_back({{}, nullptr, dilation});
  }
  if (subscale.future() <= subscale.horizon) return true;
  return reader.error().Set(
      "expected the subscale layers to see at most horizon = %d positions"
      " ahead; got %d",
      subscale.horizon, subscale.future());
}

// D_l of one layer; the first one says how many channels there are.
bool ReadSubscaleLayer(WeightReader& reader, int index, Subscale& subscale) {
  char name[16];
  std::snprintf(name, sizeof(name), "D_%d", index);
  const int taps = subscale.kernel_size;
  const int B = subscale.batch;
  SubscaleLayer& layer = subscale.layers[index];
  const bool first = index == 0;
  if (!ReadMatrix(reader, name, first ? kAnySize : subscale.channels,
                  first ? taps * (B - 1) + B : taps * subscale.channels,
                  layer.kernel) ||
      !reader.Vector(name, ".bias", layer.kernel.rows, layer.bias)) {
    return false;
  }
  if (!first) return true;
  if (IsInteger(layer.kernel.type)) {
    return reader.error().Set(
        "expected float32 or bfloat16 values of %s, which reads samples of"
        " either sign; got integers behind scales",
        name);
  }
  subscale.channels = layer.kernel.rows;
  constexpr int kMostInputs = 1 << 14;
  if (subscale.channels % 16 == 0 && taps * subscale.channels <= kMostInputs) {
    return true;
  }
  return reader.error().Set(
      "expected the subscale layers' channels to be a multiple of 16, at most"
      " %d / kernel_size; got %d with kernel_size = %d",
      kMostInputs, subscale.channels, taps);
}

bool ReadSubscale(WeightReader& reader, int layers, Model& model) {
  Subscale& subscale = model.subscale;
  if (subscale.plain()) return true;
  if (!ReadDilations(reader, layers, subscale)) return false;
  for (int l = 0; l < layers; ++l) {
    if (!ReadSubscaleLayer(reader, l, subscale)) return false;
  }
  constexpr const char* kNames[kGates] = {"N_u", "N_r", "N_e"};
  for (int gate = 0; gate < kGates; ++gate) {
    if (!ReadMatrix(reader, kNames[gate], model.state_size, subscale.channels,
                    subscale.gates[gate])) {
      return false;
    }
  }
  return true;
}

// Constants that make the spectrum of any features positive, and its sums
// finite.
bool ReadLinearPrediction(WeightReader& reader, Model& model) {
  LinearPrediction& linear = model.predictors.linear;
  if (linear.order == 0) return true;
  const int scale_shape[] = {2};
  const int matrix_shape[] = {linear.order + 1, model.n_mels()};
  const int floor_shape[] = {linear.order + 1};
  const double* scale = nullptr;
  if (!reader.Doubles("lpc_scale", 1, scale_shape, scale) ||
      !reader.Doubles("lpc_matrix", 2, matrix_shape, linear.matrix) ||
      !reader.Doubles("lpc_floor", 1, floor_shape, linear.floor)) {
    return false;
  }
  linear.slope = scale[0];
  linear.intercept = scale[1];
  constexpr double kHighest = 1e12;
  for (int i = 0; i < 2; ++i) {
    if (std::fabs(scale[i]) <= kHighest) continue;
    return reader.error().Set("expected lpc_scale within 1e12; got %g",
                              scale[i]);
  }
  for (int i = 0; i < matrix_shape[0] * matrix_shape[1]; ++i) {
    const bool energy = i < model.n_mels();
    if (std::fabs(linear.matrix[i]) <= kHighest &&
        (!energy || linear.matrix[i] >= 0.0)) {
      continue;
    }
    return reader.error().Set(
        "expected lpc_matrix within 1e12, its first row not negative; got %g"
        " at element %d",
        linear.matrix[i], i);
  }
  for (int k = 0; k <= linear.order; ++k) {
    if (std::fabs(linear.floor[k]) <= kHighest &&
        (k > 0 || linear.floor[k] > 0.0)) {
      continue;
    }
    return reader.error().Set(
        "expected lpc_floor within 1e12, its first element positive; got %g at"
        " element %d",
        linear.floor[k], k);
  }
  return true;
}

bool ReadPostfilter(WeightReader& reader, Model& model) {
  PostfilterShape& shape = model.predictors.postfilter;
  if (shape.form == PostfilterForm::kOff) return true;
  if (shape.form == PostfilterForm::kSpectral) {
    return ReadSpectral(reader, model, model.predictors.spectral);
  }
  const TfLiteTensor* next = reader.Peek();
  const int size =
      next != nullptr && next->dims != nullptr && next->dims->size == 1
          ? next->dims->data[0]
          : 1;
  constexpr int kMostTaps = 4097;
  if (size % 2 == 0 || size > kMostTaps) {
    return reader.error().Set(
        "expected postfilter_taps of odd length up to %d; got %d", kMostTaps,
        size);
  }
  if (!reader.Vector("postfilter_taps", "", size, shape.taps)) return false;
  shape.reach = size / 2;
  double sum = 0.0;
  for (int i = 0; i < size; ++i) sum += std::fabs(shape.taps[i]);
  if (sum <= 16.0) return true;
  return reader.error().Set(
      "expected the magnitudes of postfilter_taps to sum to at most 16; got %g",
      sum);
}

bool ReadPredictors(WeightReader& reader, Model& model) {
  const int kernel[] = {model.predictors.rows(), kGates * model.state_size};
  if (kernel[0] > 0 && reader.Dense("extra_kernel", "", 2, kernel,
                                    model.extra_kernel) == nullptr) {
    return false;
  }
  return ReadLinearPrediction(reader, model) && ReadPostfilter(reader, model);
}

bool ReadHead(WeightReader& reader, const char* project, const char* output,
              const Model& model, Head& head) {
  return ReadMatrix(reader, project, model.projection_size,
                    model.state_size / 2, head.project) &&
         reader.Vector(project, ".bias", model.projection_size,
                       head.project_bias) &&
         ReadMatrix(reader, output, kClasses, model.projection_size,
                    head.output) &&
         reader.Vector(output, ".bias", kClasses, head.output_bias);
}

}  // namespace

bool ReadWeights(const std::vector<const TfLiteTensor*>& tensors, Model& model,
                 ErrorText& error) {
  WeightReader reader(tensors, error);
  const int config_shape[] = {kAnySize};
  const TfLiteTensor* config =
      reader.Next("config", "", kTfLiteInt32, 1, config_shape);
  if (config == nullptr) return false;
  LayerCounts counts = {};
  return ReadConfig(Data<int32_t>(*config), config->dims->data[0], model,
                    counts, error) &&
         ReadConditioning(reader, counts, model) &&
         ReadRecurrence(reader, model) &&
         ReadHead(reader, "O1", "O2", model, model.coarse) &&
         ReadHead(reader, "O3", "O4", model, model.fine) &&
         ReadSubscale(reader, counts.subscale, model) &&
         ReadPredictors(reader, model) && reader.CheckEnd();
}

}  // namespace wavernn_tf
