// The products of dots.h where an instruction gathers the inputs of 16 block
// rows: lanes are rows, so that one gather serves all outputs of 16 blocks.
#ifndef WAVERNN_TF_KERNELS_GENERIC_GATHERS_H_
#define WAVERNN_TF_KERNELS_GENERIC_GATHERS_H_

#include <cstdint>

#include "base/unroll.h"
#include "kernels/generic/rows.h"
#include "kernels/multiply.h"

namespace wavernn_tf {

// kShape is 4x4 or 8x4.
template <typename V, WeightType kType, BlockShape kShape>
struct GathersOf {
  using F = typename V::F;
  using I = typename V::I;
  static constexpr int kOut = BlockOut(kShape);
  static constexpr int kRows = 16;               // of a group
  static constexpr int kOutputs = kRows * kOut;  // of a group
  using Weight = IntegerOf<kType>;
  // Four inputs of a row: one or two lanes, so that the rows take as many
  // vectors.
  using Unit = UnitOf<kType, kShape>;
  static_assert(sizeof(Unit) == 4 * sizeof(Weight));
  static constexpr int kVectors = sizeof(Unit) / 4;
  static constexpr int kVectorWeights = 64 / sizeof(Weight);

  static I Total(const I* sums) {
    if constexpr (kVectors == 1) return sums[0];
    if constexpr (kVectors == 2) return V::AddPairs(sums[0], sums[1]);
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
      I sums[kOut][kVectors];
      WAVERNN_TF_UNROLL
      for (int i = 0; i < kOut * kVectors; ++i) {
        sums[i / kVectors][i % kVectors] =
            kVectors == 1 ? V::InitSums(offsets + 16 * i) : V::BroadcastInt(0u);
      }
      for (int32_t step = *steps++; step > 0; --step) {
        I inputs[kVectors];
        WAVERNN_TF_UNROLL
        for (int k = 0; k < kVectors; ++k) {
          inputs[k] = V::Gather(x, columns + kRows / kVectors * k);
        }
        WAVERNN_TF_UNROLL
        for (int i = 0; i < kOut * kVectors; ++i) {
          I& sum = sums[i / kVectors][i % kVectors];
          sum =
              V::DotAll(sum, values + kVectorWeights * i, inputs[i % kVectors]);
        }
        values += kOut * kVectors * kVectorWeights;
        columns += kRows;
      }
      const F row_scale = V::Mul(V::Load(scales), scale);
      WAVERNN_TF_UNROLL
      for (int first = 0; first < kOut; first += 4) {
        F v[4];
        WAVERNN_TF_UNROLL
        for (int i = 0; i < 4; ++i) {
          v[i] = epilogue(V::ToFloat(Total(sums[first + i])), row_scale,
                          bias + 16 * (first + i));
        }
        V::StoreQuads(y + first, outputs, v);
      }
      offsets += kOutputs;
      outputs += kRows;
      scales += kRows;
      bias += m.bias_step;
    }
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERIC_GATHERS_H_
