// Scoring: the likelihood of given audio, teacher forced.
#ifndef WAVERNN_TF_STREAM_SCORE_H_
#define WAVERNN_TF_STREAM_SCORE_H_

#include <cstdint>

#include "kernels/kernel_table.h"
#include "model/engine.h"
#include "stream/workspace.h"

namespace wavernn_tf {

// One stream from the zero state. Natural alignment, no over-read.
struct ScoreParams {
  const float*
      features;          // [ceil(samples / hop) + past + lookahead, n_features]
  const int16_t* audio;  // [samples]
  int64_t samples;
  float* log_likelihood;  // [samples, 2] natural log of P(c_t), P(f_t)
};

// Of a plain model.
void Score(const Engine& engine, const ScoreParams& params,
           Workspace& workspace);

// Up to 16 / B streams of the same number of samples, as a batch.
void ScoreBatch(const Engine& engine, const ScoreParams* streams, int count,
                BatchWorkspace& workspace);

// Natural log of the probability of class `label`; overwrites logits [256].
float LogLikelihood(const KernelTable& kernels, float* logits, int label);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_STREAM_SCORE_H_
