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

template <int kType, int kShape>
constexpr void SetProducts(KernelTable& table) {
  table.multiply[kType][kShape] = Multiply<kType, kShape>;
  table.multiply_batch[kType][kShape] = MultiplyBatch<kType, kShape>;
  table.multiply_gathered[kType][kShape] = MultiplyGathered<kType, kShape>;
  table.multiply_batch_gathered[kType][kShape] =
      MultiplyBatchGathered<kType, kShape>;
}

template <int kType>
constexpr void SetProductsOfType(KernelTable& table) {
  SetProducts<kType, 0>(table);
  SetProducts<kType, 1>(table);
  SetProducts<kType, 2>(table);
}

constexpr KernelTable MakeTable() {
  using T = KernelTable;
  T table = {};
  table.isa = "timed";
  SetProductsOfType<0>(table);
  SetProductsOfType<1>(table);
  SetProductsOfType<2>(table);
  SetProductsOfType<3>(table);
  table.affine = Timed<kConditioningStage, &T::affine>;
  table.coarse_gates = Timed<kGatesStage, &T::coarse_gates>;
  table.fine_gates = Timed<kGatesStage, &T::fine_gates>;
  table.softmax = Timed<kSoftmaxStage, &T::softmax>;
  table.draw = Timed<kSoftmaxStage, &T::draw>;
  table.quantise = Timed<kGatesStage, &T::quantise>;
  table.coarse_gates_batch = Timed<kGatesStage, &T::coarse_gates_batch>;
  table.fine_gates_batch = Timed<kGatesStage, &T::fine_gates_batch>;
  table.draw_batch = Timed<kSoftmaxStage, &T::draw_batch>;
  table.draw_median_batch = Timed<kSoftmaxStage, &T::draw_median_batch>;
  table.quantise_batch = Timed<kGatesStage, &T::quantise_batch>;
  table.transpose = Timed<kConditioningStage, &T::transpose>;
  table.shift = Timed<kConditioningStage, &T::shift>;
  table.add_inputs = Timed<kPredictionStage, &T::add_inputs>;
  table.add_inputs_halves = Timed<kPredictionStage, &T::add_inputs_halves>;
  table.add_inputs_batch = Timed<kPredictionStage, &T::add_inputs_batch>;
  return table;
}

constexpr KernelTable kTable = MakeTable();
static_assert(kWeightTypes == 4 && kBlockShapes == 3);

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
