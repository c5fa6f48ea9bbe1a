// What one running instance owns: scratch memory and the model's matrices laid
// out for the kernels. It is made once, so that neither the length of a chunk
// nor the batch needs more.
#ifndef WAVERNN_TF_KERNELS_WORKSPACE_H_
#define WAVERNN_TF_KERNELS_WORKSPACE_H_

#include <deque>

#include "kernels/aligned_buffer.h"
#include "kernels/grouped_matrix.h"
#include "kernels/model.h"

namespace wavernn_tf {

// Frames whose conditioning is computed at once. A tile repeats the
// past + lookahead frames it shares with its neighbour.
constexpr int kTileFrames = 32;

// Steps whose gate projection is computed at once: small enough that the
// projected gates do not push the recurrent weights out of the cache.
constexpr int kTileSteps = 8;

struct GroupedHead {
  GroupedMatrix project;
  GroupedMatrix output;
};

struct Workspace {
  AlignedBuffer layer[2];    // conditioning activations, by turns
  AlignedBuffer gates;       // [kTileSteps, 3H]
  AlignedBuffer hidden;      // [H]
  AlignedBuffer repeated;    // [4H] hidden, each value four times
  AlignedBuffer recurrent;   // [3H + slack] R_g h + b_g
  AlignedBuffer projection;  // [4 * (projection_size + slack)]
  AlignedBuffer logits;      // [256 + slack]

  std::deque<GroupedMatrix> recurrence;  // one per block shape
  bool reads_repeated = false;           // a 4x4 matrix reads the state
  GroupedHead coarse;
  GroupedHead fine;

  // Copies the matrices of `model`. Returns false when memory runs out.
  bool Allocate(const Model& model);

  // Starts from state [H].
  void SetHidden(const Model& model, const float* state);
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_WORKSPACE_H_
