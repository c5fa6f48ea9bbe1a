#include "kernels/kernel_table.h"
#include "kernels/sampler.h"

namespace wavernn_tf {

const KernelTable& ScalarKernels() {
  static constexpr KernelTable kTable = {
      "scalar",          Multiply4x4Scalar, Multiply16x1Scalar,   AffineScalar,
      CoarseGatesScalar, FineGatesScalar,   SoftmaxWeightsScalar,
  };
  return kTable;
}

}  // namespace wavernn_tf
