// Block-sparse products with 8-bit weights and inputs (multiply.h), written
// once for any vector type of vector_scalar.h. Sums of integers are exact, so
// their order is free.
#ifndef WAVERNN_TF_KERNELS_DOTS_OF_H_
#define WAVERNN_TF_KERNELS_DOTS_OF_H_

#include <cstdint>

#include "kernels/multiply.h"
#include "kernels/products_of.h"
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
    const F least = V::Broadcast(p.relu ? 0.0f : -__builtin_inff());
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

  // ------------------------------------------------------ lanes are streams

  static void MultiplyBatch(const BatchMultiplyParams& p) {
    const GroupedView& m = *p.matrix;
    if (p.largest != nullptr) V::Store(p.largest, V::Zero());
    const auto* values = static_cast<const int8_t*>(m.values);
    const uint16_t* columns = m.columns;
    constexpr int kAtOnce = 16 / kOut;  // rows
    for (int group = 0; group < m.groups; ++group) {
      const int32_t steps = m.steps[group];
      for (int r = 0; r < kRows; r += kAtOnce) {
        BatchRows(p, values + kRowBytes * r, columns + kBlocks * r, steps,
                  kOutputs * group + kOut * r,
                  m.bias + m.bias_step * group + kOut * r,
                  m.outputs + kRows * group + r);
      }
      values += static_cast<int64_t>(steps) * kStepBytes;
      columns += static_cast<int64_t>(steps) * kColumns;
    }
  }

  // As many rows as have 16 outputs, each in a sum of its own.
  static void BatchRows(const BatchMultiplyParams& p, const int8_t* values,
                        const uint16_t* columns, int32_t steps, int lane,
                        const float* bias, const int32_t* outputs) {
    I sums[16];
    WAVERNN_TF_UNROLL
    for (int o = 0; o < 16; ++o) {
      sums[o] = V::StartBatch(p.matrix->offsets[lane + o]);
    }
    for (int32_t step = 0; step < steps; ++step) {
      WAVERNN_TF_UNROLL
      for (int r = 0; r < 16 / kOut; ++r) {
        const I x = BatchInput(p, columns + r);
        WAVERNN_TF_UNROLL
        for (int o = kOut * r; o < kOut * (r + 1); ++o) {
          uint32_t word;
          __builtin_memcpy(&word, values + 4 * o, sizeof(word));
          const I w = V::BroadcastInt(word);
          sums[o] = V::Dot(sums[o], w, x);
        }
      }
      values += kStepBytes;
      columns += kColumns;
    }
    const F scale = V::Load(p.scale);
    const F least = V::Broadcast(p.relu ? 0.0f : -__builtin_inff());
    F top = V::Zero();
    WAVERNN_TF_UNROLL
    for (int o = 0; o < 16; ++o) {
      const int32_t output = outputs[o / kOut] + o % kOut;
      const float weight = p.matrix->scales[lane + o];
      const F sum =
          V::Fma(V::ToFloat(sums[o]), V::Mul(V::Broadcast(weight), scale),
                 V::Broadcast(bias[o]));
      const F v = V::Max(sum, least);
      top = V::Max(top, v);
      V::Store(p.y + static_cast<int64_t>(output) * kBatchLanes, v);
    }
    KeepLargest<V>(p, top);
  }

  // Four inputs of every stream.
  static I BatchInput(const BatchMultiplyParams& p, const uint16_t* columns) {
    const auto* const x = static_cast<const uint8_t*>(p.x);
    if constexpr (kSingle) {
      constexpr int kUnits = ColumnUnits(WeightType::kInt8, kShape);
      const auto bytes = [&](int k) {
        return V::LoadBytes(x + kBatchLanes * (columns[k] / kUnits));
      };
      return V::Pack(bytes(0), bytes(1), bytes(2), bytes(3));
    } else {
      return V::LoadInts(x + 4 * kBatchLanes * columns[0]);
    }
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_DOTS_OF_H_
