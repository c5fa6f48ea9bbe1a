#include "kernels/heads.h"

#include <algorithm>

namespace wavernn_tf {

void ComputeLogits(const KernelTable& kernels, const Head& head,
                   const float* half_state, float* projection, float* logits) {
  Multiply(kernels, head.project, half_state, projection);
  for (int i = 0; i < head.project.rows; ++i) {
    projection[i] = std::max(projection[i] + head.project_bias[i], 0.0f);
  }
  Multiply(kernels, head.output, projection, logits);
  for (int k = 0; k < head.output.rows; ++k) logits[k] += head.output_bias[k];
}

}  // namespace wavernn_tf
