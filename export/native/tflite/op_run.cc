#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "stream/run_streams.h"
#include "tflite/kept_stages.h"
#include "tflite/op.h"
#include "tflite/op_tensors.h"
#include "tflite/tensors.h"

namespace wavernn_tf {
namespace {

// ResizeTensor alone is set in every runtime; it frees the shape with free().
bool Resize(TfLiteContext& context, TfLiteTensor& tensor, int rank,
            const int* shape, ErrorText& error) {
  auto* size = static_cast<TfLiteIntArray*>(
      std::malloc(sizeof(TfLiteIntArray) + rank * sizeof(int)));
  if (size == nullptr) return error.Set("out of memory");
  size->size = rank;
  std::copy(shape, shape + rank, size->data);
  if (context.ResizeTensor(&context, &tensor, size) == kTfLiteOk) return true;
  return error.Set("the runtime could not resize an output");
}

// Gets the weights laid out and makes the scratch memory, each once.
bool MakeReady(Op& op, bool batch, ErrorText& error) {
  const auto no_memory = [&error] {
    return error.Set("out of memory for the op's matrices and buffers");
  };
  if (op.engine == nullptr) {
    op.engine = ShareEngine(op.constants, op.model, *op.options.kernels);
    if (op.engine == nullptr) return no_memory();
  }
  if (op.options.stages && op.clock == nullptr) {
    op.clock = std::make_unique<StageClock>();
  }
  if (op.model.subscale.plain() && op.workspace == nullptr) {
    auto workspace = std::make_unique<Workspace>();
    if (!workspace->Allocate(*op.engine)) return no_memory();
    workspace->clock = op.clock.get();
    op.workspace = std::move(workspace);
  }
  if (batch && op.batch_workspace == nullptr) {
    auto workspace = std::make_unique<BatchWorkspace>();
    if (!workspace->Allocate(*op.engine)) return no_memory();
    workspace->clock = op.clock.get();
    op.batch_workspace = std::move(workspace);
  }
  return true;
}

std::vector<GenerateParams> Streams(TfLiteContext& context, const Op& op,
                                    const CallSizes& sizes) {
  const Model& model = op.model;
  const int64_t state_size = model.stream_size();
  const int64_t features_size =
      (sizes.frames + ContextFrames(op)) * model.n_features;
  const float* features = Data<float>(Input(context, op, kGenerateFeatures));
  const int64_t* seeds = Data<int64_t>(Input(context, op, kGenerateSeed));
  const float* temperatures =
      Data<float>(Input(context, op, kGenerateTemperature));
  const float* fine_temperatures =
      Data<float>(Input(context, op, kGenerateFineTemperature));
  const float* states = Data<float>(Input(context, op, kGenerateState));
  const int64_t* positions =
      Data<int64_t>(Input(context, op, kGeneratePosition));
  int16_t* audio = MutableData<int16_t>(Output(context, op, kGenerateAudio));
  float* states_out =
      MutableData<float>(Output(context, op, kGenerateStateOut));
  std::vector<GenerateParams> streams(sizes.batch);
  for (int b = 0; b < sizes.batch; ++b) {
    GenerateParams& params = streams[b];
    params.features = features + b * features_size;
    params.frames = sizes.frames;
    params.seed = static_cast<uint64_t>(seeds[b]);
    params.temperature = temperatures[b];
    params.fine_temperature = fine_temperatures[b];
    params.postfilter = op.options.postfilter;
    params.state_in = states + b * state_size;
    params.position = static_cast<uint64_t>(positions[b]);
    params.audio = audio + b * sizes.samples;
    params.state_out = states_out + b * state_size;
  }
  return streams;
}

void RunGenerate(TfLiteContext& context, Op& op, const CallSizes& sizes) {
  const std::vector<GenerateParams> streams = Streams(context, op, sizes);
  for (int b = 0; b < sizes.batch;) {
    const StreamTurn turn = NextTurn(*op.engine, &streams[b], sizes.batch - b);
    RunTurn(*op.engine, turn, &streams[b], op.workspace.get(),
            op.batch_workspace.get());
    b += turn.count;
  }
  if (op.clock != nullptr) KeepStages(*op.clock);
  const int64_t* positions =
      Data<int64_t>(Input(context, op, kGeneratePosition));
  int64_t* positions_out =
      MutableData<int64_t>(Output(context, op, kGeneratePositionOut));
  for (int b = 0; b < sizes.batch; ++b) {
    positions_out[b] = positions[b] + sizes.samples;
  }
}

void RunScore(TfLiteContext& context, Op& op, const CallSizes& sizes) {
  const Model& model = op.model;
  const int64_t features_size =
      (sizes.frames + ContextFrames(op)) * model.n_features;
  const float* features = Data<float>(Input(context, op, kScoreFeatures));
  const int16_t* audio = Data<int16_t>(Input(context, op, kScoreAudio));
  float* log_likelihood =
      MutableData<float>(Output(context, op, kScoreLogLikelihood));
  std::vector<ScoreParams> streams(sizes.batch);
  for (int b = 0; b < sizes.batch; ++b) {
    ScoreParams& params = streams[b];
    params.features = features + b * features_size;
    params.audio = audio + b * sizes.samples;
    params.samples = sizes.samples;
    params.log_likelihood = log_likelihood + b * sizes.samples * 2;
  }
  RunScores(*op.engine, streams.data(), sizes.batch, op.workspace.get(),
            op.batch_workspace.get());
}

}  // namespace

bool ResizeOutputs(TfLiteContext& context, const Op& op, const CallSizes& sizes,
                   ErrorText& error) {
  const int samples = static_cast<int>(sizes.samples);
  if (op.kind == OpKind::kScore) {
    const int shape[] = {sizes.batch, samples, 2};
    return Resize(context, Output(context, op, kScoreLogLikelihood), 3, shape,
                  error);
  }
  const int audio[] = {sizes.batch, samples};
  const int state[] = {sizes.batch, op.model.stream_size()};
  const int position[] = {sizes.batch};
  return Resize(context, Output(context, op, kGenerateAudio), 2, audio,
                error) &&
         Resize(context, Output(context, op, kGenerateStateOut), 2, state,
                error) &&
         Resize(context, Output(context, op, kGeneratePositionOut), 1, position,
                error);
}

bool Run(TfLiteContext& context, Op& op, const CallSizes& sizes,
         ErrorText& error) {
  for (int i = 0; i < Outputs(op.kind); ++i) {
    if (sizes.batch > 0 && Output(context, op, i).data.data == nullptr) {
      return error.Set("expected memory for output %d; got none", i);
    }
  }
  const int batch_from =
      BatchFrom(op.model, *op.options.kernels, op.kind == OpKind::kScore);
  if (!MakeReady(op, sizes.batch >= batch_from, error)) return false;
  if (op.kind == OpKind::kGenerate) {
    RunGenerate(context, op, sizes);
  } else {
    RunScore(context, op, sizes);
  }
  return true;
}

}  // namespace wavernn_tf
