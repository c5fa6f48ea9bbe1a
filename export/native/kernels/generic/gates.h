// The gates (gru.h), written once for any vector type of vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_GENERIC_GATES_H_
#define WAVERNN_TF_KERNELS_GENERIC_GATES_H_

#include "kernels/generic/quantise.h"
#include "kernels/gru.h"
#include "kernels/multiply.h"
#include "kernels/simd/vector_math.h"
#include "kernels/simd/vector_wide.h"

namespace wavernn_tf {

template <typename V>
struct GatesOf {
  // W::kLanes / 16 times 16 units of one stream, from unit `i` on. Only if
  // kShorts, the state is written in 16 bits too: bytes alone take fewer
  // registers.
  template <typename Wide, bool kShorts>
  struct UnitsOf {
    using W = Wide;
    const GateParams& p;
    int i;

    static constexpr int kUnits = W::kLanes;
    typename W::F Gates(int g) const {
      return W::LoadEvery(p.gates + GateIndex(g, i), kGateStride);
    }
    typename W::F Recurrent(int g) const {
      return W::LoadEvery(p.recurrent + GateIndex(g, i), kGateStride);
    }
    typename W::F Kernel(int row, int g) const {
      return W::LoadEvery(p.input_kernel + InputKernelIndex(row, g, i),
                          3 * kGateStride);
    }
    typename W::F CoarsePrevious() const {
      return W::Broadcast(p.coarse_previous);
    }
    typename W::F FinePrevious() const { return W::Broadcast(p.fine_previous); }
    typename W::F CoarseNow() const { return W::Broadcast(p.coarse_now); }
    typename W::F Bias() const { return W::Load(p.bias + i); }
    float* State() const { return p.h + i; }
    void StoreIntegers(const typename W::F& h) const {
      if constexpr (kShorts) {
        const auto inverse = V::Broadcast(kMostShort / kLargestState);
        WAVERNN_TF_UNROLL
        for (int k = 0; k < W::kLanes / 16; ++k) {
          QuantiseOf<V>::StoreShorts(h.v[k], inverse, i + 16 * k, p.forms);
        }
      }
      if (p.forms.bytes == nullptr) return;
      const auto inverse = V::Broadcast(kMostByte / kLargestState);
      WAVERNN_TF_UNROLL
      for (int k = 0; k < W::kLanes / 16; ++k) {
        QuantiseOf<V>::StoreBytes(h.v[k], inverse, i + 16 * k, p.forms);
      }
    }
  };
  template <typename Wide>
  using Units = UnitsOf<Wide, false>;
  template <typename Wide>
  using UnitsWithShorts = UnitsOf<Wide, true>;

  // W::kLanes / 16 units of 16 streams.
  template <typename Wide>
  struct Streams {
    using W = Wide;
    const BatchGateParams& p;
    int i;

    static constexpr int kUnits = W::kLanes / 16;
    typename W::F Gates(int g) const {
      return W::Load(p.gates + kBatchLanes * GateIndex(g, i - p.first));
    }
    typename W::F Recurrent(int g) const {
      return W::Load(p.recurrent + kBatchLanes * GateIndex(g, i));
    }
    typename W::F Kernel(int row, int g) const {
      return W::BroadcastEach(p.input_kernel + InputKernelIndex(row, g, i));
    }
    typename W::F CoarsePrevious() const {
      return W::Same(V::Load(p.coarse_previous));
    }
    typename W::F FinePrevious() const {
      return W::Same(V::Load(p.fine_previous));
    }
    typename W::F CoarseNow() const { return W::Same(V::Load(p.coarse_now)); }
    typename W::F Bias() const { return W::BroadcastEach(p.bias + i); }
    float* State() const { return p.h + kBatchLanes * i; }
    void StoreIntegers(const typename W::F&) const {}  // quantise_batch does
  };

  // The input of gate g without the recurrence.
  template <bool kFine, typename Source>
  WAVERNN_TF_INLINE static auto GateInput(const Source& x, int g) {
    using W = typename Source::W;
    auto sum = x.Gates(g);
    sum = W::Fma(x.CoarsePrevious(), x.Kernel(0, g), sum);
    sum = W::Fma(x.FinePrevious(), x.Kernel(1, g), sum);
    if constexpr (kFine) sum = W::Fma(x.CoarseNow(), x.Kernel(2, g), sum);
    return sum;
  }

  template <bool kFine, typename Source>
  WAVERNN_TF_INLINE static void Update(const Source& x) {
    using W = typename Source::W;
    using Math = VectorMath<W>;
    const auto r = W::Add(GateInput<kFine>(x, 1), x.Recurrent(1));
    const auto u = W::Add(GateInput<kFine>(x, 0), x.Recurrent(0));
    const auto e = Math::Gated(W::Add(x.Recurrent(2), x.Bias()), r);
    const auto z = W::Add(GateInput<kFine>(x, 2), e);
    const auto h = Math::Blend(u, z, W::Load(x.State()));
    W::Store(x.State(), h);
    x.StoreIntegers(h);
  }

  template <bool kFine, template <typename> typename Source, typename Params>
  static void UpdateAll(const Params& p, int i, int end) {
    using Wide = Source<VectorWide<V, V::kGateVectors>>;
    using Narrow = Source<VectorWide<V, 1>>;
    for (; i + Wide::kUnits <= end; i += Wide::kUnits) {
      Update<kFine>(Wide{p, i});
    }
    for (; i < end; i += Narrow::kUnits) Update<kFine>(Narrow{p, i});
  }

  template <bool kFine>
  static void UpdateHalf(const GateParams& p, int start) {
    const int end = start + p.state_size / 2;
    if (p.forms.shorts == nullptr) {
      UpdateAll<kFine, Units>(p, start, end);
    } else {
      UpdateAll<kFine, UnitsWithShorts>(p, start, end);
    }
  }
  static void Coarse(const GateParams& p) { UpdateHalf<false>(p, 0); }
  static void Fine(const GateParams& p) {
    UpdateHalf<true>(p, p.state_size / 2);
  }
  static void CoarseBatch(const BatchGateParams& p) {
    UpdateAll<false, Streams>(p, p.first, p.first + p.count);
  }
  static void FineBatch(const BatchGateParams& p) {
    UpdateAll<true, Streams>(p, p.first, p.first + p.count);
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERIC_GATES_H_
