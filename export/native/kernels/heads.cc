#include "kernels/heads.h"

namespace wavernn_tf {

void ComputeLogits(const KernelTable& kernels, const GroupedHead& head,
                   int first, Workspace& workspace) {
  float* const projection = workspace.projection.data();
  const bool repeat = head.output.shape() == BlockShape::k4x4;
  Multiply(kernels, head.project, workspace.hidden.data() + first,
           workspace.repeated.data() + 4 * first, projection, true, repeat);
  Multiply(kernels, head.output, projection, projection,
           workspace.logits.data());
}

}  // namespace wavernn_tf
