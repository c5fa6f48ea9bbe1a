// What makes voiced speech quieter when sampling. With the voicing level V of a
// step, of 256, the coarse temperature falls with it,
//   T_t = T (1 - (1 - tau) V / 256)
// and the noise of a draw, eta_t = the drawn value less that of the median
// coarse class with its middle fine class, moves up in frequency:
//   s_t = clip(the drawn sample - shift),  shift = rho V / 256 eta_{t-1}
// rounded. The next step reads s_t, not what was drawn. All is in integers but
// the temperature.
#ifndef WAVERNN_TF_PREDICTION_NOISE_SHAPING_H_
#define WAVERNN_TF_PREDICTION_NOISE_SHAPING_H_

#include <cstdint>

#include "base/double_math.h"

namespace wavernn_tf {

constexpr int kMostNoiseShaping = 230;  // R of rho = 0.9
constexpr int kMostNoise = 65535;       // |eta|

struct NoiseShaping {
  int amount = 0;                   // R = rint(256 rho)
  float voiced_temperature = 1.0f;  // tau, in (0, 1]

  bool on() const { return amount > 0; }
  bool follows_voicing() const { return on() || voiced_temperature < 1.0f; }
};

// V = rint(256 voicing), half to even.
inline int VoicingLevel(float voicing) {
  return static_cast<int>(RoundDouble(Clamped(256.0 * voicing, 0.0, 256.0)));
}

// T_t / T.
inline float TemperatureFactor(float voiced_temperature, int level) {
  const double product = (1.0 - voiced_temperature) * level;
  return static_cast<float>(1.0 - product / 256.0);
}

// (R V eta + 2^15) >> 16, rounded down also below zero.
inline int NoiseShift(int amount, int level, int noise) {
  const int64_t product = int64_t{amount} * level * noise + (1 << 15);
  return static_cast<int>(product >> 16);
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PREDICTION_NOISE_SHAPING_H_
