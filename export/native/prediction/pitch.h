// Pitch: a posterior over 64 log-spaced lags and "unvoiced" of every frame, and
// the lag and the voicing of every conditioning step.
#ifndef WAVERNN_TF_PREDICTION_PITCH_H_
#define WAVERNN_TF_PREDICTION_PITCH_H_

namespace wavernn_tf {

constexpr int kVoicedClasses = 64;
constexpr int kPitchClasses = kVoicedClasses + 1;  // the last one: unvoiced
constexpr int kLagReach = 2;  // residuals, and classes, on each side of a lag
constexpr int kLagTaps = 2 * kLagReach + 1;
constexpr float kPosteriorGain = 2.0f;  // in the conditioning network

// Lags of a rate, 400 to 70 Hz: lag of class k = shortest * (longest /
// shortest)^(k / 63).
class LagScale {
 public:
  LagScale() = default;
  explicit LagScale(int sample_rate);

  int shortest() const { return shortest_; }
  int longest() const { return longest_; }

  // The posterior [65] of logits [65], in place.
  static void Softmax(float* logits);

  // The posterior [65] of a frequency in Hz, 0 or less where there is none:
  // shared by the two nearest classes. Any finite value.
  void FromFrequency(float frequency, float* posterior) const;

  // ln(lag) of a frame: the mean over the likeliest voiced class and two on
  // each side, weighted by their probabilities.
  double LogLag(const float* posterior) const;

  // exp of it as a whole number of samples, within the range.
  int Lag(double log_lag) const;

 private:
  double sample_rate_ = 1.0;
  int shortest_ = 0;
  int longest_ = 0;
  double log_shortest_ = 0.0;
  double log_range_ = 1.0;  // ln(longest / shortest)
};

// A value of frames before, own, after at the centre of step `step` of the
// frame's `steps`: linear between the frames' centres.
double AtStep(double before, double own, double after, int step, int steps);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PREDICTION_PITCH_H_
