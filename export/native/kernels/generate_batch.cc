#include <algorithm>
#include <cstddef>

#include "kernels/batch_stream.h"
#include "kernels/generate.h"
#include "kernels/philox.h"
#include "kernels/sampler.h"
#include "kernels/signal.h"

namespace wavernn_tf {
namespace {

// Draws the classes of all lanes and writes the audio.
class LaneSampler {
 public:
  LaneSampler(const Model& model, const KernelTable& kernels,
              const GenerateParams* streams, int count,
              BatchWorkspace& workspace)
      : model_(model),
        kernels_(kernels),
        streams_(streams),
        workspace_(workspace),
        sub_tensors_(model.subscale.batch),
        memory_(model.subscale.memory()) {
    run_.count = count;
    run_.frames = streams[0].frames + model.ahead();
    run_.lag = model.subscale.lag();
    for (int r = -memory_; r < 0; ++r) {
      std::fill_n(workspace_.history.Step(r), kBatchLanes, 0.0f);
    }
    std::fill_n(scale_, kBatchLanes, 1.0f);
    for (int stream = 0; stream < count; ++stream) Start(stream);
  }

  const LaneRun& run() const { return run_; }

  void Begin(int64_t, const int64_t* samples) {
    for (int k = 0; k < kBatchLanes; ++k) {
      running_[k] = samples[k] >= 0;
      if (!running_[k]) continue;
      uniforms_[k] =
          DrawUniforms(StreamOf(k).seed, static_cast<uint64_t>(samples[k]));
    }
  }

  void Coarse(float* logits, SplitSample* classes) {
    Draw(false, logits, classes);
  }

  void Fine(float* logits, SplitSample* classes) {
    Draw(true, logits, classes);
  }

  void Accept(int64_t r, const SplitSample* classes) {
    float* const s = workspace_.history.Step(r);
    for (int k = 0; k < kBatchLanes; ++k) {
      s[k] = running_[k] ? Combine(classes[k], model_.sample_offset) : 0.0f;
    }
    for (int stream = 0; stream < run_.count; ++stream) {
      const LaneStream& lanes = run_.streams[stream];
      const int64_t tau = lanes.begin + r;
      if (tau < lanes.end) PutOut(stream, tau - Behind());
      if (tau + 1 == lanes.end) Finish(stream, r + 1);
    }
  }

 private:
  const GenerateParams& StreamOf(int lane) const {
    return streams_[lane / sub_tensors_];
  }

  // Positions that the last sub-tensor runs behind the first.
  int64_t Behind() const { return int64_t{sub_tensors_ - 1} * run_.lag; }

  // The first position at or after a sample, of every sub-tensor.
  int64_t PositionFrom(int64_t sample) const {
    return sample / sub_tensors_ + (sample % sub_tensors_ > 0);
  }

  void Start(int stream) {
    const GenerateParams& params = streams_[stream];
    const float* const samples =
        params.state_in + sub_tensors_ * model_.state_size;
    LaneStream& lanes = run_.streams[stream];
    lanes.features = params.features;
    lanes.state = params.state_in;
    lanes.first = static_cast<int64_t>(params.position);
    const int64_t end = lanes.first + params.frames * model_.hop_length;
    lanes.begin = lanes.first == 0 ? 0 : PositionFrom(lanes.first) + Behind();
    lanes.end = PositionFrom(end) + Behind();
    y_[stream] = samples[sub_tensors_ * memory_];
    audio_[stream] = params.audio;
    for (int s = 0; s < sub_tensors_; ++s) {
      const int k = stream * sub_tensors_ + s;
      for (int m = 0; m < memory_; ++m) {
        workspace_.history.Step(m - memory_)[k] = samples[s * memory_ + m];
      }
      if (params.temperature > 0.0f) {
        scale_[k] = InverseTemperature(params.temperature);
      }
    }
    // Samples that the call before had made, but not put out.
    if (lanes.first % sub_tensors_ > 0) {
      PutOut(stream, lanes.first / sub_tensors_);
    }
  }

  // The coarse or the fine classes of all lanes.
  void Draw(bool fine, float* logits, SplitSample* classes) {
    alignas(64) float uniforms[kBatchLanes];
    alignas(64) float group[kBatchLanes];
    alignas(64) float inside[kBatchLanes];
    for (int k = 0; k < kBatchLanes; ++k) {
      uniforms[k] = fine ? uniforms_[k].fine : uniforms_[k].coarse;
      // Temperature 0 needs the logits themselves, which the draw overwrites.
      if (Greedy(k)) Chosen(classes[k], fine) = ArgMax(Lane(logits, k).values);
    }
    kernels_.draw_batch({logits, scale_, uniforms, group, inside});
    for (int k = 0; k < kBatchLanes; ++k) {
      if (!running_[k] || Greedy(k)) continue;
      const int g = static_cast<int>(group[k]);
      const int i = static_cast<int>(inside[k]);
      Chosen(classes[k], fine) = g < kClassGroups && i < kClassGroups
                                     ? kClassGroups * g + i
                                     : LastPositive(Lane(logits, k).values, g);
    }
  }

  static int& Chosen(SplitSample& classes, bool fine) {
    return fine ? classes.fine : classes.coarse;
  }

  bool Greedy(int lane) const {
    return running_[lane] && StreamOf(lane).temperature == 0.0f;
  }

  // Puts out a position that every sub-tensor has passed, as far as its samples
  // belong to this call.
  void PutOut(int stream, int64_t position) {
    const LaneStream& lanes = run_.streams[stream];
    const int64_t end =
        lanes.first + streams_[stream].frames * model_.hop_length;
    for (int s = 0; s < sub_tensors_; ++s) {
      const int64_t sample = sub_tensors_ * position + s;
      if (sample < lanes.first || sample >= end) continue;
      const int64_t r = position + int64_t{s} * run_.lag - lanes.begin;
      y_[stream] =
          DeEmphasise(workspace_.history.Step(r)[stream * sub_tensors_ + s],
                      y_[stream], model_.pre_emphasis);
      *audio_[stream]++ = ToAudio(y_[stream]);
    }
  }

  // Writes the state of a stream after `steps` steps.
  void Finish(int stream, int64_t steps) {
    const int size = model_.state_size;
    float* to = streams_[stream].state_out;
    const int first = stream * sub_tensors_;
    for (int k = first; k < first + sub_tensors_; ++k) {
      const float* const h = workspace_.state.plain() + k;
      for (int i = 0; i < size; ++i) *to++ = h[kBatchLanes * i];
    }
    for (int k = first; k < first + sub_tensors_; ++k) {
      for (int64_t r = steps - memory_; r < steps; ++r) {
        *to++ = workspace_.history.Step(r)[k];
      }
    }
    *to = y_[stream];
  }

  const Model& model_;
  const KernelTable& kernels_;
  const GenerateParams* const streams_;
  BatchWorkspace& workspace_;
  const int sub_tensors_;  // B
  const int memory_;
  LaneRun run_ = {};
  float y_[kBatchLanes] = {};         // y[n-1] of every stream
  int16_t* audio_[kBatchLanes] = {};  // where its next sample goes
  bool running_[kBatchLanes] = {};
  SampleUniforms uniforms_[kBatchLanes] = {};
  alignas(64) float scale_[kBatchLanes];  // of the logits
};

}  // namespace

int StreamsAbreast(const Model& model, const GenerateParams* streams,
                   int count) {
  const int most = std::min(kBatchLanes / model.subscale.batch, count);
  if (model.subscale.plain()) return most;
  int abreast = 1;
  while (abreast < most &&
         (streams[abreast].position == 0) == (streams[0].position == 0)) {
    ++abreast;
  }
  return abreast;
}

void GenerateBatch(const Engine& engine, const KernelTable& kernels,
                   const GenerateParams* streams, int count,
                   BatchWorkspace& workspace) {
  LaneSampler sampler(engine.model, kernels, streams, count, workspace);
  RunLanes(engine, kernels, sampler.run(), workspace, sampler);
}

}  // namespace wavernn_tf
