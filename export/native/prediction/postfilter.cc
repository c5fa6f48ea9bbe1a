#include "prediction/postfilter.h"

namespace wavernn_tf {

int PostfilterDelay(const Predictors& predictors) {
  switch (predictors.postfilter.form) {
    case PostfilterForm::kOff:
      return 0;
    case PostfilterForm::kSpectral:
      return SpectralPostfilterDelay(predictors.spectral);
    default:
      return PitchPostfilterDelay(predictors);
  }
}

int PostfilterStateSize(const Predictors& predictors, int ahead,
                        int steps_per_frame, int hop_length) {
  switch (predictors.postfilter.form) {
    case PostfilterForm::kOff:
      return 0;
    case PostfilterForm::kSpectral:
      return SpectralPostfilterStateSize(ahead, hop_length);
    default:
      return PitchPostfilterStateSize(predictors, ahead, steps_per_frame,
                                      hop_length);
  }
}

bool Postfilter::Allocate(const Predictors& predictors, int samples_per_step,
                          int64_t delay) {
  form_ = predictors.postfilter.form;
  switch (form_) {
    case PostfilterForm::kOff:
      return true;
    case PostfilterForm::kSpectral:
      return spectral_.Allocate(predictors.spectral, delay);
    default:
      return pitch_.Allocate(predictors, samples_per_step, delay);
  }
}

void Postfilter::Load(const float* state, uint64_t position,
                      const FrameRows& features, float strength) {
  if (form_ == PostfilterForm::kOff) return;
  if (form_ == PostfilterForm::kSpectral) {
    spectral_.Load(state, position, features, strength);
  } else {
    pitch_.Load(state, position, strength);
  }
}

void Postfilter::Store(float* state) const {
  if (form_ == PostfilterForm::kOff) return;
  if (form_ == PostfilterForm::kSpectral) {
    spectral_.Store(state);
  } else {
    pitch_.Store(state);
  }
}

bool Postfilter::Push(float x, int lag, float voicing, float* y) {
  if (form_ == PostfilterForm::kOff) {
    *y = x;
    return true;
  }
  if (form_ == PostfilterForm::kSpectral) return spectral_.Push(x, y);
  return pitch_.Push(x, lag, voicing, y);
}

}  // namespace wavernn_tf
