// Activations as 8-bit integers.
#ifndef WAVERNN_TF_KERNELS_QUANTISE_H_
#define WAVERNN_TF_KERNELS_QUANTISE_H_

#include <cstdint>

namespace wavernn_tf {

// Bytes of x: rint(x * inverse), of the exact product, to nearest even, and,
// where the instruction set multiplies unsigned by signed bytes, 128 more. |x *
// inverse| <= 127.49. Natural alignment; n is a multiple of 16.
struct QuantiseParams {
  const float* x;  // [n]
  int n;
  float inverse;
  uint8_t* bytes;     // [n]
  uint32_t* shifted;  // [4 n] as kShifted of multiply.h, or null
};

// The same for 16 streams: x [n, 16], inverse [16].
struct BatchQuantiseParams {
  const float* x;
  int n;
  const float* inverse;
  uint8_t* words;  // [n / 4, 16, 4], or null
  uint8_t* bytes;  // [n, 16], or null
};

// What 8-bit integers stand for: x ~ scale * q, q = rint(x * inverse).
struct ByteScale {
  float scale;
  float inverse;
};

// Values in [-1, 1]: the state.
static constexpr ByteScale kUnitScale = {1.0f / 127.0f, 127.0f};

// Values in [0, largest]; zero for what is too small, infinite or NaN.
inline ByteScale ScaleFor(float largest) {
  if (!(largest >= 1e-30f && largest <= 3.4e38f)) return {0.0f, 0.0f};
  return {largest / 127.0f, 127.0f / largest};
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_QUANTISE_H_
