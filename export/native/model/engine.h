// A model's arrays laid out for the kernels: made once from the model file,
// then only read, by any number of streams and threads.
#ifndef WAVERNN_TF_MODEL_ENGINE_H_
#define WAVERNN_TF_MODEL_ENGINE_H_

#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "base/aligned_array.h"
#include "kernels/kernel_table.h"
#include "model/grouped_matrix.h"
#include "model/model.h"

namespace wavernn_tf {

// As ConvLayer, in float32 and in panels (affine.h): a convolution's as one
// kernel, of a transposed one those of the taps one after another.
struct FloatLayer {
  const float* kernel;
  const float* bias;
  int taps;
  int channels_in;
  int channels_out;
};

struct GroupedHead {
  GroupedMatrix project;
  GroupedMatrix output;
};

// The network over the earlier sub-tensors; empty in a plain model.
struct GroupedSubscale {
  std::deque<GroupedMatrix> layers;
  // As Engine::recurrence, of every part of gru.h: of the coarse half of the
  // state, then of the fine half.
  std::deque<std::deque<GroupedMatrix>> gates;
  unsigned channel_forms = 0;  // that `gates` read
};

// Indices over the gates are those of gru.h.
struct Engine {
  Model model;  // sizes; the views need not outlive Build, but for biases

  std::vector<FloatLayer> convolutions;
  std::vector<FloatLayer> upsampling;
  std::vector<FloatLayer> estimator;   // of pitch
  AlignedArray<float> gate_kernel;     // [channels, 3H] in panels
  AlignedArray<float> gate_bias;       // [3H] input bias, with b_u and b_r
  AlignedArray<float> recurrent_bias;  // [H] b_e
  AlignedArray<float> input_kernel;    // [9H]
  // The extra rows, [rows, 3H] as input_rows.h wants them; words of halves are
  // only there if the model holds them so.
  AlignedArray<float> extra_kernel;
  AlignedArray<uint32_t> extra_halves;
  std::deque<GroupedMatrix> recurrence;  // to [3H]; pieces of every kind
  GroupedHead coarse;
  GroupedHead fine;
  GroupedSubscale subscale;
  unsigned state_forms = 0;       // bit 1 << InputForm: some matrix reads it
  unsigned projection_forms = 0;  // the same

  // Lays out `model`, whose biases must outlive the engine, for these kernels
  // alone. Returns false when memory runs out.
  bool Build(const Model& model, const KernelTable& kernels);

  // Those of Build: only they read what it laid out.
  const KernelTable& kernels() const { return *kernels_; }

  // Makes ready for batches, once; others may run alone meanwhile. Returns
  // false when memory runs out.
  bool Widen();

 private:
  const KernelTable* kernels_ = nullptr;
  std::deque<AlignedArray<float>> layers_;  // kernels
  std::mutex widening_;

  bool BuildConditioning();
  bool BuildLayer(const ConvLayer& from, bool transposed, FloatLayer& to);
  bool BuildGates();
  bool BuildExtraRows();
  bool BuildSubscale();
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_MODEL_ENGINE_H_
