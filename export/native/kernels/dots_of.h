// Block-sparse products with 8-bit weights and inputs (multiply.h), written
// once for any vector type of vector_scalar.h. Sums of integers are exact, so
// their order is free.
#ifndef WAVERNN_TF_KERNELS_DOTS_OF_H_
#define WAVERNN_TF_KERNELS_DOTS_OF_H_

#include <cstdint>

#include "kernels/multiply.h"
#include "kernels/rows_of.h"
#include "kernels/unroll.h"

namespace wavernn_tf {

template <typename V, BlockShape kShape>
struct DotsOf {
  using F = typename V::F;
  using I = typename V::I;
  static constexpr int kOut = BlockOut(kShape);
  using Unit = uint32_t;
  static_assert(UnitBytes(WeightType::kInt8, kShape) == sizeof(Unit));
  static constexpr bool kSingle = kShape == BlockShape::k16x1;
  static constexpr int kRows = kSingle ? 4 : 8;     // of a group
  static constexpr int kBlocks = kSingle ? 4 : 1;   // of a row in a step
  static constexpr int kColumns = kRows * kBlocks;  // of a step
  static constexpr int kRowBytes = 4 * kOut;        // of a row in a step
  static constexpr int kStepBytes = kRows * kRowBytes;
  static constexpr int kOutputs = kRows * kOut;  // of a group

  // kOut sums of one row: V::I, or a half or a quarter of it.
  using Row = typename V::template Lanes<kOut>;

  // The inputs at four columns, as offsets from x.
  static void Dot4(Row* sums, const int8_t* values, const Unit* x,
                   const uint16_t* columns) {
    const Columns<V, 4> at(columns);
    const Unit* const p[4] = {at.Find(x, 0), at.Find(x, 1), at.Find(x, 2),
                              at.Find(x, 3)};
    if constexpr (kSingle) {
      sums->Dot(values, p[0][0] | p[1][1] | p[2][2] | p[3][3]);
    } else {
      sums[0].Dot(values, *p[0]);
      sums[1].Dot(values + kRowBytes, *p[1]);
      sums[2].Dot(values + 2 * kRowBytes, *p[2]);
      sums[3].Dot(values + 3 * kRowBytes, *p[3]);
    }
  }

  static void Multiply(const MultiplyParams& p) {
    const GroupedView& m = *p.matrix;
    const auto* __restrict values = static_cast<const int8_t*>(m.values);
    const uint16_t* __restrict columns = m.columns;
    const int32_t* __restrict offsets = m.offsets;
    const int32_t* __restrict outputs = m.outputs;
    const int32_t* __restrict steps = m.steps;
    const float* __restrict scales = m.scales;
    const float* __restrict bias = m.bias;
    const auto* const x = static_cast<const Unit*>(p.x);
    float* const y = p.y;
    const F scale = V::Broadcast(p.scale);
    const F least = Least<V>(p.relu);
    F top = V::Zero();
    constexpr int kAtOnce = 4 / kBlocks;  // rows
    for (int groups = m.groups; groups > 0; --groups) {
      Row sums[kRows];
      WAVERNN_TF_UNROLL
      for (int r = 0; r < kRows; ++r) sums[r].Start(offsets + kOut * r);
      for (int32_t step = *steps++; step > 0; --step) {
        WAVERNN_TF_UNROLL
        for (int r = 0; r < kRows; r += kAtOnce) {
          Dot4(sums + r, values + kRowBytes * r, x, columns + kBlocks * r);
        }
        values += kStepBytes;
        columns += kColumns;
      }
      WAVERNN_TF_UNROLL
      for (int r = 0; r < kRows; r += 16 / kOut) {
        const F sum = V::Fma(V::ToFloat(V::Join(sums + r)),
                             V::Mul(V::Load(scales + kOut * r), scale),
                             V::Load(bias + kOut * r));
        const F v = V::Max(sum, least);
        top = V::Max(top, v);
        StoreRows<V, kOut>(y, outputs + r, v);
      }
      offsets += kOutputs;
      outputs += kRows;
      scales += kOutputs;
      bias += m.bias_step;
    }
    if (p.largest != nullptr) *p.largest = V::Largest(top);
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_DOTS_OF_H_
