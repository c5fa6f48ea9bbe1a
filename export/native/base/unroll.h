#ifndef WAVERNN_TF_BASE_UNROLL_H_
#define WAVERNN_TF_BASE_UNROLL_H_

// Before a short loop over an array of vectors: what is not unrolled early, the
// compiler keeps in memory. A file whose vectors lie there anyway says so.
#if defined(WAVERNN_TF_NO_UNROLL)
#define WAVERNN_TF_UNROLL
#elif defined(__clang__)
#define WAVERNN_TF_UNROLL _Pragma("unroll")
#else
#define WAVERNN_TF_UNROLL _Pragma("GCC unroll 16")
#endif

// For functions whose call would pass many registers through memory.
#define WAVERNN_TF_INLINE __attribute__((always_inline))

#endif  // WAVERNN_TF_BASE_UNROLL_H_
