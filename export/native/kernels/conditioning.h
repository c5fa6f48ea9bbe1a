// The conditioning network: features at frame rate -> gate inputs at step
// rate. "Valid" everywhere: the caller gives past + lookahead frames of
// context. Every output has one accumulation order, so chunks of any length
// give the same bits.
#ifndef WAVERNN_TF_KERNELS_CONDITIONING_H_
#define WAVERNN_TF_KERNELS_CONDITIONING_H_

#include "kernels/kernel_table.h"
#include "kernels/model.h"
#include "kernels/workspace.h"

namespace wavernn_tf {

// Convolves and upsamples `frames` <= kTileFrames frames.
//   features [frames + past + lookahead, n_features]
// Returns [frames * steps_per_frame, conditioning_channels], inside
// workspace.layer.
const float* ConditionFrames(const Model& model, const KernelTable& kernels,
                             const float* features, int frames,
                             Workspace& workspace);

// workspace.gates[t] = steps[t] @ conditioning_kernel + input_bias
//   steps [n_steps, conditioning_channels], n_steps <= kTileSteps
void ProjectGates(const Model& model, const KernelTable& kernels,
                  const float* steps, int n_steps, Workspace& workspace);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_CONDITIONING_H_
