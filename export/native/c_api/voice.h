// A loaded voice: the engine and what it reads of the file, shared by streams.
#ifndef WAVERNN_TF_C_API_VOICE_H_
#define WAVERNN_TF_C_API_VOICE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "base/aligned_array.h"
#include "kernels/kernel_table.h"
#include "model/engine.h"
#include "stream/workspace.h"
#include "tflite/error_text.h"

namespace wavernn_tf {

struct VoiceOptions {
  const KernelTable* kernels;
  bool postfilter;
};

// Threads may share it.
class Voice {
 public:
  // Takes over the bytes of a .tflite file, and frees them. Null after a
  // failure, which `error` explains; `no_memory` tells that one apart.
  static std::shared_ptr<Voice> Load(AlignedArray<uint8_t> bytes,
                                     const VoiceOptions& options,
                                     ErrorText& error, bool& no_memory);

  const Model& model() const { return engine_.model; }
  const Engine& engine() const { return engine_; }
  bool postfilter() const { return options_.postfilter; }
  const std::string& metadata() const { return metadata_; }
  std::size_t file_bytes() const { return file_bytes_; }

  // Frames after the current one that the audio waits for.
  int frames_after() const { return model().lookahead + model().ahead(); }
  // Frames around those of the audio.
  int context() const { return model().past + frames_after(); }

  // Scratch memory of one stream of a plain voice, of several or of Subscale.
  // Return false when memory runs out.
  bool Allocate(std::unique_ptr<Workspace>& workspace);
  bool Allocate(std::unique_ptr<BatchWorkspace>& workspace);

 private:
  bool KeepConstants();

  std::size_t file_bytes_ = 0;
  VoiceOptions options_ = {};
  std::string metadata_;
  Engine engine_;
  // What the engine goes on reading of the file.
  std::deque<AlignedArray<float>> floats_;
  std::deque<AlignedArray<double>> doubles_;
  std::deque<AlignedArray<int32_t>> indices_;
  std::mutex widening_;  // of the engine, for batches
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_C_API_VOICE_H_
