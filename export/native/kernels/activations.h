// The inputs of products in every form that some product reads, for one stream
// and for 16 abreast.
#ifndef WAVERNN_TF_KERNELS_ACTIVATIONS_H_
#define WAVERNN_TF_KERNELS_ACTIVATIONS_H_

#include <cstdint>

#include "kernels/aligned_array.h"
#include "kernels/grouped_matrix.h"
#include "kernels/kernel_table.h"
#include "kernels/quantise.h"

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

  // Where whoever changes the values writes them in 8 bits, at the scale of the
  // last Refresh, instead of calling it; null for a form that nobody reads.
  uint8_t* bytes() { return Integers() ? bytes_.data() : nullptr; }
  uint32_t* shifted() { return Reads(kShifted) ? shifted_.data() : nullptr; }

  // `scale` is one for all values.
  void Refresh(const KernelTable& kernels, int first, int count,
               ByteScale scale);

  // y = act(W x + b), x being the values from `first` on; `largest` as in
  // multiply.h.
  void Multiply(const KernelTable& kernels, const GroupedMatrix& matrix,
                int first, float* y, bool relu = false,
                float* largest = nullptr) const;

  // y = relu(W x + b) with all its forms.
  void Project(const KernelTable& kernels, const GroupedMatrix& matrix,
               int first, Activations& y) const;

 private:
  bool Reads(InputForm form) const { return forms_ >> form & 1u; }
  bool Integers() const { return Reads(kBytes) || Reads(kShifted); }

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
  void Refresh(const KernelTable& kernels, int first, int count,
               ByteScale scale);
  // scales [16], one per stream.
  void Refresh(const KernelTable& kernels, int first, int count,
               const ByteScale* scales);
  // The values [first, first + count), a multiple of 16, become those of
  // from [count, 16], in the forms that are read.
  void Take(const KernelTable& kernels, int first, int count, const float* from,
            const ByteScale* scales);
  void Multiply(const KernelTable& kernels, const GroupedMatrix& matrix,
                int first, float* y, bool relu = false,
                float* largest = nullptr, const float* base = nullptr) const;
  void Project(const KernelTable& kernels, const GroupedMatrix& matrix,
               int first, BatchActivations& y) const;

 private:
  bool Reads(InputForm form) const { return forms_ >> form & 1u; }
  bool Integers() const { return Reads(kBytes) || Reads(kShifted); }
  void Quantise(const KernelTable& kernels, int first, int count,
                const float* from, const ByteScale* scales);

  int size_ = 0;
  unsigned forms_ = 0;
  alignas(64) float scale_[kBatchLanes] = {};
  AlignedArray<float> plain_;
  AlignedArray<uint8_t> words_;
  AlignedArray<uint8_t> bytes_;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_ACTIVATIONS_H_
