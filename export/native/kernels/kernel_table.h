// The kernels that an instruction set may do better, as one table per set.
#ifndef WAVERNN_TF_KERNELS_KERNEL_TABLE_H_
#define WAVERNN_TF_KERNELS_KERNEL_TABLE_H_

#include "kernels/affine.h"
#include "kernels/block_sparse.h"
#include "kernels/gru.h"

namespace wavernn_tf {

struct KernelTable {
  const char* isa;
  void (*multiply_4x4)(const BlockSparse& matrix, const float* x, float* y);
  void (*multiply_16x1)(const BlockSparse& matrix, const float* x, float* y);
  void (*affine)(const AffineParams& params);
  void (*coarse_gates)(const GateParams& params);
  void (*fine_gates)(const GateParams& params);
  void (*softmax_weights)(const float* logits, float temperature,
                          float* weights);
};

// Portable C++, on every machine.
const KernelTable& ScalarKernels();

// y = W x with the kernel of the matrix's block shape.
inline void Multiply(const KernelTable& kernels, const BlockSparse& matrix,
                     const float* x, float* y) {
  if (matrix.shape == BlockShape::k4x4) {
    kernels.multiply_4x4(matrix, x, y);
  } else {
    kernels.multiply_16x1(matrix, x, y);
  }
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_KERNEL_TABLE_H_
