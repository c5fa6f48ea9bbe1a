// The dense affine map (affine.h), written once for any vector type of
// vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_GENERIC_AFFINE_H_
#define WAVERNN_TF_KERNELS_GENERIC_AFFINE_H_

#include <cstdint>

#include "base/unroll.h"
#include "kernels/affine.h"

namespace wavernn_tf {

template <typename V>
struct AffineOf {
  using F = typename V::F;
  static constexpr int kLanes = 16;

  // kRows rows and kVectors * 16 outputs from row t and output o.
  template <int kRows, int kVectors>
  static void AffineTile(const AffineParams& p, int64_t t, int o) {
    F sums[kRows][kVectors];
    WAVERNN_TF_UNROLL
    for (int row = 0; row < kRows; ++row) {
      WAVERNN_TF_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        sums[row][v] = V::Load(p.bias + o + kLanes * v);
      }
    }
    const float* __restrict in = p.in + t * p.in_stride;
    const PanelPlace place = PlaceInPanel(p.depth, p.width, o);
    const float* __restrict kernel = p.kernel + place.first;
    for (int d = 0; d < p.depth; ++d, kernel += place.stride) {
      F weights[kVectors];
      WAVERNN_TF_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        weights[v] = V::Load(kernel + kLanes * v);
      }
      WAVERNN_TF_UNROLL
      for (int row = 0; row < kRows; ++row) {
        const F x = V::Broadcast(in[row * p.in_stride + d]);
        WAVERNN_TF_UNROLL
        for (int v = 0; v < kVectors; ++v) {
          sums[row][v] = V::Fma(x, weights[v], sums[row][v]);
        }
      }
    }
    WAVERNN_TF_UNROLL
    for (int row = 0; row < kRows; ++row) {
      float* out = p.out + (t + row) * p.out_stride + o;
      WAVERNN_TF_UNROLL
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
    const PanelPlace place = PlaceInPanel(p.depth, p.width, o);
    const float* kernel = p.kernel + place.first;
    F sum = LoadSome(p.bias + o, count);
    for (int d = 0; d < p.depth; ++d, kernel += place.stride) {
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
    static_assert(kPanel % kWide == 0, "no tile lies in two panels");
    int o = 0;
    for (; o + kWide <= p.width; o += kWide) {
      AffineColumn<V::kAffineVectors>(p, o);
    }
    for (; o + kLanes <= p.width; o += kLanes) AffineColumn<1>(p, o);
    if (o == p.width) return;
    for (int64_t t = 0; t < p.rows; ++t) AffineRest(p, t, o, p.width - o);
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERIC_AFFINE_H_
