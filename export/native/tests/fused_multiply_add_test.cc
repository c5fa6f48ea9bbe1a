// The emulated fused multiply-add is the machine's, or the C library's, to the
// last bit.

#include "base/fused_multiply_add.h"

#include <limits>
#include <random>

#include "tests/helpers/check.h"

using namespace wavernn_tf;

namespace {

uint32_t Bits(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}

float FromBits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

// Rounds twice: the canary.
float Twice(float a, float b, float c) {
  return static_cast<float>(static_cast<double>(a) * b + c);
}

// Counts the triples, and those that rounding twice gets wrong.
struct Tally {
  int64_t triples = 0;
  int64_t caught = 0;

  void Compare(float a, float b, float c) {
    const float expected = std::fma(a, b, c);
    const float got = EmulatedMultiplyAdd(a, b, c);
    const bool same =
        std::isnan(expected) ? std::isnan(got) : Bits(got) == Bits(expected);
    CHECK(same);
    if (!same) std::fprintf(stderr, "  fma(%a, %a, %a)\n", a, b, c);
    ++triples;
    caught += !std::isnan(expected) && Bits(Twice(a, b, c)) != Bits(expected);
  }
  void CompareSigns(float a, float b, float c) {
    Compare(a, b, c);
    Compare(-a, b, c);
  }
};

// Of every class: denormals, infinities and NaN among them.
void TestAnyBits() {
  std::mt19937 random(41);
  Tally tally;
  for (int i = 0; i < 4000000; ++i) {
    const float a = FromBits(random());
    const float b = FromBits(random());
    tally.Compare(a, b, FromBits(random()));
  }
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kSpecial[] = {0.0f,
                                std::numeric_limits<float>::denorm_min(),
                                std::numeric_limits<float>::min(),
                                1.0f,
                                std::numeric_limits<float>::max(),
                                kInfinity,
                                std::numeric_limits<float>::quiet_NaN()};
  for (float a : kSpecial) {
    for (float b : kSpecial) {
      for (float c : kSpecial) {
        tally.CompareSigns(a, b, c);
        tally.CompareSigns(a, b, -c);
      }
    }
  }
}

// The addend within 60 binades of the product, so that both count; now and
// then the result is denormal.
void TestNearExponents() {
  std::mt19937 random(42);
  Tally tally;
  for (int i = 0; i < 8000000; ++i) {
    const float a = FromBits((random() & 0x807FFFFFu) | 0x3F800000u);
    const float b = FromBits((random() & 0x007FFFFFu) | 0x3F800000u);
    const float c = FromBits((random() & 0x807FFFFFu) | 0x3F800000u);
    const int place = static_cast<int>(random() % 280u) - 149;
    const int apart = static_cast<int>(random() % 60u) - 30;
    const int half = place / 2;
    tally.Compare(std::ldexp(a, half), std::ldexp(b, place - half),
                  std::ldexp(c, place + apart));
  }
}

// The addend is the product rounded, and its neighbours: what is left is
// small, or nothing.
void TestCancellation() {
  std::mt19937 random(43);
  Tally tally;
  for (int i = 0; i < 1000000; ++i) {
    const float a = FromBits(random());
    const float b = FromBits(random());
    const float product = a * b;
    if (!std::isfinite(product)) continue;
    tally.Compare(a, b, -product);
    tally.Compare(a, b, -FromBits(Bits(product) + 1u));
    tally.Compare(a, b, product);
  }
  CHECK(tally.triples > 1000000);
}

// a * b is half a unit in c's last place, times (1 + i 2^-23) (1 + j 2^-23),
// which is a tie, or so near to one that float64 cannot tell.
void TestHalfway() {
  std::mt19937 random(44);
  Tally tally;
  for (int n = 0; n < 40000; ++n) {
    const uint32_t fraction = n % 4 == 0 ? 0u : random() & 0x007FFFFFu;
    const int exponent = static_cast<int>(random() % 200u) - 90;
    const float c = std::ldexp(FromBits(fraction | 0x3F800000u), exponent);
    for (int below : {24, 25}) {  // of its unit, or of that of the binade below
      for (int i = -2; i <= 2; ++i) {
        for (int j = -2; j <= 2; ++j) {
          const float a = std::ldexp(FromBits(0x3F800000u + i), -12);
          const float b =
              std::ldexp(FromBits(0x3F800000u + j), exponent + 12 - below);
          tally.CompareSigns(a, b, c);
          tally.CompareSigns(a, b, -c);
        }
      }
    }
  }
  CHECK(tally.caught > tally.triples / 100);
}

// The same between two denormals, 2^-149 apart.
void TestDenormalHalfway() {
  std::mt19937 random(45);
  Tally tally;
  for (int n = 0; n < 40000; ++n) {
    const float c = FromBits(random() & 0x00FFFFFFu);
    const float k = static_cast<float>(random() % 4096u) + 0.5f;
    for (int i = -1; i <= 1; ++i) {
      for (int j = -1; j <= 1; ++j) {
        const float a = std::ldexp(FromBits(Bits(k) + i), -100);
        const float b = std::ldexp(FromBits(0x3F800000u + j), -49);
        tally.CompareSigns(a, b, c);
        tally.CompareSigns(a, b, -c);
      }
    }
  }
  CHECK(tally.triples > 1000000);
}

}  // namespace

int main() {
  TestAnyBits();
  TestNearExponents();
  TestCancellation();
  TestHalfway();
  TestDenormalHalfway();
  return Failures();
}
