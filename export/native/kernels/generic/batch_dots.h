// The products of dots.h for 16 streams, lanes being streams. The layout is
// that of one stream: gathered, if kGathered, or not.
#ifndef WAVERNN_TF_KERNELS_GENERIC_BATCH_DOTS_H_
#define WAVERNN_TF_KERNELS_GENERIC_BATCH_DOTS_H_

#include <array>
#include <cstdint>

#include "base/unroll.h"
#include "kernels/generic/rows.h"
#include "kernels/multiply.h"

namespace wavernn_tf {

template <typename V, WeightType kType, BlockShape kShape, bool kGathered>
struct BatchDotsOf {
  using F = typename V::F;
  using I = typename V::I;
  static constexpr int kOut = BlockOut(kShape);
  using Weight = IntegerOf<kType>;
  static constexpr int kRows =  // of a group
      kGathered ? 16 : GroupRows(kType, kShape, V::kGroupVectors);
  static constexpr int kBlocks = StepBlocks(kType, kShape);  // of a row in it
  static constexpr int kOutputs = kRows * kOut;              // of a group
  static constexpr int kWord = WordWeights(kType);
  // Weights and words of an output in a step.
  static constexpr int kWeights = kBlocks * BlockIn(kShape);
  static constexpr int kWords = kWeights / kWord;

  // Of a group's outputs: where output o of row r stands, and its scale.
  static constexpr int Place(int r, int o) {
    return kGathered ? kRows * o + r : kOut * r + o;
  }
  static constexpr int kScales = kGathered ? kRows : kOutputs;
  static constexpr int ScalePlace(int r) { return kGathered ? r : kOut * r; }

  static void Multiply(const BatchMultiplyParams& p) {
    const GroupedView& m = *p.matrix;
    if (p.largest != nullptr) V::Store(p.largest, V::Zero());
    const auto* values = static_cast<const Weight*>(m.values);
    const uint16_t* columns = m.columns;
    for (int group = 0; group < m.groups; ++group) {
      const int32_t steps = m.steps[group];
      for (int r = 0; r < kRows; r += kTileRows) {
        if (m.outputs[kRows * group + r] == m.filler) break;
        for (int o = 0; o < kOut; o += kTileOut) {
          const int first = Place(r, o);
          Tile(p, values + kWeights * first, columns + kBlocks * r,
               m.lengths[kRows * group + r],  // none of the others is longer
               m.offsets + kOutputs * group + first,
               m.scales + kScales * group + ScalePlace(r),
               m.bias + m.bias_step * group + first,
               m.outputs + kRows * group + r, o);
        }
      }
      values += static_cast<int64_t>(steps) * kWeights * kOutputs;
      columns += static_cast<int64_t>(steps) * kRows * kBlocks;
    }
  }

  // As many outputs as the registers hold sums: of several rows, or `first` and
  // those after it of one.
  static constexpr int kTileOut = kOut < V::kBatchSums ? kOut : V::kBatchSums;
  static constexpr int kTileRows = V::kBatchSums / kTileOut;

  WAVERNN_TF_INLINE static void Tile(const BatchMultiplyParams& p,
                                     const Weight* values,
                                     const uint16_t* columns, int32_t steps,
                                     const int32_t* offsets,
                                     const float* scales, const float* bias,
                                     const int32_t* outputs, int first) {
    I sums[kTileRows][kTileOut];
    WAVERNN_TF_UNROLL
    for (int r = 0; r < kTileRows; ++r) {
      WAVERNN_TF_UNROLL
      for (int o = 0; o < kTileOut; ++o) {
        sums[r][o] = kType == WeightType::kInt8
                         ? V::InitBatchSums(offsets[Place(r, o)])
                         : V::BroadcastInt(0u);
      }
    }
    for (int32_t step = 0; step < steps; ++step) {
      WAVERNN_TF_UNROLL
      for (int r = 0; r < kTileRows; ++r) {
        WAVERNN_TF_UNROLL
        for (int word = 0; word < kWords; ++word) {
          const I input = Input(p.x, columns + r, word);
          WAVERNN_TF_UNROLL
          for (int o = 0; o < kTileOut; ++o) {
            const int at = kWeights * Place(r, o) + kWord * word;
            sums[r][o] = V::DotWord(sums[r][o], values + at, input);
          }
        }
      }
      // Gathered rows share their lines.
      if constexpr (!kGathered) FetchStep<V, kWeights * kOutputs>(values);
      values += kWeights * kOutputs;
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

  // A word of inputs of every stream.
  static I Input(const void* x, const uint16_t* columns, int word) {
    constexpr int kUnits = ColumnUnits(kType, kShape);  // of a column
    if constexpr (kBlocks > 1) {
      using Unit = std::array<Weight, kBatchLanes / kUnits>;
      const auto* const units = static_cast<const Unit*>(x);
      const Columns<V, kBlocks> at(columns);
      const auto inputs = [&](int k) { return at.Find(units, k)->data(); };
      if constexpr (kBlocks == 2) return V::Interleave(inputs(0), inputs(1));
      if constexpr (kBlocks == 4) {
        return V::Interleave(inputs(0), inputs(1), inputs(2), inputs(3));
      }
    } else {
      const auto* const words = static_cast<const Weight*>(x);
      const int at = kWords * columns[0] / kUnits + word;
      return V::LoadInts(words + kWord * kBatchLanes * at);
    }
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERIC_BATCH_DOTS_H_
