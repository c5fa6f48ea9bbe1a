#include "kernels/kernel_table.h"

#include <cstring>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace wavernn_tf {

// The build defines WAVERNN_TF_<ISA> where it compiles isa/<isa>.cc.
const KernelTable& Avx2Kernels();
const KernelTable& Avx2VnniKernels();
const KernelTable& Avx512Kernels();
const KernelTable& Avx512VnniKernels();
const KernelTable& Avx512GatherKernels();
const KernelTable& NeonKernels();
const KernelTable& NeonDotKernels();

namespace {

#if defined(__x86_64__)
// The compiler's builtin does not know AVX-VNNI: EAX of leaf 7, subleaf 1.
bool HasAvxVnni() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 &&
         (eax >> 4 & 1u) != 0;
}

// Intel's since Sapphire Rapids, which brought arithmetic on halves (EDX of
// leaf 7). AMD's, and what microcode made of older ones, take longer than
// loads.
bool HasFastGathers() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __builtin_cpu_is("intel") != 0 &&
         __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 &&
         (edx >> 23 & 1u) != 0;
}
#elif defined(__aarch64__)
bool HasDotProducts() {
#if defined(__linux__)
  constexpr unsigned long kDotProducts = 1ul << 20;  // HWCAP_ASIMDDP
  return (getauxval(AT_HWCAP) & kDotProducts) != 0;
#elif defined(__APPLE__)
  return true;
#else
  return false;
#endif
}
#endif

class Finder {
 public:
  KernelList list = {};

  void Add(bool runs, const KernelTable& (*table)()) {
    if (runs) list.tables[list.count++] = &table();
  }
};

KernelList FindAvailable() {
  Finder finder;
  finder.Add(true, ScalarKernels);
#if defined(__x86_64__)
  [[maybe_unused]] const bool avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw");
  [[maybe_unused]] const bool avx512vnni =
      avx512 && __builtin_cpu_supports("avx512vnni");
  [[maybe_unused]] const bool fast = HasFastGathers();
#endif
#ifdef WAVERNN_TF_AVX2
  finder.Add(avx2, Avx2Kernels);
#endif
#ifdef WAVERNN_TF_AVX2VNNI
  finder.Add(avx2 && HasAvxVnni(), Avx2VnniKernels);
#endif
#ifdef WAVERNN_TF_AVX512
  finder.Add(avx512, Avx512Kernels);
#endif
#ifdef WAVERNN_TF_AVX512VNNI
  if (!fast) finder.Add(avx512vnni, Avx512GatherKernels);
  finder.Add(avx512vnni, Avx512VnniKernels);
  if (fast) finder.Add(avx512vnni, Avx512GatherKernels);
#endif
#ifdef WAVERNN_TF_NEON
  finder.Add(true, NeonKernels);
#endif
#ifdef WAVERNN_TF_NEONDOT
  finder.Add(HasDotProducts(), NeonDotKernels);
#endif
  return finder.list;
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
