#include "tflite/config.h"

#include <algorithm>
#include <cstring>

#include "tflite/weights.h"

namespace wavernn_tf {
namespace {

constexpr int32_t kMagic = 0x4E4E5257;  // "WRNN", little endian

enum ConfigIndex {
  kMagicIndex,
  kSchemaIndex,
  kStateSize,
  kProjectionSize,
  kFeatures,
  kHopLength,
  kSampleOffset,
  kPreEmphasis,
  kConvolutions,
  kUpsampling,
  kPast,
  kLookahead,
  kSubTensors,
  kHorizon,
  kSubscaleLayers,
  kSubscaleKernel,
  kPredictionOrder,
  kPitchSource,  // PitchSource
  kSplit,        // 0: linear, 1: mu-law
  kExtraInputs,  // ExtraInput
  kSampleRate,
  kEstimator,   // layers
  kPostfilter,  // PostfilterForm
  kPostfilterStrength,
  kNoiseShaping,  // of 256
  kVoicedTemperature,
  kPostfilterPasses,  // of the spectral one
};

struct Range {
  ConfigIndex index;
  const char* name;
  int32_t lowest;
  int32_t highest;
};

// Bounds that keep every product below in int64 and the kernels' columns in 16
// bits; real models are far inside.
constexpr Range kRanges[] = {
    {kStateSize, "state_size", 32, 1 << 14},
    {kProjectionSize, "projection_size", 1, 1 << 14},
    {kFeatures, "n_features", 1, 1 << 16},
    {kHopLength, "hop_length", 1, 1 << 16},
    {kSampleOffset, "sample_offset", -32768, 32767},
    {kConvolutions, "n_conv", 1, 256},
    {kUpsampling, "n_upsample", 0, 16},
    {kPast, "past", 0, 1 << 16},
    {kLookahead, "lookahead", 0, 1 << 16},
    {kSubTensors, "sub-tensors", 1, 16},
    {kPredictionOrder, "prediction_order", 0, kMostOrder},
    {kPitchSource, "pitch", 0, 2},
    {kSplit, "split", 0, 1},
    {kExtraInputs, "extra inputs", 0, kAllExtraInputs},
    {kSampleRate, "sample_rate", 1, 1 << 20},
    {kEstimator, "n_estimator", 0, 16},
    {kPostfilter, "postfilter", 0, 3},
    {kNoiseShaping, "noise_shaping / 256", 0, kMostNoiseShaping},
    {kPostfilterPasses, "postfilter_passes", 1, kMostPasses},
};

// Of a model with more than one sub-tensor.
constexpr Range kSubscaleRanges[] = {
    {kHorizon, "horizon", 0, 1 << 12},
    {kSubscaleLayers, "n_subscale", 1, 64},
    {kSubscaleKernel, "subscale kernel_size", 1, 64},
};

bool CheckSchema(const int32_t* config, int size, ErrorText& error) {
  if (size <= kSchemaIndex) {
    return error.Set("expected config of shape [%d]; got [%d]", kConfigSize,
                     size);
  }
  if (config[kMagicIndex] != kMagic) {
    return error.Set(
        "expected the config's magic 0x%08X; got 0x%08X: this is"
        " no wavernn-tf model",
        static_cast<unsigned>(kMagic),
        static_cast<unsigned>(config[kMagicIndex]));
  }
  const int schema = config[kSchemaIndex];
  if (schema > kSchemaVersion) {
    return error.Set(
        "model schema %d is newer than this library (%d): upgrade"
        " wavernn-tf",
        schema, kSchemaVersion);
  }
  if (schema < kOldestSchema) {
    return error.Set(
        "model schema %d is older than this library (%d): export the model"
        " again",
        schema, kSchemaVersion);
  }
  const int expected = kConfigSizes[schema - kOldestSchema];
  if (size == expected) return true;
  return error.Set("expected config of shape [%d]; got [%d]", expected, size);
}

bool CheckRange(const int32_t* config, const Range& range, ErrorText& error) {
  const int32_t value = config[range.index];
  if (value >= range.lowest && value <= range.highest) return true;
  return error.Set("expected %s in [%d, %d]; got %d", range.name, range.lowest,
                   range.highest, value);
}

// A plain model has 1 sub-tensor and zeros for all else.
bool CheckSubscale(const int32_t* config, ErrorText& error) {
  const int32_t sub_tensors = config[kSubTensors];
  if ((sub_tensors & (sub_tensors - 1)) != 0) {
    return error.Set("expected 1, 2, 4, 8 or 16 sub-tensors; got %d",
                     sub_tensors);
  }
  for (Range range : kSubscaleRanges) {
    if (sub_tensors == 1) range.lowest = range.highest = 0;
    if (!CheckRange(config, range, error)) return false;
  }
  return true;
}

// What stands in front of the network fits together.
bool CheckPredictors(const int32_t* config, ErrorText& error) {
  const bool pitch = config[kPitchSource] != 0;
  const auto inputs = static_cast<unsigned>(config[kExtraInputs]);
  const bool none = config[kPredictionOrder] == 0 && !pitch &&
                    config[kSplit] == 0 && inputs == 0;
  if (!none && config[kSubTensors] > 1) {
    return error.Set("expected no predictors with %d sub-tensors",
                     config[kSubTensors]);
  }
  if (config[kPredictionOrder] == 1) {
    return error.Set("expected prediction_order 0 or 2 to %d; got 1",
                     kMostOrder);
  }
  const unsigned predicted = kPredictionInput | kLogPredictionInput;
  if ((inputs & predicted) != 0 && config[kPredictionOrder] == 0) {
    return error.Set("expected prediction_order > 0 with extra inputs 0x%02X",
                     inputs);
  }
  const auto form = static_cast<PostfilterForm>(config[kPostfilter]);
  const bool spectral = form == PostfilterForm::kSpectral;
  const bool pitched = form != PostfilterForm::kOff && !spectral;
  if (((inputs & kLaggedInput) != 0 || pitched) && !pitch) {
    return error.Set(
        "expected a source of pitch with extra inputs 0x%02X, postfilter %d",
        inputs, config[kPostfilter]);
  }
  if (spectral && none) {
    return error.Set("expected a prediction with postfilter %d",
                     config[kPostfilter]);
  }
  if (config[kNoiseShaping] != 0 && !pitch) {
    return error.Set("expected a source of pitch with noise_shaping %d / 256",
                     config[kNoiseShaping]);
  }
  if (pitch && config[kSampleRate] < 1600) {
    return error.Set("expected sample_rate >= 1600 with pitch; got %d",
                     config[kSampleRate]);
  }
  const bool estimated =
      config[kPitchSource] == static_cast<int>(PitchSource::kEstimated);
  if (estimated != (config[kEstimator] > 0)) {
    return error.Set(
        "expected layers of a pitch estimator if and only if pitch is"
        " estimated; got %d of them",
        config[kEstimator]);
  }
  if (config[kPitchSource] == static_cast<int>(PitchSource::kGiven) &&
      config[kFeatures] < 2) {
    return error.Set("expected n_features >= 2 with given pitch; got %d",
                     config[kFeatures]);
  }
  if (config[kSplit] == 1 && config[kSampleOffset] != 0) {
    return error.Set("expected sample_offset 0 of the mu-law split; got %d",
                     config[kSampleOffset]);
  }
  return true;
}

float FloatOf(int32_t bits) {
  float value;
  static_assert(sizeof(value) == sizeof(bits));
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

bool FillPredictors(const int32_t* config, Predictors& predictors,
                    ErrorText& error) {
  predictors.linear.order = config[kPredictionOrder];
  predictors.pitch = static_cast<PitchSource>(config[kPitchSource]);
  if (predictors.pitch != PitchSource::kOff) {
    predictors.lags = LagScale(config[kSampleRate]);
  }
  predictors.mulaw = config[kSplit] == 1;
  predictors.inputs = static_cast<unsigned>(config[kExtraInputs]);
  predictors.postfilter.form = static_cast<PostfilterForm>(config[kPostfilter]);
  const float strength = FloatOf(config[kPostfilterStrength]);
  predictors.postfilter.strength = strength;
  if (!(strength >= 0.0f && strength <= 10.0f)) {
    return error.Set("expected postfilter_strength in [0, 10]; got %g",
                     static_cast<double>(strength));
  }
  predictors.spectral.passes = config[kPostfilterPasses];
  predictors.noise.amount = config[kNoiseShaping];
  const float voiced = FloatOf(config[kVoicedTemperature]);
  predictors.noise.voiced_temperature = voiced;
  if (!(voiced > 0.0f && voiced <= 1.0f)) {
    return error.Set("expected voiced_temperature in (0, 1]; got %g",
                     static_cast<double>(voiced));
  }
  if (voiced < 1.0f && predictors.pitch == PitchSource::kOff) {
    return error.Set("expected a source of pitch with voiced_temperature %g",
                     static_cast<double>(voiced));
  }
  return true;
}

bool CheckRanges(const int32_t* config, ErrorText& error) {
  for (const Range& range : kRanges) {
    if (!CheckRange(config, range, error)) return false;
  }
  if (config[kStateSize] % 32 != 0) {
    return error.Set("expected state_size to be a multiple of 32; got %d",
                     config[kStateSize]);
  }
  return CheckPredictors(config, error) && CheckSubscale(config, error);
}

}  // namespace

bool ReadConfig(const int32_t* held, int size, Model& model,
                LayerCounts& counts, ErrorText& error) {
  if (!CheckSchema(held, size, error)) return false;
  int32_t config[kConfigSize] = {};
  // What an old file does not say.
  constexpr float kUnchanged = 1.0f;
  std::memcpy(&config[kVoicedTemperature], &kUnchanged, sizeof(kUnchanged));
  config[kPostfilterPasses] = 1;
  std::copy_n(held, size, config);
  if (!CheckRanges(config, error)) return false;
  const float pre_emphasis = FloatOf(config[kPreEmphasis]);
  if (!(pre_emphasis >= 0.0f && pre_emphasis < 1.0f)) {
    return error.Set("expected pre_emphasis in [0, 1); got %g",
                     static_cast<double>(pre_emphasis));
  }
  model.state_size = config[kStateSize];
  model.projection_size = config[kProjectionSize];
  model.n_features = config[kFeatures];
  model.sample_rate = config[kSampleRate];
  model.hop_length = config[kHopLength];
  model.sample_offset = config[kSampleOffset];
  model.pre_emphasis = pre_emphasis;
  model.past = config[kPast];
  model.lookahead = config[kLookahead];
  model.subscale.batch = config[kSubTensors];
  model.subscale.horizon = config[kHorizon];
  model.subscale.kernel_size = config[kSubscaleKernel];
  counts = {config[kConvolutions], config[kUpsampling], config[kSubscaleLayers],
            config[kEstimator]};
  return FillPredictors(config, model.predictors, error);
}

}  // namespace wavernn_tf
