// Built with the flags of its instruction set and called only where
// kernel_table.cc found it.
#include "kernels/generic/kernels.h"
#include "kernels/simd/vector_zmm.h"

namespace wavernn_tf {

const KernelTable& Avx512GatherKernels() {
  return KernelsOf<VectorZmm<Avx512Gather, VnniDots>>::kTable;
}

}  // namespace wavernn_tf
