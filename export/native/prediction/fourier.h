// The discrete Fourier transform of real values, from operations that IEEE 754
// fixes to the last bit, so that every machine gets the same.
#ifndef WAVERNN_TF_PREDICTION_FOURIER_H_
#define WAVERNN_TF_PREDICTION_FOURIER_H_

#include "base/aligned_array.h"

namespace wavernn_tf {

class Fourier {
 public:
  // Returns false when memory runs out. `size` is a power of two, at least 2.
  bool Allocate(int size);

  // X[k] = sum over n of x[n] e^(-2 pi i k n / size): the real and imaginary
  // parts [size / 2 + 1] of x [size].
  void Forward(const float* x, float* real, float* imaginary);
  // x times `size`, of the parts of X.
  void Inverse(const float* real, const float* imaginary, float* x);

 private:
  // Of half the size, complex and in place; the input lies in reversed_ order.
  void Butterflies();

  int half_ = 0;                // of the size
  AlignedArray<int> reversed_;  // [half], the bits of an index
  // e^(-i pi j / length) of every stage, one after the other: j < length,
  // length = 1, 2, 4 .. half; the last one's are those of `size`.
  AlignedArray<float> cosines_;
  AlignedArray<float> sines_;
  AlignedArray<float> real_;       // [half], of x at even places
  AlignedArray<float> imaginary_;  // [half], at odd places
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PREDICTION_FOURIER_H_
