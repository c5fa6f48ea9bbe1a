// A batch of 16 streams gives the bits of each alone: every kernel of the
// batch, and whole streams, on every instruction set.

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/sampler.h"
#include "stream/generate.h"
#include "tests/helpers/check.h"
#include "tests/helpers/draw.h"
#include "tests/helpers/product.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

// A plain array of values [n, 16], aligned as the kernels want it.
struct Lanes {
  AlignedArray<float> values;

  explicit Lanes(const std::vector<Floats>& streams) {
    const std::size_t n = streams[0].size();
    CHECK(values.Resize(n * kBatchLanes));
    for (std::size_t i = 0; i < n; ++i) {
      for (int lane = 0; lane < kBatchLanes; ++lane) {
        values[kBatchLanes * i + lane] = streams[lane][i];
      }
    }
  }
  float* data() { return values.data(); }

  Floats Stream(int lane) const {
    Floats stream;
    for (std::size_t i = lane; i < values.size(); i += kBatchLanes) {
      stream.push_back(values[i]);
    }
    return stream;
  }
};

std::vector<Floats> RandomStreams(std::mt19937& random, int count,
                                  float scale) {
  std::vector<Floats> streams;
  for (int lane = 0; lane < kBatchLanes; ++lane) {
    streams.push_back(RandomFloats(random, count, scale));
  }
  return streams;
}

void TestMultiply(Kind kind, int rows, int cols, float density) {
  std::mt19937 random(51);
  PackedMatrix first, second;
  FillMatrix(random, kind.shape, kind.type, rows, cols, density, 1.0f, first);
  FillMatrix(random, kind.shape, kind.type, rows, cols, density / 2, 1.0f,
             second);
  const Floats bias = RandomFloats(random, 2 * rows, 1.0f);
  const std::vector<GroupedPart> parts = {
      {&first.view, bias.data(), 0}, {&second.view, bias.data() + rows, rows}};
  std::vector<Floats> x = RandomStreams(random, cols, 1.0f);
  for (Range range : {kUnit, kAny}) {
    if (range == kAny) {  // each stream of its own range, one of zeros
      for (int lane = 0; lane < kBatchLanes; ++lane) {
        for (float& value : x[lane]) {
          value = std::ldexp(std::fabs(value), lane - 8);
          if (lane == 5) value = 0.0f;
        }
      }
    }
    for (bool relu : {false, true}) {
      ForEachIsa([&](const KernelTable& kernels) {
        const std::vector<Floats> y =
            BatchProduct(kernels, parts, 2 * rows, x, range, relu);
        for (int lane = 0; lane < kBatchLanes; ++lane) {
          CHECK(SameBits(y[lane], Product(kernels, parts, 2 * rows, x[lane],
                                          range, relu)));
        }
      });
    }
  }
}

// `scale` of the inputs: large ones pass the ends of exp.
void TestGates(int state, float scale, bool broken) {
  std::mt19937 random(52);
  std::vector<Floats> gates = RandomStreams(random, kGates * state, scale);
  std::vector<Floats> recurrent = RandomStreams(random, kGates * state, scale);
  const Floats kernel = RandomFloats(random, 9 * state, scale);
  const Floats bias = RandomFloats(random, state, scale);
  const std::vector<Floats> start = RandomStreams(random, state, 1.0f);
  const std::vector<Floats> inputs = RandomStreams(random, 3, 1.0f);
  if (broken) {
    gates[2][GateIndex(0, 0)] = std::numeric_limits<float>::quiet_NaN();
    recurrent[3][GateIndex(1, 1)] = std::numeric_limits<float>::infinity();
    gates[4][GateIndex(2, 2)] = -std::numeric_limits<float>::infinity();
  }
  Lanes all_gates(gates), all_recurrent(recurrent), all_inputs(inputs);
  ForEachIsa([&](const KernelTable& kernels) {
    Lanes all_h(start);
    const auto run = [&](bool fine, int first, int count) {
      const BatchGateParams params = {
          first,
          count,
          all_gates.data() + kBatchLanes * kGates * first,
          all_recurrent.data(),
          kernel.data(),
          bias.data(),
          all_h.data(),
          all_inputs.data(),
          all_inputs.data() + kBatchLanes,
          all_inputs.data() + 2 * kBatchLanes};
      fine ? kernels.fine_gates_batch(params)
           : kernels.coarse_gates_batch(params);
    };
    std::vector<Floats> h = start;
    for (bool fine : {false, true}) {
      const int half = state / 2;
      run(fine, fine ? half : 0, 16);
      if (half > 16) run(fine, (fine ? half : 0) + 16, half - 16);
      for (int lane = 0; lane < kBatchLanes; ++lane) {
        const GateParams alone = {gates[lane].data(),
                                  recurrent[lane].data(),
                                  kernel.data(),
                                  bias.data(),
                                  h[lane].data(),
                                  {},
                                  state,
                                  inputs[lane][0],
                                  inputs[lane][1],
                                  inputs[lane][2]};
        fine ? kernels.fine_gates(alone) : kernels.coarse_gates(alone);
        CHECK(SameBits(all_h.Stream(lane), h[lane]));
      }
    }
  });
}

// One over the temperature of a lane; some are extreme.
float ScaleOf(int lane) {
  if (lane == 3) return std::numeric_limits<float>::max();
  if (lane == 4) return 1e-6f;
  return 0.5f + 0.25f * static_cast<float>(lane);
}

// Weights, and where the draw falls. Some uniforms lie as close to the end of a
// group as rounding allows: the running sum may pass it or not.
void TestDraw() {
  std::mt19937 random(53);
  int beyond_all = 0;    // canaries: rounding leaves no class
  int beyond_group = 0;  // or none in the group
  int medians = 0;       // elsewhere than the draw
  for (int round = 0; round < 300; ++round) {
    const float spread = round % 3 == 0 ? 200.0f : 5.0f;
    std::vector<Floats> logits = RandomStreams(random, kClasses, spread);
    Lanes scale(std::vector<Floats>(kBatchLanes, Floats(1)));
    Lanes uniform(std::vector<Floats>(kBatchLanes, Floats(1)));
    std::vector<Floats> weights(kBatchLanes), totals(kBatchLanes);
    for (int lane = 0; lane < kBatchLanes; ++lane) {
      scale.data()[lane] = ScaleOf(lane);
      weights[lane].resize(kClasses);
      totals[lane].resize(kClassGroups);
      ScalarKernels().softmax({logits[lane].data(), ScaleOf(lane),
                               weights[lane].data(), totals[lane].data()});
      float u = Uniform(random);
      if (lane % 4 == 0) u = static_cast<float>(lane / 4) / 3.0f;  // 0, 1
      if (lane % 4 == 1) {
        const Floats ends = RunningSums(totals[lane]);
        const int g = static_cast<int>(random() % kClassGroups);
        u = std::nextafter(ends[g] / ends.back(), 0.0f);
      }
      uniform.data()[lane] = u;
    }
    ForEachIsa([&](const KernelTable& kernels) {
      Lanes all(logits), same(logits);
      alignas(64) float group[kBatchLanes], inside[kBatchLanes];
      alignas(64) float median_group[kBatchLanes], median_inside[kBatchLanes];
      alignas(64) float own_group[kBatchLanes], own_inside[kBatchLanes];
      kernels.draw_batch({all.data(), scale.data(), uniform.data(), group,
                          inside, nullptr, nullptr});
      kernels.draw_median_batch({same.data(), scale.data(), uniform.data(),
                                 own_group, own_inside, median_group,
                                 median_inside});
      for (int lane = 0; lane < kBatchLanes; ++lane) {
        CHECK(SameBits(all.Stream(lane), weights[lane]));
        const Place place =
            PlaceOf(weights[lane], totals[lane], uniform.data()[lane]);
        CHECK(group[lane] == static_cast<float>(place.group));
        CHECK(inside[lane] == static_cast<float>(place.inside));
        CHECK(SameBits(same.Stream(lane), weights[lane]));
        CHECK(own_group[lane] == group[lane]);
        CHECK(own_inside[lane] == inside[lane]);
        const Place median = PlaceOf(weights[lane], totals[lane], 0.5f);
        CHECK(median_group[lane] == static_cast<float>(median.group));
        CHECK(median_inside[lane] == static_cast<float>(median.inside));
        medians += median.group != place.group;
        CHECK(kernels.draw({weights[lane].data(), totals[lane].data(),
                            uniform.data()[lane]}) ==
              ClassOf(weights[lane], place));
        beyond_all += place.group == kClassGroups;
        beyond_group +=
            place.group < kClassGroups && place.inside == kClassGroups;
      }
    });
  }
  CHECK(beyond_all > 0 && beyond_group > 0 && medians > 0);
}

// What goes in and comes out of one stream.
struct Stream {
  Floats features;
  Floats state;
  std::vector<int16_t> audio;
  Floats state_out;
  uint64_t seed = 0;
  uint64_t position = 0;
  float temperature = 0.0f;
  float fine_temperature = 0.0f;

  GenerateParams Params(int frames) {
    return {features.data(), frames,           seed,
            temperature,     fine_temperature, state.data(),
            position,        audio.data(),     state_out.data()};
  }
};

constexpr float kTemperatures[] = {1.0f, 0.0f, 0.7f, 1e-30f, 1e30f};
constexpr int kFrames = 11;  // more than a tile of the batch

Stream MakeStream(RandomModel& random, int index) {
  const Model& model = random.model();
  Stream stream;
  stream.features = random.Features(kFrames);
  stream.state = RandomFloats(random.random(), model.stream_size(), 1.0f);
  // Samples, in 16-bit steps, and what follows them.
  for (int i = model.state_size; i < model.stream_size(); ++i) {
    stream.state[i] = std::nearbyint(30000.0f * stream.state[i]);
  }
  if (index == 0) std::fill(stream.state.begin(), stream.state.end(), 0.0f);
  stream.audio.resize(kFrames * model.hop_length);
  stream.state_out.resize(model.stream_size());
  stream.seed = uint64_t{0x9E3779B97F4A7C15u} * index;
  stream.position = index % 3 == 0 ? 0 : (uint64_t{1} << 33) * index + 5;
  if (model.ahead() > 0) {  // whole frames, and all of them go on
    stream.position = uint64_t{index + 1u} * 7919 * model.hop_length;
  }
  stream.temperature = kTemperatures[index % 5];
  stream.fine_temperature = kTemperatures[index % 4];
  return stream;
}

void TestGenerate(Kind kind, bool mixed,
                  const PredictorShape& predictors = {}) {
  ModelShape shape;
  shape.block = kind.shape;
  shape.weights = kind.type;
  shape.mixed = mixed;
  shape.predictors = predictors;
  RandomModel random(shape, 54);
  std::vector<Stream> streams;
  for (int k = 0; k < kBatchLanes; ++k)
    streams.push_back(MakeStream(random, k));
  ForEachIsa([&](const KernelTable& kernels) {
    Engine engine;
    Workspace workspace;
    BatchWorkspace batch;
    CHECK(engine.Build(random.model(), kernels));
    CHECK(workspace.Allocate(engine) && batch.Allocate(engine));
    std::vector<Stream> alone = streams;
    for (Stream& stream : alone) {
      Generate(engine, stream.Params(kFrames), workspace);
    }
    CHECK(alone[0].audio != alone[2].audio);  // canary
    // From `first` on, so that a stream meets other lanes and neighbours; the
    // memory is that of the run before.
    for (auto [count, first] : {std::pair(16, 0), {1, 14}, {5, 14}, {16, 1}}) {
      std::vector<Stream> together;
      for (int k = 0; k < count; ++k) {
        together.push_back(streams[(first + k) % kBatchLanes]);
      }
      std::vector<GenerateParams> params;
      for (Stream& stream : together) params.push_back(stream.Params(kFrames));
      GenerateBatch(engine, params.data(), count, batch);
      for (int k = 0; k < count; ++k) {
        const Stream& expected = alone[(first + k) % kBatchLanes];
        CHECK(together[k].audio == expected.audio);
        CHECK(SameBits(together[k].state_out, expected.state_out));
      }
    }
  });
}

// The state may be updated in place, and a stream cut anywhere.
void TestChunks(Kind kind, const PredictorShape& predictors = {}) {
  ModelShape shape;
  shape.predictors = predictors;
  shape.block = kind.shape;
  shape.weights = kind.type;
  RandomModel random(shape, 55);
  const Model& model = random.model();
  std::vector<Stream> streams;
  for (int k = 0; k < 7; ++k) {
    streams.push_back(MakeStream(random, k));
    if (model.ahead() == 0) continue;  // all begin
    streams.back().position = 0;
    std::fill(streams.back().state.begin(), streams.back().state.end(), 0.0f);
  }
  const KernelTable& kernels = BestKernels();
  Engine engine;
  BatchWorkspace workspace;
  CHECK(engine.Build(model, kernels) && workspace.Allocate(engine));
  const auto run = [&](int chunk) {
    std::vector<Stream> result = streams;
    for (int frame = 0; frame < kFrames; frame += chunk) {
      std::vector<GenerateParams> params;
      for (Stream& stream : result) {
        GenerateParams p = stream.Params(std::min(chunk, kFrames - frame));
        p.features += frame * model.n_features;
        p.audio += frame * model.hop_length;
        p.position += static_cast<uint64_t>(frame) * model.hop_length;
        p.state_out = stream.state.data();
        params.push_back(p);
      }
      GenerateBatch(engine, params.data(), 7, workspace);
    }
    return result;
  };
  const std::vector<Stream> whole = run(kFrames);
  for (int chunk : {1, 4, 9}) {
    const std::vector<Stream> cut = run(chunk);
    for (int k = 0; k < 7; ++k) {
      CHECK(cut[k].audio == whole[k].audio);
      CHECK(SameBits(cut[k].state, whole[k].state));
    }
  }
}

}  // namespace

int main() {
  for (const Kind& kind : AllKinds()) {
    Subject() = kind.name();
    for (float density : {1.0f, 0.3f, 0.04f, 0.0f}) {
      TestMultiply(kind, 80, 64, density);
      TestMultiply(kind, 16, 4, density);
    }
    TestMultiply(kind, 400, 32, 0.2f);
    TestMultiply(kind, 16, 4096, 0.1f);
    TestGenerate(kind, false);
    TestGenerate(kind, true);
    TestChunks(kind);
  }
  for (const PredictorCase& each : PredictorCases()) {
    Subject() = each.name;
    for (WeightType type : {WeightType::kFloat32, WeightType::kInt8}) {
      TestGenerate({type, BlockShape::k8x4}, false, each.shape);
      TestChunks({type, BlockShape::k8x4}, each.shape);
    }
  }
  Subject() = "";
  for (int state : {32, 64, 96, 160}) {
    for (float scale : {1.0f, 30.0f, 1e30f}) TestGates(state, scale, false);
    TestGates(state, 1.0f, true);
  }
  TestDraw();
  return Failures();
}
