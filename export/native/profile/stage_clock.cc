#include "profile/stage_clock.h"

#include <algorithm>
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

// In ticks of Now().
struct Units {
  double reading;
  double microsecond;
};

Units Measure() {
  using Steady = std::chrono::steady_clock;
  const Steady::time_point begin = Steady::now();
  const double start = Now();
  constexpr int kReads = 1000;
  for (int i = 0; i < kReads; ++i) static_cast<void>(Now());
  const double reading = (Now() - start) / kReads;
  std::chrono::duration<double, std::micro> spent(0.0);
  while (spent.count() < 2000.0) spent = Steady::now() - begin;
  return {reading, (Now() - start) / spent.count()};
}

}  // namespace

const char* StageNames() {
  return "recurrent,gates,subscale,heads,softmax,conditioning,prediction,"
         "rest";
}

Stage StageClock::Enter(Stage stage) {
  const double now = Now();
  const Stage left = stage_;
  if (left != kStages) {
    ticks_[left] += now - since_;
    readings_[left] += 1.0;
  }
  stage_ = stage;
  since_ = now;
  return left;
}

void StageClock::Take(double* microseconds) {
  static const Units units = Measure();
  for (int stage = 0; stage < kStages; ++stage) {
    // Half a reading lies inside at the beginning, half at the end.
    const double ticks = ticks_[stage] - units.reading * readings_[stage];
    microseconds[stage] += std::max(ticks, 0.0) / units.microsecond;
    ticks_[stage] = readings_[stage] = 0.0;
  }
}

}  // namespace wavernn_tf
