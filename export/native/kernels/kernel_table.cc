#include "kernels/kernel_table.h"

#include <cstring>
#include <string>

namespace wavernn_tf {

// The build defines WAVERNN_TF_<ISA> where it compiles <isa>_kernels.cc.
const KernelTable& Avx2Kernels();
const KernelTable& Avx512Kernels();
const KernelTable& NeonKernels();

namespace {

KernelList FindAvailable() {
  KernelList list = {};
  list.tables[list.count++] = &ScalarKernels();
#ifdef WAVERNN_TF_X86
  const bool avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw");
  if (avx2) list.tables[list.count++] = &Avx2Kernels();
  if (avx512) list.tables[list.count++] = &Avx512Kernels();
#endif
#ifdef WAVERNN_TF_NEON
  list.tables[list.count++] = &NeonKernels();
#endif
  return list;
}

}  // namespace

const KernelList& AvailableKernels() {
  static const KernelList list = FindAvailable();
  return list;
}

const KernelTable& BestKernels() {
  const KernelList& list = AvailableKernels();
  return *list.tables[list.count - 1];
}

const KernelTable* FindKernels(const char* isa) {
  const KernelList& list = AvailableKernels();
  for (int i = 0; i < list.count; ++i) {
    if (std::strcmp(list.tables[i]->isa, isa) == 0) return list.tables[i];
  }
  return nullptr;
}

const char* AvailableIsas() {
  static const std::string names = [] {
    std::string text;
    const KernelList& list = AvailableKernels();
    for (int i = 0; i < list.count; ++i) {
      text += i > 0 ? "," : "";
      text += list.tables[i]->isa;
    }
    return text;
  }();
  return names.c_str();
}

}  // namespace wavernn_tf
