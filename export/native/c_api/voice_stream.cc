#include "c_api/voice_stream.h"

#include <algorithm>
#include <utility>

#include "stream/run_streams.h"

namespace wavernn_tf {

bool VoiceStream::Start(std::shared_ptr<Voice> voice, const Draw& draw,
                        std::size_t capacity) {
  voice_ = std::move(voice);
  capacity_ = capacity;
  const Model& model = voice_->model();
  const auto hop = static_cast<std::size_t>(model.hop_length);
  // The last frame is repeated behind a full window.
  const std::size_t rows =
      voice_->context() + capacity + voice_->frames_after();
  const bool scratch = model.subscale.plain()
                           ? voice_->Allocate(workspace_)
                           : voice_->Allocate(batch_workspace_);
  if (!scratch || !window_.Resize(rows * model.n_features) ||
      !state_.Resize(model.stream_size()) || !frame_.Resize(hop)) {
    return false;
  }
  Reset(draw);
  return true;
}

void VoiceStream::Reset(const Draw& draw) {
  draw_ = draw;
  begin_ = end_ = 0;
  std::fill_n(state_.data(), state_.size(), 0.0f);
  position_ = 0;
  flushed_ = false;
  taken_ = frame_.size();
}

std::size_t VoiceStream::room() const {
  // Before the first frame the rows of the past are spoken for, too.
  const auto past = static_cast<std::size_t>(voice_->model().past);
  const std::size_t used = std::max(end_ - begin_, past);
  return voice_->context() + capacity_ - used;
}

void VoiceStream::Append(const float* frame, std::size_t times) {
  const std::size_t width = voice_->model().n_features;
  for (; times > 0; --times, ++end_) {
    std::copy_n(frame, width, window_.data() + end_ * width);
  }
}

void VoiceStream::Push(const float* features, std::size_t frames) {
  if (frames == 0) return;
  const std::size_t width = voice_->model().n_features;
  if (end_ == 0) {
    Append(features, voice_->model().past);
  } else if ((end_ + frames) * width >
             window_.size() - voice_->frames_after() * width) {
    std::copy(window_.data() + begin_ * width, window_.data() + end_ * width,
              window_.data());
    end_ -= begin_;
    begin_ = 0;
  }
  std::copy_n(features, frames * width, window_.data() + end_ * width);
  end_ += frames;
}

void VoiceStream::Flush() {
  if (flushed_) return;
  flushed_ = true;
  if (end_ == 0) return;
  const std::size_t width = voice_->model().n_features;
  Append(window_.data() + (end_ - 1) * width, voice_->frames_after());
}

std::size_t VoiceStream::ReadyFrames() const {
  const auto context = static_cast<std::size_t>(voice_->context());
  return end_ - begin_ > context ? end_ - begin_ - context : 0;
}

std::size_t VoiceStream::ReadySamples() const {
  return frame_.size() - taken_ + ReadyFrames() * frame_.size();
}

std::size_t VoiceStream::Pull(int16_t* audio, std::size_t samples) {
  const std::size_t hop = frame_.size();
  std::size_t written = 0;
  const auto take = [&] {
    const std::size_t count = std::min(samples - written, hop - taken_);
    std::copy_n(frame_.data() + taken_, count, audio + written);
    taken_ += count;
    written += count;
  };
  take();
  const std::size_t whole = std::min((samples - written) / hop, ReadyFrames());
  if (whole > 0) {
    Generate(whole, audio + written);
    written += whole * hop;
  }
  if (written < samples && ReadyFrames() > 0) {
    Generate(1, frame_.data());
    taken_ = 0;
    take();
  }
  return written;
}

void VoiceStream::Generate(std::size_t frames, int16_t* audio) {
  const Model& model = voice_->model();
  GenerateParams params = {};
  params.features = window_.data() + begin_ * model.n_features;
  params.frames = static_cast<int64_t>(frames);
  params.seed = draw_.seed;
  params.temperature = draw_.temperature;
  params.fine_temperature = draw_.fine_temperature;
  params.postfilter = voice_->postfilter();
  params.state_in = state_.data();
  params.position = position_;
  params.audio = audio;
  params.state_out = state_.data();
  const StreamTurn turn = {1, !model.subscale.plain()};
  RunTurn(voice_->engine(), turn, &params, workspace_.get(),
          batch_workspace_.get());
  begin_ += frames;
  position_ += frames * frame_.size();
}

}  // namespace wavernn_tf
