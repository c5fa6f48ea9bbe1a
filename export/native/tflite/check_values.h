// Checks of a call's numbers, whoever calls: the op or the C API.
#ifndef WAVERNN_TF_TFLITE_CHECK_VALUES_H_
#define WAVERNN_TF_TFLITE_CHECK_VALUES_H_

#include <cstdint>

#include "model/model.h"
#include "tflite/error_text.h"

namespace wavernn_tf {

// All of an array's values; `shape` [rank] is for the message.
bool CheckFinite(const float* values, const int* shape, int rank,
                 const char* name, ErrorText& error);

// Of one stream.
bool CheckDraw(float temperature, float fine_temperature, ErrorText& error);

// At least one frame besides the context.
bool CheckFrames(const Model& model, int64_t frames, ErrorText& error);

// Audio that ends within the last frame.
bool CheckAudioLength(const Model& model, int64_t frames, int64_t samples,
                      ErrorText& error);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TFLITE_CHECK_VALUES_H_
