// Built with the flags of its instruction set and called only where
// kernel_table.cc found it.
#include "kernels/isa/neon.h"

#include "kernels/simd/vector_neon.h"

namespace wavernn_tf {

const KernelTable& NeonKernels() { return NeonKernelsOf<VectorNeon>::kTable; }

}  // namespace wavernn_tf
