// Every instruction set of this machine gives the bits of the scalar kernels.
// A batch gives those of its streams (batch_test.cc).

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/aligned_array.h"
#include "stream/generate.h"
#include "stream/score.h"
#include "tests/helpers/check.h"
#include "tests/helpers/product.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

// compute(kernels) -> Floats, for all kernels.
template <typename Compute>
void Compare(Compute compute) {
  const Floats expected = compute(ScalarKernels());
  ForEachIsa([&](const KernelTable& kernels) {
    if (&kernels == &ScalarKernels()) return;
    CHECK(SameBits(compute(kernels), expected));
  });
}

void TestMultiply(Kind kind, int rows, int cols, float density) {
  std::mt19937 random(21);
  PackedMatrix first, second;
  FillMatrix(random, kind.shape, kind.type, rows, cols, density, 1.0f, first);
  FillMatrix(random, kind.shape, kind.type, rows, cols, density / 2, 1.0f,
             second);
  const Floats bias = RandomFloats(random, rows, 1.0f);
  Floats x = RandomFloats(random, cols, 1.0f);
  const std::vector<GroupedPart> parts = {{&first.view, bias.data(), 0},
                                          {&second.view, bias.data(), rows}};
  for (Range range : {kUnit, kAny}) {
    if (range == kAny) {
      for (float& value : x) value = std::fabs(value) * 12.5f;
    }
    for (bool relu : {false, true}) {
      Compare([&](const KernelTable& kernels) {
        return Product(kernels, parts, 2 * rows, x, range, relu);
      });
      Compare([&](const KernelTable& kernels) {
        const std::vector<Floats> streams(kBatchLanes, x);
        return BatchProduct(kernels, parts, 2 * rows, streams, range, relu)[3];
      });
    }
  }
}

void TestAffine(int depth, int width, int rows) {
  std::mt19937 random(22);
  const Floats in = RandomFloats(random, rows * depth, 1.0f);
  const Floats kernel = RandomFloats(random, depth * width, 1.0f);
  const Floats bias = RandomFloats(random, width, 1.0f);
  for (bool relu : {false, true}) {
    Compare([&](const KernelTable& kernels) {
      Floats out(rows * width + kFence, kUntouched);
      kernels.affine({in.data(), depth, kernel.data(), bias.data(), out.data(),
                      width, rows, depth, width, relu});
      CHECK(out[rows * width] == kUntouched);
      return out;
    });
  }
}

// `scale` of the inputs: large ones pass the ends of exp.
void TestGates(int state, float scale, bool broken) {
  std::mt19937 random(23);
  Floats gates = RandomFloats(random, 3 * state, scale);
  Floats recurrent = RandomFloats(random, 3 * state, scale);
  const Floats kernel = RandomFloats(random, 9 * state, scale);
  const Floats bias = RandomFloats(random, state, scale);
  const Floats start = RandomFloats(random, state, 1.0f);
  if (broken) {
    const volatile float infinity = std::numeric_limits<float>::infinity();
    gates[GateIndex(0, 0)] = infinity - infinity;
    recurrent[GateIndex(1, 1)] = infinity;
    gates[GateIndex(2, 2)] = -infinity;
  }
  Compare([&](const KernelTable& kernels) {
    Floats h = start;
    h.resize(state + kFence, kUntouched);
    Integers got(state), expected(state);
    const GateParams params = {gates.data(),  recurrent.data(),
                               kernel.data(), bias.data(),
                               h.data(),      got.forms(1.0f),
                               state,         0.25f,
                               -0.5f,         0.75f};
    kernels.coarse_gates(params);
    CHECK(std::equal(h.begin() + state / 2, h.begin() + state,
                     start.begin() + state / 2));
    kernels.fine_gates(params);
    CHECK(h[state] == kUntouched);
    kernels.quantise({h.data(), 0, state, expected.forms(1.0f)});
    CHECK(got == expected);
    for (int i = 0; i < state; ++i) CHECK(std::fabs(h[i]) <= 1.000001f);
    return h;
  });
}

// Logits that pass over the whole range of exp, in steps of `step`.
void TestSoftmax(float step, float scale) {
  for (int chunk = 0; chunk < 64; ++chunk) {
    Floats logits(kClasses);
    for (int k = 0; k < kClasses; ++k) {
      logits[(k * 7) % kClasses] =
          k == 0 ? 5.0f
                 : 5.0f - static_cast<float>(chunk * kClasses + k) * step;
    }
    Compare([&](const KernelTable& kernels) {
      Floats weights(kClasses), totals(kClassGroups);
      const float highest = kernels.softmax(
          {logits.data(), scale, weights.data(), totals.data()});
      CHECK(highest == 5.0f);
      Floats result = weights;
      result.insert(result.end(), totals.begin(), totals.end());
      for (int i = 0; i < 64; ++i) {
        result.push_back(static_cast<float>(
            kernels.draw({weights.data(), totals.data(), i / 64.0f})));
      }
      return result;
    });
  }
}

void TestQuantise(int count) {
  std::mt19937 random(25);
  const Floats x = RandomFloats(random, count, 1.0f);
  const Floats zeros(16, 0.0f);
  Compare([&](const KernelTable& kernels) {
    Integers integers(count), offset(16);
    kernels.quantise({x.data(), 0, count, integers.forms(1.0f)});
    kernels.quantise({zeros.data(), 0, 16, offset.forms(1.0f)});
    Floats result;
    for (int i = 0; i < count; ++i) {
      result.push_back(integers.shorts[i]);
      result.push_back(static_cast<int8_t>(
          static_cast<uint8_t>(integers.bytes[i] - offset.bytes[0])));
    }
    return result;
  });
}

void TestGenerate(Kind kind, bool mixed, int state, int projection,
                  float temperature, const PredictorShape& predictors = {}) {
  ModelShape sizes;
  sizes.predictors = predictors;
  sizes.block = kind.shape;
  sizes.weights = kind.type;
  sizes.mixed = mixed;
  sizes.state_size = state;
  sizes.projection_size = projection;
  RandomModel random(sizes, 24);
  const Model& model = random.model();
  const int frames = 40;
  const Floats features = random.Features(frames);
  const int samples = frames * model.hop_length;
  Compare([&](const KernelTable& kernels) {
    Engine engine;
    Workspace workspace;
    CHECK(engine.Build(model, kernels) && workspace.Allocate(engine));
    std::vector<int16_t> audio(samples);
    Floats result(model.stream_size(), 0.0f);
    GenerateParams params = {};
    params.features = features.data();
    params.frames = frames;
    params.seed = 5;
    params.temperature = temperature;
    params.fine_temperature = temperature;
    params.state_in = result.data();
    params.state_out = result.data();
    params.audio = audio.data();
    Generate(engine, params, workspace);
    Floats scores(2 * samples);
    Score(engine, {features.data(), audio.data(), samples, scores.data()},
          workspace);
    result.insert(result.end(), audio.begin(), audio.end());
    result.insert(result.end(), scores.begin(), scores.end());
    return result;
  });
}

// Extra rows of the input kernel, of both forms: plain loops, and 16 streams.
void TestInputRows(int rows, int width) {
  std::mt19937 random(27);
  const Floats gates = RandomFloats(random, width, 1.0f);
  const Floats inputs = RandomFloats(random, rows, 1.0f);
  std::vector<uint32_t> words(rows * width / 2);
  for (uint32_t& word : words) {
    word = (0x3F80u + random() % 256) << 16 | (0xBF00u + random() % 256);
  }
  Floats kernel(rows * width);
  Floats expected = gates;
  for (int o = 0; o < width; ++o) {
    for (int row = 0; row < rows; ++row) {
      const int64_t at = InputRowIndex(rows, row, o);
      const uint32_t word =
          words[InputRowIndex(rows, row, o - o % kInputPanel) / 2 + o % 16];
      const uint32_t bits =
          o % kInputPanel < 16 ? word << 16 : word & 0xFFFF0000u;
      std::memcpy(&kernel[at], &bits, sizeof(bits));
      expected[o] = std::fma(inputs[row], kernel[at], expected[o]);
    }
  }
  ForEachIsa([&](const KernelTable& kernels) {
    Floats got(width + kFence, kUntouched);
    kernels.add_inputs(
        {gates.data(), kernel.data(), inputs.data(), rows, width, got.data()});
    CHECK(got[width] == kUntouched);
    got.resize(width);
    CHECK(SameBits(got, expected));
    got.assign(width, 0.0f);
    kernels.add_inputs_halves(
        {gates.data(), words.data(), inputs.data(), rows, width, got.data()});
    CHECK(SameBits(got, expected));
    for (auto [first, count] : {std::pair(0, width), {16, 48}}) {
      AlignedArray<float> wide, wide_inputs, out;
      CHECK(wide.Resize(16 * count) && wide_inputs.Resize(16 * rows) &&
            out.Resize(16 * count));
      for (int i = 0; i < 16 * count; ++i) wide[i] = gates[first + i / 16];
      for (int i = 0; i < 16 * rows; ++i) {
        wide_inputs[i] = i % 16 == 5 ? inputs[i / 16] : 0.5f;
      }
      kernels.add_inputs_batch({first, count, wide.data(), kernel.data(),
                                wide_inputs.data(), rows, out.data()});
      for (int i = 0; i < count; ++i) {
        CHECK(out[16 * i + 5] == expected[first + i]);
      }
    }
  });
}

// The comparison must notice one changed bit.
void TestCanary() {
  CHECK(!SameBits(Floats{1.0f}, Floats{std::nextafter(1.0f, 2.0f)}));
  CHECK(!SameBits(Floats{0.0f}, Floats{-0.0f}));
}

}  // namespace

int main() {
  std::printf("available: %s\n", AvailableIsas());
  CHECK(FindKernels("scalar") == &ScalarKernels());
  CHECK(FindKernels("mmx") == nullptr);
  for (const Kind& kind : AllKinds()) {
    Subject() = kind.name();
    for (float density : {1.0f, 0.3f, 0.04f, 0.0f}) {
      TestMultiply(kind, 80, 64, density);
      TestMultiply(kind, 16, 4, density);
    }
    TestMultiply(kind, 256, 2048, 0.02f);
    for (bool mixed : {false, true}) {
      TestGenerate(kind, mixed, 32, 16, 0.9f);
      TestGenerate(kind, mixed, 96, 48, 0.0f);
    }
    // Not whole vectors of projections.
    if (BlockOut(kind.shape) < 16) TestGenerate(kind, false, 64, 40, 0.9f);
  }
  for (const PredictorCase& each : PredictorCases()) {
    Subject() = each.name;
    for (WeightType type :
         {WeightType::kFloat32, WeightType::kBfloat16, WeightType::kInt8}) {
      TestGenerate({type, BlockShape::k4x4}, false, 96, 48, 0.9f, each.shape);
    }
    TestGenerate({WeightType::kInt16, BlockShape::k4x4}, false, 32, 16, 0.0f,
                 each.shape);
  }
  Subject() = "";
  for (int rows : {1, 5, 10}) {
    TestInputRows(rows, 96);
    TestInputRows(rows, 480);
  }
  for (int width : {1, 15, 16, 21, 48, 64, 160}) {
    TestAffine(7, width, 1);
    TestAffine(64, width, 9);
  }
  for (int state : {32, 64, 96, 160}) {
    for (float scale : {1.0f, 30.0f, 1e30f}) TestGates(state, scale, false);
    TestGates(state, 1.0f, true);
  }
  TestSoftmax(0.006f, 1.0f);
  TestSoftmax(0.01f, 0.7f);
  TestSoftmax(1.0f, std::numeric_limits<float>::max());
  for (int count : {16, 48, 4096}) TestQuantise(count);
  TestCanary();
  return Failures();
}
