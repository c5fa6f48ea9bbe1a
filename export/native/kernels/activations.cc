#include "kernels/activations.h"

#include <algorithm>
#include <cstddef>

namespace wavernn_tf {
namespace {

// The kernels take 16 values at a time.
int RoundUp(int count) { return (count + 15) / 16 * 16; }

}  // namespace

bool Activations::Allocate(int n, unsigned forms) {
  size_ = n;
  forms_ = forms;
  const std::size_t size = RoundUp(n);
  return plain_.Resize(size + kOutputSlack) &&
         bytes_.Resize(Integers() ? size : 0) &&
         shifted_.Resize(Reads(kShifted) ? 4 * size : 0);
}

void Activations::Refresh(const KernelTable& kernels, int first, int count,
                          ByteScale scale) {
  if (!Integers()) return;
  scale_ = scale.scale;
  kernels.quantise({plain_.data() + first, RoundUp(count), scale.inverse,
                    bytes_.data() + first,
                    Reads(kShifted) ? shifted_.data() + 4 * first : nullptr});
}

void Activations::Multiply(const KernelTable& kernels,
                           const GroupedMatrix& matrix, int first, float* y,
                           bool relu, float* largest) const {
  const void* x = plain_.data() + first;
  if (matrix.form() == kBytes) x = bytes_.data() + first;
  if (matrix.form() == kShifted) x = shifted_.data() + 4 * first;
  const int type = static_cast<int>(matrix.type());
  const int shape = static_cast<int>(matrix.shape());
  const auto multiply = matrix.gathered() ? kernels.multiply_gathered[shape]
                                          : kernels.multiply[type][shape];
  multiply({&matrix.view(), x, scale_, y, relu, largest});
}

void Activations::Project(const KernelTable& kernels,
                          const GroupedMatrix& matrix, int first,
                          Activations& y) const {
  float largest = 0.0f;
  Multiply(kernels, matrix, first, y.plain(), true, &largest);
  y.Refresh(kernels, 0, y.size(), ScaleFor(largest));
}

bool BatchActivations::Allocate(int n, unsigned forms) {
  size_ = n;
  forms_ = forms;
  const std::size_t size = static_cast<std::size_t>(RoundUp(n)) * kBatchLanes;
  return plain_.Resize(size + kOutputSlack * kBatchLanes) &&
         words_.Resize(Reads(kBytes) ? size : 0) &&
         bytes_.Resize(Reads(kShifted) ? size : 0);
}

void BatchActivations::Quantise(const KernelTable& kernels, int first,
                                int count, const float* from,
                                const ByteScale* scales) {
  if (!Integers()) return;
  alignas(64) float inverse[kBatchLanes];
  for (int lane = 0; lane < kBatchLanes; ++lane) {
    scale_[lane] = scales[lane].scale;
    inverse[lane] = scales[lane].inverse;
  }
  const int at = kBatchLanes * first;
  kernels.quantise_batch({from, RoundUp(count), inverse,
                          Reads(kBytes) ? words_.data() + at : nullptr,
                          Reads(kShifted) ? bytes_.data() + at : nullptr});
}

void BatchActivations::Refresh(const KernelTable& kernels, int first, int count,
                               const ByteScale* scales) {
  const float* const from = plain_.data() + kBatchLanes * first;
  Quantise(kernels, first, count, from, scales);
}

void BatchActivations::Take(const KernelTable& kernels, int first, int count,
                            const float* from, const ByteScale* scales) {
  if (Reads(kPlain)) {
    std::copy_n(from, kBatchLanes * count, plain_.data() + kBatchLanes * first);
  }
  Quantise(kernels, first, count, from, scales);
}

void BatchActivations::Refresh(const KernelTable& kernels, int first, int count,
                               ByteScale scale) {
  ByteScale scales[kBatchLanes];
  for (ByteScale& each : scales) each = scale;
  Refresh(kernels, first, count, scales);
}

void BatchActivations::Multiply(const KernelTable& kernels,
                                const GroupedMatrix& matrix, int first,
                                float* y, bool relu, float* largest,
                                const float* base) const {
  const int at = kBatchLanes * first;
  const void* x = plain_.data() + at;
  if (matrix.form() == kBytes) x = words_.data() + at;
  if (matrix.form() == kShifted) x = bytes_.data() + at;
  const int shape = static_cast<int>(matrix.shape());
  const auto multiply =
      matrix.gathered()         ? kernels.multiply_batch_gathered[shape]
      : matrix.form() == kPlain ? kernels.multiply_batch_floats[shape]
                                : kernels.multiply_batch_bytes[shape];
  multiply({&matrix.batch_view(), x, scale_, y, relu, largest, base});
}

void BatchActivations::Project(const KernelTable& kernels,
                               const GroupedMatrix& matrix, int first,
                               BatchActivations& y) const {
  alignas(64) float largest[kBatchLanes];
  Multiply(kernels, matrix, first, y.plain(), true, largest);
  ByteScale scales[kBatchLanes];
  for (int lane = 0; lane < kBatchLanes; ++lane) {
    scales[lane] = ScaleFor(largest[lane]);
  }
  y.Refresh(kernels, 0, y.size(), scales);
}

}  // namespace wavernn_tf
