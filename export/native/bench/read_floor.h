// How fast this core reads memory that its cache holds.
#ifndef WAVERNN_TF_BENCH_READ_FLOOR_H_
#define WAVERNN_TF_BENCH_READ_FLOOR_H_

#include <cstdint>

namespace wavernn_tf {

// Reads `lines` cache lines of 64 bytes, aligned, once, in order, with the
// widest loads of the machine.
void ReadLines(const float* memory, int64_t lines);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_BENCH_READ_FLOOR_H_
