#include "tflite/config.h"

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
};

// Of a model with more than one sub-tensor.
constexpr Range kSubscaleRanges[] = {
    {kHorizon, "horizon", 0, 1 << 12},
    {kSubscaleLayers, "n_subscale", 1, 64},
    {kSubscaleKernel, "subscale kernel_size", 1, 64},
};

bool CheckSchema(const int32_t* config, ErrorText& error) {
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
  if (schema < kSchemaVersion) {
    return error.Set(
        "model schema %d is older than this library (%d): export the model"
        " again",
        schema, kSchemaVersion);
  }
  return true;
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

bool CheckRanges(const int32_t* config, ErrorText& error) {
  for (const Range& range : kRanges) {
    if (!CheckRange(config, range, error)) return false;
  }
  if (config[kStateSize] % 32 != 0) {
    return error.Set("expected state_size to be a multiple of 32; got %d",
                     config[kStateSize]);
  }
  return CheckSubscale(config, error);
}

}  // namespace

bool ReadConfig(const int32_t* config, Model& model, LayerCounts& counts,
                ErrorText& error) {
  if (!CheckSchema(config, error) || !CheckRanges(config, error)) return false;
  float pre_emphasis;
  static_assert(sizeof(pre_emphasis) == sizeof(config[kPreEmphasis]));
  std::memcpy(&pre_emphasis, &config[kPreEmphasis], sizeof(pre_emphasis));
  if (!(pre_emphasis >= 0.0f && pre_emphasis < 1.0f)) {
    return error.Set("expected pre_emphasis in [0, 1); got %g",
                     static_cast<double>(pre_emphasis));
  }
  model.state_size = config[kStateSize];
  model.projection_size = config[kProjectionSize];
  model.n_features = config[kFeatures];
  model.hop_length = config[kHopLength];
  model.sample_offset = config[kSampleOffset];
  model.pre_emphasis = pre_emphasis;
  model.past = config[kPast];
  model.lookahead = config[kLookahead];
  model.subscale.batch = config[kSubTensors];
  model.subscale.horizon = config[kHorizon];
  model.subscale.kernel_size = config[kSubscaleKernel];
  counts = {config[kConvolutions], config[kUpsampling],
            config[kSubscaleLayers]};
  return true;
}

}  // namespace wavernn_tf
