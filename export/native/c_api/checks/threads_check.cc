// threads_check FOLDER: for every voice two streams, one utterance at once,
// batches and scores run in threads that share the model. Meant for the thread
// sanitizer; the samples are compared too.
#include <cstdint>
#include <thread>
#include <vector>

#include "c_api/checks/read_files.h"

namespace wavernn_tf {
namespace {

constexpr std::size_t kFrames = 20;
using Audio = std::vector<int16_t>;

Audio Whole(const wavernn_model* model, const wavernn_info& info, unsigned seed,
            std::size_t streams) {
  const std::vector<float> features = SomeFeatures(info, kFrames, seed);
  std::vector<Audio> audio(streams, Audio(kFrames * info.hop_length));
  std::vector<wavernn_utterance> all;
  for (std::size_t i = 0; i < streams; ++i) {
    wavernn_utterance one = WAVERNN_UTTERANCE_INIT;
    one.features = features.data();
    one.frames = kFrames;
    one.seed = seed + i;
    one.audio = audio[i].data();
    all.push_back(one);
  }
  Require(wavernn_synthesize(model, all.data(), streams) == WAVERNN_OK,
          "a batch speaks");
  return audio[0];
}

Audio Streamed(const wavernn_model* model, const wavernn_info& info,
               unsigned seed) {
  const std::vector<float> features = SomeFeatures(info, kFrames, seed);
  wavernn_draw draw = WAVERNN_DRAW_INIT;
  draw.seed = seed;
  wavernn_stream* stream = nullptr;
  Require(wavernn_stream_create(model, &draw, 4, &stream) == WAVERNN_OK,
          "a stream is made");
  Audio audio(kFrames * info.hop_length);
  std::size_t count = 0;
  for (std::size_t pushed = 0, pulled = 0; pulled < audio.size();) {
    if (pushed < kFrames) {
      wavernn_stream_push(stream, features.data() + pushed * info.n_features,
                          kFrames - pushed, &count);
      pushed += count;
      if (pushed == kFrames) wavernn_stream_flush(stream);
    }
    wavernn_stream_pull(stream, audio.data() + pulled,
                        std::min<std::size_t>(55, audio.size() - pulled),
                        &count);
    pulled += count;
  }
  wavernn_stream_free(stream);
  return audio;
}

void ScoreSome(const wavernn_model* model, const wavernn_info& info) {
  const std::vector<float> features = SomeFeatures(info, kFrames, 0);
  const Audio audio(kFrames * info.hop_length, 100);
  std::vector<float> scores(2 * audio.size());
  Require(wavernn_score(model, features.data(), kFrames, audio.data(),
                        audio.size(), scores.data()) == WAVERNN_OK,
          "a voice scores");
}

void Check(const std::string& path) {
  wavernn_info info;
  wavernn_model* const model = LoadModel(path, info);
  Audio got[5];
  std::vector<std::thread> threads;
  threads.emplace_back([&] { got[0] = Streamed(model, info, 0); });
  threads.emplace_back([&] { got[1] = Streamed(model, info, 1); });
  threads.emplace_back([&] { got[2] = Whole(model, info, 2, 1); });
  threads.emplace_back([&] { got[3] = Whole(model, info, 3, 16); });
  threads.emplace_back([&] { got[4] = Whole(model, info, 4, 16); });
  threads.emplace_back([&] { ScoreSome(model, info); });
  for (std::thread& thread : threads) thread.join();
  for (unsigned i = 0; i < 5; ++i) {
    Require(got[i] == Whole(model, info, i, 1), "threads change no sample");
  }
  wavernn_model_free(model);
  std::printf("%s: 6 threads, the samples of one\n", path.c_str());
}

}  // namespace
}  // namespace wavernn_tf

int main(int argc, char** argv) {
  for (const std::string& path : wavernn_tf::ModelPaths(argc, argv)) {
    wavernn_tf::Check(path);
  }
  return 0;
}
