#include "tflite/check_values.h"

#include <cmath>

#include "tflite/tensors.h"

namespace wavernn_tf {
namespace {

bool CheckTemperature(float temperature, const char* name, ErrorText& error) {
  if (!std::isfinite(temperature)) {
    return error.Set("expected finite %s; got %g", name,
                     static_cast<double>(temperature));
  }
  if (temperature >= 0.0f) return true;
  return error.Set("expected %s >= 0; got %g", name,
                   static_cast<double>(temperature));
}

}  // namespace

bool CheckFinite(const float* values, const int* shape, int rank,
                 const char* name, ErrorText& error) {
  int64_t count = 1;
  for (int i = 0; i < rank; ++i) count *= shape[i];
  for (int64_t i = 0; i < count; ++i) {
    if (!std::isfinite(values[i])) {
      return error.Set("expected finite %s; got %g at element %lld of shape %s",
                       name, static_cast<double>(values[i]),
                       static_cast<long long>(i),
                       ShapeText(shape, rank).c_str());
    }
  }
  return true;
}

bool CheckDraw(float temperature, float fine_temperature, ErrorText& error) {
  return CheckTemperature(temperature, "temperature", error) &&
         CheckTemperature(fine_temperature, "fine_temperature", error);
}

bool CheckFrames(const Model& model, int64_t frames, ErrorText& error) {
  if (frames >= 1) return true;
  const int after = model.lookahead + model.ahead();
  return error.Set(
      "expected features of at least %d frames (1 + %d before +"
      " %d after); got %lld",
      1 + model.past + after, model.past, after,
      static_cast<long long>(frames + model.past + after));
}

bool CheckAudioLength(const Model& model, int64_t frames, int64_t samples,
                      ErrorText& error) {
  const int64_t highest = frames * model.hop_length;
  const int64_t lowest = highest - model.hop_length + 1;
  if (samples >= lowest && samples <= highest) return true;
  return error.Set(
      "expected %lld to %lld samples of audio for %lld frames;"
      " got %lld",
      static_cast<long long>(lowest), static_cast<long long>(highest),
      static_cast<long long>(frames), static_cast<long long>(samples));
}

}  // namespace wavernn_tf
