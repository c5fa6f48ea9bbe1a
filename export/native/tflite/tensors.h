// Reading TFLite tensors with every property checked first.
#ifndef WAVERNN_TF_TFLITE_TENSORS_H_
#define WAVERNN_TF_TFLITE_TENSORS_H_

#include <cstdint>
#include <string>

#include "tflite/error_text.h"
#include "tflite/tflite_abi.h"

namespace wavernn_tf {

// A dimension that may have any size >= 0.
constexpr int kAnySize = -1;

const char* TypeName(TfLiteType type);

// "[2, 3]"; kAnySize is "?".
std::string ShapeText(const int* sizes, int rank);
std::string ShapeText(const TfLiteTensor& tensor);

// Checks type and rank, and each dimension against `shape`, where kAnySize
// fits all. `name` is the tensor's name in messages.
bool CheckTensor(const TfLiteTensor& tensor, const char* name, TfLiteType type,
                 int rank, const int* shape, ErrorText& error);

// As CheckTensor, and that the tensor's memory is there, large enough for its
// shape and aligned for its elements.
bool CheckData(const TfLiteTensor& tensor, const char* name, TfLiteType type,
               int rank, const int* shape, ErrorText& error);

template <typename T>
const T* Data(const TfLiteTensor& tensor) {
  return static_cast<const T*>(tensor.data.data);
}

template <typename T>
T* MutableData(TfLiteTensor& tensor) {
  return static_cast<T*>(tensor.data.data);
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TFLITE_TENSORS_H_
