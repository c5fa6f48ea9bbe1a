// As in kernels/scalar_kernels.cc.
#define WAVERNN_TF_NO_UNROLL

#include "kernels/vector_scalar.h"
#include "training/run_group.h"

namespace wavernn_tf {

const TrainingKernels& ScalarTraining() {
  static constexpr TrainingKernels kKernels = {"scalar",
                                               TrainingRun<VectorScalar>::Run};
  return kKernels;
}

}  // namespace wavernn_tf
