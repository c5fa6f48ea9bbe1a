// Any sequence of calls with any arguments that C allows.
#include <algorithm>
#include <cstring>

#include "fuzz/models.h"

namespace wavernn_tf {
namespace {

wavernn_draw TakeDraw(Input& input) {
  wavernn_draw draw = WAVERNN_DRAW_INIT;
  if (input.Take<uint8_t>() % 4 == 0) {
    draw.temperature = input.Take<float>();
    draw.fine_temperature = input.Take<float>();
    draw.size = input.Take<uint8_t>();
  }
  draw.seed = input.Take<uint16_t>();
  return draw;
}

// A stream and what is known of it.
class Session {
 public:
  explicit Session(const wavernn_model* model)
      : model_(model), info_(InfoOf(model)) {}
  ~Session() { wavernn_stream_free(stream_); }

  void Call(Input& input) {
    switch (input.Take<uint8_t>() % 8) {
      case 0:
        return Create(input);
      case 1:
      case 2:
        return Push(input);
      case 3:
      case 4:
        return Pull(input);
      case 5:
        wavernn_stream_flush(stream_);
        return;
      case 6: {
        const wavernn_draw draw = TakeDraw(input);
        wavernn_stream_reset(stream_,
                             input.Take<uint8_t>() % 2 ? &draw : nullptr);
        return;
      }
      default:
        return Whole(input);
    }
  }

 private:
  void Create(Input& input) {
    const wavernn_draw draw = TakeDraw(input);
    wavernn_stream_free(stream_);
    const std::size_t capacity = input.Take<uint8_t>();
    wavernn_stream_create(model_, &draw, capacity, &stream_);
  }

  std::vector<float> Features(Input& input, std::size_t frames) {
    std::vector<float> features(frames * info_.n_features, -1.0f);
    if (!features.empty() && input.Take<uint8_t>() % 2) {
      features[input.Take<uint16_t>() % features.size()] = input.Take<float>();
    }
    return features;
  }

  void Push(Input& input) {
    const std::size_t frames = input.Take<uint8_t>() % 16;
    const std::vector<float> features = Features(input, frames);
    std::size_t taken = 99;
    const std::size_t before = wavernn_stream_ready(stream_);
    const wavernn_status status =
        wavernn_stream_push(stream_, features.data(), frames, &taken);
    Require(taken <= frames, "no more is taken than is given");
    Require(status == WAVERNN_OK || taken == 0, "what fails takes nothing");
    Require(wavernn_stream_ready(stream_) >= before, "a push takes none away");
  }

  void Pull(Input& input) {
    const std::size_t samples = input.Take<uint8_t>();
    std::vector<int16_t> audio(samples);
    std::size_t written = 999;
    const std::size_t ready = wavernn_stream_ready(stream_);
    wavernn_stream_pull(stream_, audio.data(), samples, &written);
    Require(written == std::min(samples, ready), "what is ready is pulled");
  }

  void Whole(Input& input) {
    const std::size_t frames = input.Take<uint8_t>() % 4;
    const std::vector<float> features = Features(input, frames);
    const std::size_t samples = frames * info_.hop_length;
    std::vector<int16_t> audio(samples + 1);
    wavernn_utterance one = WAVERNN_UTTERANCE_INIT;
    one.features = features.data();
    one.frames = frames;
    one.audio = audio.data();
    const wavernn_draw draw = TakeDraw(input);
    one.size = draw.size == sizeof(draw) ? sizeof(one) : draw.size;
    one.temperature = draw.temperature;
    one.fine_temperature = draw.fine_temperature;
    one.seed = draw.seed;
    wavernn_synthesize(model_, &one, 1);
    std::vector<float> scores(2 * audio.size());
    const std::size_t heard =
        samples - std::min<std::size_t>(samples, input.Take<uint8_t>() % 64);
    wavernn_score(model_, features.data(), frames, audio.data(), heard,
                  scores.data());
  }

  const wavernn_model* const model_;
  const wavernn_info info_;
  wavernn_stream* stream_ = nullptr;
};

}  // namespace
}  // namespace wavernn_tf

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace wavernn_tf;
  Input input(data, std::min<size_t>(size, 256));
  const std::vector<wavernn_model*>& models = Models();
  Session session(models[input.Take<uint8_t>() % models.size()]);
  while (!input.ended()) session.Call(input);
  return 0;
}
