// The two output layers of one half of the state.
#ifndef WAVERNN_TF_KERNELS_HEADS_H_
#define WAVERNN_TF_KERNELS_HEADS_H_

#include "kernels/kernel_table.h"
#include "kernels/workspace.h"

namespace wavernn_tf {

// y = act(W x + b) with the kernel of the matrix's block shape. x is the plain
// vector, `repeated` the same with each value four times: one of them is read.
inline void Multiply(const KernelTable& kernels, const GroupedMatrix& matrix,
                     const float* x, const float* repeated, float* y,
                     bool relu = false, bool repeat = false) {
  const bool wide = matrix.shape() == BlockShape::k16x1;
  const MultiplyParams params = {&matrix.view(), wide ? x : repeated, y, relu,
                                 repeat};
  (wide ? kernels.multiply_16x1 : kernels.multiply_4x4)(params);
}

// logits = output relu(project half + b) + b', into workspace.logits.
//   first  the half's first unit in workspace.hidden
void ComputeLogits(const KernelTable& kernels, const GroupedHead& head,
                   int first, Workspace& workspace);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_HEADS_H_
