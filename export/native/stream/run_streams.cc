#include "stream/run_streams.h"

#include <algorithm>
#include <limits>

namespace wavernn_tf {

int BatchFrom(const Model& model, const KernelTable& kernels, bool score) {
  if (!model.subscale.plain()) return 1;
  if (score) return std::numeric_limits<int>::max();
  return kernels.batch_from[static_cast<int>(model.recurrent[0].type)];
}

StreamTurn NextTurn(const Engine& engine, const GenerateParams* streams,
                    int left) {
  const Model& model = engine.model;
  const int count = BatchedStreams(model, streams, left);
  const bool batch = count >= BatchFrom(model, engine.kernels(), false);
  return {batch ? count : 1, batch};
}

void RunTurn(const Engine& engine, StreamTurn turn,
             const GenerateParams* streams, Workspace* workspace,
             BatchWorkspace* batch_workspace) {
  if (turn.batch) {
    GenerateBatch(engine, streams, turn.count, *batch_workspace);
  } else {
    Generate(engine, *streams, *workspace);
  }
}

void RunScores(const Engine& engine, const ScoreParams* streams, int count,
               Workspace* workspace, BatchWorkspace* batch_workspace) {
  const Subscale& subscale = engine.model.subscale;
  if (subscale.plain()) {
    for (int b = 0; b < count; ++b) {
      Score(engine, streams[b], *workspace);
    }
    return;
  }
  const int most = kBatchLanes / subscale.batch;
  for (int b = 0; b < count; b += most) {
    ScoreBatch(engine, streams + b, std::min(most, count - b),
               *batch_workspace);
  }
}

}  // namespace wavernn_tf
