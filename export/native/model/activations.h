// The inputs of products in every form that some product reads, for one stream
// and for a batch of 16.
#ifndef WAVERNN_TF_MODEL_ACTIVATIONS_H_
#define WAVERNN_TF_MODEL_ACTIVATIONS_H_

#include <cstdint>

#include "base/aligned_array.h"
#include "kernels/kernel_table.h"
#include "kernels/quantise.h"
#include "model/grouped_matrix.h"

namespace wavernn_tf {

// The forms that some product reads.
class FormSet {
 public:
  // `bits` as in engine.h.
  FormSet(unsigned bits = 0) : bits_(bits) {}
  bool Has(InputForm form) const { return bits_ >> form & 1u; }
  bool bytes() const { return Has(kBytes) || Has(kShiftedBytes); }
  bool shorts() const { return Has(kShorts) || Has(kShiftedShorts); }

 private:
  unsigned bits_;
};

// Values [n] of one stream.
class Activations {
 public:
  // Returns false when memory runs out.
  bool Allocate(int n, FormSet reads);

  // The values; whoever changes [first, first + count) calls Refresh with it,
  // `first` being a multiple of 16. n has kOutputSlack floats behind.
  float* plain() { return plain_.data(); }
  const float* plain() const { return plain_.data(); }
  int size() const { return size_; }

  // Where whoever changes the values writes them as integers, at the scale of
  // the last Refresh, instead of calling it.
  const IntegerForms& forms() const { return forms_; }

  // No value exceeds `largest` in magnitude.
  void Refresh(const KernelTable& kernels, int first, int count, float largest);

  // y = act(W x + b), x being the values from `first` on; `largest` as in
  // multiply.h.
  void Multiply(const KernelTable& kernels, const GroupedMatrix& matrix,
                int first, float* y, bool relu = false,
                float* largest = nullptr) const;

  // y = relu(W x + b) with all its forms.
  void Project(const KernelTable& kernels, const GroupedMatrix& matrix,
               int first, Activations& y) const;

 private:
  int size_ = 0;
  IntegerForms forms_ = {};
  float byte_scale_ = 0.0f;
  float short_scale_ = 0.0f;
  AlignedArray<float> plain_;
  AlignedArray<uint8_t> bytes_;
  AlignedArray<uint32_t> shifted_bytes_;
  AlignedArray<int16_t> shorts_;
  AlignedArray<uint32_t> shifted_shorts_;
};

// Values [n, 16] of 16 streams, to the same bits.
class BatchActivations {
 public:
  bool Allocate(int n, FormSet reads);
  float* plain() { return plain_.data(); }
  const float* plain() const { return plain_.data(); }
  int size() const { return size_; }
  void Refresh(const KernelTable& kernels, int first, int count, float largest);
  // largest [16], one per stream.
  void Refresh(const KernelTable& kernels, int first, int count,
               const float* largest);
  // The values [first, first + count), a multiple of 16, become those of
  // from [count, 16], in the forms that are read.
  void Take(const KernelTable& kernels, int first, int count, const float* from,
            const float* largest);
  void Multiply(const KernelTable& kernels, const GroupedMatrix& matrix,
                int first, float* y, bool relu = false,
                float* largest = nullptr, const float* base = nullptr) const;
  void Project(const KernelTable& kernels, const GroupedMatrix& matrix,
               int first, BatchActivations& y) const;

 private:
  void Quantise(const KernelTable& kernels, int first, int count,
                const float* from, const float* largest);

  int size_ = 0;
  FormSet reads_;
  alignas(64) float byte_scale_[kBatchLanes] = {};
  alignas(64) float short_scale_[kBatchLanes] = {};
  AlignedArray<float> plain_;
  AlignedArray<uint8_t> byte_words_;
  AlignedArray<uint8_t> bytes_;
  AlignedArray<int16_t> short_words_;
  AlignedArray<int16_t> shorts_;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_MODEL_ACTIVATIONS_H_
