#include <chrono>
#include <cstring>

#include "kernels/kernel_table.h"
#include "training/group.h"

namespace wavernn_tf {

// The build defines WAVERNN_TF_<ISA> where it compiles isa/<isa>.cc.
const TrainingKernels& Avx2Training();
const TrainingKernels& Avx512Training();
const TrainingKernels& NeonTraining();

double TrainingClock() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

const TrainingKernels* FindTraining(const char* isa) {
  const KernelTable* const table =
      isa == nullptr ? &BestKernels() : FindKernels(isa);
  if (table == nullptr) return nullptr;
#ifdef WAVERNN_TF_AVX512
  if (std::strncmp(table->isa, "avx512", 6) == 0) return &Avx512Training();
#endif
#ifdef WAVERNN_TF_AVX2
  if (std::strncmp(table->isa, "avx", 3) == 0) return &Avx2Training();
#endif
#ifdef WAVERNN_TF_NEON
  if (std::strncmp(table->isa, "neon", 4) == 0) return &NeonTraining();
#endif
  return &ScalarTraining();
}

}  // namespace wavernn_tf
