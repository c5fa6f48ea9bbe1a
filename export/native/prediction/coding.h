// The coded value v of a sample s and its prediction p (0 without one), with
// the sample offset o:
//   v = (s - p + 32768 + o) mod 65536,  s = ((v + p) mod 65536) - 32768 - o
// and how v splits in two classes. Linear: the high byte and the low byte.
// Mu-law: coarse classes edges[c] <= v < edges[c + 1], the fine class is the
// place inside; a class narrower than 256 has fewer fine classes, in a wider
// one several values share a fine class.
#ifndef WAVERNN_TF_PREDICTION_CODING_H_
#define WAVERNN_TF_PREDICTION_CODING_H_

#include "base/signal.h"

namespace wavernn_tf {

struct MuLawClasses {
  int edges[257];
  int widths[256];
};
const MuLawClasses& MuLaw();

struct Coding {
  int offset = 0;      // o
  bool mulaw = false;  // which split

  int lowest() const { return -32768 - offset; }
  int highest() const { return 32767 - offset; }

  int Value(int sample, int prediction) const {
    return (sample - prediction + 32768 + offset) & 65535;
  }
  int Sample(int value, int prediction) const {
    return ((value + prediction) & 65535) - 32768 - offset;
  }
  // e, which the lagged inputs show.
  int Residual(int value) const { return value - 32768 - offset; }

  // `value` in [0, 65535].
  SplitSample Encode(int value) const;

  // The value, or one near the middle of those that share the classes.
  int Decode(SplitSample sample) const {
    if (!mulaw) return 256 * sample.coarse + sample.fine;
    const MuLawClasses& classes = MuLaw();
    const int width = classes.widths[sample.coarse];
    const int place =
        width <= 256 ? sample.fine : (2 * sample.fine + 1) * width / 512;
    return (classes.edges[sample.coarse] + place) & 65535;
  }

  // How many fine classes a coarse class has, 1 to 256: the first ones.
  int FineClasses(int coarse) const {
    if (!mulaw) return 256;
    const int width = MuLaw().widths[coarse];
    return width < 256 ? width : 256;
  }

  // Natural log of how many values share the classes.
  float SharedNats(SplitSample sample) const;
};

// L(x) = sign(x) ln(1 + |x| / 8) / ln(4097): integers, of magnitude up to 2^17,
// on the logarithmic scale of the network's inputs.
float LogarithmicInput(int x);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PREDICTION_CODING_H_
