// The weight list of an op, tensor by tensor.
#ifndef WAVERNN_TF_TFLITE_WEIGHT_READER_H_
#define WAVERNN_TF_TFLITE_WEIGHT_READER_H_

#include <cstddef>
#include <vector>

#include "model/model.h"
#include "tflite/error_text.h"
#include "tflite/tensors.h"

namespace wavernn_tf {

// Takes the tensors of the list one by one, each checked to be a constant of
// the type and the shape that are expected. `part` is joined to the name in
// messages: "recurrent_u" + ".values". What fails returns nullptr or false,
// with the error set.
class WeightReader {
 public:
  WeightReader(const std::vector<const TfLiteTensor*>& tensors,
               ErrorText& error)
      : tensors_(tensors), error_(error) {}

  const TfLiteTensor* Next(const char* name, const char* part, TfLiteType type,
                           int rank, const int* shape);

  // The same of weights: float32, the upper halves of float32 (int16) or int8,
  // all finite, -127 to 127.
  const TfLiteTensor* Numbers(const char* name, const char* part,
                              TfLiteType type, int rank, const int* shape);

  // float32.
  bool Floats(const char* name, const char* part, int rank, const int* shape,
              const float*& data);
  bool Vector(const char* name, const char* part, int size,
              const float*& data) {
    return Floats(name, part, 1, &size, data);
  }

  // float64, all finite.
  bool Doubles(const char* name, int rank, const int* shape,
               const double*& data);

  // float32, or the upper halves of float32 as int16; the tensor itself, whose
  // shape may have been left open.
  const TfLiteTensor* Dense(const char* name, const char* part, int rank,
                            const int* shape, DenseArray& array);

  // The next tensor, which stays the next; null at the end.
  const TfLiteTensor* Peek() const {
    return next_ < tensors_.size() ? tensors_[next_] : nullptr;
  }

  bool CheckEnd();

  ErrorText& error() { return error_; }

 private:
  const std::vector<const TfLiteTensor*>& tensors_;
  ErrorText& error_;
  std::size_t next_ = 0;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TFLITE_WEIGHT_READER_H_
