#include <algorithm>

#include "base/signal.h"
#include "kernels/sampler.h"
#include "stream/batch_stream.h"
#include "stream/score.h"

namespace wavernn_tf {
namespace {

// Chooses the classes of the audio in all lanes and writes down their
// likelihoods. The lanes do not wait for each other: all is known.
class LaneTeacher {
 public:
  LaneTeacher(const Engine& engine, const ScoreParams* streams, int count,
              History& history)
      : model_(engine.model),
        kernels_(engine.kernels()),
        streams_(streams),
        history_(history),
        sub_tensors_(model_.subscale.batch) {
    const int64_t samples = streams[0].samples;
    run_.count = count;
    run_.frames = (samples + model_.hop_length - 1) / model_.hop_length;
    for (int stream = 0; stream < count; ++stream) {
      LaneStream& lanes = run_.streams[stream];
      lanes.features = streams[stream].features;
      lanes.end = (samples + sub_tensors_ - 1) / sub_tensors_;
    }
    const int future = model_.subscale.future();
    for (int r = future - model_.subscale.history(); r <= future; ++r) Show(r);
  }

  const LaneRun& run() const { return run_; }

  void Begin(int64_t r, const int64_t* samples) {
    std::copy_n(samples, kBatchLanes, samples_);
    const float* const s = history_.Step(r);
    for (int k = 0; k < kBatchLanes; ++k) {
      truth_[k] = Split(s[k], model_.sample_offset);
    }
  }

  void Coarse(float* logits, SplitSample* classes) {
    for (int k = 0; k < kBatchLanes; ++k) {
      classes[k].coarse = truth_[k].coarse;
      WriteDown(logits, k, 0, truth_[k].coarse);
    }
  }

  void Fine(float* logits, SplitSample* classes) {
    for (int k = 0; k < kBatchLanes; ++k) {
      classes[k].fine = truth_[k].fine;
      WriteDown(logits, k, 1, truth_[k].fine);
    }
  }

  void Accept(int64_t r, SplitSample*) {
    Show(r + 1 + model_.subscale.future());
  }

 private:
  bool Inside(int lane, int64_t sample) const {
    return lane / sub_tensors_ < run_.count && sample >= 0 &&
           sample < streams_[lane / sub_tensors_].samples;
  }

  // Lets the lanes see position r, clipped as classes are; outside is silence.
  void Show(int64_t r) {
    float* const s = history_.Step(r);
    for (int k = 0; k < kBatchLanes; ++k) {
      const int64_t sample = sub_tensors_ * r + k % sub_tensors_;
      s[k] = 0.0f;
      if (!Inside(k, sample)) continue;
      const int16_t* const audio = streams_[k / sub_tensors_].audio;
      const float previous = sample > 0 ? audio[sample - 1] : 0.0f;
      const float x =
          PreEmphasise(audio[sample], previous, model_.pre_emphasis);
      s[k] = Combine(Split(x, model_.sample_offset), model_.sample_offset);
    }
  }

  void WriteDown(const float* logits, int lane, int which, int label) {
    if (!Inside(lane, samples_[lane])) return;
    Lane own(logits, lane);
    streams_[lane / sub_tensors_].log_likelihood[2 * samples_[lane] + which] =
        LogLikelihood(kernels_, own.values, label);
  }

  const Model& model_;
  const KernelTable& kernels_;
  const ScoreParams* const streams_;
  History& history_;
  const int sub_tensors_;  // B
  LaneRun run_ = {};
  int64_t samples_[kBatchLanes] = {};
  SplitSample truth_[kBatchLanes] = {};
};

}  // namespace

void ScoreBatch(const Engine& engine, const ScoreParams* streams, int count,
                BatchWorkspace& workspace) {
  LaneTeacher teacher(engine, streams, count, workspace.history);
  RunLanes(engine, teacher.run(), workspace, teacher);
}

}  // namespace wavernn_tf
