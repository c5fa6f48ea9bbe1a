// The 16-lane vector in portable C++: the definition that the others match.
//
// A vector type V offers, on V::F of 16 float32 lanes, only operations that
// IEEE 754 defines to the last bit, so that every instruction set gives the
// same lanes:
//   Max(a, b) = a > b ? a : b, Min(a, b) = a < b ? a : b (b for a NaN)
//   Fma(a, b, c) = a * b + c, NegFma(a, b, c) = c - a * b, rounded once
//   Reduce4(a, b, c, d): lane 4 r + o, with v the r-th argument, holds
//       (v[o] + v[4 + o]) + (v[8 + o] + v[12 + o])
//   Sum(v): lanes i and i + 8 are added, then i and i + 4, i + 2, i + 1
//   Exponent(v): the bits of v shifted left by 23
//   Guess(v): the bits 0x7EF311C3 minus the bits of v, near 1 / v
// Loads and stores need natural alignment only. The files of an instruction
// set use no inline function of the standard library: the linker could take
// their copy of it for a machine that lacks the instructions.
#ifndef WAVERNN_TF_KERNELS_VECTOR_SCALAR_H_
#define WAVERNN_TF_KERNELS_VECTOR_SCALAR_H_

#include <cmath>
#include <cstdint>
#include <cstring>

namespace wavernn_tf {

struct VectorScalar {
  static constexpr const char* kIsa = "scalar";
  static constexpr int kGateVectors = 1;
  static constexpr int kAffineRows = 2;
  static constexpr int kAffineVectors = 1;

  struct F {
    float lane[16];
  };

  static F Zero() { return F{}; }
  static F Broadcast(float x) {
    return Map([&](int) { return x; });
  }
  static F Load(const float* p) {
    return Map([&](int i) { return p[i]; });
  }
  static void Store(float* p, const F& v) {
    for (int i = 0; i < 16; ++i) p[i] = v.lane[i];
  }
  template <int kQuad>
  static void StoreQuad(float* p, const F& v) {
    for (int i = 0; i < 4; ++i) p[i] = v.lane[4 * kQuad + i];
  }
  // Lane i becomes v[4 * kQuad + i / 4].
  template <int kQuad>
  static F Repeat(const F& v) {
    return Map([&](int i) { return v.lane[4 * kQuad + i / 4]; });
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
  static F Fma(const F& a, const F& b, const F& c) {
    return Map(
        [&](int i) { return std::fma(a.lane[i], b.lane[i], c.lane[i]); });
  }
  static F NegFma(const F& a, const F& b, const F& c) {
    return Map(
        [&](int i) { return std::fma(-a.lane[i], b.lane[i], c.lane[i]); });
  }
  static F Max(const F& a, const F& b) {
    return Map(
        [&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static F Min(const F& a, const F& b) {
    return Map(
        [&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  // v, but zero where x < limit.
  static F ZeroBelow(const F& v, const F& x, const F& limit) {
    return Map(
        [&](int i) { return x.lane[i] < limit.lane[i] ? 0.0f : v.lane[i]; });
  }
  static F Exponent(const F& v) {
    return Map([&](int i) { return FromBits(Bits(v.lane[i]) << 23); });
  }
  static F Guess(const F& v) {
    return Map([&](int i) { return FromBits(0x7EF311C3u - Bits(v.lane[i])); });
  }

  static F Reduce4(const F& a, const F& b, const F& c, const F& d) {
    const F* const rows[4] = {&a, &b, &c, &d};
    return Map([&](int i) {
      const float* v = rows[i / 4]->lane + i % 4;
      return (v[0] + v[4]) + (v[8] + v[12]);
    });
  }
  static float Sum(F v) {
    for (int width = 8; width > 0; width /= 2) {
      for (int i = 0; i < width; ++i) v.lane[i] += v.lane[i + width];
    }
    return v.lane[0];
  }
  static float Largest(F v) {
    for (int width = 8; width > 0; width /= 2) {
      for (int i = 0; i < width; ++i) {
        if (!(v.lane[i] > v.lane[i + width])) v.lane[i] = v.lane[i + width];
      }
    }
    return v.lane[0];
  }

 private:
  template <typename Lane>
  static F Map(Lane lane) {
    F result;
    for (int i = 0; i < 16; ++i) result.lane[i] = lane(i);
    return result;
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

#endif  // WAVERNN_TF_KERNELS_VECTOR_SCALAR_H_
