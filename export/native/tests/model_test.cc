// The whole model: gate mask, chunks, sampling against scoring.

#include <algorithm>
#include <cmath>

#include "base/signal.h"
#include "kernels/sampler.h"
#include "stream/generate.h"
#include "stream/score.h"
#include "stream/stream.h"
#include "tests/helpers/check.h"
#include "tests/helpers/product.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

ModelShape Shape(Kind kind, bool mixed) {
  ModelShape shape;
  shape.block = kind.shape;
  shape.weights = kind.type;
  shape.mixed = mixed;
  return shape;
}

// A model as the scalar kernels run it.
struct Voice {
  const Model& model;
  Engine engine;
  Workspace workspace;

  explicit Voice(const Model& weights) : model(weights) {
    CHECK(engine.Build(model, ScalarKernels()));
    CHECK(workspace.Allocate(engine));
  }
};

// Chooses a given coarse class and keeps both logits.
struct Recorder {
  int coarse;
  Floats coarse_logits;
  Floats fine_logits;

  int Coarse(const float* logits) {
    coarse_logits.assign(logits, logits + kClasses);
    return coarse;
  }
  int Fine(const float* logits) {
    fine_logits.assign(logits, logits + kClasses);
    return 0;
  }
};

// c_t reaches the fine half of the state and the fine logits, nothing else.
void TestMask(const ModelShape& shape) {
  RandomModel random(shape, 10);
  const Model& model = random.model();
  const int half = model.state_size / 2;
  Voice voice(model);
  Workspace& workspace = voice.workspace;
  const Floats gates = RandomFloats(random.random(), 3 * 2 * half, 1.0f);
  const Floats start = RandomFloats(random.random(), 2 * half, 1.0f);
  Floats hidden[2];
  Recorder recorder[2] = {{10, {}, {}}, {200, {}, {}}};
  for (int run = 0; run < 2; ++run) {
    workspace.SetState(voice.engine, start.data());
    Step(voice.engine, gates.data(), {3, 4}, workspace, recorder[run]);
    hidden[run].assign(workspace.state.plain(),
                       workspace.state.plain() + 2 * half);
  }
  CHECK(recorder[0].coarse_logits == recorder[1].coarse_logits);
  CHECK(recorder[0].fine_logits != recorder[1].fine_logits);
  for (int i = 0; i < half; ++i) {
    CHECK(hidden[0][i] == hidden[1][i] && hidden[0][i] != start[i]);
    CHECK(hidden[0][half + i] != hidden[1][half + i]);
  }
}

struct Stream {
  std::vector<int16_t> audio;
  Floats state;
};

// Samples `features` in chunks of `chunk` frames.
Stream GenerateChunks(const Model& model, const Floats& features, int frames,
                      int chunk, float temperature, uint64_t seed) {
  Stream stream;
  stream.audio.resize(static_cast<std::size_t>(frames) * model.hop_length);
  stream.state.assign(model.stream_size(), 0.0f);
  Voice voice(model);
  for (int frame = 0; frame < frames; frame += chunk) {
    GenerateParams params = {};
    params.features = features.data() + frame * model.n_features;
    params.frames = std::min(chunk, frames - frame);
    params.seed = seed;
    params.temperature = temperature;
    params.fine_temperature = temperature;
    params.state_in = stream.state.data();
    params.state_out = stream.state.data();
    params.position = static_cast<uint64_t>(frame) * model.hop_length;
    params.audio = stream.audio.data() + frame * model.hop_length;
    Generate(voice.engine, params, voice.workspace);
  }
  return stream;
}

// 70 frames pass two tile borders.
void TestChunks(const ModelShape& shape) {
  RandomModel random(shape, 10);
  const int frames = 70;
  const Floats features = random.Features(frames);
  const Stream whole =
      GenerateChunks(random.model(), features, frames, frames, 0.9f, 11);
  for (int chunk : {1, 5, 33}) {
    const Stream cut =
        GenerateChunks(random.model(), features, frames, chunk, 0.9f, 11);
    CHECK(cut.audio == whole.audio);
    CHECK(cut.state == whole.state);
  }
  const Stream other =
      GenerateChunks(random.model(), features, frames, frames, 0.9f, 12);
  CHECK(other.audio != whole.audio);
}

// Temperature 0 takes the best class: no seed matters.
void TestArgMaxSampling(const ModelShape& shape) {
  RandomModel random(shape, 10);
  const Floats features = random.Features(4);
  const Stream a = GenerateChunks(random.model(), features, 4, 4, 0.0f, 1);
  const Stream b = GenerateChunks(random.model(), features, 4, 4, 0.0f, 2);
  CHECK(a.audio == b.audio);
}

// Scoring walks the same states as sampling: the score of sampled audio, at
// temperature 0 and without emphasis, is that of the best class each time, so
// at least log(1/256), and changing the audio lowers it.
void TestScoreFollowsGenerate(ModelShape shape) {
  shape.pre_emphasis = 0.0f;
  RandomModel random(shape, 11);  // whose samples all lie inside
  const Model& model = random.model();
  const int frames = 40;
  const Floats features = random.Features(frames);
  Stream stream = GenerateChunks(model, features, frames, 7, 0.0f, 1);
  Voice voice(model);
  const int64_t samples = frames * model.hop_length - 5;
  Floats scores(2 * samples);
  const ScoreParams params = {features.data(), stream.audio.data(), samples,
                              scores.data()};
  Score(voice.engine, params, voice.workspace);
  // s below -32768 or above 32767 cannot be told from the audio.
  int outside = 0;
  for (int64_t n = 0; n < samples; ++n) {
    outside += stream.audio[n] == -32768 || stream.audio[n] == 32767;
  }
  CHECK(outside == 0);
  for (float score : scores) CHECK(score >= -std::log(256.0f));
  const float best = scores[2 * 100 + 1];
  stream.audio[100] ^= 1;
  Score(voice.engine, params, voice.workspace);
  CHECK(scores[2 * 100 + 1] < best);
}

}  // namespace

int main() {
  for (const Kind& kind : AllKinds()) {
    for (bool mixed : {false, true}) {
      Subject() = kind.name() + (mixed ? " and the next" : "");
      const ModelShape shape = Shape(kind, mixed);
      TestMask(shape);
      TestChunks(shape);
      TestArgMaxSampling(shape);
      TestScoreFollowsGenerate(shape);
    }
  }
  for (const PredictorCase& each : PredictorCases()) {
    Subject() = each.name;
    ModelShape shape = Shape({WeightType::kFloat32, BlockShape::k4x4}, false);
    shape.predictors = each.shape;
    TestChunks(shape);
    TestArgMaxSampling(shape);
  }
  return Failures();
}
