// Block-sparse products with float32 and bfloat16 weights (multiply.h), written
// once for any vector type of vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_GENERIC_PRODUCTS_H_
#define WAVERNN_TF_KERNELS_GENERIC_PRODUCTS_H_

#include <cstdint>
#include <type_traits>

#include "base/unroll.h"
#include "kernels/generic/rows.h"
#include "kernels/multiply.h"

namespace wavernn_tf {

template <typename V, WeightType kType, BlockShape kShape>
struct ProductsOf {
  using F = typename V::F;
  static constexpr bool kShared = kShape == BlockShape::k8x4;
  static constexpr int kVectors = V::kGroupVectors.floats;  // of a step
  static constexpr int kColumns = kShared ? kVectors / 2 : kVectors;
  static constexpr bool kHalf = kType == WeightType::kBfloat16;
  // Four bytes each: floats, or pairs of bfloat16.
  static constexpr int kVectorWords = kHalf ? 8 : 16;
  using Word = std::conditional_t<kHalf, uint32_t, float>;
  using Unit = UnitOf<kType, kShape>;

  // Vectors k and k + 1 of a step, k even.
  static void LoadTwo(const Word* step, int k, F& first, F& second) {
    if constexpr (kHalf) {
      V::LoadHalves(step + 8 * k, first, second);
    } else {
      first = V::Load(step + 16 * k);
      second = V::Load(step + 16 * (k + 1));
    }
  }

  // Four vectors of a step, from vector k on.
  static void Add4(F* sums, const Word* step, const Unit* x,
                   const uint16_t* columns, int k) {
    const Columns<V, kShared ? 2 : 4> at(columns + (kShared ? k / 2 : k));
    WAVERNN_TF_UNROLL
    for (int i = 0; i < 4; i += 2) {
      F first, second;
      LoadTwo(step, k + i, first, second);
      const Unit* const inputs = at.Find(x, kShared ? i / 2 : i);
      const Unit* const others = kShared ? inputs : at.Find(x, i + 1);
      sums[k + i] = V::Fma(first, Input(inputs), sums[k + i]);
      sums[k + i + 1] = V::Fma(second, Input(others), sums[k + i + 1]);
    }
    FetchAhead<V, kType, kShape, 4 * kVectorWords>(step + kVectorWords * k);
  }

  // 16x1: one input for all lanes. Others: four inputs for every four lanes.
  static F Input(const Unit* p) {
    const auto* const inputs = reinterpret_cast<const float*>(p);
    if constexpr (kShape == BlockShape::k16x1) {
      return V::Broadcast(*inputs);
    } else {
      return V::BroadcastQuad(inputs);
    }
  }

  static void Multiply(const MultiplyParams& p) {
    const GroupedView& m = *p.matrix;
    const auto* __restrict values = static_cast<const Word*>(m.values);
    const uint16_t* __restrict columns = m.columns;
    const float* __restrict bias = m.bias;
    const int32_t* __restrict outputs = m.outputs;
    const int32_t* __restrict steps = m.steps;
    const auto* const x = static_cast<const Unit*>(p.x);
    float* const y = p.y;
    Epilogue<V> epilogue(p);
    for (int groups = m.groups; groups > 0; --groups) {
      F sums[kVectors];
      WAVERNN_TF_UNROLL
      for (F& sum : sums) sum = V::Zero();
      for (int32_t step = *steps++; step > 0; --step) {
        WAVERNN_TF_UNROLL
        for (int k = 0; k < kVectors; k += 4) {
          Add4(sums, values, x, columns, k);
        }
        values += kVectors * kVectorWords;
        columns += kColumns;
      }
      if constexpr (kShape == BlockShape::k16x1) {
        WAVERNN_TF_UNROLL
        for (int k = 0; k < kVectors; ++k) {
          V::Store(y + outputs[k], epilogue(sums[k], bias + 16 * k));
        }
      } else {
        WAVERNN_TF_UNROLL
        for (int k = 0; k < kVectors; k += 4) {
          const F sum =
              V::Reduce4(sums[k], sums[k + 1], sums[k + 2], sums[k + 3]);
          const F v = epilogue(sum, bias + 4 * k);
          StoreRows<V, BlockOut(kShape)>(y, outputs + (kShared ? k / 2 : k), v);
        }
      }
      bias += m.bias_step;
      outputs += kColumns;
    }
  }

  // ------------------------------------------------------ lanes are streams

  // Of float32, a block row at a time: 16 sums, each of one output and one
  // input of all blocks, of which the registers hold V::kBatchSums. 8x4 takes
  // two passes of two inputs each.
  static constexpr int kOut = BlockOut(kShape);
  static constexpr int kIn = 16 / kOut;
  static constexpr int kOutAtOnce = V::kBatchSums / kIn;
  static_assert(kOutAtOnce > 0 && kOut % kOutAtOnce == 0, "whole outputs");

  static void MultiplyBatch(const BatchMultiplyParams& p) {
    const GroupedView& m = *p.matrix;
    if (p.largest != nullptr) V::Store(p.largest, V::Zero());
    const auto* values = static_cast<const Word*>(m.values);
    const uint16_t* columns = m.columns;
    const float* bias = m.bias;
    const int32_t* outputs = m.outputs;
    const int32_t* lengths = m.lengths;
    for (int group = 0; group < m.groups; ++group) {
      const int32_t steps = m.steps[group];
      for (int row = 0; row < kColumns; ++row) {
        if (outputs[row] == m.filler) break;
        BatchRow(p, values + BlockSize(kShape) * row, columns + row,
                 lengths[row], bias + kOut * row, outputs[row]);
      }
      bias += m.bias_step;
      values += static_cast<int64_t>(steps) * kVectors * kVectorWords;
      columns += static_cast<int64_t>(steps) * kColumns;
      outputs += kColumns;
      lengths += kColumns;
    }
  }

  static void BatchRow(const BatchMultiplyParams& p, const Word* values,
                       const uint16_t* columns, int32_t steps,
                       const float* bias, int32_t output) {
    for (int first = 0; first < kOut; first += kOutAtOnce) {
      BatchOutputs(p, values + BlockIn(kShape) * first, columns, steps,
                   bias + first, output + first);
    }
  }

  // kOutAtOnce outputs of a row.
  static void BatchOutputs(const BatchMultiplyParams& p, const Word* values,
                           const uint16_t* columns, int32_t steps,
                           const float* bias, int32_t output) {
    const auto* const x = static_cast<const float*>(p.x);
    F sums[kOutAtOnce];
    BatchSums(x, values, columns, steps, sums);
    if constexpr (BlockIn(kShape) > kIn) {
      F others[kOutAtOnce];
      BatchSums(x + kBatchLanes * kIn, values + kIn, columns, steps, others);
      WAVERNN_TF_UNROLL
      for (int o = 0; o < kOutAtOnce; ++o) {
        sums[o] = V::Add(sums[o], others[o]);
      }
    }
    // No sum is -0, so that a bias of zeros changes none.
    if (p.base != nullptr || p.matrix->bias_step != 0) {
      ForAddends<V, kOutAtOnce>(
          p, output, [&](int o) { return bias[o]; },
          [&](int o, F addend) { sums[o] = V::Add(sums[o], addend); });
    }
    Activate<V, kOutAtOnce>(p, sums);
    StoreBatch<V, kOutAtOnce>(p, output, sums);
  }

  // Over the first kIn inputs of every block.
  WAVERNN_TF_INLINE static void BatchSums(const float* x, const Word* values,
                                          const uint16_t* columns,
                                          int32_t steps, F* outputs) {
    F sums[kOutAtOnce][kIn];
    WAVERNN_TF_UNROLL
    for (int i = 0; i < V::kBatchSums; ++i) sums[i / kIn][i % kIn] = V::Zero();
    for (; steps > 0; --steps) {
      const int column = *columns / ColumnUnits(kType, kShape);
      const float* const in = x + kBatchLanes * BlockIn(kShape) * column;
      WAVERNN_TF_UNROLL
      for (int i = 0; i < kIn; ++i) {
        const F input = V::Load(in + kBatchLanes * i);
        WAVERNN_TF_UNROLL
        for (int o = 0; o < kOutAtOnce; ++o) {
          const F weight = V::Broadcast(values[BlockIn(kShape) * o + i]);
          sums[o][i] = V::Fma(weight, input, sums[o][i]);
        }
      }
      FetchStep<V, kVectors * kVectorWords>(values);
      values += kVectors * kVectorWords;
      columns += kColumns;
    }
    WAVERNN_TF_UNROLL
    for (int o = 0; o < kOutAtOnce; ++o) {
      outputs[o] = sums[o][0];
      if constexpr (kIn > 1) outputs[o] = V::Add(sums[o][0], sums[o][1]);
      if constexpr (kIn > 2) {
        outputs[o] = V::Add(outputs[o], V::Add(sums[o][2], sums[o][3]));
      }
    }
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERIC_PRODUCTS_H_
