// The scratch memory of one running instance, made once from the model's
// sizes, so that neither the length of a chunk nor the batch needs more.
#ifndef WAVERNN_TF_KERNELS_WORKSPACE_H_
#define WAVERNN_TF_KERNELS_WORKSPACE_H_

#include "kernels/aligned_buffer.h"
#include "kernels/model.h"

namespace wavernn_tf {

// Frames whose conditioning is computed at once. A tile repeats the
// past + lookahead frames it shares with its neighbour.
constexpr int kTileFrames = 32;

// Steps whose gate projection is computed at once: small enough that the
// projected gates do not push the recurrent weights out of the cache.
constexpr int kTileSteps = 8;

struct Workspace {
  AlignedBuffer layer[2];    // conditioning activations, by turns
  AlignedBuffer gates;       // [kTileSteps, 3H]
  AlignedBuffer hidden;      // [H]
  AlignedBuffer recurrent;   // [3H] R_g h
  AlignedBuffer projection;  // [projection_size]
  AlignedBuffer logits;      // [256]

  // Returns false when memory runs out.
  bool Allocate(const Model& model);
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_WORKSPACE_H_
