#include "kernels/kernels_of.h"
#include "kernels/vector_scalar.h"

namespace wavernn_tf {

const KernelTable& ScalarKernels() { return KernelsOf<VectorScalar>::kTable; }

}  // namespace wavernn_tf
