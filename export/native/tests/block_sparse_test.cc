// Products of block-sparse matrices against their definition (multiply.h), for
// every weight type, block shape and instruction set.

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/gru.h"
#include "stream/stream.h"
#include "tests/helpers/check.h"
#include "tests/helpers/product.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

// Inputs in [-1, 1], none so small that a weight could not be noticed.
Floats Inputs(std::mt19937& random, int count) {
  Floats x = RandomFloats(random, count, 0.9f);
  for (float& value : x) value += value < 0.0f ? -0.1f : 0.1f;
  return x;
}

Floats For(Range range, Floats x) {
  if (range == kAny) {
    for (float& value : x) value = 5.0f * std::fabs(value);
  }
  return x;
}

// body(output, input, index among the values), block by block.
template <typename Body>
void ForEachWeight(const BlockSparse& matrix, Body body) {
  const int block_out = BlockOut(matrix.shape);
  const int block_in = BlockIn(matrix.shape);
  int index = 0;
  for (int row = 0; row < matrix.rows / block_out; ++row) {
    for (int b = matrix.row_offsets[row]; b < matrix.row_offsets[row + 1];
         ++b) {
      for (int i = 0; i < block_in; ++i) {
        for (int o = 0; o < block_out; ++o) {
          body(row * block_out + o, matrix.columns[b] * block_in + i, index++);
        }
      }
    }
  }
}

// The fixed order of floats: lane 4 o + i of a row adds input i to output o.
Floats InOrder(const PackedMatrix& packed, const Floats& x,
               const Floats& bias) {
  const BlockSparse& matrix = packed.view;
  const int block_in = BlockIn(matrix.shape);
  Floats lanes(matrix.rows * block_in, 0.0f);
  ForEachWeight(matrix, [&](int output, int input, int) {
    float& lane = lanes[output * block_in + input % block_in];
    lane = std::fma(packed.dense[output * matrix.cols + input], x[input], lane);
  });
  Floats y(matrix.rows);
  for (int o = 0; o < matrix.rows; ++o) {
    const float* const lane = lanes.data() + o * block_in;
    const float sum =
        block_in == 1 ? lane[0] : (lane[0] + lane[1]) + (lane[2] + lane[3]);
    y[o] = sum + bias[o];
  }
  return y;
}

// The integers' exact sums, and one rounding.
Floats FromIntegers(const PackedMatrix& packed, const Floats& x,
                    const Floats& bias, Range range) {
  const BlockSparse& matrix = packed.view;
  const bool bytes = matrix.type == WeightType::kInt8;
  const float most = bytes ? 127.0f : 8192.0f;
  const float scale = LargestOf(x, range) / most;
  const float inverse = most / LargestOf(x, range);
  std::vector<int64_t> sums(matrix.rows, 0);
  ForEachWeight(matrix, [&](int output, int input, int index) {
    const double exact = static_cast<double>(x[input]) * inverse;
    const int64_t weight = bytes ? packed.bytes[index] : packed.shorts[index];
    sums[output] += static_cast<int64_t>(std::nearbyint(exact)) * weight;
  });
  Floats y(matrix.rows);
  for (int o = 0; o < matrix.rows; ++o) {
    y[o] = std::fma(static_cast<float>(sums[o]),
                    packed.scales[o / BlockOut(packed.view.shape)] * scale,
                    bias[o]);
  }
  return y;
}

Floats Expected(const PackedMatrix& packed, const Floats& x, const Floats& bias,
                Range range, bool relu) {
  Floats y = IsInteger(packed.view.type) ? FromIntegers(packed, x, bias, range)
                                         : InOrder(packed, x, bias);
  for (float& value : y) {
    if (relu && !(value > 0.0f)) value = 0.0f;
  }
  return y;
}

// |y - W x - bias| <= n * eps * (sum |w| |x| + |bias|), n being the terms of a
// row: the error of any order of float32 summation, against a float64 sum.
// Returns the worst ratio.
double WorstRatio(const PackedMatrix& packed, const Floats& x,
                  const Floats& bias, const Floats& y) {
  const int rows = packed.view.rows;
  std::vector<double> exact(bias.begin(), bias.end());
  std::vector<double> magnitude(rows), terms(rows, 1.0);
  for (int o = 0; o < rows; ++o) magnitude[o] = std::fabs(bias[o]) + 1e-30;
  ForEachWeight(packed.view, [&](int output, int input, int) {
    const double product =
        static_cast<double>(packed.dense[output * packed.view.cols + input]) *
        x[input];
    exact[output] += product;
    magnitude[output] += std::fabs(product);
    terms[output] += 1.0;
  });
  double worst = 0.0;
  for (int o = 0; o < rows; ++o) {
    const double bound =
        terms[o] * std::numeric_limits<float>::epsilon() * magnitude[o];
    worst = std::max(worst, std::fabs(y[o] - exact[o]) / bound);
  }
  return worst;
}

// Runs body with another weight at `index`.
template <typename Body>
void WithChange(PackedMatrix& packed, int index, Body body) {
  switch (packed.view.type) {
    case WeightType::kFloat32: {
      const float before = packed.values[index];
      packed.values[index] += 0.01f;
      body();
      packed.values[index] = before;
      break;
    }
    case WeightType::kBfloat16: {
      const uint16_t before = packed.halves[index];
      packed.halves[index] ^= 0x0020;  // an eighth or more of the weight
      body();
      packed.halves[index] = before;
      break;
    }
    case WeightType::kInt8: {
      const int8_t before = packed.bytes[index];
      packed.bytes[index] = static_cast<int8_t>(before + (before < 0 ? 1 : -1));
      body();
      packed.bytes[index] = before;
      break;
    }
    case WeightType::kInt16: {
      const int16_t before = packed.shorts[index];
      const int change = before < 0 ? 16 : -16;
      packed.shorts[index] = static_cast<int16_t>(before + change);
      body();
      packed.shorts[index] = before;
      break;
    }
  }
}

struct Size {
  int rows;
  int cols;
};

void TestProduct(Kind kind, Size size, float density) {
  std::mt19937 random(1);
  PackedMatrix packed;
  FillMatrix(random, kind.shape, kind.type, size.rows, size.cols, density, 1.0f,
             packed);
  const Floats inputs = Inputs(random, size.cols);
  const Floats bias = RandomFloats(random, size.rows, 1.0f);
  const std::vector<GroupedPart> parts = {{&packed.view, bias.data()}};
  const bool exact = IsInteger(kind.type);
  for (Range range : {kUnit, kAny}) {
    const Floats x = For(range, inputs);
    for (bool relu : {false, true}) {
      const Floats expected = Expected(packed, x, bias, range, relu);
      ForEachIsa([&](const KernelTable& kernels) {
        const Floats y = Product(kernels, parts, size.rows, x, range, relu);
        CHECK(SameBits(y, expected));
        if (!exact && !relu) CHECK(WorstRatio(packed, x, bias, y) <= 1.0);
      });
    }
    if (size.cols > 64) continue;
    // One changed weight must be noticed, and every lane read.
    const Floats expected = Expected(packed, x, bias, range, false);
    ForEachIsa([&](const KernelTable& kernels) {
      for (int lane = 0; lane < BlockSize(kind.shape); ++lane) {
        WithChange(packed, lane, [&] {
          const Floats y = Product(kernels, parts, size.rows, x, range);
          CHECK(!SameBits(y, expected));
          if (!exact) CHECK(WorstRatio(packed, x, bias, y) > 1.0);
        });
      }
    });
  }
}

// The middle one of three block rows has the only block; integers are exact.
void TestEmptyRows(Kind kind) {
  const int block_out = BlockOut(kind.shape);
  const int rows = 3 * block_out;
  const std::vector<int32_t> offsets = {0, 0, 1, 1};
  const std::vector<int16_t> columns = {2};
  const int size = BlockSize(kind.shape);
  const Floats floats(size, 1.0f);
  const std::vector<uint16_t> halves(size, 0x3F80);
  const std::vector<int8_t> bytes(size, 1);
  const std::vector<int16_t> shorts(size, 1);
  const void* const values[] = {floats.data(), halves.data(), bytes.data(),
                                shorts.data()};
  const Floats scales(rows, 1.0f);
  const BlockSparse matrix = {kind.shape,
                              kind.type,
                              rows,
                              16,
                              offsets.data(),
                              columns.data(),
                              values[static_cast<int>(kind.type)],
                              scales.data()};
  const Floats bias(rows, 0.5f);
  Floats x(16);
  for (int i = 0; i < 16; ++i) x[i] = static_cast<float>(i);
  // The scale of integers is one.
  x[15] = kind.type == WeightType::kInt16 ? 8192.0f : 127.0f;
  const float sum = BlockIn(kind.shape) == 4 ? 8 + 9 + 10 + 11 : 2;
  ForEachIsa([&](const KernelTable& kernels) {
    const Floats y = Product(kernels, {{&matrix, bias.data()}}, rows, x, kAny);
    for (int o = 0; o < rows; ++o) {
      const bool middle = o >= block_out && o < 2 * block_out;
      CHECK(y[o] == (middle ? sum : 0.0f) + 0.5f);
    }
  });
}

// The largest inputs there are, of either sign.
Floats Signs(std::mt19937& random, int count) {
  Floats signs = RandomFloats(random, count, 1.0f);
  for (float& sign : signs) sign = sign < 0.0f ? -1.0f : 1.0f;
  return signs;
}

// The largest sums of bytes there are: every product is 127 * 127.
void TestLargestByteSums(BlockShape shape) {
  constexpr int kRows = 16;
  constexpr int kCols = 16384;
  std::mt19937 random(3);
  PackedMatrix packed;
  FillMatrix(random, shape, WeightType::kInt8, kRows, kCols, 1.0f, 1.0f,
             packed);
  const Floats signs = Signs(random, kCols);
  const Floats bias(kRows, 0.0f);
  for (int sign : {-127, 127}) {
    ForEachWeight(packed.view, [&](int, int input, int index) {
      packed.bytes[index] =
          static_cast<int8_t>(sign * static_cast<int>(signs[input]));
    });
    const Floats expected = FromIntegers(packed, signs, bias, kUnit);
    const double sum = 127.0 * sign * kCols;
    const double value = sum * packed.scales[0] / 127.0;
    CHECK(std::fabs(expected[0] - value) < 1e-6 * std::fabs(value));
    ForEachIsa([&](const KernelTable& kernels) {
      CHECK(SameBits(
          Product(kernels, {{&packed.view, bias.data()}}, kRows, signs),
          expected));
    });
  }
}

// The same of shorts: their weights sum to kMostInt16Sum, every input is 8192.
void TestLargestShortSums(BlockShape shape) {
  constexpr int kRows = 16;
  constexpr int kCols = 12;
  std::mt19937 random(5);
  PackedMatrix packed;
  FillMatrix(random, shape, WeightType::kInt16, kRows, kCols, 1.0f, 1.0f,
             packed);
  const Floats signs = Signs(random, kCols);
  const Floats bias(kRows, 0.0f);
  for (int sign : {-1, 1}) {
    ForEachWeight(packed.view, [&](int, int input, int index) {
      const int magnitude = input < 8 ? 32767 : input == 8 ? 7 : 0;
      packed.shorts[index] = static_cast<int16_t>(
          sign * magnitude * static_cast<int>(signs[input]));
    });
    const Floats expected = FromIntegers(packed, signs, bias, kUnit);
    const double value = sign * double{kMostInt16Sum} * packed.scales[0];
    CHECK(std::fabs(expected[0] - value) < 1e-6 * std::fabs(value));
    ForEachIsa([&](const KernelTable& kernels) {
      const std::vector<GroupedPart> parts = {{&packed.view, bias.data()}};
      CHECK(SameBits(Product(kernels, parts, kRows, signs), expected));
      const std::vector<Floats> streams(kBatchLanes, signs);
      for (const Floats& y :
           BatchProduct(kernels, parts, kRows, streams, kUnit, false)) {
        CHECK(SameBits(y, expected));
      }
    });
  }
}

// Several matrices at once, each to its own place by sixteens.
void TestParts(Kind kind) {
  constexpr int kSize = 64;
  std::mt19937 random(4);
  PackedMatrix packed[kGates];
  Floats bias[kGates];
  std::vector<GroupedPart> parts;
  const Floats x = Inputs(random, kSize);
  Floats expected(kGates * kSize);
  for (int gate = 0; gate < kGates; ++gate) {
    FillMatrix(random, kind.shape, kind.type, kSize, kSize,
               0.4f / static_cast<float>(1 + gate), 1.0f, packed[gate]);
    bias[gate] = RandomFloats(random, kSize, 1.0f);
    parts.push_back({&packed[gate].view, bias[gate].data(), GateIndex(gate, 0),
                     kGateStride});
    const Floats y = Expected(packed[gate], x, bias[gate], kUnit, false);
    for (int i = 0; i < kSize; ++i) expected[GateIndex(gate, i)] = y[i];
  }
  ForEachIsa([&](const KernelTable& kernels) {
    CHECK(SameBits(Product(kernels, parts, kGates * kSize, x), expected));
  });
}

// Pieces of the gates' matrices, in either order, are those matrices.
void TestRecurrence(Kind kind, bool mixed) {
  ModelShape sizes;
  sizes.block = kind.shape;
  sizes.weights = kind.type;
  sizes.mixed = mixed;
  sizes.state_size = 512;
  sizes.density = 0.6f;
  RandomModel random(sizes, 6);
  const Model& model = random.model();
  const Floats h = Inputs(random.random(), sizes.state_size);
  const int outputs = kGates * sizes.state_size;
  Floats expected(outputs);
  for (int gate = 0; gate < kGates; ++gate) {
    const Floats y =
        Product(ScalarKernels(), {{&model.recurrent[gate], nullptr}},
                sizes.state_size, h);
    for (int i = 0; i < sizes.state_size; ++i) {
      expected[GateIndex(gate, i)] = y[i];
    }
  }
  ForEachIsa([&](const KernelTable& kernels) {
    Engine engine;
    Workspace one;
    BatchWorkspace batch;
    CHECK(engine.Build(model, kernels) && one.Allocate(engine) &&
          batch.Allocate(engine));
    CHECK(engine.recurrence.size() > 2);
    one.SetState(engine, h.data());
    for (int i = 0; i < sizes.state_size; ++i) {
      std::fill_n(batch.state.plain() + kBatchLanes * i, kBatchLanes, h[i]);
    }
    batch.state.Refresh(kernels, 0, sizes.state_size, kLargestState);
    for (int turn = 0; turn < 3; ++turn) {
      std::fill_n(one.recurrent.data(), outputs, kUntouched);
      std::fill_n(batch.recurrent.data(), kBatchLanes * outputs, kUntouched);
      RecurrentProduct(engine, one);
      RecurrentProduct(engine, batch);
      Floats lane(outputs);
      for (int o = 0; o < outputs; ++o) {
        lane[o] = batch.recurrent[kBatchLanes * o + 5];
      }
      CHECK(
          SameBits(Floats(one.recurrent.data(), one.recurrent.data() + outputs),
                   expected));
      CHECK(SameBits(lane, expected));
    }
  });
}

}  // namespace

int main() {
  for (const Kind& kind : AllKinds()) {
    Subject() = kind.name();
    for (float density : {1.0f, 0.25f, 0.04f, 0.0f}) {  // 0: one block
      TestProduct(kind, {48, 64}, density);
      TestProduct(kind, {16, 4}, density);
    }
    TestProduct(kind, {400, 32}, 0.3f);  // many groups, the last not full
    TestProduct(kind, {16, 16384}, 1.0f);
    TestProduct(kind, {16384, 16}, 0.1f);
    TestProduct(kind, {64, 16384}, 0.02f);
    TestEmptyRows(kind);
    TestParts(kind);
    for (bool mixed : {false, true}) TestRecurrence(kind, mixed);
  }
  for (int shape = 0; shape < kBlockShapes; ++shape) {
    TestLargestByteSums(static_cast<BlockShape>(shape));
    TestLargestShortSums(static_cast<BlockShape>(shape));
  }
  return Failures();
}
