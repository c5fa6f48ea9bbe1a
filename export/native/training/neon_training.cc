#include "kernels/vector_neon.h"
#include "training/run_group.h"

namespace wavernn_tf {

const TrainingKernels& NeonTraining() {
  static constexpr TrainingKernels kKernels = {"neon",
                                               TrainingRun<VectorNeon>::Run};
  return kKernels;
}

}  // namespace wavernn_tf
