// The times of stages of all ops of a process, which a benchmark asks for
// without a handle of any.
#ifndef WAVERNN_TF_TFLITE_KEPT_STAGES_H_
#define WAVERNN_TF_TFLITE_KEPT_STAGES_H_

#include "profile/stage_clock.h"

namespace wavernn_tf {

// Takes what the clock of an op counted. Any thread may call.
void KeepStages(StageClock& clock);

// Writes the microseconds [kStages] kept since the last call.
void TakeKeptStages(double* microseconds);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TFLITE_KEPT_STAGES_H_
