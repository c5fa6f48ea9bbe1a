#include "kernels/vector_zmm.h"
#include "training/run_group.h"

namespace wavernn_tf {

const TrainingKernels& Avx512Training() {
  static constexpr TrainingKernels kKernels = {
      "avx512", TrainingRun<VectorZmm<Avx512, MaddDots>>::Run};
  return kKernels;
}

}  // namespace wavernn_tf
