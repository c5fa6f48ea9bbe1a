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

template <typename V>
struct KernelsOf {
  template <WeightType kType>
  using Float4x4 = ProductsOf<V, kType, BlockShape::k4x4>;
  template <WeightType kType>
  using Float16x1 = ProductsOf<V, kType, BlockShape::k16x1>;
  template <WeightType kType>
  using Float8x4 = ProductsOf<V, kType, BlockShape::k8x4>;
  static constexpr WeightType kFloat = WeightType::kFloat32;
  static constexpr WeightType kHalf = WeightType::kBfloat16;
  static constexpr WeightType kByte = WeightType::kInt8;
  static constexpr WeightType kShort = WeightType::kInt16;
  template <WeightType kType>
  using Int4x4 = DotsOf<V, kType, BlockShape::k4x4>;
  template <WeightType kType>
  using Int16x1 = DotsOf<V, kType, BlockShape::k16x1>;
  template <WeightType kType>
  using Int8x4 = DotsOf<V, kType, BlockShape::k8x4>;

  template <WeightType kType, BlockShape kShape>
  static constexpr auto Gathered() -> void (*)(const MultiplyParams&) {
    if constexpr (V::kGathers) return GathersOf<V, kType, kShape>::Multiply;
    return nullptr;
  }
  template <WeightType kType, BlockShape kShape>
  static constexpr auto BatchGathered()
      -> void (*)(const BatchMultiplyParams&) {
    if constexpr (V::kGathers) {
      return BatchDotsOf<V, kType, kShape, true>::Multiply;
    }
    return nullptr;
  }
  template <WeightType kType, BlockShape kShape>
  using BatchInt = BatchDotsOf<V, kType, kShape, false>;

  static constexpr KernelTable kTable = {
      V::kIsa,
      V::kGroupVectors,
      {V::kBatchFrom[0], V::kBatchFrom[1], V::kBatchFrom[2], V::kBatchFrom[3]},
      {{Float4x4<kFloat>::Multiply, Float16x1<kFloat>::Multiply,
        Float8x4<kFloat>::Multiply},
       {Float4x4<kHalf>::Multiply, Float16x1<kHalf>::Multiply,
        Float8x4<kHalf>::Multiply},
       {Int4x4<kByte>::Multiply, Int16x1<kByte>::Multiply,
        Int8x4<kByte>::Multiply},
       {Int4x4<kShort>::Multiply, Int16x1<kShort>::Multiply,
        Int8x4<kShort>::Multiply}},
      {{},
       {},
       {Gathered<kByte, BlockShape::k4x4>(), nullptr,
        Gathered<kByte, BlockShape::k8x4>()},
       {Gathered<kShort, BlockShape::k4x4>(), nullptr,
        Gathered<kShort, BlockShape::k8x4>()}},
      AffineOf<V>::Affine,
      GatesOf<V>::Coarse,
      GatesOf<V>::Fine,
      SoftmaxOf<V>::Softmax,
      SoftmaxOf<V>::Draw,
      QuantiseOf<V>::Quantise,
      {{Float4x4<kFloat>::MultiplyBatch, Float16x1<kFloat>::MultiplyBatch,
        Float8x4<kFloat>::MultiplyBatch},
       {Float4x4<kFloat>::MultiplyBatch, Float16x1<kFloat>::MultiplyBatch,
        Float8x4<kFloat>::MultiplyBatch},
       {BatchInt<kByte, BlockShape::k4x4>::Multiply,
        BatchInt<kByte, BlockShape::k16x1>::Multiply,
        BatchInt<kByte, BlockShape::k8x4>::Multiply},
       {BatchInt<kShort, BlockShape::k4x4>::Multiply,
        BatchInt<kShort, BlockShape::k16x1>::Multiply,
        BatchInt<kShort, BlockShape::k8x4>::Multiply}},
      {{},
       {},
       {BatchGathered<kByte, BlockShape::k4x4>(), nullptr,
        BatchGathered<kByte, BlockShape::k8x4>()},
       {BatchGathered<kShort, BlockShape::k4x4>(), nullptr,
        BatchGathered<kShort, BlockShape::k8x4>()}},
      GatesOf<V>::CoarseBatch,
      GatesOf<V>::FineBatch,
      SoftmaxOf<V>::template DrawBatch<false>,
      SoftmaxOf<V>::template DrawBatch<true>,
      QuantiseOf<V>::QuantiseBatch,
      TransposeOf<V>::Transpose,
      TransposeOf<V>::Shift,
      InputRowsOf<V>::template Add<false>,
      InputRowsOf<V>::template Add<true>,
      InputRowsOf<V>::AddBatch,
  };
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERIC_KERNELS_H_
