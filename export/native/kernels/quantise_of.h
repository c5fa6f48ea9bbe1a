// 8-bit activations (quantise.h), written once for any vector type of
// vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_QUANTISE_OF_H_
#define WAVERNN_TF_KERNELS_QUANTISE_OF_H_

#include "kernels/multiply.h"
#include "kernels/quantise.h"

namespace wavernn_tf {

template <typename V>
struct QuantiseOf {
  using F = typename V::F;
  using I = typename V::I;

  static void Quantise(const QuantiseParams& p) {
    const F inverse = V::Broadcast(p.inverse);
    for (int i = 0; i < p.n; i += 16) {
      StoreForms(V::Load(p.x + i), inverse, i, p.bytes, p.shifted);
    }
  }

  // Of values i .. i + 15.
  static void StoreForms(F x, F inverse, int i, uint8_t* bytes,
                         uint32_t* shifted) {
    const I v = V::ToBytes(x, inverse);
    V::StoreBytes(bytes + i, v);
    if (shifted == nullptr) return;
    shifted += 4 * i;
    V::StoreInts(shifted, V::template Shift<0>(v));
    V::StoreInts(shifted + 16, V::template Shift<1>(v));
    V::StoreInts(shifted + 32, V::template Shift<2>(v));
    V::StoreInts(shifted + 48, V::template Shift<3>(v));
  }

  // ------------------------------------------------------ lanes are streams

  static void QuantiseBatch(const BatchQuantiseParams& p) {
    const F inverse = V::Load(p.inverse);
    for (int i = 0; i < p.n; i += 4) {
      I v[4];
      for (int k = 0; k < 4; ++k) {
        const float* const x = p.x + kBatchLanes * (i + k);
        v[k] = V::ToBytes(V::Load(x), inverse);
      }
      if (p.bytes != nullptr) V::StoreBytesOf4(p.bytes + kBatchLanes * i, v);
      if (p.words == nullptr) continue;
      V::StoreInts(p.words + kBatchLanes * i, V::Pack(v[0], v[1], v[2], v[3]));
    }
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_QUANTISE_OF_H_
