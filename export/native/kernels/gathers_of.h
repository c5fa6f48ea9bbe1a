// The products of dots_of.h where an instruction gathers the inputs of 16 block
// rows: lanes are rows, so that one gather serves all outputs of 16 blocks.
#ifndef WAVERNN_TF_KERNELS_GATHERS_OF_H_
#define WAVERNN_TF_KERNELS_GATHERS_OF_H_

#include <cstdint>

#include "kernels/multiply.h"
#include "kernels/rows_of.h"
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
    const F least = Least<V>(p.relu);
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
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GATHERS_OF_H_
