#include "c_api/whole.h"

#include <algorithm>
#include <memory>

#include "stream/run_streams.h"

namespace wavernn_tf {
namespace {

// Frames that all running streams advance by; the samples do not depend on it.
constexpr std::size_t kTurnFrames = 40;

// Features with the first and the last frame repeated as far as the network
// sees: [past + frames + after, n_features].
bool Pad(const Voice& voice, const float* features, std::size_t frames,
         AlignedArray<float>& padded) {
  const std::size_t width = voice.model().n_features;
  if (!padded.Resize((voice.context() + frames) * width)) return false;
  float* to = padded.data();
  const auto append = [&](const float* from, std::size_t count) {
    to = std::copy_n(from, count * width, to);
  };
  for (int i = 0; i < voice.model().past; ++i) append(features, 1);
  append(features, frames);
  const float* const last = features + (frames - 1) * width;
  for (int i = 0; i < voice.frames_after(); ++i) append(last, 1);
  return true;
}

// One utterance under way.
struct Running {
  AlignedArray<float> features;
  AlignedArray<float> state;
  GenerateParams params = {};
  std::size_t left = 0;  // frames

  bool Start(const Voice& voice, const Utterance& utterance) {
    if (!Pad(voice, utterance.features, utterance.frames, features) ||
        !state.Resize(voice.model().stream_size())) {
      return false;
    }
    params.features = features.data();
    params.seed = utterance.draw.seed;
    params.temperature = utterance.draw.temperature;
    params.fine_temperature = utterance.draw.fine_temperature;
    params.postfilter = voice.postfilter();
    params.state_in = params.state_out = state.data();
    params.audio = utterance.audio;
    left = utterance.frames;
    return true;
  }

  void Advance(const Model& model) {
    const int64_t samples = params.frames * model.hop_length;
    params.features += params.frames * model.n_features;
    params.audio += samples;
    params.position += static_cast<uint64_t>(samples);
    left -= static_cast<std::size_t>(params.frames);
  }
};

// Scratch memory for a number of streams.
struct Scratch {
  std::unique_ptr<Workspace> workspace;
  std::unique_ptr<BatchWorkspace> batch;

  bool Allocate(Voice& voice, std::size_t streams, bool score) {
    const Model& model = voice.model();
    const auto from = static_cast<std::size_t>(
        BatchFrom(model, voice.engine().kernels(), score));
    return (!model.subscale.plain() || voice.Allocate(workspace)) &&
           (streams < from || voice.Allocate(batch));
  }
};

// The streams whose samples run in step, one turn after another.
bool SpeakTogether(Voice& voice, const Utterance* utterances, std::size_t count,
                   Scratch& scratch) {
  std::vector<Running> running(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!running[i].Start(voice, utterances[i])) return false;
  }
  std::vector<GenerateParams> turn;
  while (true) {
    std::size_t frames = kTurnFrames;
    for (const Running& one : running) {
      if (one.left > 0) frames = std::min(frames, one.left);
    }
    turn.clear();
    for (Running& one : running) {
      if (one.left == 0) continue;
      one.params.frames = static_cast<int64_t>(frames);
      turn.push_back(one.params);
    }
    if (turn.empty()) return true;
    const int left = static_cast<int>(turn.size());
    for (int i = 0; i < left;) {
      const StreamTurn next = NextTurn(voice.engine(), &turn[i], left - i);
      RunTurn(voice.engine(), next, &turn[i], scratch.workspace.get(),
              scratch.batch.get());
      i += next.count;
    }
    for (Running& one : running) {
      if (one.left > 0) one.Advance(voice.model());
    }
  }
}

}  // namespace

bool Synthesize(Voice& voice, const std::vector<Utterance>& utterances) {
  Scratch scratch;
  const std::size_t most = kBatchLanes;
  if (!scratch.Allocate(voice, std::min(most, utterances.size()), false)) {
    return false;
  }
  for (std::size_t i = 0; i < utterances.size(); i += most) {
    if (!SpeakTogether(voice, &utterances[i],
                       std::min(most, utterances.size() - i), scratch)) {
      return false;
    }
  }
  return true;
}

bool ScoreAudio(Voice& voice, const float* features, std::size_t frames,
                const int16_t* audio, std::size_t samples,
                float* log_likelihood) {
  Scratch scratch;
  AlignedArray<float> padded;
  if (!scratch.Allocate(voice, 1, true) ||
      !Pad(voice, features, frames, padded)) {
    return false;
  }
  ScoreParams params = {};
  params.features = padded.data();
  params.audio = audio;
  params.samples = static_cast<int64_t>(samples);
  params.log_likelihood = log_likelihood;
  RunScores(voice.engine(), &params, 1, scratch.workspace.get(),
            scratch.batch.get());
  return true;
}

}  // namespace wavernn_tf
