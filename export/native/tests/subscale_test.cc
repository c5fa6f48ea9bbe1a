// Subscale models: the wavefront against one sub-tensor after the other, chunks
// against one shot, batches against each alone, scores against samples,
// and what a changed sample may move.

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/signal.h"
#include "stream/generate.h"
#include "stream/score.h"
#include "tests/helpers/check.h"
#include "tests/helpers/product.h"
#include "tests/helpers/random_model.h"
#include "tests/helpers/sequential.h"

using namespace wavernn_tf;

namespace {

using Audio = std::vector<int16_t>;

struct Layout {
  SubscaleShape subscale;
  int hop_length;
  std::vector<int> strides;
};

Layout Lay(int batch, int horizon, int channels, int taps,
           std::vector<int> dilations, int hop_length,
           std::vector<int> strides) {
  Layout layout;
  layout.subscale.batch = batch;
  layout.subscale.horizon = horizon;
  layout.subscale.channels = channels;
  layout.subscale.kernel_size = taps;
  layout.subscale.dilations = std::move(dilations);
  layout.hop_length = hop_length;
  layout.strides = std::move(strides);
  return layout;
}

// A step's samples are a multiple of B, or less than it, or neither; the
// network sees the whole horizon, less, or no other position; one layer, or
// more.
std::vector<Layout> Layouts() {
  std::vector<Layout> layouts;
  layouts.push_back(Lay(2, 4, 16, 3, {1, 2}, 12, {2, 3}));  // 2 samples a step
  layouts.push_back(Lay(4, 3, 32, 2, {1, 2, 3}, 20, {4}));  // 5
  layouts.push_back(Lay(8, 0, 16, 1, {1}, 24, {}));         // 24
  layouts.push_back(Lay(8, 2, 16, 2, {3}, 10, {5}));        // 2
  layouts.push_back(Lay(16, 5, 48, 3, {2, 3}, 32, {2}));    // 16
  layouts.push_back(Lay(16, 1, 16, 2, {1, 1}, 15, {}));     // 15
  layouts.push_back(Lay(4, 3, 16, 2, {1}, 16, {2}));        // 8
  return layouts;
}

ModelShape Shape(const Layout& layout, Kind kind, bool mixed = false) {
  ModelShape shape;
  shape.block = kind.shape;
  shape.weights = kind.type;
  shape.mixed = mixed;
  shape.hop_length = layout.hop_length;
  shape.strides = layout.strides;
  shape.subscale = layout.subscale;
  return shape;
}

struct Voice {
  Engine engine;
  BatchWorkspace workspace;

  Voice(const Model& model, const KernelTable& kernels) {
    CHECK(engine.Build(model, kernels) && workspace.Allocate(engine));
  }
};

// A stream, which may be run in parts.
struct Stream {
  Floats features;
  uint64_t seed;
  float temperature;
  Floats state;
  Audio audio;

  Stream(RandomModel& random, int frames, uint64_t seed_of, float t)
      : features(random.Features(frames)),
        seed(seed_of),
        temperature(t),
        state(random.model().stream_size(), 0.0f),
        audio(frames * random.model().hop_length) {}

  GenerateParams Part(const Model& model, int frame, int frames) {
    GenerateParams params = {};
    params.features = features.data() + frame * model.n_features;
    params.frames = frames;
    params.seed = seed;
    params.temperature = temperature;
    params.fine_temperature = temperature;
    params.state_in = state.data();
    params.position = static_cast<uint64_t>(frame) * model.hop_length;
    params.audio = audio.data() + frame * model.hop_length;
    params.state_out = state.data();
    return params;
  }
};

// Runs the streams as a batch, frame by frame in chunks of these sizes, by
// turns.
void Generate(Voice& voice, std::vector<Stream>& streams, int frames,
              const std::vector<int>& chunks) {
  const Model& model = voice.engine.model;
  int turn = 0;
  for (int frame = 0; frame < frames;) {
    const int chunk = std::min(chunks[turn++ % chunks.size()], frames - frame);
    std::vector<GenerateParams> params;
    for (Stream& stream : streams) {
      params.push_back(stream.Part(model, frame, chunk));
    }
    const int count = static_cast<int>(params.size());
    CHECK(BatchedStreams(model, params.data(), count) == count);
    GenerateBatch(voice.engine, params.data(), count, voice.workspace);
    frame += chunk;
  }
}

Audio DeEmphasised(const Model& model, const Sequential& run, int64_t samples) {
  Audio audio;
  float y = 0.0f;
  for (int64_t t = 0; t < samples; ++t) {
    y = DeEmphasise(run.Sampled(t), y, model.pre_emphasis);
    audio.push_back(ToAudio(y));
  }
  return audio;
}

constexpr int kFrames = 11;  // more than a tile of the conditioning

void TestWavefront(const Layout& layout, Kind kind, bool mixed) {
  RandomModel random(Shape(layout, kind, mixed), 61);
  const Model& model = random.model();
  const float temperature = kind.shape == BlockShape::k8x4 ? 0.0f : 0.9f;
  const Stream fresh(random, kFrames, 7, temperature);
  Sequential sequential(model, BestKernels());
  sequential.Sample(fresh.features, kFrames, fresh.seed, temperature);
  const Audio expected =
      DeEmphasised(model, sequential, kFrames * model.hop_length);
  ForEachIsa([&](const KernelTable& kernels) {
    Voice voice(model, kernels);
    std::vector<Stream> whole = {fresh};
    Generate(voice, whole, kFrames, {kFrames});
    CHECK(whole[0].audio == expected);
    if (&kernels != &BestKernels()) return;
    for (const std::vector<int>& chunks : {std::vector<int>{1}, {4, 1, 3}}) {
      std::vector<Stream> cut = {fresh};
      Generate(voice, cut, kFrames, chunks);
      CHECK(cut[0].audio == expected);
      CHECK(SameBits(cut[0].state, whole[0].state));
    }
  });
}

// As many streams as there are lanes for, of different seeds and temperatures.
void TestBatches(const Layout& layout, Kind kind) {
  RandomModel random(Shape(layout, kind), 62);
  const Model& model = random.model();
  Voice voice(model, BestKernels());
  std::vector<Stream> fresh;
  for (int k = 0; k < kBatchLanes / model.subscale.batch; ++k) {
    fresh.emplace_back(random, kFrames, 100 + k, 0.5f * static_cast<float>(k));
  }
  std::vector<Stream> together = fresh;
  Generate(voice, together, kFrames, {3, 5});
  for (std::size_t k = 0; k < fresh.size(); ++k) {
    std::vector<Stream> alone = {fresh[k]};
    Generate(voice, alone, kFrames, {kFrames});
    CHECK(alone[0].audio == together[k].audio);
    CHECK(SameBits(alone[0].state, together[k].state));
    if (k > 0) CHECK(alone[0].audio != together[0].audio);  // canary
  }
}

// Streams that begin and others that go on are not taken together.
void TestBatchedStreams() {
  const Kind kind = {WeightType::kFloat32, BlockShape::k4x4};
  RandomModel random(Shape(Layouts()[0], kind), 63);
  std::vector<GenerateParams> params(10);
  for (int k = 3; k < 10; ++k) params[k].position = 12;
  CHECK(BatchedStreams(random.model(), &params[0], 10) == 3);
  CHECK(BatchedStreams(random.model(), &params[3], 7) == 7);
  CHECK(BatchedStreams(random.model(), &params[9], 1) == 1);
  RandomModel plain(ModelShape(), 63);
  CHECK(BatchedStreams(plain.model(), &params[0], 10) == 10);
}

Floats Scores(Voice& voice, const Floats& features, const Audio& audio,
              int64_t samples) {
  Floats scores(2 * samples);
  const ScoreParams params = {features.data(), audio.data(), samples,
                              scores.data()};
  ScoreBatch(voice.engine, &params, 1, voice.workspace);
  return scores;
}

// Without emphasis and clipping, which some seed does without, the audio tells
// every sample s.
void TestScore(const Layout& layout, Kind kind) {
  ModelShape shape = Shape(layout, kind);
  shape.pre_emphasis = 0.0f;
  RandomModel random(shape, 64);
  const Model& model = random.model();
  const int B = model.subscale.batch;
  const Floats features = random.Features(kFrames);
  const int64_t samples = kFrames * model.hop_length - 3;
  Sequential drawn(model, BestKernels());
  Audio audio;
  Floats heard;
  uint64_t seed = 9;
  do {
    drawn.Sample(features, kFrames, seed++, 1.0f);
    audio = DeEmphasised(model, drawn, samples);
    heard.resize(samples);
    for (int64_t t = 0; t < samples; ++t) heard[t] = drawn.Sampled(t);
  } while (!std::equal(audio.begin(), audio.end(), heard.begin()));
  heard.resize((samples + B - 1) / B * B, 0.0f);
  Sequential taught(model, BestKernels());
  taught.Teach(features, heard);

  ForEachIsa([&](const KernelTable& kernels) {
    Voice voice(model, kernels);
    const Floats scores = Scores(voice, features, audio, samples);
    int met = 0;  // samples whose whole surroundings the audio holds
    for (int64_t t = 0; t < samples; ++t) {
      CHECK(scores[2 * t] == taught.Coarse(t));
      CHECK(scores[2 * t + 1] == taught.Fine(t));
      if (t + B * (model.subscale.future() + 1) > samples) continue;
      ++met;
      CHECK(scores[2 * t] == drawn.Coarse(t));
      CHECK(scores[2 * t + 1] == drawn.Fine(t));
    }
    CHECK(met > 0);
    // A batch of two streams, where lanes allow.
    if (B == kBatchLanes) return;
    Floats other(2 * samples), first(2 * samples);
    const Audio silence(samples);
    const ScoreParams params[] = {
        {features.data(), silence.data(), samples, other.data()},
        {features.data(), audio.data(), samples, first.data()}};
    ScoreBatch(voice.engine, params, 2, voice.workspace);
    CHECK(SameBits(first, scores) && !SameBits(other, scores));
  });
}

// One other sample, of sub-tensor z at position k: it moves nothing before it
// in its own sub-tensor, nothing of those before z, and of those behind z
// nothing before position k - future; but there it does, if rounding to 8 bits
// does not hide it.
void TestCausality(const Layout& layout, Kind kind) {
  ModelShape shape = Shape(layout, kind);
  shape.pre_emphasis = 0.0f;
  RandomModel random(shape, 65);
  const Model& model = random.model();
  const int B = model.subscale.batch;
  const int future = model.subscale.future();
  const int64_t samples = kFrames * model.hop_length;
  const int64_t positions = samples / B;
  const Floats features = random.Features(kFrames);
  Audio audio;
  for (float value : RandomFloats(random.random(), samples, 20000.0f)) {
    audio.push_back(static_cast<int16_t>(value));
  }
  Voice voice(model, BestKernels());
  const Floats before = Scores(voice, features, audio, samples);
  const int64_t k = positions / 2;
  const int z = B / 2 - 1;
  audio[B * k + z] = static_cast<int16_t>(audio[B * k + z] + 8000);
  const Floats after = Scores(voice, features, audio, samples);
  int moved_first = 0;  // in the first position that may move
  for (int64_t t = 0; t < samples; ++t) {
    const int s = static_cast<int>(t % B);
    const int64_t i = t / B;
    const bool same =
        before[2 * t] == after[2 * t] && before[2 * t + 1] == after[2 * t + 1];
    const int64_t first = s < z ? positions + 1 : s == z ? k : k - future;
    if (i < first) CHECK(same);
    if (i == first && !same) ++moved_first;
  }
  CHECK(2 * moved_first > B - z);
}

}  // namespace

int main() {
  const std::vector<Layout> layouts = Layouts();
  for (const Kind& kind : AllKinds()) {
    for (const Layout& layout : layouts) {
      Subject() = kind.name() + " B " + std::to_string(layout.subscale.batch) +
                  " hop " + std::to_string(layout.hop_length);
      TestWavefront(layout, kind, false);
      TestScore(layout, kind);
      TestCausality(layout, kind);
      if (layout.subscale.batch < kBatchLanes) TestBatches(layout, kind);
    }
    TestWavefront(layouts[2], kind, true);
    TestWavefront(layouts[4], kind, true);
  }
  Subject() = "";
  TestBatchedStreams();
  return Failures();
}
