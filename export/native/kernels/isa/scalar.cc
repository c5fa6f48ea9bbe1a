// Unrolled, 16 vectors of 16 lanes are more code than GCC 12 gets right on
// 32-bit ARM.
#define WAVERNN_TF_NO_UNROLL

#include "kernels/generic/kernels.h"
#include "kernels/simd/vector_scalar.h"

namespace wavernn_tf {

const KernelTable& ScalarKernels() { return KernelsOf<VectorScalar>::kTable; }

}  // namespace wavernn_tf
