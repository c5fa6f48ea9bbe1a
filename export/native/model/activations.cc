#include "model/activations.h"

#include <algorithm>
#include <cstddef>

namespace wavernn_tf {
namespace {

// The kernels take 16 values at a time.
int RoundUp(int count) { return (count + 15) / 16 * 16; }

// The array from an index on; null for a form that nobody reads.
template <typename T>
T* From(AlignedArray<T>& array, int index) {
  return array.size() > 0 ? array.data() + index : nullptr;
}

// ScaleFor of every lane.
void FindScales(const float* largest, float most, float* scale,
                float* inverse) {
  for (int lane = 0; lane < kBatchLanes; ++lane) {
    const IntegerScale found = ScaleFor(largest[lane], most);
    scale[lane] = found.scale;
    inverse[lane] = found.inverse;
  }
}

}  // namespace

bool Activations::Allocate(int n, FormSet reads) {
  size_ = n;
  const std::size_t size = RoundUp(n);
  if (!plain_.Resize(size + kOutputSlack) ||
      !bytes_.Resize(reads.bytes() ? size : 0) ||
      !shifted_bytes_.Resize(reads.Has(kShiftedBytes) ? 4 * size : 0) ||
      !shorts_.Resize(reads.shorts() ? size : 0) ||
      !shifted_shorts_.Resize(reads.Has(kShiftedShorts) ? 2 * size : 0)) {
    return false;
  }
  forms_ = {0.0f, From(bytes_, 0),  From(shifted_bytes_, 0),
            0.0f, From(shorts_, 0), From(shifted_shorts_, 0)};
  return true;
}

void Activations::Refresh(const KernelTable& kernels, int first, int count,
                          float largest) {
  if (bytes_.size() == 0 && shorts_.size() == 0) return;
  if (bytes_.size() > 0) {
    const IntegerScale found = ScaleFor(largest, kMostByte);
    byte_scale_ = found.scale;
    forms_.byte_inverse = found.inverse;
  }
  if (shorts_.size() > 0) {
    const IntegerScale found = ScaleFor(largest, kMostShort);
    short_scale_ = found.scale;
    forms_.short_inverse = found.inverse;
  }
  kernels.quantise({plain_.data(), first, RoundUp(count), forms_});
}

void Activations::Multiply(const KernelTable& kernels,
                           const GroupedMatrix& matrix, int first, float* y,
                           bool relu, float* largest) const {
  const void* x = plain_.data() + first;
  if (matrix.form() == kBytes) x = bytes_.data() + first;
  if (matrix.form() == kShiftedBytes) x = shifted_bytes_.data() + 4 * first;
  if (matrix.form() == kShorts) x = shorts_.data() + first;
  if (matrix.form() == kShiftedShorts) x = shifted_shorts_.data() + 2 * first;
  const int type = static_cast<int>(matrix.type());
  const int shape = static_cast<int>(matrix.shape());
  const auto multiply = matrix.gathered()
                            ? kernels.multiply_gathered[type][shape]
                            : kernels.multiply[type][shape];
  const bool bytes = matrix.type() == WeightType::kInt8;
  multiply({&matrix.view(), x, bytes ? byte_scale_ : short_scale_, y, relu,
            largest});
}

void Activations::Project(const KernelTable& kernels,
                          const GroupedMatrix& matrix, int first,
                          Activations& y) const {
  float largest = 0.0f;
  Multiply(kernels, matrix, first, y.plain(), true, &largest);
  y.Refresh(kernels, 0, y.size(), largest);
}

bool BatchActivations::Allocate(int n, FormSet reads) {
  size_ = n;
  reads_ = reads;
  const std::size_t size = static_cast<std::size_t>(RoundUp(n)) * kBatchLanes;
  return plain_.Resize(size + kOutputSlack * kBatchLanes) &&
         byte_words_.Resize(reads.Has(kBytes) ? size : 0) &&
         bytes_.Resize(reads.Has(kShiftedBytes) ? size : 0) &&
         short_words_.Resize(reads.Has(kShorts) ? size : 0) &&
         shorts_.Resize(reads.Has(kShiftedShorts) ? size : 0);
}

void BatchActivations::Quantise(const KernelTable& kernels, int first,
                                int count, const float* from,
                                const float* largest) {
  if (!reads_.bytes() && !reads_.shorts()) return;
  alignas(64) float byte_inverse[kBatchLanes];
  alignas(64) float short_inverse[kBatchLanes];
  if (reads_.bytes()) FindScales(largest, kMostByte, byte_scale_, byte_inverse);
  if (reads_.shorts()) {
    FindScales(largest, kMostShort, short_scale_, short_inverse);
  }
  const int at = kBatchLanes * first;
  kernels.quantise_batch({from, RoundUp(count), byte_inverse,
                          From(byte_words_, at), From(bytes_, at),
                          short_inverse, From(short_words_, at),
                          From(shorts_, at)});
}

void BatchActivations::Refresh(const KernelTable& kernels, int first, int count,
                               const float* largest) {
  const float* const from = plain_.data() + kBatchLanes * first;
  Quantise(kernels, first, count, from, largest);
}

void BatchActivations::Take(const KernelTable& kernels, int first, int count,
                            const float* from, const float* largest) {
  if (reads_.Has(kPlain)) {
    std::copy_n(from, kBatchLanes * count, plain_.data() + kBatchLanes * first);
  }
  Quantise(kernels, first, count, from, largest);
}

void BatchActivations::Refresh(const KernelTable& kernels, int first, int count,
                               float largest) {
  float each[kBatchLanes];
  std::fill_n(each, kBatchLanes, largest);
  Refresh(kernels, first, count, each);
}

void BatchActivations::Multiply(const KernelTable& kernels,
                                const GroupedMatrix& matrix, int first,
                                float* y, bool relu, float* largest,
                                const float* base) const {
  const int at = kBatchLanes * first;
  const void* x = plain_.data() + at;
  if (matrix.form() == kBytes) x = byte_words_.data() + at;
  if (matrix.form() == kShiftedBytes) x = bytes_.data() + at;
  if (matrix.form() == kShorts) x = short_words_.data() + at;
  if (matrix.form() == kShiftedShorts) x = shorts_.data() + at;
  const int type = static_cast<int>(matrix.type());
  const int shape = static_cast<int>(matrix.shape());
  const auto multiply = matrix.gathered()
                            ? kernels.multiply_batch_gathered[type][shape]
                            : kernels.multiply_batch[type][shape];
  const bool bytes = matrix.type() == WeightType::kInt8;
  multiply({&matrix.batch_view(), x, bytes ? byte_scale_ : short_scale_, y,
            relu, largest, base});
}

void BatchActivations::Project(const KernelTable& kernels,
                               const GroupedMatrix& matrix, int first,
                               BatchActivations& y) const {
  alignas(64) float largest[kBatchLanes];
  Multiply(kernels, matrix, first, y.plain(), true, largest);
  y.Refresh(kernels, 0, y.size(), largest);
}

}  // namespace wavernn_tf
