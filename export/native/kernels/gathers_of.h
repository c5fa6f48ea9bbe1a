// The products of dots_of.h where an instruction gathers the inputs of 16 block
// rows: lanes are rows, so that one gather serves all outputs of 16 blocks.
#ifndef WAVERNN_TF_KERNELS_GATHERS_OF_H_
#define WAVERNN_TF_KERNELS_GATHERS_OF_H_

#include <cstdint>

#include "kernels/multiply.h"
#include "kernels/products_of.h"
#include "kernels/unroll.h"

namespace wavernn_tf {

// kShape is 4x4 or 8x4.
template <typename V, BlockShape kShape>
struct GathersOf {
  using F = typename V::F;
  using I = typename V::I;
  static constexpr int kOut = BlockOut(kShape);
  static constexpr int kRows = 16;  // of a group
  static constexpr int kStepBytes = 64 * kOut;
  static constexpr int kOutputs = kRows * kOut;  // of a group
  static_assert(BlockIn(kShape) == 4 &&
                UnitBytes(WeightType::kInt8, kShape) == sizeof(int32_t));

  static void Multiply(const MultiplyParams& p) {
    const GroupedView& m = *p.matrix;
    const auto* __restrict values = static_cast<const int8_t*>(m.values);
    const uint16_t* __restrict columns = m.columns;
    const int32_t* __restrict offsets = m.offsets;
    const int32_t* __restrict outputs = m.outputs;
    const int32_t* __restrict steps = m.steps;
    const float* __restrict scales = m.scales;
    const float* __restrict bias = m.bias;
    float* const y = p.y;
    const F scale = V::Broadcast(p.scale);
    const F least = V::Broadcast(p.relu ? 0.0f : -__builtin_inff());
    F top = V::Zero();
    for (int groups = m.groups; groups > 0; --groups) {
      I sums[kOut];
      WAVERNN_TF_UNROLL
      for (int o = 0; o < kOut; ++o) sums[o] = V::Start(offsets + 16 * o);
      for (int32_t step = *steps++; step > 0; --step) {
        const I x = V::Gather(p.x, columns);
        WAVERNN_TF_UNROLL
        for (int o = 0; o < kOut; ++o) {
          sums[o] = V::Dot(sums[o], V::LoadInts(values + 64 * o), x);
        }
        values += kStepBytes;
        columns += kRows;
      }
      const F row_scale = V::Mul(V::Load(scales), scale);
      WAVERNN_TF_UNROLL
      for (int first = 0; first < kOut; first += 4) {
        F v[4];
        WAVERNN_TF_UNROLL
        for (int i = 0; i < 4; ++i) {
          const int at = 16 * (first + i);
          v[i] = V::Fma(V::ToFloat(sums[first + i]), row_scale,
                        V::Load(bias + at));
          v[i] = V::Max(v[i], least);
          top = V::Max(top, v[i]);
        }
        V::StoreQuads(y + first, outputs, v);
      }
      offsets += kOutputs;
      outputs += kRows;
      scales += kRows;
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
    for (int group = 0; group < m.groups; ++group) {
      const int32_t steps = m.steps[group];
      for (int r = 0; r < kRows; r += 16 / kOut) {
        BatchRows(
            p, values + 4 * r, columns + r, steps,
            m.offsets + kOutputs * group + r, m.scales + kRows * group + r,
            m.bias + m.bias_step * group + r, m.outputs + kRows * group + r);
      }
      values += static_cast<int64_t>(steps) * kStepBytes;
      columns += static_cast<int64_t>(steps) * kRows;
    }
  }

  // As many rows as have 16 outputs, each in a sum of its own.
  static void BatchRows(const BatchMultiplyParams& p, const int8_t* values,
                        const uint16_t* columns, int32_t steps,
                        const int32_t* offsets, const float* scales,
                        const float* bias, const int32_t* outputs) {
    const auto* const x = static_cast<const uint8_t*>(p.x);
    I sums[16];
    WAVERNN_TF_UNROLL
    for (int i = 0; i < 16; ++i) {
      sums[i] = V::StartBatch(offsets[Lane(i)]);
    }
    for (int32_t step = 0; step < steps; ++step) {
      WAVERNN_TF_UNROLL
      for (int r = 0; r < 16 / kOut; ++r) {
        const I inputs = V::LoadInts(x + 4 * kBatchLanes * columns[r]);
        WAVERNN_TF_UNROLL
        for (int o = 0; o < kOut; ++o) {
          const int i = kOut * r + o;
          uint32_t word;
          __builtin_memcpy(&word, values + 4 * Lane(i), sizeof(word));
          sums[i] = V::Dot(sums[i], V::BroadcastInt(word), inputs);
        }
      }
      values += kStepBytes;
      columns += kRows;
    }
    const F scale = V::Load(p.scale);
    const F least = V::Broadcast(p.relu ? 0.0f : -__builtin_inff());
    F top = V::Zero();
    WAVERNN_TF_UNROLL
    for (int i = 0; i < 16; ++i) {
      const int32_t output = outputs[i / kOut] + i % kOut;
      const F sum = V::Fma(V::ToFloat(sums[i]),
                           V::Mul(V::Broadcast(scales[i / kOut]), scale),
                           V::Broadcast(bias[Lane(i)]));
      const F v = V::Max(sum, least);
      top = V::Max(top, v);
      V::Store(p.y + static_cast<int64_t>(output) * kBatchLanes, v);
    }
    KeepLargest<V>(p, top);
  }

  // Where output i % kOut of row i / kOut stands among a group's.
  static constexpr int Lane(int i) { return kRows * (i % kOut) + i / kOut; }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GATHERS_OF_H_
