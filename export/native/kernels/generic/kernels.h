// Every kernel for one vector type of vector_scalar.h, as a table. Each
// instruction set has one source file, built with its flags, that makes one.
#ifndef WAVERNN_TF_KERNELS_GENERIC_KERNELS_H_
#define WAVERNN_TF_KERNELS_GENERIC_KERNELS_H_

#include "kernels/generic/affine.h"
#include "kernels/generic/batch_dots.h"
#include "kernels/generic/dots.h"
#include "kernels/generic/gates.h"
#include "kernels/generic/gathers.h"
#include "kernels/generic/input_rows.h"
#include "kernels/generic/products.h"
#include "kernels/generic/quantise.h"
#include "kernels/generic/softmax.h"
#include "kernels/generic/transpose.h"
#include "kernels/kernel_table.h"

namespace wavernn_tf {

// The products of one weight type and block shape.
template <typename V, WeightType kType, BlockShape kShape>
constexpr void SetProducts(KernelTable& table) {
  constexpr int kRow = static_cast<int>(kType);
  constexpr int kColumn = static_cast<int>(kShape);
  if constexpr (kType == WeightType::kFloat32 ||
                kType == WeightType::kBfloat16) {
    table.multiply[kRow][kColumn] = ProductsOf<V, kType, kShape>::Multiply;
    table.multiply_batch[kRow][kColumn] =
        ProductsOf<V, WeightType::kFloat32, kShape>::MultiplyBatch;
  } else {
    table.multiply[kRow][kColumn] = DotsOf<V, kType, kShape>::Multiply;
    table.multiply_batch[kRow][kColumn] =
        BatchDotsOf<V, kType, kShape, false>::Multiply;
    if constexpr (V::kGathers && kShape != BlockShape::k16x1) {
      table.multiply_gathered[kRow][kColumn] =
          GathersOf<V, kType, kShape>::Multiply;
      table.multiply_batch_gathered[kRow][kColumn] =
          BatchDotsOf<V, kType, kShape, true>::Multiply;
    }
  }
}

template <typename V, WeightType kType>
constexpr void SetProductsOfType(KernelTable& table) {
  SetProducts<V, kType, BlockShape::k4x4>(table);
  SetProducts<V, kType, BlockShape::k16x1>(table);
  SetProducts<V, kType, BlockShape::k8x4>(table);
}

template <typename V>
constexpr KernelTable MakeKernels() {
  KernelTable table = {};
  table.isa = V::kIsa;
  table.group_vectors = V::kGroupVectors;
  for (int type = 0; type < kWeightTypes; ++type) {
    table.batch_from[type] = V::kBatchFrom[type];
  }
  SetProductsOfType<V, WeightType::kFloat32>(table);
  SetProductsOfType<V, WeightType::kBfloat16>(table);
  SetProductsOfType<V, WeightType::kInt8>(table);
  SetProductsOfType<V, WeightType::kInt16>(table);
  table.affine = AffineOf<V>::Affine;
  table.coarse_gates = GatesOf<V>::Coarse;
  table.fine_gates = GatesOf<V>::Fine;
  table.softmax = SoftmaxOf<V>::Softmax;
  table.draw = SoftmaxOf<V>::Draw;
  table.quantise = QuantiseOf<V>::Quantise;
  table.coarse_gates_batch = GatesOf<V>::CoarseBatch;
  table.fine_gates_batch = GatesOf<V>::FineBatch;
  table.draw_batch = SoftmaxOf<V>::template DrawBatch<false>;
  table.draw_median_batch = SoftmaxOf<V>::template DrawBatch<true>;
  table.quantise_batch = QuantiseOf<V>::QuantiseBatch;
  table.transpose = TransposeOf<V>::Transpose;
  table.shift = TransposeOf<V>::Shift;
  table.add_inputs = InputRowsOf<V>::template Add<false>;
  table.add_inputs_halves = InputRowsOf<V>::template Add<true>;
  table.add_inputs_batch = InputRowsOf<V>::AddBatch;
  return table;
}

template <typename V>
struct KernelsOf {
  static constexpr KernelTable kTable = MakeKernels<V>();
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERIC_KERNELS_H_
