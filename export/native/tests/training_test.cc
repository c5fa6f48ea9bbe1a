// The training kernel: its loss and gradients against the equations in double
// and their central differences; all instruction sets and any number of threads
// give the same bits; what does not fit is refused.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernel_table.h"
#include "tests/helpers/check.h"
#include "training/trainer.h"

namespace wavernn_tf {
namespace {

using Floats = std::vector<float>;

constexpr int kInputs = 4, kFineInput = 2, kHold = 3;

// A window with its arrays, dense in Keras's order.
struct Window {
  int batch, time, units, projection;
  BlockShape shape;
  Floats x, gate_inputs, state, input_kernel, recurrent_bias;
  std::vector<int32_t> coarse, fine, fine_classes;
  Floats recurrent[kTrainingGates], heads[kTrainingHeads];
  Floats head_bias[kTrainingHeads], masks[kTrainingGates];

  int steps() const { return (time + kHold - 1) / kHold; }
};

Window RandomWindow(int batch, int time, int units, int projection,
                    BlockShape shape, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  const auto draw = [&](std::size_t n, float scale) {
    Floats values(n);
    for (float& value : values) value = scale * normal(random);
    return values;
  };
  Window w = {batch, time, units, projection, shape, {}, {}, {}, {},
              {},    {},   {},    {},         {},    {}, {}, {}};
  const std::size_t gates = 3 * units, half = units / 2;
  w.x = draw(std::size_t(batch) * time * kInputs, 0.5f);
  w.gate_inputs = draw(batch * w.steps() * gates, 1.0f);
  w.state = draw(batch * units, 0.3f);
  w.input_kernel = draw(kInputs * gates, 0.5f);
  for (std::size_t i = 0; i < gates; ++i) {
    if (i % units < half) w.input_kernel[kFineInput * gates + i] = 0.0f;
  }
  w.recurrent_bias = draw(units, 0.2f);
  for (int i = 0; i < batch * time; ++i) {
    w.coarse.push_back(static_cast<int32_t>(random() % 256));
    w.fine_classes.resize(256, 256);
    w.fine.push_back(static_cast<int32_t>(random() % 100));
  }
  for (int k = 0; k < 256; ++k) w.fine_classes[k] = 100 + (k * 7) % 157;
  const int out = BlockOut(shape), in = BlockIn(shape);
  for (int g = 0; g < kTrainingGates; ++g) {
    w.recurrent[g] = draw(units * units, 1.0f / std::sqrt(float(units)));
    w.masks[g].assign(units * units, 0.0f);
    for (int row = 0; row < units / out; ++row) {
      for (int column = 0; column < units / in; ++column) {
        if (random() % 3 != 0) continue;
        for (int i = 0; i < in; ++i) {
          for (int o = 0; o < out; ++o) {
            w.masks[g][(column * in + i) * units + row * out + o] = 1.0f;
          }
        }
      }
    }
    for (int i = 0; i < units * units; ++i) w.recurrent[g][i] *= w.masks[g][i];
  }
  for (int i = 0; i < kTrainingHeads; ++i) {
    const int cols = i % 2 == 0 ? static_cast<int>(half) : projection;
    const int rows = i % 2 == 0 ? projection : kTrainingClasses;
    w.heads[i] = draw(std::size_t(cols) * rows, 1.0f / std::sqrt(float(cols)));
    w.head_bias[i] = draw(rows, 0.1f);
  }
  return w;
}

struct Gradients {
  std::vector<double> bits;
  Floats state, gate_inputs, input_kernel, recurrent_bias;
  Floats recurrent[kTrainingGates], heads[kTrainingHeads];
  Floats head_bias[kTrainingHeads];
};

std::string Run(const Window& w, const TrainingKernels& kernels, int threads,
                Gradients* found) {
  TrainingWindow window = {};
  window.batch = w.batch;
  window.time = w.time;
  window.inputs = kInputs;
  window.fine_input = kFineInput;
  window.state_size = w.units;
  window.projection_size = w.projection;
  window.steps = w.steps();
  window.samples_per_step = kHold;
  window.threads = threads;
  window.scale = 1.0f;
  window.x = w.x.data();
  window.coarse = w.coarse.data();
  window.fine = w.fine.data();
  window.gate_inputs = w.gate_inputs.data();
  window.state = w.state.data();
  window.input_kernel = w.input_kernel.data();
  window.recurrent_bias = w.recurrent_bias.data();
  window.fine_classes = w.fine_classes.data();
  const auto room = [](Floats& gradient, const Floats& like) {
    gradient.assign(like.size(), -1.0f);
    return gradient.data();
  };
  for (int i = 0; i < kTrainingGates; ++i) {
    window.recurrent[i] = {w.recurrent[i].data(), w.masks[i].data(),
                           room(found->recurrent[i], w.recurrent[i]),
                           static_cast<int32_t>(w.shape)};
  }
  for (int i = 0; i < kTrainingHeads; ++i) {
    window.heads[i] = {w.heads[i].data(), nullptr,
                       room(found->heads[i], w.heads[i]),
                       static_cast<int32_t>(BlockShape::k16x1)};
    window.head_bias[i] = w.head_bias[i].data();
    window.head_bias_gradient[i] = room(found->head_bias[i], w.head_bias[i]);
  }
  found->bits.assign(2 * w.batch, 0.0);
  window.bits = found->bits.data();
  window.state_after = room(found->state, w.state);
  window.gate_inputs_gradient = room(found->gate_inputs, w.gate_inputs);
  window.input_kernel_gradient = room(found->input_kernel, w.input_kernel);
  window.recurrent_bias_gradient =
      room(found->recurrent_bias, w.recurrent_bias);
  return Trainer(kernels).Run(window);
}

double Sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

double HeadBits(const Window& w, int head, const double* y, int target,
                int limit) {
  const int half = w.units / 2;
  std::vector<double> hidden(w.projection);
  for (int p = 0; p < w.projection; ++p) {
    double sum = w.head_bias[2 * head][p];
    for (int i = 0; i < half; ++i) {
      sum += y[i] * w.heads[2 * head][i * w.projection + p];
    }
    hidden[p] = std::max(sum, 0.0);
  }
  double total = 0.0, chosen = 0.0;
  for (int k = 0; k < limit; ++k) {
    double logit = w.head_bias[2 * head + 1][k];
    for (int p = 0; p < w.projection; ++p) {
      logit += hidden[p] * w.heads[2 * head + 1][p * kTrainingClasses + k];
    }
    total += std::exp(logit);
    if (k == target) chosen = logit;
  }
  return (std::log(total) - chosen) / std::log(2.0);
}

// The bits of a window, as group.h writes the equations.
double Bits(const Window& w) {
  const int units = w.units;
  double bits = 0.0;
  for (int b = 0; b < w.batch; ++b) {
    std::vector<double> h(w.state.begin() + b * units,
                          w.state.begin() + (b + 1) * units);
    for (int t = 0; t < w.time; ++t) {
      const float* const x = &w.x[(b * w.time + t) * kInputs];
      const float* const outside =
          &w.gate_inputs[(b * w.steps() + t / kHold) * 3 * units];
      std::vector<double> next(units);
      for (int o = 0; o < units; ++o) {
        double input[3], inner[3];
        for (int g = 0; g < 3; ++g) {
          input[g] = outside[g * units + o];
          for (int i = 0; i < kInputs; ++i) {
            input[g] += double{x[i]} * w.input_kernel[(i * 3 + g) * units + o];
          }
          inner[g] = 0.0;
          for (int i = 0; i < units; ++i) {
            inner[g] += h[i] * w.recurrent[g][i * units + o];
          }
        }
        const double u = Sigmoid(inner[0] + input[0]);
        const double r = Sigmoid(inner[1] + input[1]);
        const double e =
            std::tanh(r * (inner[2] + w.recurrent_bias[o]) + input[2]);
        next[o] = u * h[o] + (1.0 - u) * e;
      }
      h = next;
      const int coarse = w.coarse[b * w.time + t];
      bits += HeadBits(w, 0, h.data(), coarse, kTrainingClasses);
      bits += HeadBits(w, 1, h.data() + units / 2, w.fine[b * w.time + t],
                       w.fine_classes[coarse]);
    }
  }
  return bits;
}

// The derivative of the bits by one weight of an array of `w`.
double Difference(Window& w, float& weight) {
  const float before = weight;
  const float step = 1.0f / 512;
  weight = before + step;
  const double above = Bits(w);
  weight = before - step;
  const double below = Bits(w);
  weight = before;
  return (above - below) / (2.0 * step);
}

void CheckGradients(BlockShape shape) {
  Window w = RandomWindow(2, 5, 32, 16, shape, 1);
  Gradients found;
  CHECK(Run(w, ScalarTraining(), 1, &found).empty());
  double bits = 0.0;
  for (const double value : found.bits) bits += value;
  CHECK(std::abs(bits - Bits(w)) < 1e-4 * bits);
  std::mt19937 random(2);
  // The kernel's functions are within 2^-18; the step's square adds as much.
  const auto compare = [&](Floats& weights, const Floats& gradient,
                           const Floats* mask) {
    float largest = 0.0f;
    for (const float g : gradient) largest = std::max(largest, std::abs(g));
    CHECK(largest > 0.0f);
    for (int n = 0; n < 6; ++n) {
      const std::size_t at = random() % weights.size();
      if (mask != nullptr && (*mask)[at] == 0.0f) {
        CHECK(gradient[at] == 0.0f);
        continue;
      }
      const double expected = Difference(w, weights[at]);
      CHECK(std::abs(expected - gradient[at]) < 2e-3 * largest);
    }
  };
  for (int i = 0; i < kTrainingGates; ++i) {
    compare(w.recurrent[i], found.recurrent[i], &w.masks[i]);
  }
  for (int i = 0; i < kTrainingHeads; ++i) {
    compare(w.heads[i], found.heads[i], nullptr);
    compare(w.head_bias[i], found.head_bias[i], nullptr);
  }
  compare(w.gate_inputs, found.gate_inputs, nullptr);
  compare(w.recurrent_bias, found.recurrent_bias, nullptr);
  // The masked row reaches the fine half alone: its zeros have no gradient.
  Floats mask(w.input_kernel.size(), 1.0f);
  for (int i = 0; i < 3 * w.units; ++i) {
    if (i % w.units < w.units / 2) mask[kFineInput * 3 * w.units + i] = 0.0f;
  }
  compare(w.input_kernel, found.input_kernel, &mask);
}

bool Same(const Gradients& a, const Gradients& b) {
  bool same = a.state == b.state && a.gate_inputs == b.gate_inputs &&
              a.input_kernel == b.input_kernel &&
              a.recurrent_bias == b.recurrent_bias;
  for (int i = 0; i < kTrainingGates; ++i) {
    same = same && a.recurrent[i] == b.recurrent[i];
  }
  for (int i = 0; i < kTrainingHeads; ++i) {
    same = same && a.heads[i] == b.heads[i] && a.head_bias[i] == b.head_bias[i];
  }
  return same;
}

void CheckSame(BlockShape shape) {
  // More than a chunk, more than a group, padded lanes and a padded projection.
  Window w = RandomWindow(21, 18, 32, 24, shape, 3);
  Gradients scalar;
  CHECK(Run(w, ScalarTraining(), 1, &scalar).empty());
  const KernelList& list = AvailableKernels();
  for (int i = 0; i < list.count; ++i) {
    Subject() = list.tables[i]->isa;
    for (const int threads : {1, 2, 5}) {
      Gradients other;
      CHECK(
          Run(w, *FindTraining(list.tables[i]->isa), threads, &other).empty());
      CHECK(Same(scalar, other));
      for (std::size_t n = 0; n < scalar.bits.size(); ++n) {
        CHECK(std::abs(other.bits[n] - scalar.bits[n]) < 1e-9);
      }
    }
  }
  Subject().clear();
  Window other = w;
  other.recurrent_bias[0] += 0.01f;
  Gradients changed;
  CHECK(Run(other, ScalarTraining(), 1, &changed).empty());
  CHECK(!Same(scalar, changed));
}

void CheckRefusals() {
  const Window right = RandomWindow(2, 4, 32, 16, BlockShape::k4x4, 4);
  const auto refused = [&](auto change, const char* words) {
    Window w = right;
    change(w);
    Gradients found;
    const std::string error = Run(w, ScalarTraining(), 1, &found);
    CHECK(error.find(words) != std::string::npos);
    CHECK(found.state[0] == -1.0f);  // nothing was written
  };
  refused([](Window& w) { w.coarse[3] = 256; }, "0..255");
  refused([](Window& w) { w.fine[0] = -1; }, "0..255");
  refused([](Window& w) { w.x[5] = NAN; }, "inputs hold NaN");
  refused([](Window& w) { w.gate_inputs[1] = INFINITY; }, "gate inputs");
  refused([](Window& w) { w.recurrent[1][7] = NAN; }, "R_r holds NaN");
  refused([](Window& w) { w.heads[3][7] = NAN; }, "O4 holds NaN");
  refused([](Window& w) { w.head_bias[0][7] = NAN; }, "O1's bias");
  refused([](Window& w) { w.state[0] = NAN; }, "carried state");
  refused([](Window& w) { w.units = 16; }, "multiple of 32");
  CHECK(FindTraining("sve") == nullptr);
}

}  // namespace
}  // namespace wavernn_tf

int main() {
  using wavernn_tf::BlockShape;
  for (const BlockShape shape :
       {BlockShape::k4x4, BlockShape::k16x1, BlockShape::k8x4}) {
    wavernn_tf::CheckGradients(shape);
    wavernn_tf::CheckSame(shape);
  }
  wavernn_tf::CheckRefusals();
  return wavernn_tf::Failures();
}
