// The samples of seeded models and their last states, a plain one of every
// weight type and block shape and a subscale one of every weight type, on every
// instruction set, by their hashes:
//   golden_test FILE          compare with the hashes in FILE
//   golden_test FILE --write  make FILE
// The file is tests/golden/samples.txt of the repository: a change that moves
// one bit on any machine fails here, and is written down when it is meant.

#include <cstdio>
#include <cstring>
#include <string>

#include "stream/generate.h"
#include "tests/helpers/check.h"
#include "tests/helpers/product.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

// FNV-1a, 64 bits, over the values' bytes, the lowest first.
template <typename Unsigned>
uint64_t Hash(const std::vector<Unsigned>& values) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (Unsigned value : values) {
    for (std::size_t shift = 0; shift < 8 * sizeof(value); shift += 8) {
      hash = (hash ^ (value >> shift & 255u)) * 0x100000001B3u;
    }
  }
  return hash;
}

// The samples may hide what the last bits of the state show.
struct Outcome {
  std::vector<uint16_t> audio;
  std::vector<uint32_t> state;
};

// `sub_tensors` is 1 for a plain model.
struct Case {
  Kind kind;
  int sub_tensors;
  PredictorCase predictors = {"", {}};

  std::string name() const {
    if (*predictors.name != '\0') {
      return kind.name() + " predictors " + predictors.name;
    }
    if (sub_tensors == 1) return kind.name();
    return kind.name() + " subscale " + std::to_string(sub_tensors);
  }
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const Kind& kind : AllKinds()) cases.push_back({kind, 1});
  cases.push_back({{WeightType::kFloat32, BlockShape::k16x1}, 16});
  cases.push_back({{WeightType::kBfloat16, BlockShape::k8x4}, 4});
  cases.push_back({{WeightType::kInt8, BlockShape::k4x4}, 8});
  cases.push_back({{WeightType::kInt16, BlockShape::k16x1}, 16});
  for (const PredictorCase& each : PredictorCases()) {
    cases.push_back({{WeightType::kFloat32, BlockShape::k16x1}, 1, each});
    cases.push_back({{WeightType::kInt8, BlockShape::k8x4}, 1, each});
  }
  return cases;
}

Outcome Run(const Case& which, const KernelTable& kernels) {
  const Kind kind = which.kind;
  ModelShape shape;
  shape.subscale.batch = which.sub_tensors;
  shape.subscale.channels = 32;
  shape.predictors = which.predictors.shape;
  shape.block = kind.shape;
  shape.weights = kind.type;
  shape.state_size = 96;
  shape.projection_size = 48;
  RandomModel random(shape, 42);
  const Model& model = random.model();
  const int frames = 300;
  const Floats features = random.Features(frames);
  std::vector<int16_t> audio(frames * model.hop_length);
  Floats state(model.stream_size(), 0.0f);
  Engine engine;
  CHECK(engine.Build(model, kernels));
  GenerateParams params = {};
  params.features = features.data();
  params.frames = frames;
  params.seed = 0x1234567890u;
  params.temperature = 0.95f;
  params.fine_temperature = 0.95f;
  params.state_in = state.data();
  params.state_out = state.data();
  params.audio = audio.data();
  if (model.subscale.plain()) {
    Workspace workspace;
    CHECK(workspace.Allocate(engine));
    Generate(engine, params, workspace);
  } else {
    BatchWorkspace workspace;
    CHECK(workspace.Allocate(engine));
    GenerateBatch(engine, &params, 1, workspace);
  }
  Outcome outcome = {{audio.begin(), audio.end()},
                     std::vector<uint32_t>(state.size())};
  std::memcpy(outcome.state.data(), state.data(), 4 * state.size());
  return outcome;
}

std::string Line(const Case& which, const Outcome& outcome) {
  char text[120];
  std::snprintf(text, sizeof(text), "%s %zu samples %016llx state %016llx\n",
                which.name().c_str(), outcome.audio.size(),
                static_cast<unsigned long long>(Hash(outcome.audio)),
                static_cast<unsigned long long>(Hash(outcome.state)));
  return text;
}

std::string Lines(const KernelTable& kernels) {
  std::string lines;
  for (const Case& each : AllCases()) lines += Line(each, Run(each, kernels));
  return lines;
}

std::string Read(const char* path) {
  std::string text;
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return text;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
    text.push_back(static_cast<char>(c));
  }
  std::fclose(file);
  return text;
}

int Write(const char* path) {
  const std::string lines = Lines(ScalarKernels());
  std::FILE* file = std::fopen(path, "wb");
  if (file == nullptr) return 1;
  std::fputs(lines.c_str(), file);
  return std::fclose(file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[2], "--write") == 0) return Write(argv[1]);
  if (argc != 2) return 2;
  const std::string golden = Read(argv[1]);
  CHECK(!golden.empty());
  ForEachIsa([&](const KernelTable& kernels) {
    const std::string lines = Lines(kernels);
    std::printf("%s\n%s", kernels.isa, lines.c_str());
    CHECK(lines == golden);
  });
  // Canaries: one sample, or one bit of the state, is another hash.
  const Case which = {{WeightType::kFloat32, BlockShape::k4x4}, 1};
  Outcome outcome = Run(which, BestKernels());
  CHECK(golden.find(Line(which, outcome)) != std::string::npos);
  outcome.audio[1000] ^= 1;
  CHECK(golden.find(Line(which, outcome)) == std::string::npos);
  outcome.audio[1000] ^= 1;
  outcome.state[7] ^= 1;
  CHECK(golden.find(Line(which, outcome)) == std::string::npos);
  return Failures();
}
