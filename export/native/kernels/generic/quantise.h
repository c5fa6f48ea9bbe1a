// Activations as integers (quantise.h), written once for any vector type of
// vector_scalar.h.
#ifndef WAVERNN_TF_KERNELS_GENERIC_QUANTISE_H_
#define WAVERNN_TF_KERNELS_GENERIC_QUANTISE_H_

#include "base/unroll.h"
#include "kernels/multiply.h"
#include "kernels/quantise.h"

namespace wavernn_tf {

template <typename V>
struct QuantiseOf {
  using F = typename V::F;
  using I = typename V::I;

  WAVERNN_TF_INLINE static void Quantise(const QuantiseParams& p) {
    const IntegerForms forms = p.forms;  // which stores of bytes could change
    const int end = p.first + p.count;
    if (forms.bytes != nullptr) {
      const F inverse = V::Broadcast(forms.byte_inverse);
      for (int i = p.first; i < end; i += 16) {
        StoreBytes(V::Load(p.x + i), inverse, i, forms);
      }
    }
    if (forms.shorts != nullptr) {
      const F inverse = V::Broadcast(forms.short_inverse);
      for (int i = p.first; i < end; i += 16) {
        StoreShorts(V::Load(p.x + i), inverse, i, forms);
      }
    }
  }

  // Values i .. i + 15.
  WAVERNN_TF_INLINE static void StoreBytes(F x, F inverse, int i,
                                           const IntegerForms& forms) {
    const I v = V::ToBytes(x, inverse);
    V::StoreBytes(forms.bytes + i, v);
    if (forms.shifted_bytes == nullptr) return;
    uint32_t* const shifted = forms.shifted_bytes + 4 * i;
    V::StoreInts(shifted, V::template ShiftBytes<0>(v));
    V::StoreInts(shifted + 16, V::template ShiftBytes<1>(v));
    V::StoreInts(shifted + 32, V::template ShiftBytes<2>(v));
    V::StoreInts(shifted + 48, V::template ShiftBytes<3>(v));
  }

  WAVERNN_TF_INLINE static void StoreShorts(F x, F inverse, int i,
                                            const IntegerForms& forms) {
    const I v = V::ToShorts(x, inverse);
    V::StoreShorts(forms.shorts + i, v);
    if (forms.shifted_shorts == nullptr) return;
    uint32_t* const shifted = forms.shifted_shorts + 2 * i;
    V::StoreInts(shifted, V::template ShiftShorts<0>(v));
    V::StoreInts(shifted + 16, V::template ShiftShorts<1>(v));
  }

  // ------------------------------------------------------ lanes are streams

  static void QuantiseBatch(const BatchQuantiseParams& p) {
    if (p.byte_words != nullptr || p.bytes != nullptr) BytesOfBatch(p);
    if (p.short_words != nullptr || p.shorts != nullptr) ShortsOfBatch(p);
  }

  static void BytesOfBatch(const BatchQuantiseParams& p) {
    const F inverse = V::Load(p.byte_inverse);
    for (int i = 0; i < p.n; i += 4) {
      I v[4];
      for (int k = 0; k < 4; ++k) {
        const float* const x = p.x + kBatchLanes * (i + k);
        v[k] = V::ToBytes(V::Load(x), inverse);
      }
      if (p.bytes != nullptr) V::StoreBytesOf4(p.bytes + kBatchLanes * i, v);
      if (p.byte_words == nullptr) continue;
      V::StoreInts(p.byte_words + kBatchLanes * i,
                   V::PackBytes(v[0], v[1], v[2], v[3]));
    }
  }

  static void ShortsOfBatch(const BatchQuantiseParams& p) {
    const F inverse = V::Load(p.short_inverse);
    for (int i = 0; i < p.n; i += 2) {
      const float* const x = p.x + kBatchLanes * i;
      const I first = V::ToShorts(V::Load(x), inverse);
      const I second = V::ToShorts(V::Load(x + kBatchLanes), inverse);
      if (p.shorts != nullptr) {
        V::StoreShorts(p.shorts + kBatchLanes * i, first);
        V::StoreShorts(p.shorts + kBatchLanes * (i + 1), second);
      }
      if (p.short_words == nullptr) continue;
      V::StoreInts(p.short_words + kBatchLanes * i,
                   V::PackShorts(first, second));
    }
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERIC_QUANTISE_H_
