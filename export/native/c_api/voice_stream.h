// One utterance: features go in, audio comes out, in pieces of any size.
#ifndef WAVERNN_TF_C_API_VOICE_STREAM_H_
#define WAVERNN_TF_C_API_VOICE_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/aligned_array.h"
#include "c_api/voice.h"
#include "stream/workspace.h"

namespace wavernn_tf {

struct Draw {
  uint64_t seed = 0;
  float temperature = 1.0f;
  float fine_temperature = 1.0f;
};

// For one thread at a time. The features' first frame is repeated before them
// and the last one after them, as far as the network sees.
class VoiceStream {
 public:
  // Makes all memory, for `capacity` >= 1 waiting frames. Returns false when it
  // runs out.
  bool Start(std::shared_ptr<Voice> voice, const Draw& draw,
             std::size_t capacity);

  void Reset(const Draw& draw);
  const Draw& draw() const { return draw_; }
  const Voice& voice() const { return *voice_; }

  bool flushed() const { return flushed_; }
  // Frames that Push takes now.
  std::size_t room() const;
  // Takes finite features [frames, n_features]; frames <= room().
  void Push(const float* features, std::size_t frames);
  void Flush();

  std::size_t ReadySamples() const;
  // Returns how many were written.
  std::size_t Pull(int16_t* audio, std::size_t samples);

 private:
  std::size_t ReadyFrames() const;
  void Append(const float* frame, std::size_t times);
  void Generate(std::size_t frames, int16_t* audio);

  std::shared_ptr<Voice> voice_;
  Draw draw_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<BatchWorkspace> batch_workspace_;
  std::size_t capacity_ = 0;
  AlignedArray<float>
      window_;  // [rows, n_features], in use from begin_ to end_
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  AlignedArray<float> state_;
  uint64_t position_ = 0;
  bool flushed_ = false;
  AlignedArray<int16_t> frame_;  // of which the part from taken_ on waits
  std::size_t taken_ = 0;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_C_API_VOICE_STREAM_H_
