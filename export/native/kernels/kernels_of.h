// The kernels, written once for any vector type of vector_scalar.h. Each
// instruction set has one source file, built with its flags, that makes a
// table of them.
#ifndef WAVERNN_TF_KERNELS_KERNELS_OF_H_
#define WAVERNN_TF_KERNELS_KERNELS_OF_H_

#include <cstdint>

#include "kernels/kernel_table.h"
#include "kernels/vector_math.h"
#include "kernels/vector_wide.h"

namespace wavernn_tf {

template <typename V>
struct KernelsOf {
  using F = typename V::F;
  using Math = VectorMath<V>;
  static constexpr int kLanes = 16;

  // ------------------------------------------------------------- products

  // The four rows of a group side by side; kInputs floats of x per column.
  template <int kInputs>
  static void MultiplyGroups(const MultiplyParams& p) {
    const GroupedView& m = *p.matrix;
    const float* __restrict values = m.values;
    const uint16_t* __restrict columns = m.columns;
    const float* __restrict bias = m.bias;
    const int32_t* __restrict outputs = m.outputs;
    const float* __restrict x = p.x;
    for (int group = 0; group < m.groups; ++group) {
      F a = V::Zero();
      F b = V::Zero();
      F c = V::Zero();
      F d = V::Zero();
      for (int32_t step = m.steps[group]; step > 0; --step) {
        // One load for the four columns: load ports are what is short.
        uint64_t four;
        __builtin_memcpy(&four, columns, sizeof(four));
        a = V::Fma(V::Load(values), Inputs<kInputs>(x, Column<0>(four)), a);
        b = V::Fma(V::Load(values + 16), Inputs<kInputs>(x, Column<1>(four)),
                   b);
        c = V::Fma(V::Load(values + 32), Inputs<kInputs>(x, Column<2>(four)),
                   c);
        d = V::Fma(V::Load(values + 48), Inputs<kInputs>(x, Column<3>(four)),
                   d);
        values += 64;
        columns += 4;
      }
      if constexpr (kInputs == 1) {
        StoreRow(p, outputs[0], V::Add(a, V::Load(bias)));
        StoreRow(p, outputs[1], V::Add(b, V::Load(bias + 16)));
        StoreRow(p, outputs[2], V::Add(c, V::Load(bias + 32)));
        StoreRow(p, outputs[3], V::Add(d, V::Load(bias + 48)));
        bias += 64;
      } else {
        StoreQuads(p, outputs, V::Add(V::Reduce4(a, b, c, d), V::Load(bias)));
        bias += 16;
      }
      outputs += 4;
    }
  }

  template <int kRow>
  static uint16_t Column(uint64_t four) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return static_cast<uint16_t>(four >> (48 - 16 * kRow));
#else
    return static_cast<uint16_t>(four >> (16 * kRow));
#endif
  }

  // 16x1: one input for all lanes. 4x4: sixteen repeated inputs.
  template <int kInputs>
  static F Inputs(const float* x, uint16_t column) {
    if constexpr (kInputs == 1) {
      return V::Broadcast(x[column]);
    } else {
      return V::Load(x + kInputs * static_cast<uint32_t>(column));
    }
  }

  static void StoreRow(const MultiplyParams& p, int32_t output, F v) {
    if (p.relu) v = V::Max(v, V::Zero());
    if (p.repeat) {
      VectorWide<V, 1>::StoreRepeated(p.y + 4 * output, {{v}});
    } else {
      V::Store(p.y + output, v);
    }
  }

  // Lane 4 r + o of v is output o of the group's row r.
  static void StoreQuads(const MultiplyParams& p, const int32_t* outputs, F v) {
    if (p.relu) v = V::Max(v, V::Zero());
    if (p.repeat) {
      V::Store(p.y + 4 * outputs[0], V::template Repeat<0>(v));
      V::Store(p.y + 4 * outputs[1], V::template Repeat<1>(v));
      V::Store(p.y + 4 * outputs[2], V::template Repeat<2>(v));
      V::Store(p.y + 4 * outputs[3], V::template Repeat<3>(v));
    } else {
      V::template StoreQuad<0>(p.y + outputs[0], v);
      V::template StoreQuad<1>(p.y + outputs[1], v);
      V::template StoreQuad<2>(p.y + outputs[2], v);
      V::template StoreQuad<3>(p.y + outputs[3], v);
    }
  }

  static void Multiply16x1(const MultiplyParams& p) { MultiplyGroups<1>(p); }
  static void Multiply4x4(const MultiplyParams& p) { MultiplyGroups<16>(p); }

  // ---------------------------------------------------------------- gates

  // Input of the gates of one half, spread over the lanes of W.
  template <typename W>
  struct Spread {
    typename W::F coarse_previous, fine_previous, coarse_now;
  };

  template <typename W>
  static Spread<W> SpreadInputs(const GateParams& p) {
    return {W::Broadcast(p.coarse_previous), W::Broadcast(p.fine_previous),
            W::Broadcast(p.coarse_now)};
  }

  // The input of gate outputs i, i + 1, ..., without the recurrence.
  template <typename W, bool kFine>
  static typename W::F GateInput(const GateParams& p, const Spread<W>& x,
                                 int i) {
    const int width = 3 * p.state_size;
    const float* kernel = p.input_kernel + i;
    typename W::F sum = W::Load(p.gates + i);
    sum = W::Fma(x.coarse_previous, W::Load(kernel), sum);
    sum = W::Fma(x.fine_previous, W::Load(kernel + width), sum);
    if constexpr (kFine) {
      sum = W::Fma(x.coarse_now, W::Load(kernel + 2 * width), sum);
    }
    return sum;
  }

  // Units i, i + 1, ..., as many as W has lanes.
  template <typename W, bool kFine>
  static void GateUnits(const GateParams& p, const Spread<W>& x, int i) {
    using Wide = VectorMath<W>;
    using T = typename W::F;
    const int r_index = p.state_size + i;
    const int e_index = 2 * p.state_size + i;
    const T u = W::Add(GateInput<W, kFine>(p, x, i), W::Load(p.recurrent + i));
    const T r = Wide::Sigmoid(W::Add(GateInput<W, kFine>(p, x, r_index),
                                     W::Load(p.recurrent + r_index)));
    const T z = W::Fma(r, W::Load(p.recurrent + e_index),
                       GateInput<W, kFine>(p, x, e_index));
    const T h = Wide::Blend(u, z, W::Load(p.h + i));
    W::Store(p.h + i, h);
    if (p.repeated != nullptr) W::StoreRepeated(p.repeated + 4 * i, h);
  }

  // The last `count` < 16 units of a half: the same on a padded copy.
  template <bool kFine>
  static void GateRest(const GateParams& p, int i, int count) {
    float gates[3 * kLanes] = {};
    float recurrent[3 * kLanes] = {};
    float kernel[9 * kLanes] = {};
    float h[kLanes] = {};
    float repeated[4 * kLanes];
    for (int k = 0; k < count; ++k) {
      for (int g = 0; g < 3; ++g) {
        gates[kLanes * g + k] = p.gates[p.state_size * g + i + k];
        recurrent[kLanes * g + k] = p.recurrent[p.state_size * g + i + k];
      }
      for (int g = 0; g < 9; ++g) {
        kernel[kLanes * g + k] = p.input_kernel[p.state_size * g + i + k];
      }
      h[k] = p.h[i + k];
    }
    GateParams rest = p;
    rest.gates = gates;
    rest.recurrent = recurrent;
    rest.input_kernel = kernel;
    rest.h = h;
    rest.repeated = repeated;
    rest.state_size = kLanes;
    using W = VectorWide<V, 1>;
    GateUnits<W, kFine>(rest, SpreadInputs<W>(p), 0);
    for (int k = 0; k < count; ++k) {
      p.h[i + k] = h[k];
      if (p.repeated == nullptr) continue;
      for (int j = 0; j < 4; ++j) p.repeated[4 * (i + k) + j] = h[k];
    }
  }

  template <typename W, bool kFine>
  static int GatesWhile(const GateParams& p, int i, int end) {
    const Spread<W> x = SpreadInputs<W>(p);
    for (; i + W::kLanes <= end; i += W::kLanes) GateUnits<W, kFine>(p, x, i);
    return i;
  }

  template <bool kFine>
  static void HalfGates(const GateParams& p) {
    const int end = kFine ? p.state_size : p.state_size / 2;
    int i = kFine ? p.state_size / 2 : 0;
    i = GatesWhile<VectorWide<V, V::kGateVectors>, kFine>(p, i, end);
    i = GatesWhile<VectorWide<V, 1>, kFine>(p, i, end);
    if (i < end) GateRest<kFine>(p, i, end - i);
  }

  static void CoarseGates(const GateParams& p) { HalfGates<false>(p); }
  static void FineGates(const GateParams& p) { HalfGates<true>(p); }

  // -------------------------------------------------------------- softmax

  static float Softmax(const SoftmaxParams& p) {
    F top[4];
    for (int i = 0; i < 4; ++i) top[i] = V::Load(p.logits + kLanes * i);
    for (int g = 4; g < kClassGroups; ++g) {
      top[g % 4] = V::Max(top[g % 4], V::Load(p.logits + kLanes * g));
    }
    const float highest =
        V::Largest(V::Max(V::Max(top[0], top[1]), V::Max(top[2], top[3])));
    const F shift = V::Broadcast(highest);
    const F scale = V::Broadcast(p.scale);
    for (int g = 0; g < kClassGroups; ++g) {
      const F x = V::Sub(V::Load(p.logits + kLanes * g), shift);
      const F weights = Math::NegativeExp(V::Mul(x, scale));
      V::Store(p.weights + kLanes * g, weights);
      p.totals[g] = V::Sum(weights);
    }
    return highest;
  }

  // --------------------------------------------------------------- affine

  // kRows rows and kVectors * 16 outputs from row t and output o.
  template <int kRows, int kVectors>
  static void AffineTile(const AffineParams& p, int64_t t, int o) {
    F sums[kRows][kVectors];
    for (int row = 0; row < kRows; ++row) {
      for (int v = 0; v < kVectors; ++v) {
        sums[row][v] = V::Load(p.bias + o + kLanes * v);
      }
    }
    const float* __restrict in = p.in + t * p.in_stride;
    const float* __restrict kernel = p.kernel + o;
    for (int d = 0; d < p.depth; ++d, kernel += p.width) {
      F weights[kVectors];
      for (int v = 0; v < kVectors; ++v) {
        weights[v] = V::Load(kernel + kLanes * v);
      }
      for (int row = 0; row < kRows; ++row) {
        const F x = V::Broadcast(in[row * p.in_stride + d]);
        for (int v = 0; v < kVectors; ++v) {
          sums[row][v] = V::Fma(x, weights[v], sums[row][v]);
        }
      }
    }
    for (int row = 0; row < kRows; ++row) {
      float* out = p.out + (t + row) * p.out_stride + o;
      for (int v = 0; v < kVectors; ++v) {
        V::Store(out + kLanes * v, Activate(p, sums[row][v]));
      }
    }
  }

  static F LoadSome(const float* p, int count) {
    float lanes[kLanes] = {};
    for (int i = 0; i < count; ++i) lanes[i] = p[i];
    return V::Load(lanes);
  }

  static F Activate(const AffineParams& p, F sum) {
    return p.relu ? V::Max(sum, V::Zero()) : sum;
  }

  // Row t and the last `count` < 16 outputs.
  static void AffineRest(const AffineParams& p, int64_t t, int o, int count) {
    const float* in = p.in + t * p.in_stride;
    const float* kernel = p.kernel + o;
    F sum = LoadSome(p.bias + o, count);
    for (int d = 0; d < p.depth; ++d, kernel += p.width) {
      sum = V::Fma(V::Broadcast(in[d]), LoadSome(kernel, count), sum);
    }
    float lanes[kLanes];
    V::Store(lanes, Activate(p, sum));
    float* out = p.out + t * p.out_stride + o;
    for (int i = 0; i < count; ++i) out[i] = lanes[i];
  }

  template <int kVectors>
  static void AffineColumn(const AffineParams& p, int o) {
    int64_t t = 0;
    for (; t + V::kAffineRows <= p.rows; t += V::kAffineRows) {
      AffineTile<V::kAffineRows, kVectors>(p, t, o);
    }
    for (; t < p.rows; ++t) AffineTile<1, kVectors>(p, t, o);
  }

  static void Affine(const AffineParams& p) {
    constexpr int kWide = kLanes * V::kAffineVectors;
    int o = 0;
    for (; o + kWide <= p.width; o += kWide) {
      AffineColumn<V::kAffineVectors>(p, o);
    }
    for (; o + kLanes <= p.width; o += kLanes) AffineColumn<1>(p, o);
    if (o == p.width) return;
    for (int64_t t = 0; t < p.rows; ++t) AffineRest(p, t, o, p.width - o);
  }

  static constexpr KernelTable kTable = {
      V::kIsa,     Multiply4x4, Multiply16x1, Affine,
      CoarseGates, FineGates,   Softmax,
  };
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_KERNELS_OF_H_
