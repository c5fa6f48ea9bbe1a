// The delegate that gives any TFLite interpreter our two ops: the runtime
// loads this library, creates the delegate, and the delegate claims the nodes
// by their custom names. No TensorFlow symbol is needed.

#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <vector>

#include "base/export.h"
#include "tflite/error_text.h"
#include "tflite/op.h"
#include "tflite/op_tensors.h"
#include "tflite/tflite_abi.h"

#if !defined(WAVERNN_TF_USE_TFLITE_HEADERS)
// A registration is passed by value. Where large structs travel in memory or
// by reference our longer one is harmless; 32-bit targets spread them over
// registers, so there the size must be the runtime's own.
static_assert(sizeof(void*) == 8,
              "32-bit targets need WAVERNN_TF_USE_TFLITE_HEADERS");
#endif

namespace wavernn_tf {
namespace {

// Runs `body(error)`, reports its failure and lets no exception out.
template <typename Body>
TfLiteStatus Guard(TfLiteContext* context, const char* name, Body body) {
  ErrorText error;
  bool done = false;
  try {
    done = body(error);
  } catch (const std::bad_alloc&) {
    error.Set("out of memory");
  } catch (const std::exception& exception) {
    error.Set("%s", exception.what());
  } catch (...) {
    error.Set("unexpected exception");
  }
  if (done) return kTfLiteOk;
  context->ReportError(context, "%s: %s", name, error.text());
  return kTfLiteError;
}

// What `init` returns to say that it failed; TFLite fixes the value.
void* InitFailed() { return reinterpret_cast<void*>(-1); }

// An op whose shapes are known only during the run sizes its outputs then.
void MakeOutputsDynamic(TfLiteContext* context, const Op& op) {
  for (int i = 0; i < Outputs(op.kind); ++i) {
    TfLiteTensor& tensor = Output(*context, op, i);
    if (tensor.allocation_type == kTfLiteDynamic) continue;
    tensor.allocation_type = kTfLiteDynamic;
    tensor.data.data = nullptr;  // the arena's, not ours to free
  }
}

bool InitOp(TfLiteContext* context, const TfLiteDelegateParams& params, Op& op,
            ErrorText& error) {
  if (params.nodes_to_replace->size != 1) {
    return error.Set("expected one node per kernel; got %d",
                     params.nodes_to_replace->size);
  }
  TfLiteNode* node = nullptr;
  TfLiteRegistration* registration = nullptr;
  OpKind kind = OpKind::kGenerate;
  if (context->GetNodeAndRegistration(context, params.nodes_to_replace->data[0],
                                      &node, &registration) != kTfLiteOk ||
      !FindOp(registration->custom_name, kind)) {
    return error.Set("the runtime gave no WaveRNN node");
  }
  return ParseNode(*node, kind, op, error);
}

void* KernelInit(TfLiteContext* context, const char* buffer, size_t) {
  std::unique_ptr<Op> op;
  const TfLiteStatus status = Guard(context, "WaveRNN", [&](ErrorText& error) {
    op = std::make_unique<Op>();
    const auto& params = *reinterpret_cast<const TfLiteDelegateParams*>(buffer);
    op->options = *static_cast<const OpOptions*>(params.delegate->data_);
    return InitOp(context, params, *op, error);
  });
  return status == kTfLiteOk ? op.release() : InitFailed();
}

void KernelFree(TfLiteContext*, void* user_data) {
  if (user_data != InitFailed()) delete static_cast<Op*>(user_data);
}

TfLiteStatus KernelPrepare(TfLiteContext* context, TfLiteNode* node) {
  if (node->user_data == nullptr || node->user_data == InitFailed()) {
    return kTfLiteError;
  }
  Op& op = *static_cast<Op*>(node->user_data);
  return Guard(context, OpName(op.kind), [&](ErrorText& error) {
    if (!ParseWeights(*context, op, error)) return false;
    if (HasDynamicInput(*context, op)) {
      MakeOutputsDynamic(context, op);
      return true;
    }
    CallSizes sizes;
    return CheckShapes(*context, op, sizes, error) &&
           ResizeOutputs(*context, op, sizes, error);
  });
}

TfLiteStatus KernelInvoke(TfLiteContext* context, TfLiteNode* node) {
  Op& op = *static_cast<Op*>(node->user_data);
  return Guard(context, OpName(op.kind), [&](ErrorText& error) {
    CallSizes sizes;
    if (!CheckCall(*context, op, sizes, error)) return false;
    const bool dynamic =
        Output(*context, op, 0).allocation_type == kTfLiteDynamic;
    if (dynamic && !ResizeOutputs(*context, op, sizes, error)) return false;
    return Run(*context, op, sizes, error);
  });
}

TfLiteRegistration KernelRegistration() {
  TfLiteRegistration registration = {};
  registration.init = KernelInit;
  registration.free = KernelFree;
  registration.prepare = KernelPrepare;
  registration.invoke = KernelInvoke;
  registration.custom_name = "WaveRNNDelegate";
  registration.version = 1;
  return registration;
}

// The graph's nodes that carry one of our names.
bool FindNodes(TfLiteContext* context, std::vector<int>& nodes,
               ErrorText& error) {
  TfLiteIntArray* plan = nullptr;
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) {
    return error.Set("the runtime gave no execution plan");
  }
  for (int i = 0; i < plan->size; ++i) {
    TfLiteNode* node = nullptr;
    TfLiteRegistration* registration = nullptr;
    if (context->GetNodeAndRegistration(context, plan->data[i], &node,
                                        &registration) != kTfLiteOk) {
      return error.Set("the runtime gave no node %d", plan->data[i]);
    }
    OpKind kind;
    if (FindOp(registration->custom_name, kind)) {
      nodes.push_back(plan->data[i]);
    }
  }
  return true;
}

// Claims each node by itself: a kernel of several nodes would have to own the
// tensors between them.
TfLiteStatus DelegatePrepare(TfLiteContext* context, TfLiteDelegate* delegate) {
  return Guard(context, "WaveRNN", [&](ErrorText& error) {
    std::vector<int> nodes;
    if (!FindNodes(context, nodes, error)) return false;
    for (int index : nodes) {
      int words[2] = {1, index};  // a TfLiteIntArray of one
      if (context->ReplaceNodeSubsetsWithDelegateKernels(
              context, KernelRegistration(),
              reinterpret_cast<TfLiteIntArray*>(words),
              delegate) != kTfLiteOk) {
        return error.Set("the runtime could not replace node %d", index);
      }
    }
    return true;
  });
}

// A delegate and the options that its `data_` points to.
struct OpDelegate {
  TfLiteDelegate delegate = {};  // first: its address is that of the whole
  OpOptions options;
};

struct Switch {
  const char* name;
  bool* on;
};

bool ReadOption(const char* key, const char* value, OpOptions& options,
                ErrorText& error) {
  if (std::strcmp(key, "isa") == 0) {
    options.kernels = FindKernels(value);
    if (options.kernels != nullptr) return true;
    return error.Set("expected isa to be one of this machine's, %s; got %s",
                     AvailableIsas(), value);
  }
  for (const Switch& option : {Switch{"stages", &options.stages},
                               Switch{"postfilter", &options.postfilter}}) {
    if (std::strcmp(key, option.name) != 0) continue;
    *option.on = std::strcmp(value, "1") == 0;
    if (*option.on || std::strcmp(value, "0") == 0) return true;
    return error.Set("expected %s to be 0 or 1; got %s", key, value);
  }
  return error.Set(
      "expected the delegate options isa, stages and postfilter; got %s", key);
}

TfLiteDelegate* CreateDelegate(char** keys, char** values, size_t count,
                               ErrorText& error) {
  std::unique_ptr<OpDelegate> made(new (std::nothrow) OpDelegate());
  if (made == nullptr) {
    error.Set("out of memory");
    return nullptr;
  }
  try {
    made->options.kernels = &BestKernels();
    for (size_t i = 0; i < count; ++i) {
      if (!ReadOption(keys[i], values[i], made->options, error)) return nullptr;
    }
  } catch (...) {
    error.Set("out of memory");
    return nullptr;
  }
  made->delegate.data_ = &made->options;
  made->delegate.Prepare = DelegatePrepare;
  made->delegate.flags = kTfLiteDelegateFlagsAllowDynamicTensors;
  return &made.release()->delegate;
}

}  // namespace
}  // namespace wavernn_tf

extern "C" {

// Options: `isa`, one of wavernn_tf_isas(), by default its last; `stages`, "1"
// for wavernn_tf_take_stages(); `postfilter`, "0" to leave out the one that a
// voice has.
WAVERNN_TF_EXPORT TfLiteDelegate* tflite_plugin_create_delegate(
    char** option_keys, char** option_values, size_t num_options,
    void (*report_error)(const char* message)) {
  wavernn_tf::ErrorText error;
  TfLiteDelegate* delegate = wavernn_tf::CreateDelegate(
      option_keys, option_values, num_options, error);
  if (delegate == nullptr && report_error != nullptr) {
    report_error(error.text());
  }
  return delegate;
}

WAVERNN_TF_EXPORT void tflite_plugin_destroy_delegate(
    TfLiteDelegate* delegate) {
  delete reinterpret_cast<wavernn_tf::OpDelegate*>(delegate);
}

}  // extern "C"
