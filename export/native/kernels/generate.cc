#include "kernels/generate.h"

#include <algorithm>

#include "kernels/philox.h"
#include "kernels/sampler.h"
#include "kernels/signal.h"
#include "kernels/stream.h"

namespace wavernn_tf {
namespace {

// Draws both classes of each sample and writes the audio.
class Sampler {
 public:
  Sampler(const Model& model, const KernelTable& kernels,
          const GenerateParams& params)
      : model_(model),
        kernels_(kernels),
        params_(params),
        scale_(InverseTemperature(params.temperature)),
        s_(params.state_in[model.state_size]),
        y_(params.state_in[model.state_size + 1]) {}

  int Coarse(float* logits) {
    uniforms_ = DrawUniforms(params_.seed, params_.position + written_);
    return Draw(logits, uniforms_.coarse);
  }

  int Fine(float* logits) { return Draw(logits, uniforms_.fine); }

  void Accept(SplitSample sample) {
    s_ = Combine(sample, model_.sample_offset);
    y_ = DeEmphasise(s_, y_, model_.pre_emphasis);
    params_.audio[written_++] = ToAudio(y_);
  }

  float s() const { return s_; }
  float y() const { return y_; }

 private:
  int Draw(float* logits, float uniform) const {
    if (params_.temperature == 0.0f) return ArgMax(logits);
    alignas(64) float totals[kClassGroups];
    kernels_.softmax({logits, scale_, logits, totals});
    return kernels_.draw({logits, totals, uniform});
  }

  const Model& model_;
  const KernelTable& kernels_;
  const GenerateParams& params_;
  const float scale_;  // of the logits; unused at temperature 0
  SampleUniforms uniforms_ = {};
  float s_;  // s[n-1]
  float y_;  // y[n-1]
  uint64_t written_ = 0;
};

}  // namespace

void Generate(const Engine& engine, const KernelTable& kernels,
              const GenerateParams& params, Workspace& workspace) {
  const Model& model = engine.model;
  const int size = model.state_size;
  workspace.SetState(engine, kernels, params.state_in);
  Sampler sampler(model, kernels, params);
  RunStream(engine, kernels, params.features, params.frames * model.hop_length,
            Split(sampler.s(), model.sample_offset), workspace, sampler);
  std::copy_n(workspace.state.plain(), size, params.state_out);
  params.state_out[size] = sampler.s();
  params.state_out[size + 1] = sampler.y();
}

}  // namespace wavernn_tf
