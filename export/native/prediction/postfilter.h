// What a finished waveform passes before it is rounded: nothing, the pitch
// postfilter or the spectral one.
#ifndef WAVERNN_TF_PREDICTION_POSTFILTER_H_
#define WAVERNN_TF_PREDICTION_POSTFILTER_H_

#include <cstdint>

#include "prediction/pitch_postfilter.h"
#include "prediction/predictors.h"
#include "prediction/spectral_postfilter.h"

namespace wavernn_tf {

// Samples that the filter must see after the one it puts out; 0 without one.
int PostfilterDelay(const Predictors& predictors);

// Floats of a stream's state, which runs `ahead` frames ahead of its audio; 0
// without a filter.
int PostfilterStateSize(const Predictors& predictors, int ahead,
                        int steps_per_frame, int hop_length);

class Postfilter {
 public:
  // Returns false when memory runs out.
  //   samples_per_step  of the conditioning
  //   delay             samples of the output, whole frames
  bool Allocate(const Predictors& predictors, int samples_per_step,
                int64_t delay);

  // Starts from a part of a stream's state, of Model::postfilter_size() floats,
  // for the output from sample `position` on. Zeros are silence; any finite
  // values are safe. `strength` 0 lets all pass.
  //   features  those of the output's first frame, and the rows behind it
  void Load(const float* state, uint64_t position, const FrameRows& features,
            float strength);
  void Store(float* state) const;

  // Takes the waveform's next sample and the lag and the voicing of its step.
  // Once `delay` samples have come, every call makes an output.
  bool Push(float x, int lag, float voicing, float* y);

 private:
  PostfilterForm form_ = PostfilterForm::kOff;
  PitchPostfilter pitch_;
  SpectralPostfilter spectral_;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PREDICTION_POSTFILTER_H_
