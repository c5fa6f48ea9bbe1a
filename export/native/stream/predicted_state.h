// The state of a stream with predictors, as an array of floats.
#ifndef WAVERNN_TF_STREAM_PREDICTED_STATE_H_
#define WAVERNN_TF_STREAM_PREDICTED_STATE_H_

#include "model/model.h"

namespace wavernn_tf {

// Its parts behind h.
template <typename Float>
struct PredictedState {
  Float* predictor;   // [Model::predictor_size()]
  Float* y;           // y[n-1]
  Float* postfilter;  // [Model::postfilter_size()]
};

template <typename Float>
PredictedState<Float> SplitState(const Model& model, Float* state) {
  Float* const predictor = state + model.state_size;
  Float* const y = predictor + model.predictor_size();
  return {predictor, y, y + 1};
}

// A call's features from its first frame of audio on.
inline FrameRows OwnFrames(const Model& model, const float* features) {
  const int64_t past = model.past;
  return {features + past * model.n_features, model.n_features};
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_STREAM_PREDICTED_STATE_H_
