// The run-time tensors of the two ops by position.
#ifndef WAVERNN_TF_TFLITE_OP_TENSORS_H_
#define WAVERNN_TF_TFLITE_OP_TENSORS_H_

#include "tflite/op.h"

namespace wavernn_tf {

enum GenerateInput {
  kGenerateFeatures,         // float32 [batch, frames + context, n_features]
  kGenerateSeed,             // int64 [batch]
  kGenerateTemperature,      // float32 [batch], of the coarse classes
  kGenerateFineTemperature,  // the same of the fine classes
  kGenerateState,            // float32 [batch, stream_size]
  kGeneratePosition,         // int64 [batch]
  kGenerateRunTimeInputs,
};

enum GenerateOutput {
  kGenerateAudio,        // int16 [batch, frames * hop]
  kGenerateStateOut,     // float32 [batch, stream_size]
  kGeneratePositionOut,  // int64 [batch]
  kGenerateOutputs,
};

enum ScoreInput {
  kScoreFeatures,  // as above
  kScoreAudio,     // int16 [batch, samples]
  kScoreRunTimeInputs,
};

enum ScoreOutput {
  kScoreLogLikelihood,  // float32 [batch, samples, 2]
  kScoreOutputs,
};

inline int RunTimeInputs(OpKind kind) {
  if (kind == OpKind::kScore) return kScoreRunTimeInputs;
  return kGenerateRunTimeInputs;
}

inline int Outputs(OpKind kind) {
  if (kind == OpKind::kScore) return kScoreOutputs;
  return kGenerateOutputs;
}

// Frames of features besides those of the audio: before and after it. Scoring
// does not look at those that sampling runs ahead for.
inline int ContextFrames(const Op& op) {
  return op.model.past + op.model.lookahead + op.model.ahead();
}

inline const TfLiteTensor& Input(const TfLiteContext& context, const Op& op,
                                 int position) {
  return context.tensors[op.inputs[position]];
}

inline TfLiteTensor& Output(TfLiteContext& context, const Op& op,
                            int position) {
  return context.tensors[op.outputs[position]];
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TFLITE_OP_TENSORS_H_
