// The two custom ops, each as parse, check, run. A node of the graph becomes
// one Op, which keeps the checked model and its scratch memory.
#ifndef WAVERNN_TF_TFLITE_OP_H_
#define WAVERNN_TF_TFLITE_OP_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/kernel_table.h"
#include "model/engine.h"
#include "model/model.h"
#include "profile/stage_clock.h"
#include "stream/workspace.h"
#include "tflite/error_text.h"
#include "tflite/shared_engine.h"
#include "tflite/tflite_abi.h"

namespace wavernn_tf {

enum class OpKind { kGenerate, kScore };

// Finds the op by its custom name; returns false for any other op.
bool FindOp(const char* custom_name, OpKind& kind);

const char* OpName(OpKind kind);

// Sizes of one call, read off the shapes of the run-time inputs.
struct CallSizes {
  int batch = 0;
  int64_t frames = 0;   // without context; may be < 1 before a resize
  int64_t samples = 0;  // of audio, per stream
};

// What a delegate's user chooses.
struct OpOptions {
  const KernelTable* kernels = nullptr;
  bool postfilter = true;  // of a voice that has one
  bool stages = false;     // keep the time of every stage (kept_stages.h)
};

struct Op {
  OpKind kind = OpKind::kGenerate;
  std::vector<int> inputs;   // tensor indices
  std::vector<int> outputs;  // tensor indices
  bool weights_checked = false;
  Model model;
  ConstantsKey constants;  // those that `model` views
  OpOptions options;       // set by the delegate
  // Made by the first run: a graph may hold ops that never do.
  std::shared_ptr<Engine> engine;
  std::unique_ptr<StageClock> clock;  // of the workspaces, if times are kept
  std::unique_ptr<Workspace> workspace;
  std::unique_ptr<BatchWorkspace> batch_workspace;
};

// parse: the op's tensors, and (once) its weights.
bool ParseNode(const TfLiteNode& node, OpKind kind, Op& op, ErrorText& error);
bool ParseWeights(const TfLiteContext& context, Op& op, ErrorText& error);

// check: CheckShapes needs shapes only and lets too few frames pass, which is
// what a model's unresized inputs hold; CheckCall is complete.
bool CheckShapes(const TfLiteContext& context, const Op& op, CallSizes& sizes,
                 ErrorText& error);
bool CheckCall(const TfLiteContext& context, const Op& op, CallSizes& sizes,
               ErrorText& error);

// True if a run-time input gets its shape only during the run.
bool HasDynamicInput(const TfLiteContext& context, const Op& op);

// run: sizes the outputs; computes them after CheckCall.
bool ResizeOutputs(TfLiteContext& context, const Op& op, const CallSizes& sizes,
                   ErrorText& error);
bool Run(TfLiteContext& context, Op& op, const CallSizes& sizes,
         ErrorText& error);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TFLITE_OP_H_
