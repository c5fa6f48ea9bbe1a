// Time per stage: a kernel table whose entries time those of another table.
// There is one clock in the process, for one thread at a time.
#ifndef WAVERNN_TF_KERNELS_TIMED_KERNELS_H_
#define WAVERNN_TF_KERNELS_TIMED_KERNELS_H_

#include "kernels/kernel_table.h"

namespace wavernn_tf {

enum Stage {
  kRecurrentStage,
  kGatesStage,         // and the forms of the state that the products read
  kHeadsStage,         // projections and logits
  kSoftmaxStage,       // in a batch with the draws
  kConditioningStage,  // with the projection to the gates
  kRestStage,          // random numbers, draws, signal processing
  kStages,
};

// "recurrent,gates,...", in the order of Stage.
const char* StageNames();

// The table that times the entries of `kernels`.
const KernelTable& TimedKernels(const KernelTable& kernels);

// The table that a timed one runs, or nullptr for any other.
const KernelTable* TimedFrom(const KernelTable& kernels);

// Encloses what is timed as a whole. Products that write to `recurrent` belong
// to the recurrence, all others to the heads.
class TimedRun {
 public:
  explicit TimedRun(const float* recurrent);
  ~TimedRun();
  TimedRun(const TimedRun&) = delete;
  TimedRun& operator=(const TimedRun&) = delete;
};

// Microseconds per stage since the last call, what reading the clock took left
// out.
void TakeStages(double* microseconds);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_TIMED_KERNELS_H_
