#include "c_api/voice.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "c_api/model_file.h"

namespace wavernn_tf {
namespace {

// Replaces a view by a copy of its own. Returns false when memory runs out.
template <typename T>
bool Keep(std::size_t count, const T*& data,
          std::deque<AlignedArray<T>>& arrays) {
  arrays.emplace_back();
  if (!arrays.back().Resize(count)) return false;
  std::copy_n(data, count, arrays.back().data());
  data = arrays.back().data();
  return true;
}

}  // namespace

std::shared_ptr<Voice> Voice::Load(AlignedArray<uint8_t> bytes,
                                   const VoiceOptions& options,
                                   ErrorText& error, bool& no_memory) {
  const auto voice = std::make_shared<Voice>();
  voice->file_bytes_ = bytes.size();
  voice->options_ = options;
  Model model;
  no_memory = false;
  if (!ReadModelFile(bytes.data(), bytes.size(), model, voice->metadata_,
                     error)) {
    return nullptr;
  }
  if (!voice->engine_.Build(model, *options.kernels) ||
      !voice->KeepConstants()) {
    no_memory = true;
    error.Set("out of memory for the voice's matrices");
    return nullptr;
  }
  return voice;
}

// Else the file would take a third of a voice's memory (engine.h).
bool Voice::KeepConstants() {
  bool done = true;
  for (std::vector<FloatLayer>* layers :
       {&engine_.convolutions, &engine_.upsampling, &engine_.estimator}) {
    for (FloatLayer& layer : *layers) {
      const auto channels = static_cast<std::size_t>(layer.channels_out);
      done = done && Keep(channels, layer.bias, floats_);
    }
  }
  Predictors& predictors = engine_.model.predictors;
  PostfilterShape& postfilter = predictors.postfilter;
  SpectralShape& spectral = predictors.spectral;
  if (postfilter.form == PostfilterForm::kSpectral) {
    const auto bins = static_cast<std::size_t>(spectral.bins());
    done = done && Keep(spectral.win_length, spectral.window, floats_) &&
           Keep(2 * bins, spectral.weights, floats_) &&
           Keep(bins, spectral.places, floats_) &&
           Keep(bins, spectral.first, indices_) &&
           Keep(spectral.bands, spectral.columns, indices_);
  } else if (postfilter.form != PostfilterForm::kOff) {
    const std::size_t taps = 2 * std::size_t(postfilter.reach) + 1;
    done = done && Keep(taps, postfilter.taps, floats_);
  }
  LinearPrediction& linear = predictors.linear;
  if (linear.order > 0) {
    const std::size_t rows = std::size_t(linear.order) + 1;
    done = done &&
           Keep(rows * engine_.model.n_mels(), linear.matrix, doubles_) &&
           Keep(rows, linear.floor, doubles_);
  }
  return done;
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
