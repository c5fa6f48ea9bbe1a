#include "c_api/voice.h"

#include <utility>

#include "c_api/model_file.h"

namespace wavernn_tf {

std::shared_ptr<Voice> Voice::Load(AlignedArray<uint8_t> bytes,
                                   const VoiceOptions& options,
                                   ErrorText& error, bool& no_memory) {
  const auto voice = std::make_shared<Voice>();
  voice->bytes_ = std::move(bytes);
  voice->options_ = options;
  Model model;
  no_memory = false;
  if (!ReadModelFile(voice->bytes_.data(), voice->bytes_.size(), model,
                     voice->metadata_, error)) {
    return nullptr;
  }
  if (!voice->engine_.Build(model, *options.kernels)) {
    no_memory = true;
    error.Set("out of memory for the voice's matrices");
    return nullptr;
  }
  return voice;
}

bool Voice::Allocate(std::unique_ptr<Workspace>& workspace) {
  workspace = std::make_unique<Workspace>();
  return workspace->Allocate(engine_);
}

bool Voice::Allocate(std::unique_ptr<BatchWorkspace>& workspace) {
  workspace = std::make_unique<BatchWorkspace>();
  const std::lock_guard<std::mutex> lock(widening_);
  return workspace->Allocate(engine_);
}

}  // namespace wavernn_tf
