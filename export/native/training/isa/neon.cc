// Built with the flags of its instruction set and called only where
// kernel_table.cc found it.
#include "kernels/simd/vector_neon.h"
#include "training/peak.h"
#include "training/run_group.h"

namespace wavernn_tf {

const TrainingKernels& NeonTraining() {
  using V = VectorNeon;
  static constexpr TrainingKernels kKernels = {"neon", TrainingRun<V>::Run,
                                               TrainingPeak<V>::Run};
  return kKernels;
}

}  // namespace wavernn_tf
