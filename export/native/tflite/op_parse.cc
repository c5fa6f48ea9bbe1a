#include <cstring>

#include "tflite/op.h"
#include "tflite/op_tensors.h"
#include "tflite/weights.h"

namespace wavernn_tf {

const char* OpName(OpKind kind) {
  return kind == OpKind::kGenerate ? "WaveRNNGenerate" : "WaveRNNScore";
}

bool FindOp(const char* custom_name, OpKind& kind) {
  if (custom_name == nullptr) return false;
  for (OpKind candidate : {OpKind::kGenerate, OpKind::kScore}) {
    if (std::strcmp(custom_name, OpName(candidate)) == 0) {
      kind = candidate;
      return true;
    }
  }
  return false;
}

bool ParseNode(const TfLiteNode& node, OpKind kind, Op& op, ErrorText& error) {
  op.kind = kind;
  op.inputs.assign(node.inputs->data, node.inputs->data + node.inputs->size);
  op.outputs.assign(node.outputs->data,
                    node.outputs->data + node.outputs->size);
  if (node.inputs->size <= RunTimeInputs(kind)) {
    return error.Set("expected more than %d inputs; got %d",
                     RunTimeInputs(kind), node.inputs->size);
  }
  if (node.outputs->size != Outputs(kind)) {
    return error.Set("expected %d outputs; got %d", Outputs(kind),
                     node.outputs->size);
  }
  return true;
}

bool ParseWeights(const TfLiteContext& context, Op& op, ErrorText& error) {
  if (op.weights_checked) return true;
  for (const std::vector<int>* list : {&op.inputs, &op.outputs}) {
    for (int index : *list) {
      if (index < 0 || static_cast<size_t>(index) >= context.tensors_size) {
        return error.Set("expected tensor indices in [0, %zu); got %d",
                         context.tensors_size, index);
      }
    }
  }
  std::vector<const TfLiteTensor*> tensors;
  for (size_t i = RunTimeInputs(op.kind); i < op.inputs.size(); ++i) {
    tensors.push_back(&context.tensors[op.inputs[i]]);
  }
  op.model = Model();
  if (!ReadWeights(tensors, op.model, error)) return false;
  op.constants = KeyOf(tensors);
  op.weights_checked = true;
  return true;
}

}  // namespace wavernn_tf
