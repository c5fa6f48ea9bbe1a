// The kernels of one instruction set as a table, and the tables there are.
#ifndef WAVERNN_TF_KERNELS_KERNEL_TABLE_H_
#define WAVERNN_TF_KERNELS_KERNEL_TABLE_H_

#include "kernels/affine.h"
#include "kernels/gru.h"
#include "kernels/input_rows.h"
#include "kernels/multiply.h"
#include "kernels/quantise.h"
#include "kernels/sampler.h"
#include "kernels/transpose.h"

namespace wavernn_tf {

// Every table gives the same bits.
struct KernelTable {
  const char* isa;
  GroupVectors group_vectors;
  // From so many streams on they are faster as a batch than one after the
  // other.
  int batch_from[kWeightTypes];
  // By weight type and block shape.
  void (*multiply[kWeightTypes][kBlockShapes])(const MultiplyParams& params);
  // The same of gathered matrices; null where there is none.
  void (*multiply_gathered[kWeightTypes][kBlockShapes])(
      const MultiplyParams& params);
  void (*affine)(const AffineParams& params);
  void (*coarse_gates)(const GateParams& params);
  void (*fine_gates)(const GateParams& params);
  float (*softmax)(const SoftmaxParams& params);  // returns the highest logit
  int (*draw)(const DrawParams& params);          // returns the class
  void (*quantise)(const QuantiseParams& params);

  // A batch of 16 streams.
  // Matrices of bfloat16 are widened to float32 for them.
  void (*multiply_batch[kWeightTypes][kBlockShapes])(
      const BatchMultiplyParams& params);
  void (*multiply_batch_gathered[kWeightTypes][kBlockShapes])(
      const BatchMultiplyParams& params);
  void (*coarse_gates_batch)(const BatchGateParams& params);
  void (*fine_gates_batch)(const BatchGateParams& params);
  void (*draw_batch)(const BatchDrawParams& params);
  void (*draw_median_batch)(const BatchDrawParams& params);
  void (*quantise_batch)(const BatchQuantiseParams& params);
  void (*transpose)(const TransposeParams& params);
  void (*shift)(const ShiftParams& params);

  // Of predictors: from a kernel of float32, of upper halves, and of a batch.
  void (*add_inputs)(const InputRowsParams& params);
  void (*add_inputs_halves)(const InputRowsParams& params);
  void (*add_inputs_batch)(const BatchInputRowsParams& params);
};

// Portable C++, on every machine.
const KernelTable& ScalarKernels();

// The tables that this machine can run, scalar first, the fastest last.
struct KernelList {
  const KernelTable* tables[6];
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
