// The inputs of products in every form that some product reads, for one stream
// and for 16 abreast.
#ifndef WAVERNN_TF_KERNELS_ACTIVATIONS_H_
#define WAVERNN_TF_KERNELS_ACTIVATIONS_H_

#include <cstdint>

#include "kernels/aligned_array.h"
#include "kernels/grouped_matrix.h"
#include "kernels/kernel_table.h"

namespace wavernn_tf {

// Values [n] of one stream.
class Activations {
 public:
  // `forms` as in engine.h. Returns false when memory runs out.
  bool Allocate(int n, unsigned forms);

  // The values; whoever changes [first, first + count) calls Refresh with it,
  // `first` being a multiple of 16. n has kOutputSlack floats behind.
  float* plain() { return plain_.data(); }
  const float* plain() const { return plain_.data(); }
  int size() const { return size_; }

  // Values in [-1, 1], or else of a range that is looked for: then it is one
  // for all of them, so that all must be refreshed at once.
  void Refresh(const KernelTable& kernels, int first, int count, bool unit);

  // y = act(W x + b), x being the values from `first` on.
  void Multiply(const KernelTable& kernels, const GroupedMatrix& matrix,
                int first, float* y, bool relu = false) const;

 private:
  bool Reads(InputForm form) const { return forms_ >> form & 1u; }

  int size_ = 0;
  unsigned forms_ = 0;
  float scale_ = 0.0f;
  AlignedArray<float> plain_;
  AlignedArray<uint8_t> bytes_;
  AlignedArray<uint32_t> shifted_;
};

// Values [n, 16] of 16 streams, to the same bits.
class BatchActivations {
 public:
  bool Allocate(int n, unsigned forms);
  float* plain() { return plain_.data(); }
  const float* plain() const { return plain_.data(); }
  int size() const { return size_; }
  void Refresh(const KernelTable& kernels, int first, int count, bool unit);
  void Multiply(const KernelTable& kernels, const GroupedMatrix& matrix,
                int first, float* y, bool relu = false) const;

 private:
  bool Reads(InputForm form) const { return forms_ >> form & 1u; }

  int size_ = 0;
  unsigned forms_ = 0;
  alignas(64) float scale_[kBatchLanes] = {};
  AlignedArray<float> plain_;
  AlignedArray<uint8_t> words_;
  AlignedArray<uint8_t> bytes_;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_ACTIVATIONS_H_
