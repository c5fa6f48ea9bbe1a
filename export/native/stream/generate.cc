#include "stream/generate.h"

#include <algorithm>

#include "base/philox.h"
#include "base/signal.h"
#include "kernels/sampler.h"
#include "stream/predicted_state.h"
#include "stream/stream.h"

namespace wavernn_tf {
namespace {

int DrawClass(const KernelTable& kernels, StageClock* clock, float* logits,
              float scale, float temperature, float uniform) {
  const TimedStage stage(clock, kSoftmaxStage);
  if (temperature == 0.0f) return ArgMax(logits);
  alignas(64) float totals[kClassGroups];
  kernels.softmax({logits, scale, logits, totals});
  return kernels.draw({logits, totals, uniform});
}

// The same, and the median class: what the uniform number 1/2 would draw.
int DrawWithMedian(const KernelTable& kernels, StageClock* clock, float* logits,
                   float scale, float temperature, float uniform, int& median) {
  const TimedStage stage(clock, kSoftmaxStage);
  if (temperature == 0.0f) return median = ArgMax(logits);
  alignas(64) float totals[kClassGroups];
  kernels.softmax({logits, scale, logits, totals});
  median = kernels.draw({logits, totals, 0.5f});
  return kernels.draw({logits, totals, uniform});
}

// Draws both classes of each sample and writes the audio.
class Sampler {
 public:
  Sampler(const Engine& engine, const GenerateParams& params, StageClock* clock)
      : model_(engine.model),
        kernels_(engine.kernels()),
        clock_(clock),
        params_(params),
        scale_(InverseTemperature(params.temperature)),
        fine_scale_(InverseTemperature(params.fine_temperature)),
        s_(params.state_in[model_.state_size]),
        y_(params.state_in[model_.state_size + 1]) {}

  void Enter(int, float) {}

  int Coarse(float* logits) {
    uniforms_ = DrawUniforms(params_.seed, params_.position + written_);
    return DrawClass(kernels_, clock_, logits, scale_, params_.temperature,
                     uniforms_.coarse);
  }

  int Fine(float* logits) {
    return DrawClass(kernels_, clock_, logits, fine_scale_,
                     params_.fine_temperature, uniforms_.fine);
  }

  SplitSample Accept(SplitSample sample) {
    s_ = Combine(sample, model_.sample_offset);
    y_ = DeEmphasise(s_, y_, model_.pre_emphasis);
    params_.audio[written_++] = ToAudio(y_);
    return sample;
  }

  float s() const { return s_; }
  float y() const { return y_; }

 private:
  const Model& model_;
  const KernelTable& kernels_;
  StageClock* const clock_;
  const GenerateParams& params_;
  const float scale_;  // of the logits; unused at temperature 0
  const float fine_scale_;
  SampleUniforms uniforms_ = {};
  float s_;  // s[n-1]
  float y_;  // y[n-1]
  uint64_t written_ = 0;
};

// The same behind predictors, and through the postfilter.
class PredictedSampler {
 public:
  PredictedSampler(const Engine& engine, const GenerateParams& params,
                   uint64_t first, float y, Workspace& workspace)
      : model_(engine.model),
        kernels_(engine.kernels()),
        params_(params),
        coding_(model_.coding()),
        shaping_(model_.predictors.noise),
        scale_(InverseTemperature(params.temperature)),
        fine_scale_(FineScale(coding_, params.fine_temperature)),
        workspace_(workspace),
        drawn_(first),
        y_(y) {}

  void Enter(int lag, float voicing) {
    lag_ = lag;
    voicing_ = voicing;
    if (!shaping_.follows_voicing()) return;
    level_ = VoicingLevel(voicing);
    scale_ = InverseTemperature(
        params_.temperature *
        TemperatureFactor(shaping_.voiced_temperature, level_));
  }

  int Coarse(float* logits) {
    uniforms_ = DrawUniforms(params_.seed, drawn_++);
    const float temperature = params_.temperature;
    coarse_ = shaping_.on()
                  ? DrawWithMedian(kernels_, workspace_.clock, logits, scale_,
                                   temperature, uniforms_.coarse, median_)
                  : DrawClass(kernels_, workspace_.clock, logits, scale_,
                              temperature, uniforms_.coarse);
    return coarse_;
  }

  int Fine(float* logits) {
    MaskFine(coding_, coarse_, logits);
    return DrawClass(kernels_, workspace_.clock, logits, fine_scale_,
                     params_.fine_temperature, uniforms_.fine);
  }

  SplitSample Accept(SplitSample drawn) {
    const TimedStage stage(workspace_.clock, kPredictionStage);
    const SplitSample classes =
        workspace_.predictor.AcceptDrawn(drawn, median_, level_);
    const auto s = static_cast<float>(workspace_.predictor.sample());
    y_ = DeEmphasise(s, y_, model_.pre_emphasis);
    float finished;
    if (workspace_.postfilter.Push(y_, lag_, voicing_, &finished)) {
      params_.audio[written_++] = ToAudio(finished);
    }
    return classes;
  }

  float y() const { return y_; }

 private:
  const Model& model_;
  const KernelTable& kernels_;
  const GenerateParams& params_;
  const Coding coding_;
  const NoiseShaping shaping_;
  float scale_;  // of the logits; unused at temperature 0
  const float fine_scale_;
  Workspace& workspace_;
  SampleUniforms uniforms_ = {};
  int coarse_ = 0;
  int median_ = 0;  // the coarse class, with noise shaping
  int lag_ = 0;
  float voicing_ = 0.0f;
  int level_ = 0;  // of the voicing
  uint64_t drawn_;
  float y_;  // y[n-1]
  uint64_t written_ = 0;
};

void GeneratePredicted(const Engine& engine, const GenerateParams& params,
                       Workspace& workspace) {
  const Model& model = engine.model;
  const auto in = SplitState(model, params.state_in);
  workspace.predictor.Load(in.predictor);
  workspace.postfilter.Load(
      in.postfilter, params.position, OwnFrames(model, params.features),
      params.postfilter ? model.predictors.postfilter.strength : 0.0f);
  // The network runs ahead of the postfilter.
  const int64_t ahead = params.position == 0 ? 0 : model.ahead();
  const int64_t frames = params.frames + model.ahead() - ahead;
  const uint64_t first = params.position + ahead * model.hop_length;
  PredictedSampler sampler(engine, params, first, *in.y, workspace);
  RunStream(engine, params.features + ahead * model.n_features,
            frames * model.hop_length, workspace.predictor.classes(), workspace,
            sampler);
  const auto out = SplitState(model, params.state_out);
  std::copy_n(workspace.state.plain(), model.state_size, params.state_out);
  workspace.predictor.Store(out.predictor);
  *out.y = sampler.y();
  workspace.postfilter.Store(out.postfilter);
}

}  // namespace

void Generate(const Engine& engine, const GenerateParams& params,
              Workspace& workspace) {
  const TimedStage whole(workspace.clock, kRestStage);
  const Model& model = engine.model;
  const int size = model.state_size;
  workspace.SetState(engine, params.state_in);
  if (model.predictors.on()) {
    GeneratePredicted(engine, params, workspace);
    return;
  }
  Sampler sampler(engine, params, workspace.clock);
  RunStream(engine, params.features, params.frames * model.hop_length,
            Split(sampler.s(), model.sample_offset), workspace, sampler);
  std::copy_n(workspace.state.plain(), size, params.state_out);
  params.state_out[size] = sampler.s();
  params.state_out[size + 1] = sampler.y();
}

}  // namespace wavernn_tf
