#include "stream/score.h"

#include <algorithm>
#include <vector>

#include "base/signal.h"
#include "kernels/sampler.h"
#include "stream/stream.h"

namespace wavernn_tf {
namespace {

// Chooses the classes of the audio and writes down their likelihoods.
class Teacher {
 public:
  Teacher(const Engine& engine, const ScoreParams& params)
      : model_(engine.model), kernels_(engine.kernels()), params_(params) {}

  int Coarse(float* logits) {
    const float x = params_.audio[read_];
    truth_ = Split(PreEmphasise(x, x_previous_, model_.pre_emphasis),
                   model_.sample_offset);
    x_previous_ = x;
    params_.log_likelihood[2 * read_] =
        LogLikelihood(kernels_, logits, truth_.coarse);
    return truth_.coarse;
  }

  int Fine(float* logits) {
    params_.log_likelihood[2 * read_ + 1] =
        LogLikelihood(kernels_, logits, truth_.fine);
    return truth_.fine;
  }

  void Enter(int, float) {}
  SplitSample Accept(SplitSample classes) {
    ++read_;
    return classes;
  }

 private:
  const Model& model_;
  const KernelTable& kernels_;
  const ScoreParams& params_;
  SplitSample truth_ = {};
  float x_previous_ = 0.0f;
  int64_t read_ = 0;
};

// The same behind predictors, which see the recording's samples, before any
// rounding by the mu-law split.
class PredictedTeacher {
 public:
  PredictedTeacher(const Engine& engine, const ScoreParams& params,
                   SamplePredictor& predictor)
      : model_(engine.model),
        coding_(model_.coding()),
        kernels_(engine.kernels()),
        params_(params),
        predictor_(predictor) {}

  void Enter(int, float) {}

  int Coarse(float* logits) {
    const float x = params_.audio[read_];
    value_ =
        predictor_.Value(PreEmphasise(x, x_previous_, model_.pre_emphasis));
    x_previous_ = x;
    truth_ = coding_.Encode(value_);
    params_.log_likelihood[2 * read_] =
        LogLikelihood(kernels_, logits, truth_.coarse);
    return truth_.coarse;
  }

  int Fine(float* logits) {
    MaskFine(coding_, truth_.coarse, logits);
    params_.log_likelihood[2 * read_ + 1] =
        LogLikelihood(kernels_, logits, truth_.fine) -
        coding_.SharedNats(truth_);
    return truth_.fine;
  }

  SplitSample Accept(SplitSample classes) {
    predictor_.Accept(classes, value_);
    ++read_;
    return classes;
  }

 private:
  const Model& model_;
  const Coding coding_;
  const KernelTable& kernels_;
  const ScoreParams& params_;
  SamplePredictor& predictor_;
  SplitSample truth_ = {};
  int value_ = 0;
  float x_previous_ = 0.0f;
  int64_t read_ = 0;
};

}  // namespace

float LogLikelihood(const KernelTable& kernels, float* logits, int label) {
  alignas(64) float totals[kClassGroups];
  const float logit = logits[label];
  const float highest = kernels.softmax({logits, 1.0f, logits, totals});
  return LogProbability(logit, highest, totals);
}

void Score(const Engine& engine, const ScoreParams& params,
           Workspace& workspace) {
  const Model& model = engine.model;
  std::fill_n(workspace.gates.data(), model.state_size, 0.0f);
  workspace.SetState(engine, workspace.gates.data());
  if (model.predictors.on()) {
    const std::vector<float> silence(model.predictor_size(), 0.0f);
    workspace.predictor.Load(silence.data());
    PredictedTeacher teacher(engine, params, workspace.predictor);
    RunStream(engine, params.features, params.samples,
              workspace.predictor.classes(), workspace, teacher);
    return;
  }
  Teacher teacher(engine, params);
  RunStream(engine, params.features, params.samples,
            Split(0.0f, model.sample_offset), workspace, teacher);
}

}  // namespace wavernn_tf
