#include "kernels/vector_ymm.h"
#include "training/run_group.h"

namespace wavernn_tf {

const TrainingKernels& Avx2Training() {
  static constexpr TrainingKernels kKernels = {
      "avx2", TrainingRun<VectorYmm<Avx2, MaddDots>>::Run};
  return kKernels;
}

}  // namespace wavernn_tf
