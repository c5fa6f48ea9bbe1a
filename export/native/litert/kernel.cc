#include "litert/kernel.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "base/export.h"
#include "c_api/model_file.h"
#include "kernels/kernel_table.h"
#include "litert/litert_abi.h"
#include "tflite/op.h"
#include "tflite/op_tensors.h"
#include "tflite/tensors.h"

namespace wavernn_tf {
namespace {

// LiteRT's functions that a kernel calls.
struct Runtime {
  int (*add)(LiteRtOptions options, const char* name, int version,
             const LiteRtCustomOpKernel* kernel, void* user_data);
  int (*type)(LiteRtTensorBuffer buffer, LiteRtRankedTensorType* type);
  int (*bytes)(LiteRtTensorBuffer buffer, size_t* size);
  int (*lock)(LiteRtTensorBuffer buffer, void** address, int mode);
  int (*unlock)(LiteRtTensorBuffer buffer);
};

template <typename Function>
bool Find(void* (*find)(const char*), const char* name, Function& function,
          ErrorText& error) {
  function = reinterpret_cast<Function>(find(name));
  return function != nullptr || error.Set("LiteRT has no function %s", name);
}

// One op of the voice.
struct Kernel {
  Op op;
  const Runtime* runtime = nullptr;
  std::string* told = nullptr;
};

// Tensors of a call as the op's code wants them, locked while this lives.
class Call {
 public:
  Call(const Runtime& runtime, std::size_t count)
      : runtime_(runtime), tensors_(count), dims_(count) {
    context_.tensors = tensors_.data();
    context_.tensors_size = count;
  }
  ~Call() {
    for (LiteRtTensorBuffer buffer : locked_) runtime_.unlock(buffer);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  bool Add(LiteRtTensorBuffer buffer, bool write, ErrorText& error) {
    LiteRtRankedTensorType type = {};
    TfLiteTensor& tensor = tensors_[locked_.size()];
    std::vector<int>& dims = dims_[locked_.size()];
    void* address = nullptr;
    size_t size = 0;
    if (runtime_.type(buffer, &type) != kLiteRtOk ||
        runtime_.bytes(buffer, &size) != kLiteRtOk ||
        runtime_.lock(buffer, &address,
                      write ? kLiteRtLockWrite : kLiteRtLockRead) !=
            kLiteRtOk) {
      return error.Set("LiteRT did not give a tensor's memory");
    }
    locked_.push_back(buffer);
    const int rank = type.layout.rank_and_strides & 127;
    dims = {std::min<int>(rank, kLiteRtMostRank)};
    for (int i = 0; i < dims[0]; ++i) {
      dims.push_back(type.layout.dimensions[i]);
    }
    tensor = {};
    tensor.type = static_cast<TfLiteType>(type.element_type);
    tensor.dims = reinterpret_cast<TfLiteIntArray*>(dims.data());
    tensor.data.data = address;
    tensor.bytes = size;
    tensor.allocation_type = kTfLiteArenaRw;
    return true;
  }

  TfLiteContext& context() { return context_; }

 private:
  const Runtime& runtime_;
  std::vector<TfLiteTensor> tensors_;
  std::vector<std::vector<int>> dims_;
  std::vector<LiteRtTensorBuffer> locked_;
  TfLiteContext context_ = {};
};

// The shapes of an op's outputs.
std::vector<std::vector<int>> OutputShapes(const Op& op, int batch,
                                           int samples) {
  if (op.kind == OpKind::kScore) return {{batch, samples, 2}};
  return {{batch, samples}, {batch, op.model.stream_size()}, {batch}};
}

template <typename Body>
int Guard(Kernel& kernel, Body body) {
  ErrorText error;
  bool done = false;
  try {
    done = body(error);
  } catch (const std::exception& exception) {
    error.Set("%s", exception.what());
  }
  if (done) return kLiteRtOk;
  *kernel.told = std::string(OpName(kernel.op.kind)) + ": " + error.text();
  return kLiteRtRuntimeFailure;
}

int Init(void*, const void*, size_t) { return kLiteRtOk; }

int Destroy(void*) { return kLiteRtOk; }

int GetOutputLayouts(void* user_data, size_t num_inputs,
                     const LiteRtLayout* inputs, size_t num_outputs,
                     LiteRtLayout* outputs) {
  auto& kernel = *static_cast<Kernel*>(user_data);
  return Guard(kernel, [&](ErrorText& error) {
    const Op& op = kernel.op;
    if (num_inputs < static_cast<size_t>(RunTimeInputs(op.kind)) ||
        num_outputs != static_cast<size_t>(Outputs(op.kind))) {
      return error.Set(
          "expected the inputs and outputs of the op; got %zu, %zu", num_inputs,
          num_outputs);
    }
    const int batch = inputs[0].dimensions[0];
    // What an unresized model has may be less than the context.
    const int64_t frames = std::max<int64_t>(
        1, int64_t{inputs[0].dimensions[1]} - ContextFrames(op));
    const int64_t samples = op.kind == OpKind::kScore
                                ? inputs[kScoreAudio].dimensions[1]
                                : frames * op.model.hop_length;
    if (samples > INT32_MAX) return error.Set("expected below 2^31 samples");
    const auto shapes = OutputShapes(op, batch, static_cast<int>(samples));
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      outputs[i] = {};
      outputs[i].rank_and_strides = static_cast<uint32_t>(shapes[i].size());
      std::copy(shapes[i].begin(), shapes[i].end(), outputs[i].dimensions);
    }
    return true;
  });
}

// The op writes whole outputs.
bool CheckOutputs(const TfLiteContext& context, const Op& op,
                  const CallSizes& sizes, ErrorText& error) {
  constexpr TfLiteType kTypes[] = {kTfLiteInt16, kTfLiteFloat32, kTfLiteInt64};
  const auto shapes =
      OutputShapes(op, sizes.batch, static_cast<int>(sizes.samples));
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const TfLiteType type =
        op.kind == OpKind::kScore ? kTfLiteFloat32 : kTypes[i];
    if (!CheckData(context.tensors[op.outputs[i]], "an output", type,
                   static_cast<int>(shapes[i].size()), shapes[i].data(),
                   error)) {
      return false;
    }
  }
  return true;
}

int RunKernel(void* user_data, size_t num_inputs,
              const LiteRtTensorBuffer* inputs, size_t num_outputs,
              LiteRtTensorBuffer* outputs) {
  auto& kernel = *static_cast<Kernel*>(user_data);
  return Guard(kernel, [&](ErrorText& error) {
    Op& op = kernel.op;
    if (num_inputs < op.inputs.size() || num_outputs != op.outputs.size()) {
      return error.Set("expected %zu inputs or more; got %zu", op.inputs.size(),
                       num_inputs);
    }
    Call call(*kernel.runtime, op.inputs.size() + num_outputs);
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      if (!call.Add(inputs[i], false, error)) return false;
    }
    for (std::size_t i = 0; i < num_outputs; ++i) {
      if (!call.Add(outputs[i], true, error)) return false;
    }
    CallSizes sizes;
    return CheckCall(call.context(), op, sizes, error) &&
           CheckOutputs(call.context(), op, sizes, error) &&
           Run(call.context(), op, sizes, error);
  });
}

constexpr LiteRtCustomOpKernel kKernel = {Init, GetOutputLayouts, RunKernel,
                                          Destroy};

}  // namespace
}  // namespace wavernn_tf

struct wavernn_tf_litert {
  wavernn_tf::Runtime runtime = {};
  wavernn_tf::Kernel kernels[2];
  std::string told;     // by the kernels
  std::string untaken;  // kept for the caller

  bool Start(const void* data, std::size_t size, void* (*find)(const char*),
             wavernn_tf::ErrorText& error) {
    using wavernn_tf::Find;
    wavernn_tf::Model model;
    std::string description;
    if (!Find(find, "LiteRtAddCustomOpKernelOption", runtime.add, error) ||
        !Find(find, "LiteRtGetTensorBufferTensorType", runtime.type, error) ||
        !Find(find, "LiteRtGetTensorBufferPackedSize", runtime.bytes, error) ||
        !Find(find, "LiteRtLockTensorBuffer", runtime.lock, error) ||
        !Find(find, "LiteRtUnlockTensorBuffer", runtime.unlock, error) ||
        !wavernn_tf::ReadModelFile(static_cast<const uint8_t*>(data), size,
                                   model, description, error)) {
      return false;
    }
    for (wavernn_tf::OpKind kind :
         {wavernn_tf::OpKind::kGenerate, wavernn_tf::OpKind::kScore}) {
      wavernn_tf::Kernel& kernel = kernels[static_cast<int>(kind)];
      kernel.runtime = &runtime;
      kernel.told = &told;
      wavernn_tf::Op& op = kernel.op;
      op.kind = kind;
      op.model = model;
      op.weights_checked = true;
      // The file stays where it is: its place tells its constants from others.
      op.constants = {reinterpret_cast<std::uintptr_t>(data), size};
      op.options.kernels = &wavernn_tf::BestKernels();
      const int inputs = wavernn_tf::RunTimeInputs(kind);
      for (int i = 0; i < inputs; ++i) op.inputs.push_back(i);
      for (int i = 0; i < wavernn_tf::Outputs(kind); ++i) {
        op.outputs.push_back(inputs + i);
      }
    }
    return true;
  }
};

extern "C" {

WAVERNN_TF_EXPORT wavernn_tf_litert* wavernn_tf_litert_create(
    const void* model, size_t size, void* (*find)(const char* name)) {
  try {
    auto ops = std::make_unique<wavernn_tf_litert>();
    wavernn_tf::ErrorText error;
    if (!ops->Start(model, size, find, error)) ops->told = error.text();
    return ops.release();
  } catch (const std::exception&) {
    return nullptr;
  }
}

WAVERNN_TF_EXPORT int wavernn_tf_litert_add(wavernn_tf_litert* ops,
                                            void* options) {
  if (!ops->told.empty()) return kLiteRtRuntimeFailure;
  for (wavernn_tf::Kernel& kernel : ops->kernels) {
    const int status = ops->runtime.add(static_cast<LiteRtOptions>(options),
                                        wavernn_tf::OpName(kernel.op.kind), 1,
                                        &wavernn_tf::kKernel, &kernel);
    if (status != kLiteRtOk) return status;
  }
  return kLiteRtOk;
}

WAVERNN_TF_EXPORT const char* wavernn_tf_litert_error(wavernn_tf_litert* ops) {
  if (ops == nullptr) return "out of memory";
  ops->untaken.swap(ops->told);
  ops->told.clear();
  return ops->untaken.c_str();
}

WAVERNN_TF_EXPORT void wavernn_tf_litert_destroy(wavernn_tf_litert* ops) {
  delete ops;
}

}  // extern "C"
