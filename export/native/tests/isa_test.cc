// Every instruction set of this machine gives the bits of the scalar kernels.

#include <cstring>
#include <limits>

#include "kernels/generate.h"
#include "kernels/heads.h"
#include "kernels/score.h"
#include "tests/check.h"
#include "tests/random_model.h"

using namespace wavernn_tf;

namespace {

constexpr BlockShape kShapes[] = {BlockShape::k4x4, BlockShape::k16x1};

bool SameBits(const Floats& a, const Floats& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// compute(kernels) -> Floats, for all kernels.
template <typename Compute>
void Compare(const char* what, Compute compute) {
  const Floats expected = compute(ScalarKernels());
  const KernelList& list = AvailableKernels();
  for (int i = 0; i < list.count; ++i) {
    const bool same = SameBits(compute(*list.tables[i]), expected);
    if (!same) std::fprintf(stderr, "%s: %s\n", list.tables[i]->isa, what);
    CHECK(same);
  }
}

Floats Repeat(const Floats& x) {
  Floats repeated;
  for (float value : x) repeated.insert(repeated.end(), 4, value);
  return repeated;
}

void TestMultiply(BlockShape shape, int rows, int cols, float density) {
  std::mt19937 random(21);
  PackedMatrix first, second;
  FillMatrix(random, shape, rows, cols, density, 1.0f, first);
  FillMatrix(random, shape, rows, cols, density / 2, 1.0f, second);
  const Floats bias = RandomFloats(random, rows, 1.0f);
  const Floats x = RandomFloats(random, cols, 1.0f);
  const Floats repeated = Repeat(x);
  GroupedMatrix grouped;
  CHECK(grouped.Build(
      {{&first.view, bias.data(), 0}, {&second.view, bias.data(), rows}},
      2 * rows));
  for (bool relu : {false, true}) {
    Floats plain;
    Compare("multiply", [&](const KernelTable& kernels) {
      plain.assign(2 * rows + kOutputSlack, 99.0f);
      Multiply(kernels, grouped, x.data(), repeated.data(), plain.data(), relu);
      plain.resize(2 * rows);
      return plain;
    });
    Compare("multiply, repeated", [&](const KernelTable& kernels) {
      Floats y(4 * (2 * rows + kOutputSlack), 99.0f);
      Multiply(kernels, grouped, x.data(), repeated.data(), y.data(), relu,
               true);
      y.resize(8 * rows);
      CHECK(SameBits(y, Repeat(plain)));
      return y;
    });
  }
}

void TestAffine(int depth, int width, int rows) {
  std::mt19937 random(22);
  const Floats in = RandomFloats(random, rows * depth, 1.0f);
  const Floats kernel = RandomFloats(random, depth * width, 1.0f);
  const Floats bias = RandomFloats(random, width, 1.0f);
  for (bool relu : {false, true}) {
    Compare("affine", [&](const KernelTable& kernels) {
      Floats out(rows * width, 99.0f);
      kernels.affine({in.data(), depth, kernel.data(), bias.data(), out.data(),
                      width, rows, depth, width, relu});
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
  const Floats start = RandomFloats(random, state, 1.0f);
  if (broken) {
    gates[0] = std::numeric_limits<float>::quiet_NaN();
    recurrent[state + 1] = std::numeric_limits<float>::infinity();
    gates[2 * state + 2] = -std::numeric_limits<float>::infinity();
  }
  Compare("gates", [&](const KernelTable& kernels) {
    Floats h = start;
    Floats repeated = Repeat(h);
    const GateParams params = {gates.data(),
                               recurrent.data(),
                               kernel.data(),
                               h.data(),
                               repeated.data(),
                               state,
                               0.25f,
                               -0.5f,
                               0.75f};
    kernels.coarse_gates(params);
    kernels.fine_gates(params);
    CHECK(SameBits(repeated, Repeat(h)));
    Floats alone = start;  // nobody reads the repeated state
    GateParams plain = params;
    plain.h = alone.data();
    plain.repeated = nullptr;
    kernels.coarse_gates(plain);
    kernels.fine_gates(plain);
    CHECK(SameBits(alone, h));
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
    Compare("softmax", [&](const KernelTable& kernels) {
      Floats result(kClasses + kClassGroups + 2);
      float* const totals = result.data() + kClasses;
      const float highest =
          kernels.softmax({logits.data(), scale, result.data(), totals});
      CHECK(highest == 5.0f);
      result[kClasses + kClassGroups] = highest;
      for (int i = 0; i < 64; ++i) {
        result.back() = 997.0f * result.back() +
                        DrawClass(result.data(), totals, i / 64.0f);
      }
      return result;
    });
  }
}

void TestGenerate(BlockShape shape, int state, float temperature) {
  ModelShape sizes;
  sizes.block = shape;
  sizes.state_size = state;
  RandomModel random(sizes, 24);
  const Model& model = random.model();
  const int frames = 40;
  const Floats features = random.Features(frames);
  const int samples = frames * model.hop_length;
  std::vector<int16_t> audio(samples);
  Compare("generate and score", [&](const KernelTable& kernels) {
    Workspace workspace;
    CHECK(workspace.Allocate(model));
    Floats result(state + 2, 0.0f);
    GenerateParams params = {};
    params.features = features.data();
    params.frames = frames;
    params.seed = 5;
    params.temperature = temperature;
    params.state_in = result.data();
    params.state_out = result.data();
    params.audio = audio.data();
    Generate(model, kernels, params, workspace);
    Floats scores(2 * samples);
    Score(model, kernels,
          {features.data(), audio.data(), samples, scores.data()}, workspace);
    result.insert(result.end(), audio.begin(), audio.end());
    result.insert(result.end(), scores.begin(), scores.end());
    return result;
  });
}

// The comparison must notice one changed bit.
void TestCanary() {
  CHECK(!SameBits({1.0f}, {std::nextafter(1.0f, 2.0f)}));
  CHECK(!SameBits({0.0f}, {-0.0f}));
}

}  // namespace

int main() {
  std::printf("available: %s\n", AvailableIsas());
  CHECK(FindKernels("scalar") == &ScalarKernels());
  CHECK(FindKernels("mmx") == nullptr);
  for (BlockShape shape : kShapes) {
    for (float density : {1.0f, 0.3f, 0.04f, 0.0f}) {
      TestMultiply(shape, 80, 64, density);
      TestMultiply(shape, 16, 4, density);
    }
    TestMultiply(shape, 256, 2048, 0.02f);
    TestGenerate(shape, 32, 0.9f);
    TestGenerate(shape, 48, 0.0f);
  }
  for (int width : {1, 15, 16, 21, 48, 64, 160}) {
    TestAffine(7, width, 1);
    TestAffine(64, width, 9);
  }
  for (int state : {2, 30, 32, 34, 128}) {
    for (float scale : {1.0f, 30.0f, 1e30f}) TestGates(state, scale, false);
    if (state > 2) TestGates(state, 1.0f, true);
  }
  TestSoftmax(0.006f, 1.0f);
  TestSoftmax(0.01f, 0.7f);
  TestSoftmax(1.0f, std::numeric_limits<float>::max());
  TestCanary();
  return Failures();
}
