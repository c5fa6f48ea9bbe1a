// The kernels of one instruction set as a table, and the tables there are.
#ifndef WAVERNN_TF_KERNELS_KERNEL_TABLE_H_
#define WAVERNN_TF_KERNELS_KERNEL_TABLE_H_

#include "kernels/affine.h"
#include "kernels/gru.h"
#include "kernels/multiply.h"
#include "kernels/sampler.h"

namespace wavernn_tf {

// Every table gives the same bits.
struct KernelTable {
  const char* isa;
  void (*multiply_4x4)(const MultiplyParams& params);
  void (*multiply_16x1)(const MultiplyParams& params);
  void (*affine)(const AffineParams& params);
  void (*coarse_gates)(const GateParams& params);
  void (*fine_gates)(const GateParams& params);
  float (*softmax)(const SoftmaxParams& params);  // returns the highest logit
};

// Portable C++, on every machine.
const KernelTable& ScalarKernels();

// The tables that this machine can run, scalar first, the fastest last.
struct KernelList {
  const KernelTable* tables[4];
  int count;
};
const KernelList& AvailableKernels();

// The fastest table.
const KernelTable& BestKernels();

// The table of an instruction set, or nullptr if this machine lacks it.
const KernelTable* FindKernels(const char* isa);

// The names of AvailableKernels(), in that order: "scalar,avx2,avx512".
const char* AvailableIsas();

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_KERNEL_TABLE_H_
