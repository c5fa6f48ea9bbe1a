// Subscale WaveRNN one sub-tensor after the other, by plain loops over
// positions and the products of one stream: what the wavefront must equal.
#ifndef WAVERNN_TF_TESTS_HELPERS_SEQUENTIAL_H_
#define WAVERNN_TF_TESTS_HELPERS_SEQUENTIAL_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/philox.h"
#include "base/signal.h"
#include "kernels/sampler.h"
#include "model/conditioning.h"
#include "stream/score.h"
#include "stream/stream.h"
#include "tests/helpers/check.h"
#include "tests/helpers/product.h"
#include "tests/helpers/random_model.h"

namespace wavernn_tf {

class Sequential {
 public:
  Sequential(const Model& model, const KernelTable& kernels)
      : model_(model), subscale_(model.subscale), kernels_(kernels) {
    CHECK(engine_.Build(model, kernels) && workspace_.Allocate(engine_));
  }

  // By sub-tensor and position.
  std::vector<Floats> samples;  // s
  std::vector<Floats> coarse;   // natural log of the probabilities
  std::vector<Floats> fine;

  // Draws as many positions of every sub-tensor as the ones behind it see.
  void Sample(const Floats& features, int64_t frames, uint64_t seed,
              float temperature) {
    Project(features, frames + model_.ahead());
    const int B = subscale_.batch;
    samples.clear();
    coarse.clear();
    fine.clear();
    const int64_t wanted = (frames * model_.hop_length + B - 1) / B;
    for (int s = 0; s < B; ++s) {
      const int64_t count = wanted + int64_t{B - 1 - s} * subscale_.stagger();
      Drawer drawer = {*this, seed, temperature, 0, {}};
      samples.emplace_back(count, 0.0f);
      Run(s, count, drawer);
    }
  }

  // Takes the samples of `audio` [B * positions], silence around it.
  void Teach(const Floats& features, const Floats& emphasised) {
    const int B = subscale_.batch;
    const int64_t count = emphasised.size() / B;
    Project(features, (count * B + model_.hop_length - 1) / model_.hop_length);
    for (int s = 0; s < B; ++s) {
      samples.emplace_back();
      for (int64_t i = 0; i < count; ++i) {
        samples.back().push_back(emphasised[B * i + s]);
      }
    }
    for (int s = 0; s < B; ++s) {
      Teacher teacher = {*this, s, 0};
      Run(s, count, teacher);
    }
  }

  float Sampled(int64_t t) const { return At(samples, t); }
  float Coarse(int64_t t) const { return At(coarse, t); }
  float Fine(int64_t t) const { return At(fine, t); }

 private:
  struct Drawer {
    Sequential& run;
    uint64_t seed;
    float temperature;
    int64_t t;
    SampleUniforms uniforms;

    int Coarse(float* logits) {
      uniforms = DrawUniforms(seed, static_cast<uint64_t>(t));
      return Draw(logits, uniforms.coarse, run.coarse);
    }
    int Fine(float* logits) { return Draw(logits, uniforms.fine, run.fine); }
    int Draw(const float* logits, float uniform, std::vector<Floats>& scores) {
      alignas(64) float weights[kClasses];
      alignas(64) float totals[kClassGroups];
      int drawn = ArgMax(logits);
      if (temperature > 0.0f) {
        run.kernels_.softmax(
            {logits, InverseTemperature(temperature), weights, totals});
        drawn = run.kernels_.draw({weights, totals, uniform});
      }
      std::copy_n(logits, kClasses, weights);
      scores.back().push_back(LogLikelihood(run.kernels_, weights, drawn));
      return drawn;
    }
    void Accept(int s, int64_t i, SplitSample sample) {
      run.samples[s][i] = Combine(sample, run.model_.sample_offset);
    }
  };

  struct Teacher {
    Sequential& run;
    int s;
    int64_t i;

    SplitSample Truth() const {
      return Split(run.samples[s][i], run.model_.sample_offset);
    }
    int Coarse(float* logits) {
      run.coarse.back().push_back(
          LogLikelihood(run.kernels_, logits, Truth().coarse));
      return Truth().coarse;
    }
    int Fine(float* logits) {
      run.fine.back().push_back(
          LogLikelihood(run.kernels_, logits, Truth().fine));
      return Truth().fine;
    }
    void Accept(int, int64_t, SplitSample) {}
  };

  float At(const std::vector<Floats>& values, int64_t t) const {
    return values[t % subscale_.batch][t / subscale_.batch];
  }

  // The gates' conditioning, all steps.
  void Project(const Floats& features, int64_t frames) {
    Conditioner conditioner;
    CHECK(conditioner.Allocate(engine_, static_cast<int>(frames)));
    const int64_t steps = frames * model_.steps_per_frame;
    gates_.resize(steps * kGates * model_.state_size);
    ProjectGates(engine_,
                 conditioner.Run(engine_, nullptr, features.data(),
                                 static_cast<int>(frames)),
                 model_.conditioning_channels, static_cast<int>(steps),
                 gates_.data());
  }

  float Source(int z, int64_t position) const {
    if (z < 0 || position < 0) return 0.0f;
    if (position >= static_cast<int64_t>(samples[z].size())) return 0.0f;
    return samples[z][position] / 32768.0f;
  }

  // relu(matrix x + bias), or without the ReLU; x >= 0 if it goes to integers.
  Floats Multiply(const GroupedMatrix& matrix, const Floats& x, bool relu,
                  Floats y) const {
    const int size = static_cast<int>(x.size());
    Activations activations;
    CHECK(activations.Allocate(size, 1u << matrix.form()));
    std::copy(x.begin(), x.end(), activations.plain());
    activations.Refresh(kernels_, 0, size, LargestOf(x, kAny));
    y.resize(y.size() + kOutputSlack);
    activations.Multiply(kernels_, matrix, 0, y.data(), relu);
    y.resize(y.size() - kOutputSlack);
    return y;
  }

  // The network's outputs for positions 0 .. count - 1.
  std::vector<Floats> Network(int s, int64_t count) const {
    const int B = subscale_.batch;
    const int taps = subscale_.kernel_size;
    const int future = subscale_.future();
    std::vector<Floats> before;  // outputs of the layer before
    for (std::size_t l = 0; l < subscale_.layers.size(); ++l) {
      const int dilation = subscale_.layers[l].dilation;
      std::vector<Floats> after;
      // The first position that some later tap reads.
      const int64_t first = future - subscale_.Reach(l + 1);
      for (int64_t p = first; p < count + future; ++p) {
        Floats x;
        for (int o = 0; o < taps; ++o) {
          const int64_t at = p - int64_t{taps - 1 - o} * dilation;
          if (l > 0) {
            const Floats& y = before[at - (future - subscale_.Reach(l))];
            x.insert(x.end(), y.begin(), y.end());
            continue;
          }
          for (int j = 0; j < B - 1; ++j) x.push_back(Source(s - 1 - j, at));
        }
        for (int b = 0; l == 0 && b < B; ++b) x.push_back(b == s ? 1.0f : 0.0f);
        after.push_back(Multiply(engine_.subscale.layers[l], x, true,
                                 Floats(subscale_.channels)));
      }
      before = after;
    }
    return before;
  }

  template <typename Chooser>
  void Run(int s, int64_t count, Chooser& chooser) {
    const int width = kGates * model_.state_size;
    const std::vector<Floats> n = Network(s, count);
    const Floats zeros(model_.state_size, 0.0f);
    workspace_.SetState(engine_, zeros.data());
    coarse.emplace_back();
    fine.emplace_back();
    SplitSample previous = Split(0.0f, model_.sample_offset);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t t = subscale_.batch * i + s;
      const int64_t steps = gates_.size() / width;
      const int64_t step = std::min(t / model_.samples_per_step, steps - 1);
      const Floats gates = AddNetwork(gates_.data() + step * width, n[i]);
      Place(chooser, i, t);
      previous = Step(engine_, gates.data(), previous, workspace_, chooser);
      chooser.Accept(s, i, previous);
    }
  }

  // gates [3H] + N n, the gates standing where a bias does.
  Floats AddNetwork(const float* gates, const Floats& n) const {
    Floats sum(kGates * model_.state_size);
    for (int gate = 0; gate < kGates; ++gate) {
      Floats bias(model_.state_size);
      for (int o = 0; o < model_.state_size; ++o) {
        bias[o] = gates[GateIndex(gate, o)];
      }
      GroupedMatrix matrix;
      CHECK(matrix.Build({{&subscale_.gates[gate], bias.data(),
                           GateIndex(gate, 0), kGateStride}},
                         kGates * model_.state_size, kernels_));
      sum = Multiply(matrix, n, false, sum);
    }
    return sum;
  }

  static void Place(Drawer& drawer, int64_t, int64_t t) { drawer.t = t; }
  static void Place(Teacher& teacher, int64_t i, int64_t) { teacher.i = i; }

  const Model& model_;
  const Subscale& subscale_;
  const KernelTable& kernels_;
  Engine engine_;
  Workspace workspace_;
  Floats gates_;  // [steps, 3H]
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TESTS_HELPERS_SEQUENTIAL_H_
