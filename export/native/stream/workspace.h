// Scratch memory of a running stream, and of a batch of 16. It is made once, so
// that neither the length of a chunk nor the batch needs more.
#ifndef WAVERNN_TF_STREAM_WORKSPACE_H_
#define WAVERNN_TF_STREAM_WORKSPACE_H_

#include "base/aligned_array.h"
#include "model/activations.h"
#include "model/conditioning.h"
#include "model/engine.h"
#include "model/lane_conditioning.h"
#include "prediction/postfilter.h"
#include "prediction/sample_predictor.h"
#include "profile/stage_clock.h"
#include "stream/history.h"
#include "stream/subscale_network.h"

namespace wavernn_tf {

// Frames whose conditioning is computed at once. A chunk repeats the
// past + lookahead frames it shares with its neighbour.
constexpr int kChunkFrames = 32;

// Steps whose gate projection is computed at once: small enough that the
// projected gates do not push the recurrent weights out of the cache.
constexpr int kChunkSteps = 8;

struct Workspace {
  Conditioner conditioner;
  Activations state;              // [H]
  Activations projection;         // [projection_size]
  AlignedArray<float> gates;      // [kChunkSteps, 3H]
  AlignedArray<float> recurrent;  // [3H + slack] R_g h
  AlignedArray<float> logits;     // [256 + slack]
  bool backwards = false;         // of the next RecurrentProduct
  StageClock* clock = nullptr;    // that times the stages, if any
  // Of a model with predictors:
  SamplePredictor predictor;
  Postfilter postfilter;
  AlignedArray<float> extra_inputs;  // [rows]
  AlignedArray<float> sample_gates;  // [3H] with the extra inputs

  // Returns false when memory runs out.
  bool Allocate(const Engine& engine);

  // Starts from state [H].
  void SetState(const Engine& engine, const float* values);
};

struct BatchWorkspace {
  LaneConditioning conditioning;
  SubscaleNetwork network;
  History history;
  BatchActivations state;         // [H, 16]
  BatchActivations projection;    // [projection_size, 16]
  AlignedArray<float> recurrent;  // [3H + slack, 16]
  AlignedArray<float> logits;     // [256 + slack, 16]
  bool backwards = false;         // of the next RecurrentProduct
  StageClock* clock = nullptr;    // that times the stages, if any
  // Of a model with predictors, whose lanes are streams:
  SamplePredictor predictors[kBatchLanes];
  Postfilter postfilters[kBatchLanes];
  AlignedArray<float> extra_inputs;  // [rows, 16]
  AlignedArray<float> part_gates;    // [3 kPartUnits, 16] with the inputs

  // Makes the engine ready for batches too.
  bool Allocate(Engine& engine);
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_STREAM_WORKSPACE_H_
