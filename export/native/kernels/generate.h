// Sampling: features in, audio out.
#ifndef WAVERNN_TF_KERNELS_GENERATE_H_
#define WAVERNN_TF_KERNELS_GENERATE_H_

#include <cstdint>

#include "kernels/engine.h"
#include "kernels/kernel_table.h"
#include "kernels/workspace.h"

namespace wavernn_tf {

// One stream. A state is [h (H values), s[n-1], y[n-1]]; zeros start a stream.
// state_in may be state_out. Natural alignment, no over-read.
struct GenerateParams {
  const float* features;  // [frames + past + lookahead, n_features]
  int64_t frames;
  uint64_t seed;
  float temperature;      // finite, >= 0
  const float* state_in;  // [H + 2]
  uint64_t position;      // index of the first sample in its stream
  int16_t* audio;         // [frames * hop_length]
  float* state_out;       // [H + 2]
};

void Generate(const Engine& engine, const KernelTable& kernels,
              const GenerateParams& params, Workspace& workspace);

// Up to 16 streams of the same number of frames abreast: the samples of
// Generate, one pass over the weights for all.
void GenerateBatch(const Engine& engine, const KernelTable& kernels,
                   const GenerateParams* streams, int count,
                   BatchWorkspace& workspace);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERATE_H_
