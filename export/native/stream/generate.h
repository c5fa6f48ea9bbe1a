// Sampling: features in, audio out.
#ifndef WAVERNN_TF_STREAM_GENERATE_H_
#define WAVERNN_TF_STREAM_GENERATE_H_

#include <cstdint>

#include "kernels/kernel_table.h"
#include "model/engine.h"
#include "stream/workspace.h"

namespace wavernn_tf {

// One stream. A state is h of every sub-tensor (B times H values), the last M
// samples s of every sub-tensor (B times M = Subscale::history(), the oldest
// first) and y[n-1]; zeros start a stream. In a plain model that is
// [h, s[n-1], y[n-1]]; with predictors h, what SamplePredictor::Store writes,
// y[n-1], and what Postfilter::Store writes. state_in may be state_out. Natural
// alignment, no over-read.
struct GenerateParams {
  const float* features;  // [frames + ahead + past + lookahead, n_features]
  int64_t frames;
  uint64_t seed;
  float temperature;  // of the coarse classes: finite, >= 0
  float fine_temperature;
  const float* state_in;   // [Model::stream_size()]
  uint64_t position;       // index of the first sample in its stream
  int16_t* audio;          // [frames * hop_length]
  float* state_out;        // [Model::stream_size()]
  bool postfilter = true;  // if the model has one
};

// Of a plain model.
void Generate(const Engine& engine, const GenerateParams& params,
              Workspace& workspace);

// How many of the first streams GenerateBatch takes, of `count` with the same
// number of frames: all lanes of a subscale model begin, or all go on.
int BatchedStreams(const Model& model, const GenerateParams* streams,
                   int count);

// Up to 16 streams as a batch, one pass over the weights for all: of a plain
// model the samples of Generate, of any other one of 16 / B streams, whose
// sub-tensors are lanes too.
void GenerateBatch(const Engine& engine, const GenerateParams* streams,
                   int count, BatchWorkspace& workspace);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_STREAM_GENERATE_H_
