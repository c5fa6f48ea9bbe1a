#include "c_api/model_file.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "c_api/flatbuffer.h"
#include "tflite/op.h"

namespace wavernn_tf {
namespace {

// Fields of the tables of TFLite's schema, by number.
enum ModelField { kOperatorCodes = 1, kSubgraphs, kBuffers = 4, kMetadata = 6 };
enum OperatorCodeField { kCustomCode = 1 };
enum SubgraphField { kTensors, kOperators = 3 };
enum TensorField { kShape, kType, kBuffer };
enum OperatorField { kOpcode, kInputs, kOutputs };
enum BufferField { kData };
enum MetadataField { kName, kMetadataBuffer };

constexpr char kDescription[] = "wavernn_tf";
constexpr char kFileBytes[] = "wavernn_tf.file_bytes";

// Real files have some hundred; it bounds the memory that a bad one takes.
constexpr uint32_t kMostTensors = 1 << 14;
constexpr uint32_t kMostRank = 8;

// The schema counts types from zero, the runtime from one, and not all alike.
TfLiteType TypeOf(int8_t schema_type) {
  switch (schema_type) {
    case 0:
      return kTfLiteFloat32;
    case 2:
      return kTfLiteInt32;
    case 4:
      return kTfLiteInt64;
    case 7:
      return kTfLiteInt16;
    case 9:
      return kTfLiteInt8;
    case 10:
      return kTfLiteFloat64;
    default:
      return kTfLiteNoType;
  }
}

bool Damaged(ErrorText& error) {
  return error.Set(
      "the file is damaged or cut off: a part of it points outside. Copy or"
      " export it again");
}

// Counted arrays as the runtime holds them.
class IntArrays {
 public:
  TfLiteIntArray* Add(Flatbuffer& file, const FlatVector& numbers) {
    std::vector<int> words = {static_cast<int>(numbers.count)};
    for (uint32_t i = 0; i < numbers.count; ++i) {
      words.push_back(file.Item<int32_t>(numbers, i));
    }
    arrays_.push_back(std::move(words));
    return reinterpret_cast<TfLiteIntArray*>(arrays_.back().data());
  }

 private:
  std::deque<std::vector<int>> arrays_;
};

// One subgraph's tensors, as far as ops ask for them.
class Graph {
 public:
  bool Read(Flatbuffer& file, const FlatVector& buffers, uint64_t subgraph,
            ErrorText& error) {
    const FlatVector tables = file.Tables(subgraph, kTensors);
    if (!file.intact()) return Damaged(error);
    if (tables.count > kMostTensors) {
      return error.Set("expected at most %u tensors; got %u", kMostTensors,
                       tables.count);
    }
    tensors_.resize(tables.count);
    for (uint32_t i = 0; i < tables.count; ++i) {
      if (!ReadTensor(file, buffers, file.Table(tables, i), tensors_[i],
                      error)) {
        return false;
      }
    }
    context_.tensors = tensors_.data();
    context_.tensors_size = tensors_.size();
    return true;
  }

  // The op as a runtime would prepare it.
  bool Prepare(Flatbuffer& file, uint64_t node_table, Op& op,
               ErrorText& error) {
    const FlatVector inputs = file.Vector(node_table, kInputs, 4);
    const FlatVector outputs = file.Vector(node_table, kOutputs, 4);
    if (!file.intact()) return Damaged(error);
    if (std::max(inputs.count, outputs.count) > kMostTensors) {
      return error.Set("expected at most %u inputs of the op; got %u",
                       kMostTensors, std::max(inputs.count, outputs.count));
    }
    TfLiteNode node = {};
    node.inputs = arrays_.Add(file, inputs);
    node.outputs = arrays_.Add(file, outputs);
    CallSizes sizes;
    return ParseNode(node, OpKind::kGenerate, op, error) &&
           ParseWeights(context_, op, error) &&
           CheckShapes(context_, op, sizes, error);
  }

 private:
  bool ReadTensor(Flatbuffer& file, const FlatVector& buffers, uint64_t table,
                  TfLiteTensor& tensor, ErrorText& error) {
    const FlatVector shape = file.Vector(table, kShape, 4);
    const uint32_t buffer = file.Number<uint32_t>(table, kBuffer, 0);
    const int8_t type = file.Number<int8_t>(table, kType, 0);
    if (!file.intact() || buffer >= buffers.count) return Damaged(error);
    if (shape.count > kMostRank) {
      return error.Set("expected tensors of rank %u at most; got %u", kMostRank,
                       shape.count);
    }
    const FlatVector data = file.Vector(file.Table(buffers, buffer), kData, 1);
    if (!file.intact()) return Damaged(error);
    tensor = {};
    tensor.type = TypeOf(type);
    tensor.dims = arrays_.Add(file, shape);
    tensor.allocation_type = data.count > 0 ? kTfLiteMmapRo : kTfLiteArenaRw;
    tensor.bytes = data.count;
    if (data.count > 0) {  // constants are only read
      tensor.data.raw =
          reinterpret_cast<char*>(const_cast<uint8_t*>(file.Bytes(data)));
    }
    return true;
  }

  IntArrays arrays_;
  std::vector<TfLiteTensor> tensors_;
  TfLiteContext context_ = {};
};

// The buffer of a metadata entry; absent: false. An entry of the same name
// that comes later counts.
bool FindEntry(Flatbuffer& file, uint64_t root, const FlatVector& buffers,
               const char* name, FlatVector& found) {
  const FlatVector entries = file.Tables(root, kMetadata);
  bool any = false;
  for (uint32_t i = 0; i < entries.count && file.intact(); ++i) {
    const uint64_t entry = file.Table(entries, i);
    const FlatVector text = file.Vector(entry, kName, 1);
    const uint32_t buffer = file.Number<uint32_t>(entry, kMetadataBuffer, 0);
    if (!file.intact() || !file.IsText(text, name)) continue;
    if (buffer >= buffers.count) return false;
    found = file.Vector(file.Table(buffers, buffer), kData, 1);
    any = true;
  }
  return any && file.intact();
}

// The description, and whether the file is as long as it was written.
bool ReadDescription(Flatbuffer& file, uint64_t root, const FlatVector& buffers,
                     std::size_t size, std::string& metadata,
                     ErrorText& error) {
  FlatVector text;
  FlatVector length;
  const bool described = FindEntry(file, root, buffers, kDescription, text);
  const bool measured = FindEntry(file, root, buffers, kFileBytes, length);
  if (!file.intact()) return Damaged(error);
  if (!described) {
    return error.Set(
        "this TFLite file is no wavernn-tf voice: it has no `%s` metadata."
        " Export one with `wavernn-tf export tflite`",
        kDescription);
  }
  uint64_t written = 0;
  if (measured && length.count == sizeof(written)) {
    std::memcpy(&written, file.Bytes(length), sizeof(written));
  }
  if (written != size) {
    return error.Set(
        "the file is cut off or damaged: it has %zu bytes, not as many as were"
        " written. Copy or export it again",
        size);
  }
  const auto* const first = reinterpret_cast<const char*>(file.Bytes(text));
  if (std::memchr(first, 0, text.count) != nullptr) return Damaged(error);
  metadata.assign(first, text.count);
  return true;
}

// The operator of a subgraph that draws samples; 0 if there is none.
uint64_t FindGenerate(Flatbuffer& file, const FlatVector& codes,
                      uint64_t subgraph) {
  const FlatVector operators = file.Tables(subgraph, kOperators);
  for (uint32_t i = 0; i < operators.count && file.intact(); ++i) {
    const uint64_t table = file.Table(operators, i);
    const uint32_t code = file.Number<uint32_t>(table, kOpcode, 0);
    if (!file.intact() || code >= codes.count) continue;
    const FlatVector name =
        file.Vector(file.Table(codes, code), kCustomCode, 1);
    if (!file.intact()) return 0;
    if (file.IsText(name, OpName(OpKind::kGenerate))) return table;
  }
  return 0;
}

}  // namespace

bool ReadModelFile(const uint8_t* data, std::size_t size, Model& model,
                   std::string& metadata, ErrorText& error) {
  if (size > std::numeric_limits<int32_t>::max()) {
    return error.Set("expected a file below 2 GiB; got %zu bytes", size);
  }
  Flatbuffer file(data, size);
  if (!file.HasIdentifier("TFL3")) {
    return error.Set(
        "expected a TFLite file; the file's identifier is not TFL3");
  }
  const uint64_t root = file.Root();
  const FlatVector buffers = file.Tables(root, kBuffers);
  const FlatVector codes = file.Tables(root, kOperatorCodes);
  const FlatVector subgraphs = file.Tables(root, kSubgraphs);
  if (!file.intact()) return Damaged(error);
  if (!ReadDescription(file, root, buffers, size, metadata, error)) {
    return false;
  }
  for (uint32_t i = 0; i < subgraphs.count; ++i) {
    const uint64_t subgraph = file.Table(subgraphs, i);
    const uint64_t node = FindGenerate(file, codes, subgraph);
    if (!file.intact()) return Damaged(error);
    if (node == 0) continue;
    Graph graph;
    Op op;
    if (!graph.Read(file, buffers, subgraph, error) ||
        !graph.Prepare(file, node, op, error)) {
      return false;
    }
    model = std::move(op.model);
    return true;
  }
  return error.Set("expected an op %s in the file; got none",
                   OpName(OpKind::kGenerate));
}

}  // namespace wavernn_tf
