// Built with the flags of its instruction set and called only where
// kernel_table.cc found it.
#include "kernels/generic/kernels.h"
#include "kernels/simd/vector_ymm.h"

namespace wavernn_tf {

const KernelTable& Avx2VnniKernels() {
  return KernelsOf<VectorYmm<Avx2Vnni, VnniDots>>::kTable;
}

}  // namespace wavernn_tf
