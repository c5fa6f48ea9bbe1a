// As in kernels/isa/scalar.cc.
#define WAVERNN_TF_NO_UNROLL

#include "kernels/simd/vector_scalar.h"
#include "training/peak.h"
#include "training/run_group.h"

namespace wavernn_tf {

const TrainingKernels& ScalarTraining() {
  using V = VectorScalar;
  static constexpr TrainingKernels kKernels = {"scalar", TrainingRun<V>::Run,
                                               TrainingPeak<V>::Run};
  return kKernels;
}

}  // namespace wavernn_tf
