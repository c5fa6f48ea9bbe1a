// The network over the earlier sub-tensors (model.h), of 16 lanes at once: lane
// k is sub-tensor k % B of stream k / B.
#ifndef WAVERNN_TF_STREAM_SUBSCALE_NETWORK_H_
#define WAVERNN_TF_STREAM_SUBSCALE_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/aligned_array.h"
#include "kernels/kernel_table.h"
#include "model/activations.h"
#include "model/engine.h"
#include "stream/history.h"

namespace wavernn_tf {

// It is run step by step: every layer's output is computed once and kept as
// long as a later tap reads it. Results count from as many steps on as the
// layers behind the first reach (Subscale::Reach(1)).
class SubscaleNetwork {
 public:
  // Returns false when memory runs out.
  bool Allocate(const Engine& engine);

  // One position of every lane. Lanes run `stagger` positions behind each
  // other, so that lane s, at position i, sees position i + p of lane s - 1 - j
  // at
  //   history.Step(step + p - (j + 1) * stagger).
  void Run(const Engine& engine, const History& history, int64_t step,
           int stagger);

  // gates + N_g n of that position, of the units of one part (engine.h):
  // [3 units, 16] of gates [3 units + slack, 16].
  const float* AddTo(const float* gates, int part, const Engine& engine);

 private:
  // A layer's input and, for all layers but the first, the outputs of the one
  // before that it is made of: [slots, channels + slack, 16].
  struct Layer {
    BatchActivations input;
    int slots = 0;
    AlignedArray<float> outputs;
    AlignedArray<float> largest;  // [slots, 16] of the outputs
  };

  void ReadHistory(const Subscale& model, const History& history, int64_t step,
                   int stagger);
  void Concatenate(const Subscale& model, const KernelTable& kernels,
                   int index);
  float* Outputs(Layer& layer, const Subscale& model, std::size_t turn) const;

  std::deque<Layer> layers_;
  BatchActivations n_;         // [channels, 16]
  AlignedArray<float> gates_;  // [3 kPartUnits + slack, 16]
  std::size_t turn_ = 0;       // counts the calls of Run
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_STREAM_SUBSCALE_NETWORK_H_
