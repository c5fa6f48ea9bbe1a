// Activations as integers of 8 and of 16 bits.
#ifndef WAVERNN_TF_KERNELS_QUANTISE_H_
#define WAVERNN_TF_KERNELS_QUANTISE_H_

#include <cstdint>

namespace wavernn_tf {

// The largest integers, of either sign.
constexpr float kMostByte = 127.0f;
constexpr float kMostShort = 8192.0f;  // see kMostInt16Sum

// What integers stand for: x ~ scale * q, q = rint(x * inverse).
struct IntegerScale {
  float scale;
  float inverse;
};

// Of values up to `largest` in magnitude, for integers up to `most`; zero for
// what is too small, infinite or NaN.
inline IntegerScale ScaleFor(float largest, float most) {
  if (!(largest >= 1e-30f && largest <= 3.4e38f)) return {0.0f, 0.0f};
  return {largest / most, most / largest};
}

// The state lies in [-1, 1].
constexpr float kLargestState = 1.0f;

// Integers rint(x * inverse), of the exact product, to nearest even, in every
// form that is not null; in bytes 128 more where the instruction set multiplies
// unsigned by signed ones. Natural alignment.
struct IntegerForms {
  float byte_inverse;
  uint8_t* bytes;           // [n]; null only where `shifted_bytes` is
  uint32_t* shifted_bytes;  // [4 n] as kShiftedBytes of multiply.h
  float short_inverse;
  int16_t* shorts;           // [n]; null only where `shifted_shorts` is
  uint32_t* shifted_shorts;  // [2 n] as kShiftedShorts
};

// The values first .. first + count - 1, multiples of 16. |x * inverse| <=
// 127.49 for bytes, 32767.49 for shorts.
struct QuantiseParams {
  const float* x;  // [n]
  int first;
  int count;
  IntegerForms forms;
};

// The same for 16 streams: x [n, 16], inverses [16].
struct BatchQuantiseParams {
  const float* x;
  int n;
  const float* byte_inverse;
  uint8_t* byte_words;  // [n / 4, 16, 4]
  uint8_t* bytes;       // [n, 16]
  const float* short_inverse;
  int16_t* short_words;  // [n / 2, 16, 2], or [n, 16], as DotWord takes them
  int16_t* shorts;       // [n, 16]
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_QUANTISE_H_
