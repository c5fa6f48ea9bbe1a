// Any number of streams: one alone, or several in one pass over the weights.
#ifndef WAVERNN_TF_STREAM_RUN_STREAMS_H_
#define WAVERNN_TF_STREAM_RUN_STREAMS_H_

#include "kernels/kernel_table.h"
#include "model/engine.h"
#include "stream/generate.h"
#include "stream/score.h"
#include "stream/workspace.h"

namespace wavernn_tf {

// From so many streams on they are batched: of a plain model where that is
// faster than one after the other, which scoring never is.
int BatchFrom(const Model& model, const KernelTable& kernels, bool score);

// The first of several streams that are run in one go.
struct StreamTurn {
  int count;
  bool batch;
};

// What to run next of `left` >= 1 streams with the same number of frames.
StreamTurn NextTurn(const Engine& engine, const GenerateParams* streams,
                    int left);

// A plain model needs `workspace`, a turn in a batch `batch_workspace`.
void RunTurn(const Engine& engine, StreamTurn turn,
             const GenerateParams* streams, Workspace* workspace,
             BatchWorkspace* batch_workspace);

// `count` streams of the same number of samples; workspaces as above.
void RunScores(const Engine& engine, const ScoreParams* streams, int count,
               Workspace* workspace, BatchWorkspace* batch_workspace);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_STREAM_RUN_STREAMS_H_
