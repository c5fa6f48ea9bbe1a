// Time per stage of what runs. Who runs streams hands them a clock, or none;
// the code says where a stage begins and ends.
#ifndef WAVERNN_TF_PROFILE_STAGE_CLOCK_H_
#define WAVERNN_TF_PROFILE_STAGE_CLOCK_H_

namespace wavernn_tf {

enum Stage {
  kRecurrentStage,
  kGatesStage,         // and the forms of the state that the products read
  kSubscaleStage,      // the network over the earlier sub-tensors
  kHeadsStage,         // projections and logits
  kSoftmaxStage,       // with the draws
  kConditioningStage,  // with the projection to the gates and the transpose
  kPredictionStage,    // all that stands in front of the network
  kRestStage,          // random numbers, signal processing
  kStages,
};

// "recurrent,gates,...", in the order of Stage.
const char* StageNames();

// For one thread at a time. At any moment it counts for one stage, or, outside
// of all runs, for none.
class StageClock {
 public:
  // Goes on in a stage, or in none (kStages); returns the one that it leaves.
  Stage Enter(Stage stage);

  // Adds the microseconds of every stage since the last call to
  // microseconds [kStages], what reading the clock took left out.
  void Take(double* microseconds);

 private:
  double ticks_[kStages] = {};
  double readings_[kStages] = {};
  Stage stage_ = kStages;
  double since_ = 0.0;
};

// While it lives, all belongs to one stage but for what lies in another one
// inside. Does nothing without a clock.
class TimedStage {
 public:
  TimedStage(StageClock* clock, Stage stage) : clock_(clock) {
    if (clock_ != nullptr) outer_ = clock_->Enter(stage);
  }
  ~TimedStage() {
    if (clock_ != nullptr) clock_->Enter(outer_);
  }
  TimedStage(const TimedStage&) = delete;
  TimedStage& operator=(const TimedStage&) = delete;

 private:
  StageClock* const clock_;
  Stage outer_ = kStages;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_PROFILE_STAGE_CLOCK_H_
