// The products of dots_of.h for 16 streams, lanes being streams. The layout is
// that of one stream: gathered, if kGathered, or not.
#ifndef WAVERNN_TF_KERNELS_BATCH_DOTS_OF_H_
#define WAVERNN_TF_KERNELS_BATCH_DOTS_OF_H_

#include <array>
#include <cstdint>

#include "kernels/multiply.h"
#include "kernels/rows_of.h"
#include "kernels/unroll.h"

namespace wavernn_tf {

template <typename V, BlockShape kShape, bool kGathered>
struct BatchDotsOf {
  using F = typename V::F;
  using I = typename V::I;
  static constexpr int kOut = BlockOut(kShape);
  static constexpr bool kSingle = kShape == BlockShape::k16x1;
  static constexpr int kRows = kGathered ? 16 : kSingle ? 4 : 8;  // of a group
  static constexpr int kBlocks = kSingle ? 4 : 1;  // of a row in a step
  static constexpr int kOutputs = kRows * kOut;    // of a group
  static constexpr int kStepBytes = 4 * kOutputs;

  // Of a group's outputs: where output o of row r stands, and its scale.
  static constexpr int Place(int r, int o) {
    return kGathered ? kRows * o + r : kOut * r + o;
  }
  static constexpr int kScales = kGathered ? kRows : kOutputs;
  static constexpr int ScalePlace(int r) { return kGathered ? r : kOut * r; }

  static void Multiply(const BatchMultiplyParams& p) {
    const GroupedView& m = *p.matrix;
    if (p.largest != nullptr) V::Store(p.largest, V::Zero());
    const auto* values = static_cast<const int8_t*>(m.values);
    const uint16_t* columns = m.columns;
    for (int group = 0; group < m.groups; ++group) {
      const int32_t steps = m.steps[group];
      for (int r = 0; r < kRows; r += kTileRows) {
        if (m.outputs[kRows * group + r] == m.filler) break;
        for (int o = 0; o < kOut; o += kTileOut) {
          const int first = Place(r, o);
          Tile(p, values + 4 * first, columns + kBlocks * r,
               m.lengths[kRows * group + r],  // none of the others is longer
               m.offsets + kOutputs * group + first,
               m.scales + kScales * group + ScalePlace(r),
               m.bias + m.bias_step * group + first,
               m.outputs + kRows * group + r, o);
        }
      }
      values += static_cast<int64_t>(steps) * kStepBytes;
      columns += static_cast<int64_t>(steps) * kRows * kBlocks;
    }
  }

  // As many outputs as the registers hold sums: of several rows, or `first` and
  // those after it of one.
  static constexpr int kTileOut = kOut < V::kBatchSums ? kOut : V::kBatchSums;
  static constexpr int kTileRows = V::kBatchSums / kTileOut;

  WAVERNN_TF_INLINE static void Tile(const BatchMultiplyParams& p,
                                     const int8_t* values,
                                     const uint16_t* columns, int32_t steps,
                                     const int32_t* offsets,
                                     const float* scales, const float* bias,
                                     const int32_t* outputs, int first) {
    const auto* const x = static_cast<const uint8_t*>(p.x);
    I sums[kTileRows][kTileOut];
    WAVERNN_TF_UNROLL
    for (int r = 0; r < kTileRows; ++r) {
      WAVERNN_TF_UNROLL
      for (int o = 0; o < kTileOut; ++o) {
        sums[r][o] = V::StartBatch(offsets[Place(r, o)]);
      }
    }
    for (int32_t step = 0; step < steps; ++step) {
      WAVERNN_TF_UNROLL
      for (int r = 0; r < kTileRows; ++r) {
        const I input = Input(x, columns + r);
        WAVERNN_TF_UNROLL
        for (int o = 0; o < kTileOut; ++o) {
          sums[r][o] = V::DotWord(sums[r][o], values + 4 * Place(r, o), input);
        }
      }
      values += kStepBytes;
      columns += kRows * kBlocks;
    }
    const F scale = V::Load(p.scale);
    WAVERNN_TF_UNROLL
    for (int r = 0; r < kTileRows; ++r) {
      const F row_scale = V::Mul(V::Broadcast(scales[ScalePlace(r)]), scale);
      F v[kTileOut];
      ForAddends<V, kTileOut>(
          p, outputs[r] + first, [&](int o) { return bias[Place(r, o)]; },
          [&](int o, F addend) {
            v[o] = V::Fma(V::ToFloat(sums[r][o]), row_scale, addend);
          });
      Activate<V, kTileOut>(p, v);
      StoreBatch<V, kTileOut>(p, outputs[r] + first, v);
    }
  }

  // Four inputs of every stream.
  static I Input(const uint8_t* x, const uint16_t* columns) {
    if constexpr (kSingle) {
      constexpr int kUnits = ColumnUnits(WeightType::kInt8, kShape);
      using Unit = std::array<uint8_t, kBatchLanes / kUnits>;
      const auto* const units = reinterpret_cast<const Unit*>(x);
      const Columns<V, 4> at(columns);
      const auto bytes = [&](int k) { return at.Find(units, k)->data(); };
      return V::Interleave(bytes(0), bytes(1), bytes(2), bytes(3));
    } else {
      return V::LoadInts(x + 4 * kBatchLanes * columns[0]);
    }
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_BATCH_DOTS_OF_H_
