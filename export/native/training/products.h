// The three products of a block-sparse matrix in training, for any vector type
// of vector_scalar.h. A lane is a sequence; a weight is broadcast to all lanes.
#ifndef WAVERNN_TF_TRAINING_PRODUCTS_H_
#define WAVERNN_TF_TRAINING_PRODUCTS_H_

#include <cstddef>
#include <cstdint>

#include "base/unroll.h"
#include "training/group.h"

namespace wavernn_tf {

// Rows of 16 lanes, of which 16 lie together and the next 16 `group_stride`
// floats on.
struct LaneRows {
  float* data;
  std::size_t group_stride;

  float* Row(int row) const {
    return data + (row / 16) * group_stride +
           static_cast<std::size_t>(row % 16) * 16;
  }
};

template <typename V, BlockShape kShape>
struct TrainingProducts {
  using F = typename V::F;
  static constexpr int kOut = BlockOut(kShape);
  static constexpr int kIn = BlockIn(kShape);
  static constexpr int kSize = kOut * kIn;
  // Sums kept for each output: of inputs i, i + kChains, ...
  static constexpr int kChains = 16 / kOut;
  static constexpr int kFit = V::kBatchSums / kChains;
  // Outputs summed together: as many as registers hold.
  static constexpr int kTile = kFit < 1 ? 1 : kFit < kOut ? kFit : kOut;

  // y = start + W x. `start` may be y.
  static void Forward(const TrainingMatrix& w, const float* x,
                      const float* start, float* y) {
    const int32_t* const columns = w.columns;
    for (int row = 0; row < w.rows / kOut; ++row) {
      const int32_t first = w.row_offsets[row], end = w.row_offsets[row + 1];
      for (int tile = 0; tile < kOut; tile += kTile) {
        const std::size_t at =
            (static_cast<std::size_t>(row) * kOut + tile) * 16;
        F sum[kChains][kTile];
        WAVERNN_TF_UNROLL
        for (int o = 0; o < kTile; ++o)
          sum[0][o] = V::Load(start + at + 16 * o);
        WAVERNN_TF_UNROLL
        for (int c = 1; c < kChains; ++c) {
          WAVERNN_TF_UNROLL
          for (int o = 0; o < kTile; ++o) sum[c][o] = V::Zero();
        }
        const float* values =
            w.values + static_cast<std::size_t>(first) * kSize + tile;
        for (int32_t b = first; b < end; ++b, values += kSize) {
          const float* const in =
              x + static_cast<std::size_t>(columns[b]) * kIn * 16;
          WAVERNN_TF_UNROLL
          for (int i = 0; i < kIn; ++i) {
            const F v = V::Load(in + 16 * i);
            WAVERNN_TF_UNROLL
            for (int o = 0; o < kTile; ++o) {
              F& s = sum[i % kChains][o];
              s = V::Fma(v, V::Broadcast(values[i * kOut + o]), s);
            }
          }
        }
        WAVERNN_TF_UNROLL
        for (int o = 0; o < kTile; ++o) {
          F total = sum[0][o];
          if constexpr (kChains == 2) total = V::Add(total, sum[1][o]);
          if constexpr (kChains == 4) {
            total =
                V::Add(V::Add(total, sum[1][o]), V::Add(sum[2][o], sum[3][o]));
          }
          V::Store(y + at + 16 * o, total);
        }
      }
    }
  }

  // dx += W^T dy, in the order of the blocks.
  static void Backward(const TrainingMatrix& w, LaneRows dy, float* dx) {
    const int32_t* const columns = w.columns;
    for (int row = 0; row < w.rows / kOut; ++row) {
      const int32_t first = w.row_offsets[row], end = w.row_offsets[row + 1];
      const float* const gradient = dy.Row(row * kOut);
      F d[kOut];
      WAVERNN_TF_UNROLL
      for (int o = 0; o < kOut; ++o) d[o] = V::Load(gradient + 16 * o);
      const float* values = w.values + static_cast<std::size_t>(first) * kSize;
      for (int32_t b = first; b < end; ++b, values += kSize) {
        float* const in = dx + static_cast<std::size_t>(columns[b]) * kIn * 16;
        WAVERNN_TF_UNROLL
        for (int i = 0; i < kIn; ++i) {
          const float* const weight = values + i * kOut;
          F sum[4];
          WAVERNN_TF_UNROLL
          for (int o = 0; o < 4; ++o) {
            sum[o] = V::Mul(d[o], V::Broadcast(weight[o]));
          }
          WAVERNN_TF_UNROLL
          for (int o = 4; o < kOut; ++o) {
            sum[o % 4] = V::Fma(d[o], V::Broadcast(weight[o]), sum[o % 4]);
          }
          const F total =
              V::Add(V::Add(sum[0], sum[1]), V::Add(sum[2], sum[3]));
          V::Store(in + 16 * i, V::Add(V::Load(in + 16 * i), total));
        }
      }
    }
  }

  // gradient += dy x^T, summed over lanes and over `count` steps; those of x
  // stand `x_stride` floats apart, those of dy 256.
  static void Gradient(const TrainingMatrix& w, const float* x,
                       std::size_t x_stride, LaneRows dy, int count,
                       float* gradient) {
    constexpr int kTiles = V::kBatchSums < 16 ? V::kBatchSums : 16;
    const int32_t* const columns = w.columns;
    for (int row = 0; row < w.rows / kOut; ++row) {
      const float* const d = dy.Row(row * kOut);
      for (int32_t b = w.row_offsets[row]; b < w.row_offsets[row + 1]; ++b) {
        const float* const in =
            x + static_cast<std::size_t>(columns[b]) * kIn * 16;
        float* const out = gradient + static_cast<std::size_t>(b) * kSize;
        // Sixteen weights at a time, k = i * kOut + o.
        for (int part = 0; part < kSize; part += 16) {
          F sum[16];
          for (int tile = 0; tile < 16; tile += kTiles) {
            SumSteps<kTiles>(in, x_stride, d, count, part + tile, sum + tile);
          }
          V::Store(out + part, V::Add(V::Load(out + part), V::Totals(sum)));
        }
      }
    }
  }

 private:
  // sum[k] over the steps, of the weights first + k.
  template <int kCount>
  WAVERNN_TF_INLINE static void SumSteps(const float* in, std::size_t x_stride,
                                         const float* d, int count, int first,
                                         F* sum) {
    constexpr int kOutputs = kCount < kOut ? kCount : kOut;
    const float* const x = in + first / kOut * 16;
    const float* const dy = d + first % kOut * 16;
    F s[kCount];
    WAVERNN_TF_UNROLL
    for (int k = 0; k < kCount; ++k) s[k] = V::Zero();
    for (int step = 0; step < count; ++step) {
      const float* const a = x + step * x_stride;
      const float* const g = dy + static_cast<std::size_t>(step) * 256;
      WAVERNN_TF_UNROLL
      for (int i = 0; i < kCount / kOutputs; ++i) {
        const F v = V::Load(a + 16 * i);
        WAVERNN_TF_UNROLL
        for (int o = 0; o < kOutputs; ++o) {
          F& total = s[i * kOutputs + o];
          total = V::Fma(v, V::Load(g + 16 * o), total);
        }
      }
    }
    WAVERNN_TF_UNROLL
    for (int k = 0; k < kCount; ++k) sum[k] = s[k];
  }
};

// The same for a matrix of any block shape.
template <typename V>
struct TrainingProduct {
  template <typename Call>
  WAVERNN_TF_INLINE static void ByShape(BlockShape shape, Call call) {
    switch (shape) {
      case BlockShape::k4x4:
        return call(TrainingProducts<V, BlockShape::k4x4>());
      case BlockShape::k16x1:
        return call(TrainingProducts<V, BlockShape::k16x1>());
      case BlockShape::k8x4:
        return call(TrainingProducts<V, BlockShape::k8x4>());
    }
  }
  static void Forward(const TrainingMatrix& w, const float* x,
                      const float* start, float* y) {
    ByShape(w.shape, [&](auto product) { product.Forward(w, x, start, y); });
  }
  static void Backward(const TrainingMatrix& w, LaneRows dy, float* dx) {
    ByShape(w.shape, [&](auto product) { product.Backward(w, dy, dx); });
  }
  static void Gradient(const TrainingMatrix& w, const float* x,
                       std::size_t x_stride, LaneRows dy, int count,
                       float* gradient) {
    ByShape(w.shape, [&](auto product) {
      product.Gradient(w, x, x_stride, dy, count, gradient);
    });
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TRAINING_PRODUCTS_H_
