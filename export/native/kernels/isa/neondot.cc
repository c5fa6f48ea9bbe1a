// Built with the flags of its instruction set and called only where
// kernel_table.cc found it.
#include "kernels/generic/kernels.h"
#include "kernels/simd/vector_neon.h"

namespace wavernn_tf {

const KernelTable& NeonDotKernels() { return KernelsOf<VectorNeonDot>::kTable; }

}  // namespace wavernn_tf
