// The spectral postfilter of the finished waveform x, before it is rounded. The
// features say how loud every mel band of a frame is to be. Frame by frame the
// waveform is analysed as its features once were, each band's gain
//   g = (max(wanted, floor) / max(found, floor))^(1 / power), -20 to +12 dB,
// is laid over the bins, linearly from band centre to band centre, and the
// frames are added up again through the same window. What comes out is nearer
// to the features; further passes bring it nearer still.
#ifndef WAVERNN_TF_PREDICTION_SPECTRAL_POSTFILTER_H_
#define WAVERNN_TF_PREDICTION_SPECTRAL_POSTFILTER_H_

#include <cstddef>
#include <cstdint>

#include "base/aligned_array.h"
#include "prediction/fourier.h"
#include "prediction/predictors.h"

namespace wavernn_tf {

// Features by frame.
struct FrameRows {
  const float* rows;  // [frames, width]
  int width;

  const float* row(int64_t frame) const { return rows + frame * width; }
};

// Samples that all passes must see after the one they put out.
int SpectralPostfilterDelay(const SpectralShape& shape);

// Floats of a stream's state, which runs `ahead` frames ahead of its audio.
int SpectralPostfilterStateSize(int ahead, int hop_length);

class SpectralPostfilter {
 public:
  // As of `Postfilter`; strength is the share of the change that is made, all
  // of it from 1 on.
  bool Allocate(const SpectralShape& shape, int64_t delay);
  void Load(const float* state, uint64_t position, const FrameRows& features,
            float strength);
  void Store(float* state) const;
  bool Push(float x, float* y);

 private:
  // One pass, whose input the pass before it makes.
  struct Pass {
    int64_t frame = 0;  // the next one to filter
    int64_t next = 0;   // the sample to put out when the next one comes
    // By sample, up to end - 1; when the arrays are full, what is kept moves to
    // the front.
    std::size_t end = 0;
    AlignedArray<float> x;
    AlignedArray<float> sum;  // of the filtered frames
  };

  bool PushInto(Pass& pass, float x, float* y);
  void FilterFrame(Pass& pass);
  void Gains(const float* features);

  SpectralShape shape_;
  Fourier fourier_;
  int64_t delay_ = 0;  // of a pass, whole frames
  float strength_ = 0.0f;
  FrameRows features_ = {};
  int64_t first_frame_ = 0;  // of `features_`
  Pass passes_[kMostPasses];
  AlignedArray<float> overlap_;    // [hop_length], 1 / sum of squared windows
  AlignedArray<float> piece_;      // [n_fft], a frame under the window
  AlignedArray<float> real_;       // [bins], its spectrum
  AlignedArray<float> imaginary_;  // [bins]
  AlignedArray<float> found_;      // [bands + 1]
  AlignedArray<float> gains_;      // [bands + 2]
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PREDICTION_SPECTRAL_POSTFILTER_H_
