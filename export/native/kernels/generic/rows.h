// What the products of every weight type share: columns in, rows of outputs
// out.
#ifndef WAVERNN_TF_KERNELS_GENERIC_ROWS_H_
#define WAVERNN_TF_KERNELS_GENERIC_ROWS_H_

#include <cstdint>

#include "base/unroll.h"
#include "kernels/multiply.h"

namespace wavernn_tf {

// kCount columns, 16 bits each, in one load: load ports are what is short.
// V keeps every instruction set's copy its own.
template <typename V, int kCount>
struct Columns {
  uint64_t bits = 0;

  explicit Columns(const uint16_t* p) {
    __builtin_memcpy(&bits, p, kCount * sizeof(*p));
  }

  // Where column k's inputs begin, x being counted in units.
  template <typename Unit>
  const Unit* Find(const Unit* x, int k) const {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    k = kCount - 1 - k;
#endif
    return x + static_cast<uint16_t>(bits >> 16 * k);
  }
};

// Asks for weights long before their turn: of kCount values at p the place
// kAhead bytes after them, every line or every few.
template <typename V, WeightType kType, BlockShape kShape, int kCount,
          typename T>
WAVERNN_TF_INLINE inline void FetchAhead(const T* p) {
  constexpr int kAhead = 1536;
  constexpr int kEvery = V::FetchEvery(kType, kShape);
  if constexpr (kEvery > 0) {
    const auto* const ahead = reinterpret_cast<const char*>(p) + kAhead;
    WAVERNN_TF_UNROLL
    for (int at = 0; at < static_cast<int>(kCount * sizeof(T));
         at += 64 * kEvery) {
      __builtin_prefetch(ahead + at);
    }
  }
}

// The same where lanes are streams and rows are read one after another: of a
// row at p the values some steps ahead, a step having kCount values.
template <typename V, int kCount, typename T>
WAVERNN_TF_INLINE inline void FetchStep(const T* p) {
  if constexpr (V::kFetchSteps > 0) {
    __builtin_prefetch(p + V::kFetchSteps * kCount);
  }
}

// The 16 outputs of 16 / kOut rows, of which `outputs` has the first ones.
template <typename V, int kOut>
void StoreRows(float* y, const int32_t* outputs, typename V::F v) {
  if constexpr (kOut == 16) {
    V::Store(y + outputs[0], v);
  } else if constexpr (kOut == 8) {
    V::template StoreHalf<0>(y + outputs[0], v);
    V::template StoreHalf<1>(y + outputs[1], v);
  } else {
    V::template StoreQuad<0>(y + outputs[0], v);
    V::template StoreQuad<1>(y + outputs[1], v);
    V::template StoreQuad<2>(y + outputs[2], v);
    V::template StoreQuad<3>(y + outputs[3], v);
  }
}

// Max with it is the activation.
template <typename V>
typename V::F Least(bool relu) {
  return V::Broadcast(relu ? 0.0f : -__builtin_inff());
}

// What follows the sums of one stream: bias, activation, and the largest of all
// where somebody asks for it.
template <typename V>
class Epilogue {
 public:
  using F = typename V::F;

  explicit Epilogue(const MultiplyParams& p)
      : least_(Least<V>(p.relu)),
        largest_(p.largest),
        active_(p.relu || p.largest != nullptr) {}
  ~Epilogue() {
    if (largest_ != nullptr) *largest_ = V::Largest(top_);
  }

  // Of sums, and of sums of integers with their scales.
  F operator()(F sums, const float* bias) {
    return Activate(V::Add(sums, V::Load(bias)));
  }
  F operator()(F sums, F scales, const float* bias) {
    return Activate(V::Fma(sums, scales, V::Load(bias)));
  }

 private:
  F Activate(F v) {
    if (V::kTestsActivation && !active_) return v;
    v = V::Max(v, least_);
    top_ = V::Max(top_, v);
    return v;
  }

  const F least_;
  float* const largest_;
  const bool active_;  // asked where a test is shorter than Max
  F top_ = V::Zero();
};

// The largest of kCount vectors, lane by lane: in pairs, not one after another.
template <typename V, int kCount>
WAVERNN_TF_INLINE inline typename V::F LargestOf(const typename V::F* v) {
  if constexpr (kCount == 1) {
    return v[0];
  } else {
    return V::Max(LargestOf<V, kCount / 2>(v),
                  LargestOf<V, kCount - kCount / 2>(v + kCount / 2));
  }
}

// What follows the sums of kCount outputs of a batch, if anything does.
template <typename V, int kCount>
WAVERNN_TF_INLINE inline void Activate(const BatchMultiplyParams& p,
                                       typename V::F* v) {
  if (!p.relu && p.largest == nullptr) return;
  const auto least = Least<V>(p.relu);
  WAVERNN_TF_UNROLL
  for (int i = 0; i < kCount; ++i) v[i] = V::Max(v[i], least);
  if (p.largest == nullptr) return;
  V::Store(p.largest, V::Max(LargestOf<V, kCount>(v), V::Load(p.largest)));
}

// Calls use(o, what is added to output o): of a row of kCount outputs their
// biases, or the batch's base instead.
template <typename V, int kCount, typename Bias, typename Use>
WAVERNN_TF_INLINE inline void ForAddends(const BatchMultiplyParams& p,
                                         int32_t output, const Bias& bias,
                                         const Use& use) {
  if (p.base == nullptr) {
    WAVERNN_TF_UNROLL
    for (int o = 0; o < kCount; ++o) use(o, V::Broadcast(bias(o)));
    return;
  }
  const float* const base = p.base + static_cast<int64_t>(output) * kBatchLanes;
  WAVERNN_TF_UNROLL
  for (int o = 0; o < kCount; ++o) use(o, V::Load(base + kBatchLanes * o));
}

// y = v of kCount outputs of a batch.
template <typename V, int kCount>
WAVERNN_TF_INLINE inline void StoreBatch(const BatchMultiplyParams& p,
                                         int32_t output,
                                         const typename V::F* v) {
  float* const y = p.y + static_cast<int64_t>(output) * kBatchLanes;
  WAVERNN_TF_UNROLL
  for (int i = 0; i < kCount; ++i) V::Store(y + kBatchLanes * i, v[i]);
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_GENERIC_ROWS_H_
