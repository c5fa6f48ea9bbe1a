// The training kernels' C interface, for ctypes.
#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "base/export.h"
#include "training/trainer.h"

namespace wavernn_tf {
namespace {

void Tell(const std::string& text, char* error, int size) {
  if (size < 1) return;
  const std::size_t n =
      std::min<std::size_t>(text.size(), static_cast<std::size_t>(size) - 1);
  std::memcpy(error, text.data(), n);
  error[n] = '\0';
}

}  // namespace
}  // namespace wavernn_tf

extern "C" {

// A trainer with the kernels of `isa` (null: the fastest), or null if this
// machine lacks them.
WAVERNN_TF_EXPORT void* wavernn_tf_trainer_create(const char* isa) {
  const auto* const kernels = wavernn_tf::FindTraining(isa);
  if (kernels == nullptr) return nullptr;
  try {
    return new wavernn_tf::Trainer(*kernels);
  } catch (...) {
    return nullptr;
  }
}

WAVERNN_TF_EXPORT void wavernn_tf_trainer_destroy(void* trainer) {
  delete static_cast<wavernn_tf::Trainer*>(trainer);
}

// Trains a window. Returns 0, or 1 with what is wrong in `error` [error_size].
WAVERNN_TF_EXPORT int wavernn_tf_trainer_run(
    void* trainer, const wavernn_tf::TrainingWindow* window, char* error,
    int error_size) {
  try {
    const std::string wrong =
        static_cast<wavernn_tf::Trainer*>(trainer)->Run(*window);
    if (wrong.empty()) return 0;
    wavernn_tf::Tell(wrong, error, error_size);
  } catch (const std::exception& fault) {
    wavernn_tf::Tell(fault.what(), error, error_size);
  } catch (...) {
    wavernn_tf::Tell("unknown fault", error, error_size);
  }
  return 1;
}

// The stages whose seconds are kept, joined by commas, in their order.
WAVERNN_TF_EXPORT const char* wavernn_tf_trainer_stages() {
  return "layout,recurrent_forward,gates_forward,heads_forward,softmax,"
         "heads_backward,heads_gradient,gates_backward,recurrent_backward,"
         "recurrent_gradient";
}

// Multiply-adds a second of one core with the kernels of `isa` (null: the
// fastest): the best of several short runs. Zero if this machine lacks them.
WAVERNN_TF_EXPORT double wavernn_tf_trainer_peak(const char* isa) {
  const auto* const kernels = wavernn_tf::FindTraining(isa);
  if (kernels == nullptr) return 0.0;
  double best = 0.0;
  volatile float sink = 0.0f;
  for (int run = 0; run < 10; ++run) {
    int64_t count = 0;
    const double begun = wavernn_tf::TrainingClock();
    sink = sink + kernels->peak(1 << 20, &count);
    const double seconds = wavernn_tf::TrainingClock() - begun;
    best = std::max(best, static_cast<double>(count) / seconds);
  }
  return best;
}

// The size of TrainingWindow, to check that caller and library agree on it.
WAVERNN_TF_EXPORT int wavernn_tf_trainer_window_size() {
  return static_cast<int>(sizeof(wavernn_tf::TrainingWindow));
}

}  // extern "C"
