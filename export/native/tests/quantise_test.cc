// Activations as integers (quantise.h) against their definition, on every
// instruction set.

#include "kernels/quantise.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/helpers/check.h"
#include "tests/helpers/product.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

// What an instruction set keeps in bytes beside the integer: 0, or 128.
int ByteOffset(const KernelTable& kernels) {
  const Floats zeros(16, 0.0f);
  Integers integers(16);
  kernels.quantise({zeros.data(), 0, 16, integers.forms(1.0f)});
  return integers.bytes[0];
}

int Integer(uint8_t byte, int offset) {
  return static_cast<int8_t>(static_cast<uint8_t>(byte - offset));
}

// float32 times float32 is exact in float64.
int Rounded(float x, float inverse) {
  return static_cast<int>(
      std::nearbyint(static_cast<double>(x) * static_cast<double>(inverse)));
}

// Integers of x, checked in all forms, together and alone.
Integers Quantise(const KernelTable& kernels, const Floats& x,
                  float byte_inverse, float short_inverse) {
  const int n = static_cast<int>(x.size());
  Integers got(n);
  IntegerForms forms = got.forms(1.0f);
  forms.byte_inverse = byte_inverse;
  forms.short_inverse = short_inverse;
  kernels.quantise({x.data(), 0, n, forms});
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < 4; ++k) {
      CHECK(got.shifted_bytes[4 * i + k] == uint32_t{got.bytes[i]} << 8 * k);
    }
    const uint32_t bits = static_cast<uint16_t>(got.shorts[i]);
    CHECK(got.shifted_shorts[2 * i] == bits);
    CHECK(got.shifted_shorts[2 * i + 1] == bits << 16);
  }
  const Integers untouched(n);
  const auto fence = [](const auto& v) {
    return std::vector(v.end() - Integers::kFence, v.end());
  };
  CHECK(fence(got.bytes) == fence(untouched.bytes));
  CHECK(fence(got.shifted_bytes) == fence(untouched.shifted_bytes));
  CHECK(fence(got.shorts) == fence(untouched.shorts));
  CHECK(fence(got.shifted_shorts) == fence(untouched.shifted_shorts));

  Integers alone(n);
  forms.bytes = alone.bytes.data();
  forms.shifted_bytes = nullptr;
  forms.shorts = nullptr;
  forms.shifted_shorts = nullptr;
  kernels.quantise({x.data(), 0, n, forms});
  forms.bytes = nullptr;
  forms.shorts = alone.shorts.data();
  kernels.quantise({x.data(), 0, n, forms});
  CHECK(alone.bytes == got.bytes && alone.shorts == got.shorts);
  CHECK(alone.shifted_bytes == untouched.shifted_bytes);
  CHECK(alone.shifted_shorts == untouched.shifted_shorts);
  return got;
}

// x as bytes and, 64 times as fine, as shorts.
void CheckRounding(const KernelTable& kernels, const Floats& x, float inverse) {
  const int offset = ByteOffset(kernels);
  const Integers got = Quantise(kernels, x, inverse, 64.0f * inverse);
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(Integer(got.bytes[i], offset) == Rounded(x[i], inverse));
    CHECK(got.shorts[i] == Rounded(x[i], 64.0f * inverse));
  }
}

void TestOffset(const KernelTable& kernels) {
  const std::string isa = kernels.isa;
  const bool vnni =
      isa == "avx2vnni" || isa == "avx512vnni" || isa == "avx512gather";
  CHECK(ByteOffset(kernels) == (vnni ? 128 : 0));
}

// k + 1/2 goes to the even neighbour.
void TestTies(const KernelTable& kernels) {
  Floats ties;
  for (int k = -127; k < 127; ++k) ties.push_back(static_cast<float>(k) + 0.5f);
  ties.insert(ties.end(), {127.0f, -127.0f});
  CHECK(ties.size() == 256);
  const int offset = ByteOffset(kernels);
  const Integers got = Quantise(kernels, ties, 1.0f, 1.0f);
  for (std::size_t i = 0; i < 254; ++i) {
    CHECK(Integer(got.bytes[i], offset) % 2 == 0 && got.shorts[i] % 2 == 0);
  }
  CheckRounding(kernels, ties, 1.0f);
  // Beside a tie, on either side.
  for (float towards : {-200.0f, 200.0f}) {
    Floats beside;
    for (float tie : ties) beside.push_back(std::nextafter(tie, towards));
    CheckRounding(kernels, beside, 1.0f);
  }
}

// Products that are a tie in float32, but not exactly: it is the exact one that
// is rounded.
void TestExactProduct(const KernelTable& kernels) {
  std::mt19937 random(31);
  int differ = 0;  // canary: rounding the product first gives another integer
  Floats x;
  const float inverse = 127.0f;
  while (x.size() < 4096) {
    const float tie = std::floor(Uniform(random) * 254.0f) - 126.5f;
    float value = tie / inverse;
    for (int steps = static_cast<int>(random() % 3); steps > 0; --steps) {
      value = std::nextafter(value, 2.0f);
    }
    if (std::fabs(value) > 1.0f) continue;
    x.push_back(value);
    const float product = value * inverse;
    differ +=
        Rounded(value, inverse) != static_cast<int>(std::nearbyint(product));
  }
  CHECK(differ > 100);
  CheckRounding(kernels, x, inverse);
}

void TestRandom(const KernelTable& kernels) {
  std::mt19937 random(32);
  CheckRounding(kernels, RandomFloats(random, 4096, 1.0f), 127.0f);
  for (float largest : {1e-30f, 1e-3f, 1.0f, 77.7f, 3e38f}) {
    Floats x = RandomFloats(random, 4096, 1.0f);
    for (float& value : x) value = std::fabs(value) * largest;
    x[0] = largest;
    const float inverse = ScaleFor(largest, kMostByte).inverse;
    if (64.0f * inverse < 3e38f) CheckRounding(kernels, x, inverse);
    const Integers got =
        Quantise(kernels, x, inverse, ScaleFor(largest, kMostShort).inverse);
    CHECK(Integer(got.bytes[0], ByteOffset(kernels)) == 127);
    CHECK(got.shorts[0] == 8192);
  }
}

void TestScales() {
  const IntegerScale bytes = ScaleFor(2.0f, kMostByte);
  CHECK(bytes.scale == 2.0f / 127.0f && bytes.inverse == 127.0f / 2.0f);
  const IntegerScale shorts = ScaleFor(2.0f, kMostShort);
  CHECK(shorts.scale == 1.0f / 4096.0f && shorts.inverse == 4096.0f);
  const float less = std::nextafter(1e-30f, 0.0f);
  for (float most : {kMostByte, kMostShort}) {
    const IntegerScale least = ScaleFor(1e-30f, most);
    CHECK(least.scale > 0.0f && least.inverse > 0.0f);
    for (float largest : {0.0f, less, std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
      const IntegerScale none = ScaleFor(largest, most);
      CHECK(none.scale == 0.0f && none.inverse == 0.0f);
    }
  }
}

// 16 streams of their own ranges: every form of stream and value is that of the
// stream alone.
void TestBatch(const KernelTable& kernels) {
  std::mt19937 random(34);
  for (int n : {16, 48}) {
    AlignedArray<float> x;
    CHECK(x.Resize(n * kBatchLanes));
    for (int i = 0; i < n * kBatchLanes; ++i) {
      x[i] = std::ldexp(Uniform(random), i % kBatchLanes - 5);
    }
    alignas(64) float byte_inverse[kBatchLanes];
    alignas(64) float short_inverse[kBatchLanes];
    for (int lane = 0; lane < kBatchLanes; ++lane) {
      const float largest = std::ldexp(1.0f, lane - 5);
      byte_inverse[lane] = ScaleFor(largest, kMostByte).inverse;
      short_inverse[lane] = ScaleFor(largest, kMostShort).inverse;
    }
    const int size = n * kBatchLanes;
    Integers words(size), plain(size), words_alone(size), plain_alone(size);
    kernels.quantise_batch({x.data(), n, byte_inverse, words.bytes.data(),
                            plain.bytes.data(), short_inverse,
                            words.shorts.data(), plain.shorts.data()});
    kernels.quantise_batch({x.data(), n, byte_inverse, words_alone.bytes.data(),
                            nullptr, short_inverse, nullptr,
                            plain_alone.shorts.data()});
    kernels.quantise_batch({x.data(), n, byte_inverse, nullptr,
                            plain_alone.bytes.data(), short_inverse,
                            words_alone.shorts.data(), nullptr});
    CHECK(words == words_alone && plain == plain_alone);
    const Integers untouched(0);
    CHECK(std::equal(untouched.bytes.begin(), untouched.bytes.end(),
                     words.bytes.begin() + size));
    CHECK(std::equal(untouched.shorts.begin(), untouched.shorts.end(),
                     words.shorts.begin() + size));
    bool in_pairs = true;
    for (int lane = 0; lane < kBatchLanes; ++lane) {
      Floats stream;
      for (int i = 0; i < n; ++i) stream.push_back(x[kBatchLanes * i + lane]);
      const Integers alone =
          Quantise(kernels, stream, byte_inverse[lane], short_inverse[lane]);
      for (int i = 0; i < n; ++i) {
        const int at = kBatchLanes * i + lane;
        const int in_fours = 4 * (kBatchLanes * (i / 4) + lane) + i % 4;
        const int in_twos = 2 * (kBatchLanes * (i / 2) + lane) + i % 2;
        CHECK(plain.bytes[at] == alone.bytes[i]);
        CHECK(words.bytes[in_fours] == alone.bytes[i]);
        CHECK(plain.shorts[at] == alone.shorts[i]);
        in_pairs = in_pairs && words.shorts[in_twos] == alone.shorts[i];
      }
    }
    CHECK(in_pairs || words.shorts == plain.shorts);
  }
}

}  // namespace

int main() {
  TestScales();
  ForEachIsa([](const KernelTable& kernels) {
    TestOffset(kernels);
    TestTies(kernels);
    TestExactProduct(kernels);
    TestRandom(kernels);
    TestBatch(kernels);
  });
  return Failures();
}
