#include "tflite/weights.h"

#include <cmath>
#include <cstddef>
#include <cstdio>

#include "kernels/sampler.h"
#include "tflite/config.h"
#include "tflite/tensors.h"

namespace wavernn_tf {
namespace {

// Takes the tensors of the list one by one, each checked to be a constant.
class Reader {
 public:
  Reader(const std::vector<const TfLiteTensor*>& tensors, ErrorText& error)
      : tensors_(tensors), error_(error) {}

  // The next tensor, or nullptr with the error set. `part` is joined to the
  // name in messages: "recurrent_u" + ".values".
  const TfLiteTensor* Next(const char* name, const char* part, TfLiteType type,
                           int rank, const int* shape) {
    char full[96];
    std::snprintf(full, sizeof(full), "%s%s", name, part);
    if (next_ >= tensors_.size()) {
      error_.Set("expected a tensor for %s; got only %zu weight tensors", full,
                 tensors_.size());
      return nullptr;
    }
    const TfLiteTensor& tensor = *tensors_[next_++];
    if (tensor.allocation_type != kTfLiteMmapRo) {
      error_.Set(
          "expected %s to be a constant of the model; got a tensor"
          " computed at run time",
          full);
      return nullptr;
    }
    if (!CheckData(tensor, full, type, rank, shape, error_)) return nullptr;
    return &tensor;
  }

  bool Floats(const char* name, const char* part, int rank, const int* shape,
              const float*& data) {
    const TfLiteTensor* tensor = Next(name, part, kTfLiteFloat32, rank, shape);
    if (tensor == nullptr) return false;
    data = Data<float>(*tensor);
    return true;
  }

  // float32, or the upper halves of float32 as int16.
  bool Dense(const char* name, const char* part, int rank, const int* shape,
             DenseArray& array) {
    const bool half = Peek() != nullptr && Peek()->type == kTfLiteInt16;
    const TfLiteTensor* tensor =
        Next(name, part, half ? kTfLiteInt16 : kTfLiteFloat32, rank, shape);
    if (tensor == nullptr) return false;
    last_ = tensor;
    array = {tensor->data.data,
             half ? WeightType::kBfloat16 : WeightType::kFloat32};
    return true;
  }
  // The tensor that Dense read last.
  const TfLiteTensor& last() const { return *last_; }

  bool Vector(const char* name, const char* part, int size,
              const float*& data) {
    return Floats(name, part, 1, &size, data);
  }

  // The next tensor, which stays the next; null at the end.
  const TfLiteTensor* Peek() const {
    return next_ < tensors_.size() ? tensors_[next_] : nullptr;
  }

  bool CheckEnd() {
    if (next_ == tensors_.size()) return true;
    return error_.Set("expected %zu weight tensors; got %zu", next_,
                      tensors_.size());
  }

  ErrorText& error() { return error_; }

 private:
  const std::vector<const TfLiteTensor*>& tensors_;
  ErrorText& error_;
  const TfLiteTensor* last_ = nullptr;
  std::size_t next_ = 0;
};

// kernel [taps, channels_in, ?] and bias [channels_out].
bool ReadLayer(Reader& reader, const char* kind, int index, int channels_in,
               ConvLayer& layer) {
  char name[48];
  std::snprintf(name, sizeof(name), "%s[%d]", kind, index);
  const int shape[] = {kAnySize, channels_in, kAnySize};
  if (!reader.Dense(name, ".kernel", 3, shape, layer.kernel)) return false;
  const TfLiteTensor& kernel = reader.last();
  layer.taps = kernel.dims->data[0];
  layer.channels_in = channels_in;
  layer.channels_out = kernel.dims->data[2];
  constexpr int kLargest = 1 << 16;
  if (layer.taps < 1 || layer.taps > kLargest || layer.channels_out < 1 ||
      layer.channels_out > kLargest) {
    return reader.error().Set(
        "expected %s.kernel with 1 to %d taps and output channels; got shape"
        " %s",
        name, kLargest, ShapeText(kernel).c_str());
  }
  return reader.Vector(name, ".bias", layer.channels_out, layer.bias);
}

// The receptive field of the convolutions must be what the config says.
bool CheckContext(const Model& model, ErrorText& error) {
  int64_t context = 0;
  for (const ConvLayer& layer : model.convolutions) {
    if (layer.taps % 2 == 0) {
      return error.Set("expected odd convolution kernels; got %d taps",
                       layer.taps);
    }
    context += (layer.taps - 1) / 2;
  }
  if (context == model.past && context == model.lookahead) return true;
  return error.Set(
      "expected past = lookahead = %lld, the convolutions' reach;"
      " got %d and %d",
      static_cast<long long>(context), model.past, model.lookahead);
}

bool SetStepRate(Model& model, ErrorText& error) {
  int64_t steps = 1;
  for (const ConvLayer& layer : model.upsampling) {
    steps *= layer.taps;
    if (steps > model.hop_length) break;
  }
  if (steps > model.hop_length || model.hop_length % steps != 0) {
    return error.Set(
        "expected hop_length divisible by the product of the"
        " upsampling strides; got %d and %lld",
        model.hop_length, static_cast<long long>(steps));
  }
  model.steps_per_frame = static_cast<int>(steps);
  model.hold = model.hop_length / model.steps_per_frame;
  return true;
}

bool ReadConditioning(Reader& reader, const LayerCounts& counts, Model& model) {
  int channels = model.n_features;
  for (int i = 0; i < counts.convolutions; ++i) {
    ConvLayer layer = {};
    if (!ReadLayer(reader, "conv", i, channels, layer)) return false;
    model.convolutions.push_back(layer);
    channels = layer.channels_out;
  }
  for (int i = 0; i < counts.upsampling; ++i) {
    ConvLayer layer = {};
    if (!ReadLayer(reader, "upsample", i, channels, layer)) return false;
    model.upsampling.push_back(layer);
    channels = layer.channels_out;
  }
  model.conditioning_channels = channels;
  return CheckContext(model, reader.error()) &&
         SetStepRate(model, reader.error());
}

// Row offsets start at 0, never fall, and end at the number of blocks.
bool CheckOffsets(const char* name, const int32_t* offsets, int block_rows,
                  int n_blocks, ErrorText& error) {
  if (offsets[0] != 0) {
    return error.Set("expected %s.row_offsets[0] = 0; got %d", name,
                     offsets[0]);
  }
  for (int row = 0; row < block_rows; ++row) {
    if (offsets[row + 1] < offsets[row]) {
      return error.Set(
          "expected %s.row_offsets not to fall; got %d after %d"
          " at row %d",
          name, offsets[row + 1], offsets[row], row);
    }
  }
  if (offsets[block_rows] != n_blocks) {
    return error.Set("expected the last of %s.row_offsets = %d blocks; got %d",
                     name, n_blocks, offsets[block_rows]);
  }
  return true;
}

// Columns lie in the matrix and rise strictly within a block row.
bool CheckColumns(const char* name, const int32_t* offsets, int block_rows,
                  const int16_t* columns, int block_cols, ErrorText& error) {
  for (int row = 0; row < block_rows; ++row) {
    for (int32_t block = offsets[row]; block < offsets[row + 1]; ++block) {
      if (columns[block] < 0 || columns[block] >= block_cols) {
        return error.Set("expected %s.columns in [0, %d); got %d at block %d",
                         name, block_cols, columns[block], block);
      }
      if (block > offsets[row] && columns[block] <= columns[block - 1]) {
        return error.Set(
            "expected %s.columns to rise within a block row; got"
            " %d after %d at block %d",
            name, columns[block], columns[block - 1], block);
      }
    }
  }
  return true;
}

// The block shape off the shape of `values` [n_blocks, block_in, block_out].
bool ReadBlockShape(const char* name, const TfLiteTensor& values,
                    BlockSparse& matrix, ErrorText& error) {
  const int block_in = values.dims->data[1];
  const int block_out = values.dims->data[2];
  bool known = false;
  for (BlockShape shape :
       {BlockShape::k4x4, BlockShape::k16x1, BlockShape::k8x4}) {
    if (block_in != BlockIn(shape) || block_out != BlockOut(shape)) continue;
    matrix.shape = shape;
    known = true;
  }
  if (!known) {
    return error.Set(
        "expected %s.values of shape [?, 4, 4], [?, 1, 16] or [?, 4, 8]; got"
        " %s",
        name, ShapeText(values).c_str());
  }
  if (values.dims->data[0] < 1) {
    return error.Set("expected %s to hold at least one block; got none", name);
  }
  if (matrix.rows % block_out != 0 || matrix.cols % block_in != 0) {
    return error.Set(
        "expected %s (%d outputs, %d inputs) to be a multiple of"
        " its %dx%d blocks",
        name, matrix.rows, matrix.cols, block_out, block_in);
  }
  return true;
}

// The weight type off the element type of `values`.
bool ReadWeightType(const char* name, const TfLiteTensor& values,
                    BlockSparse& matrix, ErrorText& error) {
  switch (values.type) {
    case kTfLiteFloat32:
      matrix.type = WeightType::kFloat32;
      return true;
    case kTfLiteInt16:
      matrix.type = WeightType::kBfloat16;
      return true;
    case kTfLiteInt8:
      matrix.type = WeightType::kInt8;
      return true;
    default:
      return error.Set(
          "expected %s.values to be float32, int16 (bfloat16) or int8; got %s"
          " (type %d)",
          name, TypeName(values.type), static_cast<int>(values.type));
  }
}

// No float may be infinite or NaN: it would spread to every later sample.
bool CheckValues(const char* name, const BlockSparse& matrix, int64_t count,
                 ErrorText& error) {
  for (int64_t i = 0; i < count; ++i) {
    bool good = true;
    switch (matrix.type) {
      case WeightType::kFloat32:
        good = std::isfinite(static_cast<const float*>(matrix.values)[i]);
        break;
      case WeightType::kBfloat16:
        good =
            (static_cast<const uint16_t*>(matrix.values)[i] & 0x7F80) != 0x7F80;
        break;
      case WeightType::kInt8:
        good = static_cast<const int8_t*>(matrix.values)[i] != -128;
        break;
    }
    if (good) continue;
    return error.Set(
        "expected %s of %s.values; got another one at element %lld",
        matrix.type == WeightType::kInt8 ? "-127 to 127 in all"
                                         : "finite numbers in all",
        name, static_cast<long long>(i));
  }
  return true;
}

bool ReadScales(Reader& reader, const char* name, BlockSparse& matrix) {
  const int shape[] = {matrix.rows};
  if (!reader.Floats(name, ".scales", 1, shape, matrix.scales)) return false;
  for (int i = 0; i < matrix.rows; ++i) {
    if (std::isfinite(matrix.scales[i]) && matrix.scales[i] > 0.0f) continue;
    return reader.error().Set(
        "expected finite %s.scales > 0; got %g at output %d", name,
        static_cast<double>(matrix.scales[i]), i);
  }
  return true;
}

bool ReadMatrix(Reader& reader, const char* name, int rows, int cols,
                BlockSparse& matrix) {
  matrix.rows = rows;
  matrix.cols = cols;
  const int any_vector[] = {kAnySize};
  const int any_blocks[] = {kAnySize, kAnySize, kAnySize};
  const TfLiteTensor* offsets =
      reader.Next(name, ".row_offsets", kTfLiteInt32, 1, any_vector);
  if (offsets == nullptr) return false;
  const TfLiteTensor* columns =
      reader.Next(name, ".columns", kTfLiteInt16, 1, any_vector);
  if (columns == nullptr) return false;
  ErrorText& error = reader.error();
  const TfLiteTensor* next = reader.Peek();
  if (next != nullptr && !ReadWeightType(name, *next, matrix, error)) {
    return false;
  }
  const TfLiteTensor* values =
      reader.Next(name, ".values", next == nullptr ? kTfLiteNoType : next->type,
                  3, any_blocks);
  if (values == nullptr || !ReadBlockShape(name, *values, matrix, error)) {
    return false;
  }

  const int block_rows = rows / BlockOut(matrix.shape);
  const int block_cols = cols / BlockIn(matrix.shape);
  const int n_blocks = values->dims->data[0];
  if (offsets->dims->data[0] != block_rows + 1) {
    return error.Set("expected %s.row_offsets of shape [%d]; got %s", name,
                     block_rows + 1, ShapeText(*offsets).c_str());
  }
  if (columns->dims->data[0] != n_blocks) {
    return error.Set("expected %s.columns of shape [%d]; got %s", name,
                     n_blocks, ShapeText(*columns).c_str());
  }
  matrix.row_offsets = Data<int32_t>(*offsets);
  matrix.columns = Data<int16_t>(*columns);
  matrix.values = values->data.data;
  return CheckOffsets(name, matrix.row_offsets, block_rows, n_blocks, error) &&
         CheckColumns(name, matrix.row_offsets, block_rows, matrix.columns,
                      block_cols, error) &&
         CheckValues(name, matrix, int64_t{n_blocks} * BlockSize(matrix.shape),
                     error) &&
         (matrix.type != WeightType::kInt8 || ReadScales(reader, name, matrix));
}

bool ReadRecurrence(Reader& reader, Model& model) {
  const int width = kGates * model.state_size;
  const int conditioning[] = {model.conditioning_channels, width};
  const int input[] = {3, width};
  if (!reader.Dense("cond_kernel", "", 2, conditioning,
                    model.conditioning_kernel) ||
      !reader.Floats("input_kernel", "", 2, input, model.input_kernel) ||
      !reader.Vector("input_bias", "", width, model.input_bias) ||
      !reader.Vector("recurrent_bias", "", width, model.recurrent_bias)) {
    return false;
  }
  constexpr const char* kNames[kGates] = {"recurrent_u", "recurrent_r",
                                          "recurrent_e"};
  for (int gate = 0; gate < kGates; ++gate) {
    if (!ReadMatrix(reader, kNames[gate], model.state_size, model.state_size,
                    model.recurrent[gate])) {
      return false;
    }
  }
  return true;
}

bool ReadHead(Reader& reader, const char* project, const char* output,
              const Model& model, Head& head) {
  return ReadMatrix(reader, project, model.projection_size,
                    model.state_size / 2, head.project) &&
         reader.Vector(project, ".bias", model.projection_size,
                       head.project_bias) &&
         ReadMatrix(reader, output, kClasses, model.projection_size,
                    head.output) &&
         reader.Vector(output, ".bias", kClasses, head.output_bias);
}

}  // namespace

bool ReadWeights(const std::vector<const TfLiteTensor*>& tensors, Model& model,
                 ErrorText& error) {
  Reader reader(tensors, error);
  const int config_shape[] = {kConfigSize};
  const TfLiteTensor* config =
      reader.Next("config", "", kTfLiteInt32, 1, config_shape);
  if (config == nullptr) return false;
  LayerCounts counts = {};
  return ReadConfig(Data<int32_t>(*config), model, counts, error) &&
         ReadConditioning(reader, counts, model) &&
         ReadRecurrence(reader, model) &&
         ReadHead(reader, "O1", "O2", model, model.coarse) &&
         ReadHead(reader, "O3", "O4", model, model.fine) && reader.CheckEnd();
}

}  // namespace wavernn_tf
