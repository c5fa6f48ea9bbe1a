// 16-bit samples: pre- and de-emphasis, and the split in coarse and fine.
// `s` is the emphasised signal, in units of one 16-bit step.
#ifndef WAVERNN_TF_BASE_SIGNAL_H_
#define WAVERNN_TF_BASE_SIGNAL_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace wavernn_tf {

// One sample as its two 8-bit classes, each in [0, 255].
struct SplitSample {
  int coarse;
  int fine;
};

// u = clip(s + 32768 + offset, 0, 65535); coarse = u >> 8, fine = u & 255.
// `s` is integral; any finite value is safe.
inline SplitSample Split(float s, int sample_offset) {
  const float bounded = std::min(std::max(s, -131072.0f), 131072.0f);
  const int unsigned_sample =
      std::clamp(static_cast<int>(bounded) + 32768 + sample_offset, 0, 65535);
  return {unsigned_sample >> 8, unsigned_sample & 255};
}

// s = 256 * coarse + fine - 32768 - offset, not clipped.
inline float Combine(SplitSample sample, int sample_offset) {
  return static_cast<float>(256 * sample.coarse + sample.fine - 32768 -
                            sample_offset);
}

// A class as the network sees it, in [-1, 1].
inline float NetworkInput(int value) {
  return static_cast<float>(value) / 127.5f - 1.0f;
}

// s[n] = rint(x[n] - a * x[n-1]), half to even.
inline float PreEmphasise(float sample, float previous, float coefficient) {
  const float product = coefficient * previous;
  return std::nearbyint(sample - product);
}

// y[n] = s[n] + a * y[n-1].
inline float DeEmphasise(float s, float y_previous, float coefficient) {
  const float product = coefficient * y_previous;
  return s + product;
}

// audio[n] = clip(rint(y[n]), -32768, 32767), half to even.
inline int16_t ToAudio(float y) {
  const float bounded = std::min(std::max(y, -32768.0f), 32767.0f);
  return static_cast<int16_t>(std::nearbyint(bounded));
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_BASE_SIGNAL_H_
