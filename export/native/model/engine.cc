#include "model/engine.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/gru.h"
#include "kernels/input_rows.h"

namespace wavernn_tf {
namespace {

bool BuildHead(const Head& head, const KernelTable& kernels,
               GroupedHead& grouped) {
  return grouped.project.Build({{&head.project, head.project_bias}},
                               head.project.rows, kernels) &&
         grouped.output.Build({{&head.output, head.output_bias}},
                              head.output.rows, kernels);
}

// The input forms that some of the matrices read.
unsigned Forms(const std::deque<GroupedMatrix>& matrices) {
  unsigned forms = 0;
  for (const GroupedMatrix& matrix : matrices) forms |= 1u << matrix.form();
  return forms;
}

bool Together(const BlockSparse& a, const BlockSparse& b) {
  return a.shape == b.shape && a.type == b.type;
}

// The gates' matrices read the same inputs: those of one kind are one product.
bool BuildGateMatrices(const BlockSparse* matrices, const KernelTable& kernels,
                       std::deque<GroupedMatrix>& grouped) {
  grouped.clear();
  for (int first = 0; first < kGates; ++first) {
    std::vector<GroupedPart> parts;
    for (int gate = 0; gate < kGates; ++gate) {
      if (!Together(matrices[gate], matrices[first])) continue;
      if (gate < first) break;  // done with that one
      parts.push_back(
          {&matrices[gate], nullptr, GateIndex(gate, 0), kGateStride});
    }
    if (parts.empty()) continue;
    if (!GroupedMatrix::BuildPieces(parts, kGates * matrices[0].rows, kernels,
                                    grouped)) {
      return false;
    }
  }
  return true;
}

// Rows first .. first + count - 1 of a matrix.
BlockSparse Rows(BlockSparse matrix, int first, int count) {
  matrix.rows = count;
  matrix.row_offsets += first / BlockOut(matrix.shape);
  if (matrix.scales != nullptr) {
    matrix.scales += first / BlockOut(matrix.shape);
  }
  return matrix;
}

// Element i of float32, or of the upper halves of float32.
float Float(const DenseArray& array, std::size_t i) {
  if (array.type == WeightType::kFloat32) {
    return static_cast<const float*>(array.data)[i];
  }
  const uint32_t bits = uint32_t{static_cast<const uint16_t*>(array.data)[i]}
                        << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(bits));
  return value;
}

// Writes the kernel of `depth` inputs that begins at an element in panels.
void ToPanels(const DenseArray& from, std::size_t begin, int depth, int width,
              float* to) {
  for (int o = 0; o < width; ++o) {
    const PanelPlace place = PlaceInPanel(depth, width, o);
    for (int d = 0; d < depth; ++d) {
      to[place.first + int64_t{d} * place.stride] =
          Float(from, begin + std::size_t(d) * width + o);
    }
  }
}

}  // namespace

bool Engine::BuildLayer(const ConvLayer& from, bool transposed,
                        FloatLayer& to) {
  const int kernels = transposed ? from.taps : 1;
  const int depth = from.taps / kernels * from.channels_in;
  const std::size_t size = static_cast<std::size_t>(depth) * from.channels_out;
  layers_.emplace_back();
  if (!layers_.back().Resize(kernels * size)) return false;
  float* const kernel = layers_.back().data();
  for (int k = 0; k < kernels; ++k) {
    ToPanels(from.kernel, k * size, depth, from.channels_out,
             kernel + k * size);
  }
  to = {kernel, from.bias, from.taps, from.channels_in, from.channels_out};
  return true;
}

bool Engine::BuildConditioning() {
  estimator.resize(model.estimator.size());
  convolutions.resize(model.convolutions.size());
  upsampling.resize(model.upsampling.size());
  bool done = true;
  for (std::size_t i = 0; i < estimator.size(); ++i) {
    done = done && BuildLayer(model.estimator[i], false, estimator[i]);
  }
  for (std::size_t i = 0; i < convolutions.size(); ++i) {
    done = done && BuildLayer(model.convolutions[i], false, convolutions[i]);
  }
  for (std::size_t i = 0; i < upsampling.size(); ++i) {
    done = done && BuildLayer(model.upsampling[i], true, upsampling[i]);
  }
  return done;
}

// The dense arrays over the gates, in the order of gru.h.
bool Engine::BuildGates() {
  const int state = model.state_size;
  const int width = kGates * state;
  const int channels = model.conditioning_channels;
  const std::size_t count = static_cast<std::size_t>(channels) * width;
  if (!gate_kernel.Resize(count) || !gate_bias.Resize(width) ||
      !recurrent_bias.Resize(state) || !input_kernel.Resize(3 * width)) {
    return false;
  }
  for (int gate = 0; gate < kGates; ++gate) {
    for (int i = 0; i < state; ++i) {
      const int from = gate * state + i;
      const int to = GateIndex(gate, i);
      const PanelPlace place = PlaceInPanel(channels, width, to);
      for (int c = 0; c < channels; ++c) {
        gate_kernel[place.first + int64_t{c} * place.stride] =
            Float(model.conditioning_kernel, std::size_t(c) * width + from);
      }
      gate_bias[to] = model.input_bias[from];
      if (gate < kGates - 1) {
        gate_bias[to] += model.recurrent_bias[from];
      } else {  // behind the reset gate
        recurrent_bias[i] = model.recurrent_bias[from];
      }
      for (int row = 0; row < 3; ++row) {
        input_kernel[InputKernelIndex(row, gate, i)] =
            model.input_kernel[row * width + from];
      }
    }
  }
  return true;
}

bool Engine::BuildExtraRows() {
  const int width = kGates * model.state_size;
  const int rows = model.predictors.rows();
  const bool halves = model.extra_kernel.type == WeightType::kBfloat16;
  const std::size_t count = static_cast<std::size_t>(rows) * width;
  if (!extra_kernel.Resize(count) ||
      !extra_halves.Resize(halves ? count / 2 : 0)) {
    return false;
  }
  for (int row = 0; row < rows; ++row) {
    for (int gate = 0; gate < kGates; ++gate) {
      for (int i = 0; i < model.state_size; ++i) {
        const std::size_t from =
            std::size_t(row) * width + gate * model.state_size + i;
        const int to = GateIndex(gate, i);
        extra_kernel[InputRowIndex(rows, row, to)] =
            Float(model.extra_kernel, from);
        if (!halves) continue;
        const uint32_t half =
            static_cast<const uint16_t*>(model.extra_kernel.data)[from];
        const int64_t panel = InputRowIndex(rows, row, to - to % kInputPanel);
        extra_halves[panel / 2 + to % 16] |=
            half << (to % kInputPanel < 16 ? 0 : 16);
      }
    }
  }
  return true;
}

bool Engine::BuildSubscale() {
  const Subscale& from = model.subscale;
  subscale = GroupedSubscale();
  if (from.plain()) return true;
  for (const SubscaleLayer& layer : from.layers) {
    subscale.layers.emplace_back();
    if (!subscale.layers.back().Build({{&layer.kernel, layer.bias}},
                                      from.channels, kernels())) {
      return false;
    }
  }
  const int half = model.state_size / 2;
  for (int start : {0, half}) {
    for (int first = 0; first < half; first += kPartUnits) {
      const int count = std::min(kPartUnits, half - first);
      BlockSparse part[kGates];
      for (int gate = 0; gate < kGates; ++gate) {
        part[gate] = Rows(from.gates[gate], start + first, count);
      }
      subscale.gates.emplace_back();
      if (!BuildGateMatrices(part, kernels(), subscale.gates.back())) {
        return false;
      }
    }
  }
  subscale.channel_forms = Forms(subscale.gates.front());
  return true;
}

bool Engine::Build(const Model& from, const KernelTable& kernels) {
  model = from;
  kernels_ = &kernels;
  if (!BuildConditioning() || !BuildGates() || !BuildExtraRows() ||
      !BuildGateMatrices(model.recurrent, kernels, recurrence) ||
      !BuildHead(model.coarse, kernels, coarse) ||
      !BuildHead(model.fine, kernels, fine) || !BuildSubscale()) {
    return false;
  }
  state_forms = Forms(recurrence) | 1u << coarse.project.form() |
                1u << fine.project.form();
  projection_forms = 1u << coarse.output.form() | 1u << fine.output.form();
  return true;
}

bool Engine::Widen() {
  const std::lock_guard<std::mutex> guard(widening_);
  bool done = true;
  std::vector<std::deque<GroupedMatrix>*> lists = {&recurrence,
                                                   &subscale.layers};
  for (std::deque<GroupedMatrix>& part : subscale.gates) lists.push_back(&part);
  for (std::deque<GroupedMatrix>* list : lists) {
    for (GroupedMatrix& matrix : *list) done = done && matrix.Widen();
  }
  for (GroupedHead* head : {&coarse, &fine}) {
    done = done && head->project.Widen() && head->output.Widen();
  }
  return done;
}

}  // namespace wavernn_tf
