// The two output layers of one half of the state.
#ifndef WAVERNN_TF_KERNELS_HEADS_H_
#define WAVERNN_TF_KERNELS_HEADS_H_

#include "kernels/kernel_table.h"
#include "kernels/model.h"

namespace wavernn_tf {

// logits = output relu(project half_state + b) + b'
//   half_state [H / 2], projection [projection_size] scratch, logits [256]
void ComputeLogits(const KernelTable& kernels, const Head& head,
                   const float* half_state, float* projection, float* logits);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_HEADS_H_
