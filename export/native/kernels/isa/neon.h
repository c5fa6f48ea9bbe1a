// The kernels of NEON, with and without dot products: those of
// generic/kernels.h, but for what its compilers make long of them.
#ifndef WAVERNN_TF_KERNELS_ISA_NEON_H_
#define WAVERNN_TF_KERNELS_ISA_NEON_H_

#include "kernels/generic/gates.h"
#include "kernels/generic/kernels.h"
#include "kernels/generic/quantise.h"
#include "kernels/simd/vector_wide.h"

namespace wavernn_tf {

// The gates of one stream. Pointers walk with the units: every load has a
// constant distance from one of them, where indices would be computed anew for
// every row and gate.
template <typename V>
struct NeonGates {
  template <bool kShorts>
  struct Units {
    using W = VectorWide<V, 1>;
    using F = typename W::F;
    const float* gates;
    const float* recurrent;
    const float* kernel;
    const float* bias;
    float* h;
    const float coarse_previous, fine_previous, coarse_now;
    const IntegerForms forms;
    int i;

    Units(const GateParams& p, int first)
        : gates(p.gates + GateIndex(0, first)),
          recurrent(p.recurrent + GateIndex(0, first)),
          kernel(p.input_kernel + InputKernelIndex(0, 0, first)),
          bias(p.bias + first),
          h(p.h + first),
          coarse_previous(p.coarse_previous),
          fine_previous(p.fine_previous),
          coarse_now(p.coarse_now),
          forms(p.forms),
          i(first) {}

    void Advance() {
      gates += kGateStride;
      recurrent += kGateStride;
      kernel += 3 * kGateStride;
      bias += 16;
      h += 16;
      i += 16;
    }

    F Gates(int g) const { return W::Load(gates + GateIndex(g, 0)); }
    F Recurrent(int g) const { return W::Load(recurrent + GateIndex(g, 0)); }
    F Kernel(int row, int g) const {
      return W::Load(kernel + InputKernelIndex(row, g, 0));
    }
    F CoarsePrevious() const { return W::Broadcast(coarse_previous); }
    F FinePrevious() const { return W::Broadcast(fine_previous); }
    F CoarseNow() const { return W::Broadcast(coarse_now); }
    F Bias() const { return W::Load(bias); }
    float* State() const { return h; }
    void StoreIntegers(const F& v) const {
      if constexpr (kShorts) {
        QuantiseOf<V>::StoreShorts(
            v.v[0], V::Broadcast(kMostShort / kLargestState), i, forms);
      }
      if (forms.bytes == nullptr) return;
      QuantiseOf<V>::StoreBytes(v.v[0], V::Broadcast(kMostByte / kLargestState),
                                i, forms);
    }
  };

  template <bool kFine, bool kShorts>
  static void Update(const GateParams& p, int first) {
    Units<kShorts> units(p, first);
    for (int left = p.state_size / 32; left > 0; --left) {
      GatesOf<V>::template Update<kFine>(units);
      units.Advance();
    }
  }
  static void Coarse(const GateParams& p) {
    p.forms.shorts == nullptr ? Update<false, false>(p, 0)
                              : Update<false, true>(p, 0);
  }
  static void Fine(const GateParams& p) {
    const int first = p.state_size / 2;
    p.forms.shorts == nullptr ? Update<true, false>(p, first)
                              : Update<true, true>(p, first);
  }
};

// GCC would compute shifted forms before it knows that nobody wants them.
template <typename V>
struct NeonQuantise {
  static void Quantise(const QuantiseParams& p) {
    if (p.forms.shifted_bytes != nullptr || p.forms.shifted_shorts != nullptr) {
      QuantiseOf<V>::Quantise(p);
      return;
    }
    QuantiseParams plain = p;
    plain.forms.shifted_bytes = nullptr;
    plain.forms.shifted_shorts = nullptr;
    QuantiseOf<V>::Quantise(plain);
  }
};

template <typename V>
constexpr KernelTable MakeNeonKernels() {
  KernelTable table = MakeKernels<V>();
  table.coarse_gates = NeonGates<V>::Coarse;
  table.fine_gates = NeonGates<V>::Fine;
  table.quantise = NeonQuantise<V>::Quantise;
  return table;
}

template <typename V>
struct NeonKernelsOf {
  static constexpr KernelTable kTable = MakeNeonKernels<V>();
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_ISA_NEON_H_
