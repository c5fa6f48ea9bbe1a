#include "prediction/coding.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/double_math.h"

namespace wavernn_tf {
namespace {

// edges[k] = rint(32768 + 32768 sign(q) (256^|q| - 1) / 255), with
// q = (k - 128.5) / 128; the ends are those of 16 bits.
MuLawClasses MakeMuLaw() {
  MuLawClasses classes;
  for (int k = 0; k <= 256; ++k) {
    const double q = (k - 128.5) / 128.0;
    const double power = DoubleExp(std::fabs(q) * (8.0 * 0x1.62e42fefa39efp-1));
    const double distance = 32768.0 * (power - 1.0) / 255.0;
    const double edge = RoundDouble(32768.0 + (q < 0 ? -distance : distance));
    classes.edges[k] = static_cast<int>(Clamped(edge, 0.0, 65536.0));
  }
  classes.edges[0] = 0;
  classes.edges[256] = 65536;
  for (int c = 0; c < 256; ++c) {
    classes.widths[c] = classes.edges[c + 1] - classes.edges[c];
  }
  return classes;
}

}  // namespace

const MuLawClasses& MuLaw() {
  static const MuLawClasses classes = MakeMuLaw();
  return classes;
}

SplitSample Coding::Encode(int value) const {
  if (!mulaw) return {value >> 8, value & 255};
  const MuLawClasses& classes = MuLaw();
  const int* const after =
      std::upper_bound(classes.edges, classes.edges + 257, value);
  const int coarse = static_cast<int>(after - classes.edges) - 1;
  const int width = classes.widths[coarse];
  const int place = value - classes.edges[coarse];
  return {coarse, width <= 256 ? place : place * 256 / width};
}

float Coding::SharedNats(SplitSample sample) const {
  if (!mulaw) return 0.0f;
  const int width = MuLaw().widths[sample.coarse];
  if (width <= 256) return 0.0f;
  // Places x with x * 256 / width = fine.
  const int first = (sample.fine * width + 255) / 256;
  const int end = ((sample.fine + 1) * width + 255) / 256;
  return static_cast<float>(DoubleLog(end - first));
}

float LogarithmicInput(int x) {
  constexpr double kInverse = 1.0 / 8.318010277546872;  // ln(4097)
  const double nats = DoubleLog(1.0 + 0.125 * std::abs(x));
  const auto scaled = static_cast<float>(nats * kInverse);
  return x < 0 ? -scaled : scaled;
}

}  // namespace wavernn_tf
