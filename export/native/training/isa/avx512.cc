// Built with the flags of its instruction set and called only where
// kernel_table.cc found it.
#include "kernels/simd/vector_zmm.h"
#include "training/peak.h"
#include "training/run_group.h"

namespace wavernn_tf {

const TrainingKernels& Avx512Training() {
  using V = VectorZmm<Avx512, MaddDots>;
  static constexpr TrainingKernels kKernels = {"avx512", TrainingRun<V>::Run,
                                               TrainingPeak<V>::Run};
  return kKernels;
}

}  // namespace wavernn_tf
