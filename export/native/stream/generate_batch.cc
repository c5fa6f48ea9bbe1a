#include <algorithm>
#include <cstddef>

#include "base/philox.h"
#include "base/signal.h"
#include "kernels/sampler.h"
#include "stream/batch_stream.h"
#include "stream/generate.h"
#include "stream/predicted_state.h"

namespace wavernn_tf {
namespace {

// Draws the classes of all lanes and writes the audio.
class LaneSampler {
 public:
  LaneSampler(const Engine& engine, const GenerateParams* streams, int count,
              BatchWorkspace& workspace)
      : model_(engine.model),
        kernels_(engine.kernels()),
        streams_(streams),
        workspace_(workspace),
        coding_(model_.coding()),
        shaping_(model_.predictors.noise),
        predicts_(model_.predictors.on()),
        sub_tensors_(model_.subscale.batch),
        remembered_(model_.subscale.history()) {
    run_.count = count;
    run_.frames = streams[0].frames + model_.ahead();
    run_.stagger = model_.subscale.stagger();
    for (int r = -remembered_; r < 0; ++r) {
      std::fill_n(workspace_.history.Step(r), kBatchLanes, 0.0f);
    }
    std::fill_n(scale_, kBatchLanes, 1.0f);
    std::fill_n(fine_scale_, kBatchLanes, 1.0f);
    for (int stream = 0; stream < count; ++stream) Start(stream);
  }

  const LaneRun& run() const { return run_; }

  void Begin(int64_t, const int64_t* samples) {
    for (int k = 0; k < kBatchLanes; ++k) {
      running_[k] = samples[k] >= 0;
      if (!running_[k]) continue;
      uniforms_[k] =
          DrawUniforms(StreamOf(k).seed, static_cast<uint64_t>(samples[k]));
      if (shaping_.follows_voicing()) FollowVoicing(k, samples[k]);
    }
  }

  void Coarse(float* logits, SplitSample* classes) {
    Draw(false, logits, classes);
  }

  void Fine(float* logits, SplitSample* classes) {
    if (coding_.mulaw) MaskFineLanes(classes, logits);
    Draw(true, logits, classes);
  }

  void Accept(int64_t r, SplitSample* classes) {
    if (predicts_) {
      AcceptPredicted(r, classes);
      return;
    }
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

  // Positions that the last sub-tensor, or the audio behind the postfilter,
  // runs behind the first.
  int64_t Behind() const {
    if (predicts_) return int64_t{model_.ahead()} * model_.hop_length;
    return int64_t{sub_tensors_ - 1} * run_.stagger;
  }

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
    audio_[stream] = params.audio;
    if (predicts_) {
      StartPredicted(stream);
      return;
    }
    y_[stream] = samples[sub_tensors_ * remembered_];
    for (int s = 0; s < sub_tensors_; ++s) {
      const int k = stream * sub_tensors_ + s;
      for (int m = 0; m < remembered_; ++m) {
        workspace_.history.Step(m - remembered_)[k] =
            samples[s * remembered_ + m];
      }
      if (params.temperature > 0.0f) {
        scale_[k] = InverseTemperature(params.temperature);
      }
      if (params.fine_temperature > 0.0f) {
        fine_scale_[k] = InverseTemperature(params.fine_temperature);
      }
    }
    // Samples that the call before had made, but not put out.
    if (lanes.first % sub_tensors_ > 0) {
      PutOut(stream, lanes.first / sub_tensors_);
    }
  }

  // Of a model with predictors; lane and stream are one.
  void StartPredicted(int k) {
    const GenerateParams& params = streams_[k];
    const auto state = SplitState(model_, params.state_in);
    workspace_.predictors[k].Load(state.predictor);
    y_[k] = *state.y;
    workspace_.postfilters[k].Load(
        state.postfilter, params.position, OwnFrames(model_, params.features),
        params.postfilter ? model_.predictors.postfilter.strength : 0.0f);
    if (params.temperature > 0.0f) {
      scale_[k] = InverseTemperature(params.temperature);
    }
    if (params.fine_temperature > 0.0f) {
      fine_scale_[k] = FineScale(coding_, params.fine_temperature);
    }
  }

  // Of a model with predictors: the voicing at a sample of lane k.
  void FollowVoicing(int k, int64_t sample) {
    const int64_t step =
        (sample - run_.streams[k].first) / model_.samples_per_step;
    levels_[k] = VoicingLevel(workspace_.conditioning.voicing(k, step));
    const float temperature = streams_[k].temperature;
    if (temperature == 0.0f) return;
    scale_[k] = InverseTemperature(
        temperature *
        TemperatureFactor(shaping_.voiced_temperature, levels_[k]));
  }

  void AcceptPredicted(int64_t r, SplitSample* classes) {
    const TimedStage stage(workspace_.clock, kPredictionStage);
    for (int k = 0; k < run_.count; ++k) {
      if (!running_[k]) continue;
      const LaneStream& lane = run_.streams[k];
      SamplePredictor& predictor = workspace_.predictors[k];
      classes[k] = predictor.AcceptDrawn(classes[k], medians_[k], levels_[k]);
      y_[k] = DeEmphasise(static_cast<float>(predictor.sample()), y_[k],
                          model_.pre_emphasis);
      const int64_t step =
          (lane.begin + r - lane.first) / model_.samples_per_step;
      float finished;
      if (workspace_.postfilters[k].Push(
              y_[k], workspace_.conditioning.lag(k, step),
              workspace_.conditioning.voicing(k, step), &finished)) {
        *audio_[k]++ = ToAudio(finished);
      }
      if (lane.begin + r + 1 == lane.end) FinishPredicted(k);
    }
  }

  void FinishPredicted(int k) {
    float* const h = streams_[k].state_out;
    for (int i = 0; i < model_.state_size; ++i) {
      h[i] = workspace_.state.plain()[kBatchLanes * i + k];
    }
    const auto state = SplitState(model_, h);
    workspace_.predictors[k].Store(state.predictor);
    *state.y = y_[k];
    workspace_.postfilters[k].Store(state.postfilter);
  }

  void MaskFineLanes(const SplitSample* classes, float* logits) const {
    for (int k = 0; k < run_.count; ++k) {
      MaskFine(coding_, classes[k].coarse, logits + k, kBatchLanes);
    }
  }

  // The coarse or the fine classes of all lanes.
  void Draw(bool fine, float* logits, SplitSample* classes) {
    alignas(64) float uniforms[kBatchLanes];
    alignas(64) float group[kBatchLanes];
    alignas(64) float inside[kBatchLanes];
    alignas(64) float median_group[kBatchLanes];
    alignas(64) float median_inside[kBatchLanes];
    const bool median = shaping_.on() && !fine;
    for (int k = 0; k < kBatchLanes; ++k) {
      uniforms[k] = fine ? uniforms_[k].fine : uniforms_[k].coarse;
      // Temperature 0 needs the logits themselves, which the draw overwrites.
      if (Greedy(k, fine)) {
        Chosen(classes[k], fine) = ArgMax(Lane(logits, k).values);
        if (median) medians_[k] = classes[k].coarse;
      }
    }
    const BatchDrawParams params = {logits,       fine ? fine_scale_ : scale_,
                                    uniforms,     group,
                                    inside,       median_group,
                                    median_inside};
    {
      const TimedStage stage(workspace_.clock, kSoftmaxStage);
      median ? kernels_.draw_median_batch(params) : kernels_.draw_batch(params);
    }
    for (int k = 0; k < kBatchLanes; ++k) {
      if (!running_[k] || Greedy(k, fine)) continue;
      Chosen(classes[k], fine) = ClassAt(logits, k, group[k], inside[k]);
      if (median) {
        medians_[k] = ClassAt(logits, k, median_group[k], median_inside[k]);
      }
    }
  }

  // The class of a lane's draw (BatchDrawParams), with the weights.
  static int ClassAt(const float* weights, int lane, float group,
                     float inside) {
    const int g = static_cast<int>(group);
    const int i = static_cast<int>(inside);
    if (g < kClassGroups && i < kClassGroups) return kClassGroups * g + i;
    return LastPositive(Lane(weights, lane).values, g);
  }

  static int& Chosen(SplitSample& classes, bool fine) {
    return fine ? classes.fine : classes.coarse;
  }

  bool Greedy(int lane, bool fine) const {
    if (!running_[lane]) return false;
    const GenerateParams& params = StreamOf(lane);
    return (fine ? params.fine_temperature : params.temperature) == 0.0f;
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
      const int64_t r = position + int64_t{s} * run_.stagger - lanes.begin;
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
      for (int64_t r = steps - remembered_; r < steps; ++r) {
        *to++ = workspace_.history.Step(r)[k];
      }
    }
    *to = y_[stream];
  }

  const Model& model_;
  const KernelTable& kernels_;
  const GenerateParams* const streams_;
  BatchWorkspace& workspace_;
  const Coding coding_;
  const NoiseShaping shaping_;
  const bool predicts_;
  const int sub_tensors_;  // B
  const int remembered_;
  LaneRun run_ = {};
  float y_[kBatchLanes] = {};         // y[n-1] of every stream
  int16_t* audio_[kBatchLanes] = {};  // where its next sample goes
  bool running_[kBatchLanes] = {};
  SampleUniforms uniforms_[kBatchLanes] = {};
  int levels_[kBatchLanes] = {};          // of the voicing
  int medians_[kBatchLanes] = {};         // coarse classes, with noise shaping
  alignas(64) float scale_[kBatchLanes];  // of the logits
  alignas(64) float fine_scale_[kBatchLanes];
};

}  // namespace

int BatchedStreams(const Model& model, const GenerateParams* streams,
                   int count) {
  const int most = std::min(kBatchLanes / model.subscale.batch, count);
  if (model.ahead() == 0) return most;
  int batched = 1;
  while (batched < most &&
         (streams[batched].position == 0) == (streams[0].position == 0)) {
    ++batched;
  }
  return batched;
}

void GenerateBatch(const Engine& engine, const GenerateParams* streams,
                   int count, BatchWorkspace& workspace) {
  const TimedStage whole(workspace.clock, kRestStage);
  LaneSampler sampler(engine, streams, count, workspace);
  RunLanes(engine, sampler.run(), workspace, sampler);
}

}  // namespace wavernn_tf
