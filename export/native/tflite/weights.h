// The weight list of an op, checked and turned into a Model of views.
#ifndef WAVERNN_TF_TFLITE_WEIGHTS_H_
#define WAVERNN_TF_TFLITE_WEIGHTS_H_

#include <vector>

#include "model/model.h"
#include "tflite/error_text.h"
#include "tflite/tflite_abi.h"

namespace wavernn_tf {

// The newest model schema this library reads, and the oldest.
constexpr int kSchemaVersion = 7;
constexpr int kOldestSchema = 5;

// Reads `tensors`, the op's constant inputs in the order of the schema, config
// first. On failure returns false and says why in `error`.
bool ReadWeights(const std::vector<const TfLiteTensor*>& tensors, Model& model,
                 ErrorText& error);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TFLITE_WEIGHTS_H_
