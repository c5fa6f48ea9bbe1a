#include "tflite/kept_stages.h"

#include <algorithm>
#include <mutex>

namespace wavernn_tf {
namespace {

std::mutex keeping;
double kept[kStages] = {};

}  // namespace

void KeepStages(StageClock& clock) {
  const std::lock_guard<std::mutex> guard(keeping);
  clock.Take(kept);
}

void TakeKeptStages(double* microseconds) {
  const std::lock_guard<std::mutex> guard(keeping);
  std::copy_n(kept, kStages, microseconds);
  std::fill_n(kept, kStages, 0.0);
}

}  // namespace wavernn_tf
