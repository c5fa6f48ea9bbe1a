// A .tflite voice without a TFLite runtime: the file's op of ours, shown to the
// op's own code (tflite/op.h) in the structs in which a runtime shows it, so
// that the same checks run with the same words.
#ifndef WAVERNN_TF_C_API_MODEL_FILE_H_
#define WAVERNN_TF_C_API_MODEL_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "model/model.h"
#include "tflite/error_text.h"

namespace wavernn_tf {

// Reads a file's bytes: `model` holds views of them. `metadata` is the voice's
// description, JSON. On failure returns false and says why in `error`.
bool ReadModelFile(const uint8_t* data, std::size_t size, Model& model,
                   std::string& metadata, ErrorText& error);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_C_API_MODEL_FILE_H_
