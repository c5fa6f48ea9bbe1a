// Time per stage: a kernel table whose entries time those of another table.
// There is one clock in the process, for one thread at a time.
#ifndef WAVERNN_TF_PROFILE_TIMED_KERNELS_H_
#define WAVERNN_TF_PROFILE_TIMED_KERNELS_H_

#include "kernels/kernel_table.h"

namespace wavernn_tf {

enum Stage {
  kRecurrentStage,
  kGatesStage,         // and the forms of the state that the products read
  kSubscaleStage,      // the network over the earlier sub-tensors
  kHeadsStage,         // projections and logits
  kSoftmaxStage,       // in a batch with the draws
  kConditioningStage,  // with the projection to the gates and the transpose
  kPredictionStage,    // all that stands in front of the network
  kRestStage,          // random numbers, draws, signal processing
  kStages,
};

// "recurrent,gates,...", in the order of Stage.
const char* StageNames();

// One run of `kernels`, timed from here to the end of its life. Products that
// write to `recurrent` belong to the recurrence, all others, outside a
// TimedStage, to the heads.
class TimedRun {
 public:
  TimedRun(const KernelTable& kernels, const float* recurrent);
  ~TimedRun();

  // The table to run.
  const KernelTable& kernels() const;
  TimedRun(const TimedRun&) = delete;
  TimedRun& operator=(const TimedRun&) = delete;
};

// While it lives, all belongs to one stage, whatever runs, but for what lies in
// another one inside; does nothing but in a TimedRun.
class TimedStage {
 public:
  TimedStage(const KernelTable& kernels, Stage stage);
  ~TimedStage();
  TimedStage(const TimedStage&) = delete;
  TimedStage& operator=(const TimedStage&) = delete;

 private:
  const bool timed_;
  Stage outer_ = kStages;
};

// Microseconds per stage since the last call, what reading the clock took left
// out.
void TakeStages(double* microseconds);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PROFILE_TIMED_KERNELS_H_
