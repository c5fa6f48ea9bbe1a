// Time per stage: a kernel table whose entries time those of another table.
#ifndef WAVERNN_TF_BENCH_STAGE_CLOCK_H_
#define WAVERNN_TF_BENCH_STAGE_CLOCK_H_

#include <array>
#include <chrono>
#include <cstdint>

#include "kernels/kernel_table.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace wavernn_tf {

enum Stage {
  kRecurrent,
  kGateUpdate,
  kHeads,
  kSoftmax,
  kConditioning,
  kStages,
};

// One at a time: the table's entries are plain functions.
class StageClock {
 public:
  // Entries that run `kernels`' and add their time to the stages. Products
  // whose y is `recurrent` belong to the recurrence, all others to the heads.
  static const KernelTable& Wrap(const KernelTable& kernels,
                                 const float* recurrent) {
    static const KernelTable kTable = {
        "timed",     Multiply4x4, Multiply16x1, Affine,
        CoarseGates, FineGates,   Softmax,
    };
    State() = {&kernels, recurrent, {}, EmptyTicks(), {}};
    return kTable;
  }

  // Ticks of the stage so far, without what reading the clock takes.
  static double Ticks(Stage stage) {
    return State().ticks[stage] - Overhead(stage);
  }

  // What reading the clock took in the stage.
  static double Overhead(Stage stage) {
    return State().empty * State().calls[stage];
  }

  static uint64_t Now() {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return static_cast<uint64_t>(
        std::chrono::steady_clock::now().time_since_epoch().count());
#endif
  }

 private:
  struct Data {
    const KernelTable* kernels;
    const float* recurrent;
    std::array<double, kStages> ticks;
    double empty;  // ticks of a timed nothing
    std::array<double, kStages> calls;
  };

  static Data& State() {
    static Data data = {};
    return data;
  }

  static double EmptyTicks() {
    constexpr int kReads = 1000;
    const uint64_t start = Now();
    for (int i = 0; i < kReads; ++i) static_cast<void>(Now());
    return static_cast<double>(Now() - start) / kReads;
  }

  template <typename Body>
  static void Time(Stage stage, Body body) {
    const uint64_t start = Now();
    body();
    State().ticks[stage] += static_cast<double>(Now() - start);
    State().calls[stage] += 1.0;
  }

  static Stage Which(const MultiplyParams& p) {
    return p.y == State().recurrent ? kRecurrent : kHeads;
  }
  static void Multiply4x4(const MultiplyParams& p) {
    Time(Which(p), [&] { State().kernels->multiply_4x4(p); });
  }
  static void Multiply16x1(const MultiplyParams& p) {
    Time(Which(p), [&] { State().kernels->multiply_16x1(p); });
  }
  static void Affine(const AffineParams& p) {
    Time(kConditioning, [&] { State().kernels->affine(p); });
  }
  static void CoarseGates(const GateParams& p) {
    Time(kGateUpdate, [&] { State().kernels->coarse_gates(p); });
  }
  static void FineGates(const GateParams& p) {
    Time(kGateUpdate, [&] { State().kernels->fine_gates(p); });
  }
  static float Softmax(const SoftmaxParams& p) {
    float highest = 0.0f;
    Time(kSoftmax, [&] { highest = State().kernels->softmax(p); });
    return highest;
  }
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_BENCH_STAGE_CLOCK_H_
