#include "tflite/tensors.h"

namespace wavernn_tf {
namespace {

// Bytes of one element; 0 for types we never read.
int64_t TypeSize(TfLiteType type) {
  switch (type) {
    case kTfLiteFloat32:
    case kTfLiteInt32:
      return 4;
    case kTfLiteInt64:
    case kTfLiteFloat64:
      return 8;
    case kTfLiteInt16:
      return 2;
    case kTfLiteInt8:
      return 1;
    default:
      return 0;
  }
}

// The element count, or -1 if it passes 2^40.
int64_t CountElements(const TfLiteTensor& tensor) {
  constexpr int64_t kLimit = int64_t{1} << 40;
  int64_t count = 1;
  for (int i = 0; i < tensor.dims->size; ++i) {
    const int64_t size = tensor.dims->data[i];
    if (size > 0 && count > kLimit / size) return -1;
    count *= size;
  }
  return count;
}

}  // namespace

const char* TypeName(TfLiteType type) {
  switch (type) {
    case kTfLiteFloat32:
      return "float32";
    case kTfLiteInt32:
      return "int32";
    case kTfLiteInt64:
      return "int64";
    case kTfLiteFloat64:
      return "float64";
    case kTfLiteInt16:
      return "int16";
    case kTfLiteInt8:
      return "int8";
    default:
      return "another type";
  }
}

std::string ShapeText(const int* sizes, int rank) {
  std::string text = "[";
  for (int i = 0; i < rank; ++i) {
    if (i > 0) text += ", ";
    text += sizes[i] == kAnySize ? "?" : std::to_string(sizes[i]);
  }
  return text + "]";
}

std::string ShapeText(const TfLiteTensor& tensor) {
  if (tensor.dims == nullptr) return "no shape";
  return ShapeText(tensor.dims->data, tensor.dims->size);
}

bool CheckTensor(const TfLiteTensor& tensor, const char* name, TfLiteType type,
                 int rank, const int* shape, ErrorText& error) {
  if (tensor.type != type) {
    return error.Set("expected %s to be %s; got %s (type %d)", name,
                     TypeName(type), TypeName(tensor.type),
                     static_cast<int>(tensor.type));
  }
  bool fits = tensor.dims != nullptr && tensor.dims->size == rank;
  for (int i = 0; fits && i < rank; ++i) {
    const int size = tensor.dims->data[i];
    fits = size >= 0 && (shape[i] == kAnySize || shape[i] == size);
  }
  if (fits) return true;
  return error.Set("expected %s of shape %s; got %s", name,
                   ShapeText(shape, rank).c_str(), ShapeText(tensor).c_str());
}

bool CheckData(const TfLiteTensor& tensor, const char* name, TfLiteType type,
               int rank, const int* shape, ErrorText& error) {
  if (!CheckTensor(tensor, name, type, rank, shape, error)) return false;
  const int64_t count = CountElements(tensor);
  const int64_t size = TypeSize(type);
  if (count < 0 || static_cast<uint64_t>(count * size) > tensor.bytes) {
    return error.Set(
        "expected %s of shape %s to hold its elements; got %zu"
        " bytes",
        name, ShapeText(tensor).c_str(), tensor.bytes);
  }
  if (count > 0 && tensor.data.data == nullptr) {
    return error.Set("expected %s to have data; got none", name);
  }
  if (reinterpret_cast<uintptr_t>(tensor.data.data) % size != 0) {
    return error.Set("expected %s aligned to %d bytes; got address %p", name,
                     static_cast<int>(size), tensor.data.data);
  }
  return true;
}

}  // namespace wavernn_tf
