// The 16-lane vector in portable C++: the definition that the others match.
//
// A vector type V offers, on V::F of 16 float32 lanes, only operations that
// IEEE 754 defines to the last bit, so that every instruction set gives the
// same lanes:
//   Max(a, b) = a > b ? a : b (b for a NaN)
//   Bound(v, limit): between -limit and limit; -limit for a NaN that arithmetic
//       made, as no other comes here
//   Fma(a, b, c) = a * b + c, NegFma(a, b, c) = c - a * b, rounded once
//   Reduce4(a, b, c, d): lane 4 r + o, with v the r-th argument, holds
//       (v[4 o] + v[4 o + 1]) + (v[4 o + 2] + v[4 o + 3])
//   Totals(v): lane g is the sum of v[g]'s lanes, of which i and i + 8 are
//       added, then i and i + 4, i + 2, i + 1
//   Prefix(v): running sums; for width = 1, 2, 4, 8 every lane i whose bit
//       `width` is set adds lane (i | (width - 1)) - width. Where no lane is
//       negative they never fall, and stay where one is zero.
//   Exponent(v): the bits of v shifted left by 23
//   NotAbove(a, b) = a > b ? 0 : 1, CountNotAbove(a, b): the sum of the lanes
// and, on V::I of 16 int32 lanes, exact ones:
//   Dot(sum, w, x): every lane's sum plus the products of its four 8-bit
//       integers in w and in x. An instruction set that multiplies unsigned by
//       signed bytes keeps x + kByteOffset in x, and the sums start from
//       offsets that take back what that adds.
//   DotWord(sum, w, x): the same, or that of two 16-bit integers, with one word
//       of weights for all lanes.
// Loads and stores need natural alignment only. The files of an instruction
// set use no inline function of the standard library: the linker could take
// their copy of it for a machine that lacks the instructions.
#ifndef WAVERNN_TF_KERNELS_SIMD_VECTOR_SCALAR_H_
#define WAVERNN_TF_KERNELS_SIMD_VECTOR_SCALAR_H_

#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/fused_multiply_add.h"
#include "kernels/multiply.h"

namespace wavernn_tf {

struct VectorScalar {
  static constexpr const char* kIsa = "scalar";
  static constexpr bool kGathers = false;
  static constexpr bool kMasks = false;
  static constexpr GroupVectors kGroupVectors = {4, 4};
  static constexpr int kBatchFrom[] = {17, 17, 17, 17};  // too few registers
  static constexpr int kBatchSums = 4;
  static constexpr int kGateVectors = 1;
  static constexpr int kAffineRows = 2;
  static constexpr int kAffineVectors = 1;
  static constexpr bool kTestsActivation = false;

  static constexpr int FetchEvery(WeightType, BlockShape) { return 0; }

  static constexpr int kFetchSteps = 0;

  static constexpr int kByteOffset = 0;

  struct F {
    float lane[16];
  };
  struct I {
    uint32_t lane[16];
  };

  static F Zero() { return F{}; }
  static F Broadcast(float x) {
    return Map([&](int) { return x; });
  }
  // Lane i holds p[i % 4].
  static F BroadcastQuad(const float* p) {
    return Map([&](int i) { return p[i % 4]; });
  }
  static F Load(const float* p) {
    return Map([&](int i) { return p[i]; });
  }
  // The float32 of which the words' lower and upper halves hold the upper half.
  static void LoadHalves(const uint32_t* p, F& low, F& high) {
    low = Map([&](int i) { return FromBits(p[i] << 16); });
    high = Map([&](int i) { return FromBits(p[i] & 0xFFFF0000u); });
  }
  static void Store(float* p, const F& v) {
    for (int i = 0; i < 16; ++i) p[i] = v.lane[i];
  }
  template <int kHalf>
  static void StoreHalf(float* p, const F& v) {
    for (int i = 0; i < 8; ++i) p[i] = v.lane[8 * kHalf + i];
  }
  template <int kQuad>
  static void StoreQuad(float* p, const F& v) {
    for (int i = 0; i < 4; ++i) p[i] = v.lane[4 * kQuad + i];
  }

  static F Add(const F& a, const F& b) {
    return Map([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  static F Sub(const F& a, const F& b) {
    return Map([&](int i) { return a.lane[i] - b.lane[i]; });
  }
  static F Mul(const F& a, const F& b) {
    return Map([&](int i) { return a.lane[i] * b.lane[i]; });
  }
  static F Div(const F& a, const F& b) {
    return Map([&](int i) { return a.lane[i] / b.lane[i]; });
  }
  static F Fma(const F& a, const F& b, const F& c) {
    return Map([&](int i) {
      return FusedMultiplyAdd(a.lane[i], b.lane[i], c.lane[i]);
    });
  }
  static F NegFma(const F& a, const F& b, const F& c) {
    return Map([&](int i) {
      return FusedMultiplyAdd(-a.lane[i], b.lane[i], c.lane[i]);
    });
  }
  static F Max(const F& a, const F& b) {
    return Map(
        [&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static F Bound(const F& v, float limit) {
    const F above = Max(v, Broadcast(-limit));
    return Map(
        [&](int i) { return above.lane[i] < limit ? above.lane[i] : limit; });
  }
  // v, but zero where x < limit.
  static F ZeroBelow(const F& v, const F& x, const F& limit) {
    return Map(
        [&](int i) { return x.lane[i] < limit.lane[i] ? 0.0f : v.lane[i]; });
  }
  static F NotAbove(const F& a, const F& b) {
    return Map([&](int i) { return a.lane[i] > b.lane[i] ? 0.0f : 1.0f; });
  }
  static int CountNotAbove(const F& a, const F& b) {
    int count = 0;
    for (int i = 0; i < 16; ++i) count += !(a.lane[i] > b.lane[i]);
    return count;
  }
  static F Exponent(const F& v) {
    return Map([&](int i) { return FromBits(Bits(v.lane[i]) << 23); });
  }

  static F Reduce4(const F& a, const F& b, const F& c, const F& d) {
    const F* const rows[4] = {&a, &b, &c, &d};
    return Map([&](int i) {
      const float* v = rows[i / 4]->lane + 4 * (i % 4);
      return (v[0] + v[1]) + (v[2] + v[3]);
    });
  }
  static F Totals(const F* v) {
    return Map([&](int g) {
      F sum = v[g];
      for (int width = 8; width > 0; width /= 2) {
        for (int i = 0; i < width; ++i) sum.lane[i] += sum.lane[i + width];
      }
      return sum.lane[0];
    });
  }
  static F Prefix(F v) {
    for (int width = 1; width < 16; width *= 2) {
      for (int i = 0; i < 16; ++i) {
        if (i & width) v.lane[i] += v.lane[(i | (width - 1)) - width];
      }
    }
    return v;
  }
  static float Largest(F v) {
    for (int width = 8; width > 0; width /= 2) {
      for (int i = 0; i < width; ++i) {
        if (!(v.lane[i] > v.lane[i + width])) v.lane[i] = v.lane[i + width];
      }
    }
    return v.lane[0];
  }

  // Every lane goes to the next; x to the first.
  static F ShiftIn(const F& v, float x) {
    return Map([&](int i) { return i == 0 ? x : v.lane[i - 1]; });
  }

  static I LoadInts(const void* p) {
    I v;
    std::memcpy(v.lane, p, sizeof(v.lane));
    return v;
  }
  static void StoreInts(void* p, const I& v) {
    std::memcpy(p, v.lane, sizeof(v.lane));
  }
  static I InitBatchSums(int32_t) { return I{}; }  // one offset for all lanes
  static I Dot(const I& sum, const I& w, const I& x) {
    return MapInts([&](int i) {
      return DotLane<int8_t>(sum.lane[i], &w.lane[i], &x.lane[i]);
    });
  }
  template <typename Weight>
  static I DotWord(const I& sum, const Weight* w, const I& x) {
    return MapInts(
        [&](int i) { return DotLane<Weight>(sum.lane[i], w, &x.lane[i]); });
  }
  // kCount = 16, 8 or 4 sums of each of kRows rows. Dot takes a word of
  // weights, int8_t or int16_t, for each sum, row after row, and for every row
  // the same inputs for all: of 32 bits, or of 64, whose first half is that of
  // every other sum. Join makes an I of the sums of 16 / kCount rows.
  template <typename Weight, int kCount>
  struct Lanes {
    static constexpr int kRows = 1;
    uint32_t lane[kCount];

    void InitSums(const int32_t*) { *this = {}; }
    template <typename Unit>
    void Dot(const Weight* w, const Unit* x) {
      constexpr int kWeights = 4 / sizeof(Weight);
      Weight inputs[sizeof(Unit) / sizeof(Weight)];
      std::memcpy(inputs, x, sizeof(Unit));
      constexpr int kWords = sizeof(Unit) / 4;
      for (int i = 0; i < kCount; ++i) {
        lane[i] = DotLane<Weight>(lane[i], w + kWeights * i,
                                  inputs + kWeights * (i % kWords));
      }
    }
  };
  template <typename Weight, int kCount>
  static I Join(const Lanes<Weight, kCount>* v) {
    return MapInts([&](int i) { return v[i / kCount].lane[i % kCount]; });
  }
  // Lanes 2 i and 2 i + 1 of a, then of b, added.
  static I AddPairs(const I& a, const I& b) {
    return MapInts([&](int i) {
      const I& v = i < 8 ? a : b;
      return v.lane[2 * i % 16] + v.lane[2 * i % 16 + 1];
    });
  }
  static I BroadcastInt(uint32_t x) {
    return MapInts([&](int) { return x; });
  }
  static F ToFloat(const I& v) {
    return Map([&](int i) {
      return static_cast<float>(static_cast<int32_t>(v.lane[i]));
    });
  }
  // rint(v * scale) + kByteOffset, to nearest even, in the lowest eight bits of
  // every lane, by adding 1.5 * 2^23; |v * scale| <= 2^21.
  static I ToBytes(const F& v, const F& scale) {
    const F sum = Fma(v, scale, Broadcast(12582912.0f + kByteOffset));
    return MapInts([&](int i) { return Bits(sum.lane[i]); });
  }
  // 16 bytes from the lanes' lowest.
  static void StoreBytes(uint8_t* p, const I& v) {
    for (int i = 0; i < 16; ++i) p[i] = static_cast<uint8_t>(v.lane[i]);
  }
  static void StoreBytesOf4(uint8_t* p, const I* v) {
    for (int i = 0; i < 4; ++i) StoreBytes(p + 16 * i, v[i]);
  }
  // Bytes i of a, b, c, d in lane i, a lowest.
  static I Interleave(const int8_t* a, const int8_t* b, const int8_t* c,
                      const int8_t* d) {
    return MapInts([&](int i) {
      const auto byte = [&](const int8_t* p) {
        return uint32_t{static_cast<uint8_t>(p[i])};
      };
      return byte(a) | byte(b) << 8 | byte(c) << 16 | byte(d) << 24;
    });
  }
  // The lowest bytes of a, b, c, d in every lane, a lowest.
  static I PackBytes(const I& a, const I& b, const I& c, const I& d) {
    return MapInts([&](int i) {
      return (a.lane[i] & 255u) | (b.lane[i] & 255u) << 8 |
             (c.lane[i] & 255u) << 16 | d.lane[i] << 24;
    });
  }
  // Lane i becomes the lowest byte of v[4 * kQuad + i / 4], shifted left by
  // 8 (i % 4) bits.
  template <int kQuad>
  static I ShiftBytes(const I& v) {
    return MapInts([&](int i) {
      return (v.lane[4 * kQuad + i / 4] & 255u) << 8 * (i % 4);
    });
  }
  // The same with 16 bits: ToBytes, without an offset; |v * scale| <= 32767.49.
  static I ToShorts(const F& v, const F& scale) {
    const F sum = Fma(v, scale, Broadcast(12582912.0f));
    return MapInts([&](int i) { return Bits(sum.lane[i]); });
  }
  static void StoreShorts(int16_t* p, const I& v) {
    for (int i = 0; i < 16; ++i) {
      p[i] = static_cast<int16_t>(static_cast<uint16_t>(v.lane[i]));
    }
  }
  // Of a and b in lane i, or in any order that DotWord takes.
  static I Interleave(const int16_t* a, const int16_t* b) {
    return MapInts([&](int i) {
      return uint32_t{static_cast<uint16_t>(a[i])} |
             uint32_t{static_cast<uint16_t>(b[i])} << 16;
    });
  }
  static I PackShorts(const I& a, const I& b) {
    return MapInts(
        [&](int i) { return (a.lane[i] & 0xFFFFu) | b.lane[i] << 16; });
  }
  // Lane i becomes the lower half of v[8 * kHalf + i / 2], shifted left by
  // 16 (i % 2) bits.
  template <int kHalf>
  static I ShiftShorts(const I& v) {
    return MapInts([&](int i) {
      return (v.lane[8 * kHalf + i / 2] & 0xFFFFu) << 16 * (i % 2);
    });
  }

 private:
  template <typename Lane>
  static F Map(Lane lane) {
    F result;
    for (int i = 0; i < 16; ++i) result.lane[i] = lane(i);
    return result;
  }
  template <typename Lane>
  static I MapInts(Lane lane) {
    I result;
    for (int i = 0; i < 16; ++i) result.lane[i] = lane(i);
    return result;
  }
  template <typename Weight>
  static uint32_t DotLane(uint32_t sum, const void* w, const void* x) {
    constexpr int kWeights = 4 / sizeof(Weight);
    Weight weights[kWeights], inputs[kWeights];
    std::memcpy(weights, w, sizeof(weights));
    std::memcpy(inputs, x, sizeof(inputs));
    for (int i = 0; i < kWeights; ++i) {
      sum += static_cast<uint32_t>(int32_t{weights[i]} * int32_t{inputs[i]});
    }
    return sum;
  }
  static uint32_t Bits(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof(bits));
    return bits;
  }
  static float FromBits(uint32_t bits) {
    float x;
    std::memcpy(&x, &bits, sizeof(x));
    return x;
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_SIMD_VECTOR_SCALAR_H_
