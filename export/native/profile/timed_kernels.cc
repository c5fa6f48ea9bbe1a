#include "profile/timed_kernels.h"

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace wavernn_tf {
namespace {

double Now() {
#if defined(__x86_64__)
  return static_cast<double>(__rdtsc());
#else
  return static_cast<double>(
      std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

struct Clock {
  const KernelTable* kernels = nullptr;
  const float* recurrent = nullptr;
  double ticks[kStages] = {};  // the last one: of whole runs
  double calls[kStages] = {};
  double start = 0.0;
  Stage whole = kStages;  // of the TimedStage that lives
  double whole_start = 0.0;
  double empty = 0.0;        // ticks of a timed nothing
  double microsecond = 1.0;  // ticks
};

Clock& TheClock() {
  static Clock clock;
  return clock;
}

void Calibrate(Clock& clock) {
  using Steady = std::chrono::steady_clock;
  const Steady::time_point begin = Steady::now();
  const double start = Now();
  constexpr int kReads = 1000;
  for (int i = 0; i < kReads; ++i) static_cast<void>(Now());
  clock.empty = (Now() - start) / kReads;
  std::chrono::duration<double, std::micro> spent(0.0);
  while (spent.count() < 2000.0) spent = Steady::now() - begin;
  clock.microsecond = (Now() - start) / spent.count();
}

// Adds its own life to a stage.
class Reading {
 public:
  explicit Reading(Stage stage) : stage_(stage), start_(Now()) {}
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  ~Reading() {
    TheClock().ticks[stage_] += Now() - start_;
    TheClock().calls[stage_] += 1.0;
  }

 private:
  const Stage stage_;
  const double start_;
};

template <typename Body>
auto Time(Stage stage, Body body) {
  if (TheClock().whole != kStages) return body();
  const Reading reading(stage);
  return body();
}

template <typename Params>
Stage Which(const Params& p) {
  return p.y == TheClock().recurrent ? kRecurrentStage : kHeadsStage;
}

template <int kType, int kShape>
void Multiply(const MultiplyParams& p) {
  Time(Which(p), [&] { TheClock().kernels->multiply[kType][kShape](p); });
}

template <int kType, int kShape>
void MultiplyGathered(const MultiplyParams& p) {
  Time(Which(p),
       [&] { TheClock().kernels->multiply_gathered[kType][kShape](p); });
}

template <int kType, int kShape>
void MultiplyBatchGathered(const BatchMultiplyParams& p) {
  Time(Which(p),
       [&] { TheClock().kernels->multiply_batch_gathered[kType][kShape](p); });
}

template <int kType, int kShape>
void MultiplyBatch(const BatchMultiplyParams& p) {
  Time(Which(p), [&] { TheClock().kernels->multiply_batch[kType][kShape](p); });
}

// An entry that runs the same entry of the timed table.
template <Stage kStage, auto kEntry, typename... Args>
auto Timed(Args... args) {
  return Time(kStage, [&] { return (TheClock().kernels->*kEntry)(args...); });
}

using T = KernelTable;
const KernelTable kTable = {
    "timed",
    {},
    {},
    {{Multiply<0, 0>, Multiply<0, 1>, Multiply<0, 2>},
     {Multiply<1, 0>, Multiply<1, 1>, Multiply<1, 2>},
     {Multiply<2, 0>, Multiply<2, 1>, Multiply<2, 2>},
     {Multiply<3, 0>, Multiply<3, 1>, Multiply<3, 2>}},
    {{},
     {},
     {MultiplyGathered<2, 0>, MultiplyGathered<2, 1>, MultiplyGathered<2, 2>},
     {MultiplyGathered<3, 0>, MultiplyGathered<3, 1>, MultiplyGathered<3, 2>}},
    Timed<kConditioningStage, &T::affine>,
    Timed<kGatesStage, &T::coarse_gates>,
    Timed<kGatesStage, &T::fine_gates>,
    Timed<kSoftmaxStage, &T::softmax>,
    Timed<kSoftmaxStage, &T::draw>,
    Timed<kGatesStage, &T::quantise>,
    {{MultiplyBatch<0, 0>, MultiplyBatch<0, 1>, MultiplyBatch<0, 2>},
     {MultiplyBatch<1, 0>, MultiplyBatch<1, 1>, MultiplyBatch<1, 2>},
     {MultiplyBatch<2, 0>, MultiplyBatch<2, 1>, MultiplyBatch<2, 2>},
     {MultiplyBatch<3, 0>, MultiplyBatch<3, 1>, MultiplyBatch<3, 2>}},
    {{},
     {},
     {MultiplyBatchGathered<2, 0>, MultiplyBatchGathered<2, 1>,
      MultiplyBatchGathered<2, 2>},
     {MultiplyBatchGathered<3, 0>, MultiplyBatchGathered<3, 1>,
      MultiplyBatchGathered<3, 2>}},
    Timed<kGatesStage, &T::coarse_gates_batch>,
    Timed<kGatesStage, &T::fine_gates_batch>,
    Timed<kSoftmaxStage, &T::draw_batch>,
    Timed<kSoftmaxStage, &T::draw_median_batch>,
    Timed<kGatesStage, &T::quantise_batch>,
    Timed<kConditioningStage, &T::transpose>,
    Timed<kConditioningStage, &T::shift>,
    Timed<kPredictionStage, &T::add_inputs>,
    Timed<kPredictionStage, &T::add_inputs_halves>,
    Timed<kPredictionStage, &T::add_inputs_batch>,
};

}  // namespace

const char* StageNames() {
  return "recurrent,gates,subscale,heads,softmax,conditioning,prediction,"
         "rest";
}

TimedRun::TimedRun(const KernelTable& kernels, const float* recurrent) {
  Clock& clock = TheClock();
  if (clock.empty == 0.0) Calibrate(clock);
  clock.kernels = &kernels;
  clock.recurrent = recurrent;
  clock.start = Now();
}

const KernelTable& TimedRun::kernels() const { return kTable; }

TimedRun::~TimedRun() {
  Clock& clock = TheClock();
  clock.ticks[kRestStage] += Now() - clock.start;
}

TimedStage::TimedStage(const KernelTable& kernels, Stage stage)
    : timed_(&kernels == &kTable) {
  if (!timed_) return;
  Clock& clock = TheClock();
  const double now = Now();
  outer_ = clock.whole;
  if (outer_ != kStages) clock.ticks[outer_] += now - clock.whole_start;
  clock.whole = stage;
  clock.whole_start = now;
}

TimedStage::~TimedStage() {
  if (!timed_) return;
  Clock& clock = TheClock();
  const double now = Now();
  clock.ticks[clock.whole] += now - clock.whole_start;
  clock.calls[clock.whole] += 1.0;
  clock.whole = outer_;
  clock.whole_start = now;
}

void TakeStages(double* microseconds) {
  Clock& clock = TheClock();
  double rest = clock.ticks[kRestStage];
  for (int stage = 0; stage < kRestStage; ++stage) {
    const double reading = clock.empty * clock.calls[stage];
    // A reading falls half inside its stage, half outside.
    rest -= clock.ticks[stage] + reading;
    microseconds[stage] = (clock.ticks[stage] - reading) / clock.microsecond;
    clock.ticks[stage] = clock.calls[stage] = 0.0;
  }
  microseconds[kRestStage] = rest / clock.microsecond;
  clock.ticks[kRestStage] = 0.0;
}

}  // namespace wavernn_tf
