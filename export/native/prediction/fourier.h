// The discrete Fourier transform, from operations that IEEE 754 fixes to the
// last bit, so that every machine gets the same.
#ifndef WAVERNN_TF_PREDICTION_FOURIER_H_
#define WAVERNN_TF_PREDICTION_FOURIER_H_

#include "base/aligned_array.h"

namespace wavernn_tf {

class Fourier {
 public:
  // Returns false when memory runs out. `size` is a power of two, at least 2.
  bool Allocate(int size);

  // X[k] = sum over n of x[n] e^(-2 pi i k n / size), in place: real and
  // imaginary parts [size], in any array. The inverse, times `size`, is the
  // same with both parts exchanged.
  void Transform(float* real, float* imaginary) const;

 private:
  int size_ = 0;
  AlignedArray<int> reversed_;  // [size], the bits of an index
  // e^(-i pi j / half) of every stage, one after the other: j < half, half = 1,
  // 2, 4 .. size / 2.
  AlignedArray<float> cosines_;
  AlignedArray<float> sines_;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PREDICTION_FOURIER_H_
