// Block-sparse products with integer weights and inputs, of 8 or 16 bits
// (multiply.h), written once for any vector type of vector_scalar.h. Sums of
// integers are exact, so their order is free.
#ifndef WAVERNN_TF_KERNELS_GENERIC_DOTS_H_
#define WAVERNN_TF_KERNELS_GENERIC_DOTS_H_

#include <cstdint>

#include "base/unroll.h"
#include "kernels/generic/rows.h"
#include "kernels/multiply.h"

namespace wavernn_tf {

template <typename V, WeightType kType, BlockShape kShape>
struct DotsOf {
  using F = typename V::F;
  using I = typename V::I;
  static constexpr int kOut = BlockOut(kShape);
  using Weight = IntegerOf<kType>;
  using Unit = UnitOf<kType, kShape>;
  static constexpr int kRows = GroupRows(kType, kShape, V::kGroupVectors);
  static constexpr int kBlocks = StepBlocks(kType, kShape);  // of a row in it
  static constexpr int kColumns = kRows * kBlocks;           // of a step
  static constexpr int kRowWeights = kBlocks * BlockSize(kShape);  // in a step
  static constexpr int kStepWeights = kRows * kRowWeights;
  static constexpr int kOutputs = kRows * kOut;  // of a group

  // The sums of a row, one or two of every output, or of some rows.
  static constexpr int kRowLanes = kRowWeights / WordWeights(kType);
  using Sums = typename V::template Lanes<Weight, kRowLanes>;

  // Columns whose places come in one load, and their rows.
  static constexpr int kAtOnce = kColumns < 4 ? kColumns : 4;
  static constexpr int kRowsAtOnce = kAtOnce / kBlocks;

  static void Dot(Sums* sums, const Weight* values, const Unit* x,
                  const uint16_t* columns) {
    const Columns<V, kAtOnce> at(columns);
    WAVERNN_TF_UNROLL
    for (int first = 0; first < kRowsAtOnce; first += Sums::kRows) {
      Unit inputs[Sums::kRows];
      WAVERNN_TF_UNROLL
      for (int r = 0; r < Sums::kRows; ++r) {
        // Block k's inputs, in 16x1 shifted to its place among a word's.
        const auto input = [&](int k) {
          return at.Find(x, kBlocks * (first + r) + k)[k];
        };
        inputs[r] = input(0);
        if constexpr (kBlocks >= 2) inputs[r] |= input(1);
        if constexpr (kBlocks == 4) inputs[r] |= input(2) | input(3);
      }
      sums[first / Sums::kRows].Dot(values + kRowWeights * first, inputs);
    }
  }

  // Of 16 outputs.
  static I Total(const Sums* sums) {
    if constexpr (kRowLanes == kOut) {
      return V::Join(sums);
    } else {
      return V::AddPairs(V::Join(sums),
                         V::Join(sums + 16 / kRowLanes / Sums::kRows));
    }
  }

  static void Multiply(const MultiplyParams& p) {
    const GroupedView& m = *p.matrix;
    const auto* __restrict values = static_cast<const Weight*>(m.values);
    const uint16_t* __restrict columns = m.columns;
    const int32_t* __restrict offsets = m.offsets;
    const int32_t* __restrict outputs = m.outputs;
    const int32_t* __restrict steps = m.steps;
    const float* __restrict scales = m.scales;
    const float* __restrict bias = m.bias;
    const auto* const x = static_cast<const Unit*>(p.x);
    float* const y = p.y;
    const F scale = V::Broadcast(p.scale);
    Epilogue<V> epilogue(p);
    for (int groups = m.groups; groups > 0; --groups) {
      Sums sums[kRows / Sums::kRows];
      WAVERNN_TF_UNROLL
      for (int r = 0; r < kRows; r += Sums::kRows) {
        sums[r / Sums::kRows].InitSums(offsets + kOut * r);
      }
      for (int32_t step = *steps++; step > 0; --step) {
        WAVERNN_TF_UNROLL
        for (int r = 0; r < kRows; r += kRowsAtOnce) {
          Dot(sums + r / Sums::kRows, values + kRowWeights * r, x,
              columns + kBlocks * r);
        }
        FetchAhead<V, kType, kShape, kStepWeights>(values);
        values += kStepWeights;
        columns += kColumns;
      }
      WAVERNN_TF_UNROLL
      for (int r = 0; r < kRows; r += 16 / kOut) {
        const F v = epilogue(V::ToFloat(Total(sums + r / Sums::kRows)),
                             V::Mul(V::Load(scales + kOut * r), scale),
                             bias + kOut * r);
        StoreRows<V, kOut>(y, outputs + r, v);
      }
      offsets += kOutputs;
      outputs += kRows;
      scales += kOutputs;
      bias += m.bias_step;
    }
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERIC_DOTS_H_
