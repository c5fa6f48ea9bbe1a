// Whole utterances at once: spoken, or scored.
#ifndef WAVERNN_TF_C_API_WHOLE_H_
#define WAVERNN_TF_C_API_WHOLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "c_api/voice.h"
#include "c_api/voice_stream.h"

namespace wavernn_tf {

struct Utterance {
  const float* features;  // finite [frames, n_features]
  std::size_t frames;     // >= 1
  Draw draw;
  int16_t* audio;  // [frames * hop_length]
};

// Each has the samples that it has alone. Returns false when memory runs out.
bool Synthesize(Voice& voice, const std::vector<Utterance>& utterances);

// Writes log_likelihood [samples, 2]; `samples` end within the last frame.
// Returns false when memory runs out.
bool ScoreAudio(Voice& voice, const float* features, std::size_t frames,
                const int16_t* audio, std::size_t samples,
                float* log_likelihood);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_C_API_WHOLE_H_
