// 8-bit activations (quantise.h) against their definition, on every
// instruction set.

#include "kernels/quantise.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/check.h"
#include "tests/product.h"
#include "tests/random_model.h"

using namespace wavernn_tf;

namespace {

constexpr uint8_t kFenceByte = 0xA5;

// What an instruction set keeps in bytes beside the integer: 0, or 128.
int ByteOffset(const KernelTable& kernels) {
  const Floats zeros(16, 0.0f);
  uint8_t bytes[16];
  kernels.quantise({zeros.data(), 16, 1.0f, bytes, nullptr});
  return bytes[0];
}

int Integer(uint8_t byte, int offset) {
  return static_cast<int8_t>(static_cast<uint8_t>(byte - offset));
}

// float32 times float32 is exact in float64.
int Rounded(float x, float inverse) {
  return static_cast<int>(
      std::nearbyint(static_cast<double>(x) * static_cast<double>(inverse)));
}

// Integers of x, checked in both forms.
std::vector<int> Quantise(const KernelTable& kernels, const Floats& x,
                          float inverse) {
  const int n = static_cast<int>(x.size());
  const int offset = ByteOffset(kernels);
  std::vector<uint8_t> bytes(n + kFence, kFenceByte);
  std::vector<uint8_t> alone = bytes;
  std::vector<uint32_t> shifted(4 * n + kFence, 7u);
  kernels.quantise({x.data(), n, inverse, bytes.data(), shifted.data()});
  kernels.quantise({x.data(), n, inverse, alone.data(), nullptr});
  CHECK(bytes == alone);
  std::vector<int> integers;
  for (int i = 0; i < n; ++i) {
    integers.push_back(Integer(bytes[i], offset));
    for (int k = 0; k < 4; ++k) {
      CHECK(shifted[4 * i + k] == uint32_t{bytes[i]} << 8 * k);
    }
  }
  for (int i = 0; i < kFence; ++i) {
    CHECK(bytes[n + i] == kFenceByte && shifted[4 * n + i] == 7u);
  }
  return integers;
}

void CheckRounding(const KernelTable& kernels, const Floats& x, float inverse) {
  const std::vector<int> got = Quantise(kernels, x, inverse);
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(got[i] == Rounded(x[i], inverse));
  }
}

void TestOffset(const KernelTable& kernels) {
  const bool vnni = std::string(kernels.isa).find("vnni") != std::string::npos;
  CHECK(ByteOffset(kernels) == (vnni ? 128 : 0));
}

// k + 1/2 goes to the even neighbour.
void TestTies(const KernelTable& kernels) {
  Floats ties;
  for (int k = -127; k < 127; ++k) ties.push_back(static_cast<float>(k) + 0.5f);
  ties.insert(ties.end(), {127.0f, -127.0f});
  CHECK(ties.size() == 256);
  const std::vector<int> got = Quantise(kernels, ties, 1.0f);
  for (std::size_t i = 0; i < 254; ++i) CHECK(got[i] % 2 == 0);
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
  CheckRounding(kernels, RandomFloats(random, 4096, 1.0f), kUnitScale.inverse);
  for (float largest : {1e-30f, 1e-3f, 1.0f, 77.7f, 3e38f}) {
    Floats x = RandomFloats(random, 4096, 1.0f);
    for (float& value : x) value = std::fabs(value) * largest;
    x[0] = largest;
    CheckRounding(kernels, x, ScaleFor(largest).inverse);
    CHECK(Quantise(kernels, x, ScaleFor(largest).inverse)[0] == 127);
  }
}

void TestScales() {
  CHECK(kUnitScale.scale == 1.0f / 127.0f && kUnitScale.inverse == 127.0f);
  CHECK(ScaleFor(2.0f).scale == 2.0f / 127.0f);
  CHECK(ScaleFor(2.0f).inverse == 127.0f / 2.0f);
  CHECK(ScaleFor(1e-30f).scale > 0.0f && ScaleFor(1e-30f).inverse > 0.0f);
  const float less = std::nextafter(1e-30f, 0.0f);
  for (float largest : {0.0f, less, std::numeric_limits<float>::infinity(),
                        std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(ScaleFor(largest).scale == 0.0f && ScaleFor(largest).inverse == 0.0f);
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
    alignas(64) float inverse[kBatchLanes];
    for (int lane = 0; lane < kBatchLanes; ++lane) {
      inverse[lane] = ScaleFor(std::ldexp(1.0f, lane - 5)).inverse;
    }
    const int size = n * kBatchLanes;
    std::vector<uint8_t> words(size + kFence, kFenceByte), bytes = words;
    kernels.quantise_batch({x.data(), n, inverse, words.data(), bytes.data()});
    std::vector<uint8_t> words_alone(size + kFence, kFenceByte);
    std::vector<uint8_t> bytes_alone = words_alone;
    kernels.quantise_batch({x.data(), n, inverse, words_alone.data(), nullptr});
    kernels.quantise_batch({x.data(), n, inverse, nullptr, bytes_alone.data()});
    CHECK(words == words_alone && bytes == bytes_alone);
    CHECK(words[size] == kFenceByte && bytes[size] == kFenceByte);
    for (int lane = 0; lane < kBatchLanes; ++lane) {
      Floats stream;
      for (int i = 0; i < n; ++i) stream.push_back(x[kBatchLanes * i + lane]);
      std::vector<uint8_t> alone(n);
      kernels.quantise(
          {stream.data(), n, inverse[lane], alone.data(), nullptr});
      for (int i = 0; i < n; ++i) {
        CHECK(bytes[kBatchLanes * i + lane] == alone[i]);
        CHECK(words[4 * (kBatchLanes * (i / 4) + lane) + i % 4] == alone[i]);
      }
    }
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
