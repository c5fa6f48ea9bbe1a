#include "tflite/weight_reader.h"

#include <cmath>
#include <cstdint>
#include <cstdio>

namespace wavernn_tf {
namespace {

// Of float32, of the upper halves of float32 (int16), and of int8, which spans
// -127 to 127. Another number would spread to every later sample.
bool Fits(const TfLiteTensor& tensor, int64_t i) {
  switch (tensor.type) {
    case kTfLiteFloat32:
      return std::isfinite(Data<float>(tensor)[i]);
    case kTfLiteInt16:
      return (Data<uint16_t>(tensor)[i] & 0x7F80) != 0x7F80;
    case kTfLiteFloat64:
      return std::isfinite(Data<double>(tensor)[i]);
    case kTfLiteInt8:
      return Data<int8_t>(tensor)[i] != -128;
    default:
      return true;
  }
}

bool CheckNumbers(const TfLiteTensor& tensor, const char* name,
                  ErrorText& error) {
  int64_t count = 1;
  for (int i = 0; i < tensor.dims->size; ++i) count *= tensor.dims->data[i];
  for (int64_t i = 0; i < count; ++i) {
    if (Fits(tensor, i)) continue;
    return error.Set(
        "expected %s in all of %s; got another one at element %lld",
        tensor.type == kTfLiteInt8 ? "-127 to 127" : "finite numbers", name,
        static_cast<long long>(i));
  }
  return true;
}

}  // namespace

const TfLiteTensor* WeightReader::Next(const char* name, const char* part,
                                       TfLiteType type, int rank,
                                       const int* shape) {
  char full[96];
  std::snprintf(full, sizeof(full), "%s%s", name, part);
  if (next_ >= tensors_.size()) {
    error_.Set("expected a tensor for %s; got only %zu weight tensors", full,
               tensors_.size());
    return nullptr;
  }
  const TfLiteTensor& tensor = *tensors_[next_++];
  if (tensor.allocation_type != kTfLiteMmapRo) {
    error_.Set(
        "expected %s to be a constant of the model; got a tensor"
        " computed at run time",
        full);
    return nullptr;
  }
  if (!CheckData(tensor, full, type, rank, shape, error_)) return nullptr;
  return &tensor;
}

const TfLiteTensor* WeightReader::Numbers(const char* name, const char* part,
                                          TfLiteType type, int rank,
                                          const int* shape) {
  const TfLiteTensor* tensor = Next(name, part, type, rank, shape);
  char full[96];
  std::snprintf(full, sizeof(full), "%s%s", name, part);
  if (tensor == nullptr || !CheckNumbers(*tensor, full, error_)) return nullptr;
  return tensor;
}

bool WeightReader::Floats(const char* name, const char* part, int rank,
                          const int* shape, const float*& data) {
  const TfLiteTensor* tensor = Numbers(name, part, kTfLiteFloat32, rank, shape);
  if (tensor == nullptr) return false;
  data = Data<float>(*tensor);
  return true;
}

bool WeightReader::Doubles(const char* name, int rank, const int* shape,
                           const double*& data) {
  const TfLiteTensor* tensor = Numbers(name, "", kTfLiteFloat64, rank, shape);
  if (tensor == nullptr) return false;
  data = Data<double>(*tensor);
  return true;
}

const TfLiteTensor* WeightReader::Dense(const char* name, const char* part,
                                        int rank, const int* shape,
                                        DenseArray& array) {
  const bool half = Peek() != nullptr && Peek()->type == kTfLiteInt16;
  const TfLiteTensor* tensor =
      Numbers(name, part, half ? kTfLiteInt16 : kTfLiteFloat32, rank, shape);
  if (tensor == nullptr) return nullptr;
  array = {tensor->data.data,
           half ? WeightType::kBfloat16 : WeightType::kFloat32};
  return tensor;
}

bool WeightReader::CheckEnd() {
  if (next_ == tensors_.size()) return true;
  return error_.Set("expected %zu weight tensors; got %zu", next_,
                    tensors_.size());
}

}  // namespace wavernn_tf
