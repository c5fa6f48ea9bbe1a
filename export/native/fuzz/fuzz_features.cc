// Features of any bits: refused if one is not finite, else spoken and scored.
#include <algorithm>

#include "fuzz/models.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace wavernn_tf;
  Input input(data, size);
  const std::vector<wavernn_model*>& models = Models();
  const wavernn_model* const model =
      models[input.Take<uint8_t>() % models.size()];
  const wavernn_info info = InfoOf(model);
  const std::size_t frames =
      1 + std::min<std::size_t>(3, input.left() / 4 / info.n_features);
  std::vector<float> features(frames * info.n_features);
  for (float& value : features) value = input.Take<float>();
  std::vector<int16_t> audio(frames * info.hop_length);
  wavernn_utterance one = WAVERNN_UTTERANCE_INIT;
  one.features = features.data();
  one.frames = frames;
  one.audio = audio.data();
  if (wavernn_synthesize(model, &one, 1) != WAVERNN_OK) return 0;
  std::vector<float> scores(2 * audio.size());
  Require(wavernn_score(model, features.data(), frames, audio.data(),
                        audio.size(), scores.data()) == WAVERNN_OK,
          "what is spoken is scored");
  return 0;
}
