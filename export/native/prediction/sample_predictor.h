// The predictors of one stream, sample by sample: its last samples and
// residuals, the prediction of the next one, and what the gates see of them.
#ifndef WAVERNN_TF_PREDICTION_SAMPLE_PREDICTOR_H_
#define WAVERNN_TF_PREDICTION_SAMPLE_PREDICTOR_H_

#include <algorithm>
#include <cstddef>
#include <limits>

#include "base/aligned_array.h"
#include "kernels/sampler.h"
#include "prediction/coding.h"
#include "prediction/predictors.h"

namespace wavernn_tf {

class SamplePredictor {
 public:
  // Returns false when memory runs out. `predictors` outlives this.
  bool Allocate(const Predictors& predictors, const Coding& coding);

  // Starts from a part of a stream's state, of Model::predictor_size() floats:
  // the last samples, the last residuals, then c - c' and f - f' of the last
  // classes and those of silence, then with noise shaping the last noise. Zeros
  // are silence; any finite values are safe.
  void Load(const float* state);
  void Store(float* state) const;

  // Predicts the next sample.
  //   coefficients of its frame, as LinearPredictor writes them
  //   lag          of its step
  //   inputs       [rows] where the extra inputs go, `stride` floats apart
  void Predict(const double* coefficients, int lag, float* inputs, int stride);

  // The prediction, and the last sample that was accepted.
  int prediction() const { return prediction_; }
  int sample() const { return sample_; }
  SplitSample classes() const { return classes_; }

  // The coded value of a sample, which it clips.
  int Value(float sample) const;

  // Takes the sample that was predicted: its coded value and that one's
  // classes.
  void Accept(SplitSample classes, int value);

  // The same of drawn classes, with noise shaping; returns the classes that the
  // next step reads.
  //   median  the coarse class in the middle of what was drawn from
  //   level   VoicingLevel of the step
  // The last two are read with noise shaping only.
  SplitSample AcceptDrawn(SplitSample drawn, int median, int level);

 private:
  void Push(int sample, int residual);

  Coding coding_;
  const Predictors* predictors_ = nullptr;
  int kept_samples_ = 0;
  int kept_residuals_ = 0;
  int sample_ = 0;
  int residual_ = 0;
  int prediction_ = 0;
  int noise_ = 0;  // eta[t-1]
  SplitSample classes_ = {};
  // The kept ones end at `end_`; when the arrays are full, they move to the
  // front.
  std::size_t end_ = 0;
  AlignedArray<double> samples_;
  AlignedArray<float> residuals_;  // / 32768
};

// Takes the fine classes that a coarse class lacks from logits [256], those of
// class k `stride` floats after class 0: no softmax gives them a weight.
inline void MaskFine(const Coding& coding, int coarse, float* logits,
                     int stride = 1) {
  constexpr float kLowest = -std::numeric_limits<float>::max();
  for (int k = coding.FineClasses(coarse); k < 256; ++k) {
    logits[k * stride] = kLowest;
  }
}

// One over the fine temperature; where classes are masked, not so small that it
// would lift them.
inline float FineScale(const Coding& coding, float temperature) {
  const float scale = InverseTemperature(temperature);
  return coding.mulaw ? std::max(scale, 1e-30f) : scale;
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PREDICTION_SAMPLE_PREDICTOR_H_
