// However features are pushed and audio is pulled, the samples are those of
// the whole utterance.
#include <algorithm>
#include <cmath>

#include "fuzz/models.h"

namespace wavernn_tf {
namespace {

constexpr std::size_t kFrames = 12;

// One utterance of a voice, spoken whole.
struct Known {
  std::vector<float> features;
  std::vector<int16_t> audio;
};

Known SpeakWhole(const wavernn_model* model) {
  const wavernn_info info = InfoOf(model);
  Known known;
  for (std::size_t i = 0; i < kFrames * info.n_features; ++i) {
    known.features.push_back(std::sin(static_cast<float>(i * i)) - 2.0f);
  }
  known.audio.resize(kFrames * info.hop_length);
  wavernn_utterance one = WAVERNN_UTTERANCE_INIT;
  one.features = known.features.data();
  one.frames = kFrames;
  one.audio = known.audio.data();
  Require(wavernn_synthesize(model, &one, 1) == WAVERNN_OK, "a voice speaks");
  return known;
}

const std::vector<Known>& AllKnown() {
  static const std::vector<Known> all = [] {
    std::vector<Known> made;
    for (const wavernn_model* model : Models()) {
      made.push_back(SpeakWhole(model));
    }
    return made;
  }();
  return all;
}

}  // namespace
}  // namespace wavernn_tf

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace wavernn_tf;
  Input input(data, size);
  const std::size_t which = input.Take<uint8_t>() % Models().size();
  const Known& known = AllKnown()[which];
  const std::size_t width = known.features.size() / kFrames;
  wavernn_stream* stream = nullptr;
  const std::size_t capacity = 1 + input.Take<uint8_t>() % kFrames;
  Require(wavernn_stream_create(Models()[which], nullptr, capacity, &stream) ==
              WAVERNN_OK,
          "a stream is made");
  std::vector<int16_t> audio;
  for (std::size_t pushed = 0; audio.size() < known.audio.size();) {
    const std::size_t frames = std::min<std::size_t>(
        input.ended() ? kFrames : input.Take<uint8_t>() % 8, kFrames - pushed);
    std::size_t count = 0;
    if (pushed < kFrames) {
      wavernn_stream_push(stream, known.features.data() + pushed * width,
                          frames, &count);
      pushed += count;
    }
    if (pushed == kFrames) wavernn_stream_flush(stream);
    std::vector<int16_t> piece(input.ended() ? 10000 : input.Take<uint8_t>());
    wavernn_stream_pull(stream, piece.data(), piece.size(), &count);
    audio.insert(audio.end(), piece.begin(), piece.begin() + count);
  }
  Require(audio == known.audio, "pieces make the whole");
  wavernn_stream_free(stream);
  return 0;
}
