#include <cmath>
#include <cstdint>
#include <limits>

#include "tflite/check_values.h"
#include "tflite/op.h"
#include "tflite/op_tensors.h"
#include "tflite/tensors.h"

namespace wavernn_tf {
namespace {

// Either CheckTensor (shapes) or CheckData (shapes and memory).
using Checker = bool (*)(const TfLiteTensor& tensor, const char* name,
                         TfLiteType type, int rank, const int* shape,
                         ErrorText& error);

bool CheckFeatures(const TfLiteContext& context, const Op& op, Checker check,
                   CallSizes& sizes, ErrorText& error) {
  const TfLiteTensor& features = Input(context, op, 0);
  const int shape[] = {kAnySize, kAnySize, op.model.n_features};
  if (!check(features, "features", kTfLiteFloat32, 3, shape, error)) {
    return false;
  }
  sizes.batch = features.dims->data[0];
  sizes.frames =
      static_cast<int64_t>(features.dims->data[1]) - ContextFrames(op);
  const int64_t samples = sizes.frames * op.model.hop_length;
  if (samples > std::numeric_limits<int>::max()) {
    return error.Set("expected fewer than 2^31 samples; got %lld frames of %d",
                     static_cast<long long>(sizes.frames), op.model.hop_length);
  }
  sizes.samples = sizes.frames > 0 ? samples : 0;
  return true;
}

bool CheckGenerateInputs(const TfLiteContext& context, const Op& op,
                         Checker check, const CallSizes& sizes,
                         ErrorText& error) {
  const int vector[] = {sizes.batch};
  const int state[] = {sizes.batch, op.model.stream_size()};
  return check(Input(context, op, kGenerateSeed), "seed", kTfLiteInt64, 1,
               vector, error) &&
         check(Input(context, op, kGenerateTemperature), "temperature",
               kTfLiteFloat32, 1, vector, error) &&
         check(Input(context, op, kGenerateFineTemperature), "fine_temperature",
               kTfLiteFloat32, 1, vector, error) &&
         check(Input(context, op, kGenerateState), "state", kTfLiteFloat32, 2,
               state, error) &&
         check(Input(context, op, kGeneratePosition), "position", kTfLiteInt64,
               1, vector, error);
}

bool CheckGenerateOutputs(const TfLiteContext& context, const Op& op,
                          ErrorText& error) {
  constexpr TfLiteType kTypes[] = {kTfLiteInt16, kTfLiteFloat32, kTfLiteInt64};
  constexpr const char* kNames[] = {"output audio", "output state",
                                    "output position"};
  for (int i = 0; i < kGenerateOutputs; ++i) {
    const TfLiteType type = context.tensors[op.outputs[i]].type;
    if (type != kTypes[i]) {
      return error.Set("expected %s to be %s; got %s", kNames[i],
                       TypeName(kTypes[i]), TypeName(type));
    }
  }
  return true;
}

bool CheckScoreTensors(const TfLiteContext& context, const Op& op,
                       Checker check, CallSizes& sizes, ErrorText& error) {
  const TfLiteTensor& audio = Input(context, op, kScoreAudio);
  const int shape[] = {sizes.batch, kAnySize};
  if (!check(audio, "audio", kTfLiteInt16, 2, shape, error)) return false;
  sizes.samples = audio.dims->data[1];
  const TfLiteType type = context.tensors[op.outputs[0]].type;
  if (type == kTfLiteFloat32) return true;
  return error.Set("expected output log_likelihood to be float32; got %s",
                   TypeName(type));
}

bool CheckTensors(const TfLiteContext& context, const Op& op, Checker check,
                  CallSizes& sizes, ErrorText& error) {
  if (!CheckFeatures(context, op, check, sizes, error)) return false;
  if (op.kind == OpKind::kScore) {
    return CheckScoreTensors(context, op, check, sizes, error);
  }
  return CheckGenerateInputs(context, op, check, sizes, error) &&
         CheckGenerateOutputs(context, op, error);
}

bool CheckLengths(const Op& op, const CallSizes& sizes, ErrorText& error) {
  return CheckFrames(op.model, sizes.frames, error) &&
         (op.kind != OpKind::kScore ||
          CheckAudioLength(op.model, sizes.frames, sizes.samples, error));
}

bool CheckFinite(const TfLiteTensor& tensor, const char* name,
                 ErrorText& error) {
  return CheckFinite(Data<float>(tensor), tensor.dims->data, tensor.dims->size,
                     name, error);
}

// Of the network's state; samples, which follow it, may have any size. The
// gates round: what they put out may pass 1 by some 2^-21. Far beyond, neither
// 8 bits nor sums hold it, and instruction sets would differ.
bool CheckStateRange(const TfLiteTensor& tensor, int batch, const Model& model,
                     ErrorText& error) {
  constexpr float kHighest = 1.0f + 1.0f / 1024.0f;
  const float* state = Data<float>(tensor);
  const int size = model.subscale.batch * model.state_size;
  for (int b = 0; b < batch; ++b, state += model.stream_size()) {
    for (int i = 0; i < size; ++i) {
      if (std::fabs(state[i]) <= kHighest) continue;
      return error.Set(
          "expected the first %d values of a stream's state in [-1, 1]; got %g"
          " at element %d of stream %d",
          size, static_cast<double>(state[i]), i, b);
    }
  }
  return true;
}

bool CheckGenerateValues(const TfLiteContext& context, const Op& op,
                         const CallSizes& sizes, ErrorText& error) {
  const TfLiteTensor& state = Input(context, op, kGenerateState);
  if (!CheckFinite(state, "state", error) ||
      !CheckStateRange(state, sizes.batch, op.model, error)) {
    return false;
  }
  const float* temperatures =
      Data<float>(Input(context, op, kGenerateTemperature));
  const float* fine_temperatures =
      Data<float>(Input(context, op, kGenerateFineTemperature));
  const int64_t* positions =
      Data<int64_t>(Input(context, op, kGeneratePosition));
  // The first sub-tensor runs ahead, and to the end of its position.
  const int64_t highest = std::numeric_limits<int64_t>::max() - sizes.samples -
                          int64_t{op.model.ahead()} * op.model.hop_length -
                          op.model.subscale.batch;
  for (int b = 0; b < sizes.batch; ++b) {
    if (!CheckDraw(temperatures[b], fine_temperatures[b], error)) return false;
    if (positions[b] < 0 || positions[b] > highest) {
      return error.Set("expected position in [0, %lld]; got %lld",
                       static_cast<long long>(highest),
                       static_cast<long long>(positions[b]));
    }
    if (op.model.ahead() > 0 && positions[b] % op.model.hop_length != 0) {
      return error.Set(
          "expected position to be a multiple of hop_length (%d): a %s"
          " voice puts out whole frames; got %lld",
          op.model.hop_length,
          op.model.subscale.plain() ? "postfiltered" : "subscale",
          static_cast<long long>(positions[b]));
    }
  }
  return true;
}

}  // namespace

bool CheckShapes(const TfLiteContext& context, const Op& op, CallSizes& sizes,
                 ErrorText& error) {
  return CheckTensors(context, op, CheckTensor, sizes, error);
}

bool CheckCall(const TfLiteContext& context, const Op& op, CallSizes& sizes,
               ErrorText& error) {
  return CheckTensors(context, op, CheckData, sizes, error) &&
         CheckLengths(op, sizes, error) &&
         CheckFinite(Input(context, op, 0), "features", error) &&
         (op.kind == OpKind::kScore ||
          CheckGenerateValues(context, op, sizes, error));
}

bool HasDynamicInput(const TfLiteContext& context, const Op& op) {
  for (int i = 0; i < RunTimeInputs(op.kind); ++i) {
    if (Input(context, op, i).allocation_type == kTfLiteDynamic) return true;
  }
  return false;
}

}  // namespace wavernn_tf
