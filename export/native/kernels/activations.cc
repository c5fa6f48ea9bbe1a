#include "kernels/activations.h"

#include <cstddef>

#include "kernels/quantise.h"

namespace wavernn_tf {
namespace {

// The kernels take 16 values at a time.
int RoundUp(int count) { return (count + 15) / 16 * 16; }

}  // namespace

bool Activations::Allocate(int n, unsigned forms) {
  size_ = n;
  forms_ = forms;
  const std::size_t size = RoundUp(n);
  const bool bytes = Reads(kBytes) || Reads(kShifted);
  return plain_.Resize(size + kOutputSlack) &&
         bytes_.Resize(bytes ? size : 0) &&
         shifted_.Resize(Reads(kShifted) ? 4 * size : 0);
}

void Activations::Refresh(const KernelTable& kernels, int first, int count,
                          bool unit) {
  if (!Reads(kBytes) && !Reads(kShifted)) return;
  const float* const x = plain_.data() + first;
  const int n = RoundUp(count);
  const ByteScale scale = unit ? kUnitScale : ScaleFor(kernels.largest(x, n));
  scale_ = scale.scale;
  kernels.quantise({x, n, scale.inverse, bytes_.data() + first,
                    Reads(kShifted) ? shifted_.data() + 4 * first : nullptr});
}

void Activations::Multiply(const KernelTable& kernels,
                           const GroupedMatrix& matrix, int first, float* y,
                           bool relu) const {
  const void* x = plain_.data() + first;
  if (matrix.form() == kBytes) x = bytes_.data() + first;
  if (matrix.form() == kShifted) x = shifted_.data() + 4 * first;
  const int type = static_cast<int>(matrix.type());
  const int shape = static_cast<int>(matrix.shape());
  const auto multiply = matrix.gathered() ? kernels.multiply_gathered[shape]
                                          : kernels.multiply[type][shape];
  multiply({&matrix.view(), x, scale_, y, relu});
}

bool BatchActivations::Allocate(int n, unsigned forms) {
  size_ = n;
  forms_ = forms;
  const std::size_t size = static_cast<std::size_t>(RoundUp(n)) * kBatchLanes;
  return plain_.Resize(size + kOutputSlack * kBatchLanes) &&
         words_.Resize(Reads(kBytes) ? size : 0) &&
         bytes_.Resize(Reads(kShifted) ? size : 0);
}

void BatchActivations::Refresh(const KernelTable& kernels, int first, int count,
                               bool unit) {
  if (!Reads(kBytes) && !Reads(kShifted)) return;
  const int at = kBatchLanes * first;
  const float* const x = plain_.data() + at;
  const int n = RoundUp(count);
  alignas(64) float inverse[kBatchLanes];
  if (!unit) kernels.largest_batch(x, n, inverse);
  for (int lane = 0; lane < kBatchLanes; ++lane) {
    const ByteScale scale = unit ? kUnitScale : ScaleFor(inverse[lane]);
    scale_[lane] = scale.scale;
    inverse[lane] = scale.inverse;
  }
  kernels.quantise_batch({x, n, inverse,
                          Reads(kBytes) ? words_.data() + at : nullptr,
                          Reads(kShifted) ? bytes_.data() + at : nullptr});
}

void BatchActivations::Multiply(const KernelTable& kernels,
                                const GroupedMatrix& matrix, int first,
                                float* y, bool relu) const {
  const int at = kBatchLanes * first;
  const void* x = plain_.data() + at;
  if (matrix.form() == kBytes) x = words_.data() + at;
  if (matrix.form() == kShifted) x = bytes_.data() + at;
  const int type = static_cast<int>(matrix.type());
  const int shape = static_cast<int>(matrix.shape());
  const auto multiply = matrix.gathered()
                            ? kernels.multiply_batch_gathered[shape]
                            : kernels.multiply_batch[type][shape];
  multiply({&matrix.view(), x, scale_, y, relu});
}

}  // namespace wavernn_tf
