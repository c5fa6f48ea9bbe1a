// From rows, a stream's values after each other, to the columns of 16 lanes.
#ifndef WAVERNN_TF_KERNELS_TRANSPOSE_H_
#define WAVERNN_TF_KERNELS_TRANSPOSE_H_

namespace wavernn_tf {

// to[i][lanes[k]] = from[k][i], i < n, k < count: `to` is [n, 16], 64-byte
// aligned, and keeps its other lanes. n is a multiple of 16. No over-read, but
// `ahead` floats on values may be fetched that the next call reads.
struct TransposeParams {
  const float* const* from;  // [count], each [n]
  const int* lanes;          // [count]
  int count;                 // 1 to 16
  int n;
  int ahead;
  float* to;
};

// Lane k of to[i] goes to lane k + 1, i < n; lanes 0, B, 2 B, .. become
// from[0], from[1], from[2], ..: [n] each, null where a lane may become
// anything. `to` is [n, 16], 64-byte aligned; n is a multiple of 16.
struct ShiftParams {
  const float* const* from;  // [16 / B]
  int sub_tensors;           // B
  int n;
  float* to;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_TRANSPOSE_H_
