#include "model/conditioning.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/gru.h"
#include "tests/helpers/check.h"
#include "tests/helpers/product.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

using Doubles = std::vector<double>;

float At(const DenseArray& array, std::ptrdiff_t i) {
  if (array.type == WeightType::kFloat32) {
    return static_cast<const float*>(array.data)[i];
  }
  const uint32_t bits = uint32_t{static_cast<const uint16_t*>(array.data)[i]}
                        << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// The network written from its definition, float64: [frames * steps, C].
Doubles Oracle(const Model& model, const Floats& features) {
  Doubles in(features.begin(), features.end());
  for (const ConvLayer& layer : model.convolutions) {
    const int rows = static_cast<int>(in.size()) / layer.channels_in;
    Doubles out;
    for (int t = 0; t + layer.taps <= rows; ++t) {
      for (int o = 0; o < layer.channels_out; ++o) {
        double sum = layer.bias[o];
        for (int j = 0; j < layer.taps; ++j) {
          for (int i = 0; i < layer.channels_in; ++i) {
            sum += in[(t + j) * layer.channels_in + i] *
                   At(layer.kernel,
                      (j * layer.channels_in + i) * layer.channels_out + o);
          }
        }
        out.push_back(std::max(sum, 0.0));
      }
    }
    in = out;
  }
  for (const ConvLayer& layer : model.upsampling) {
    const int rows = static_cast<int>(in.size()) / layer.channels_in;
    Doubles out;
    for (int t = 0; t < rows * layer.taps; ++t) {
      for (int o = 0; o < layer.channels_out; ++o) {
        double sum = layer.bias[o];
        for (int i = 0; i < layer.channels_in; ++i) {
          const int j = t % layer.taps;
          sum += in[t / layer.taps * layer.channels_in + i] *
                 At(layer.kernel,
                    (j * layer.channels_in + i) * layer.channels_out + o);
        }
        out.push_back(std::max(sum, 0.0));
      }
    }
    in = out;
  }
  return in;
}

ModelShape Shape(WeightType weights) {
  ModelShape shape;
  shape.weights = weights;
  return shape;
}

void TestAgainstOracle(WeightType weights) {
  RandomModel random(Shape(weights), 3);
  const Model& model = random.model();
  Engine engine;
  CHECK(engine.Build(model, ScalarKernels()));
  Conditioner conditioner;
  CHECK(conditioner.Allocate(engine, 7));
  const Floats features = random.Features(7);
  const Doubles expected = Oracle(model, features);
  const float* steps = conditioner.Run(engine, nullptr, features.data(), 7);
  CHECK(expected.size() == 7u * 6u * 21u);
  double worst = 0.0;
  double largest = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::fabs(steps[i] - expected[i]));
    largest = std::max(largest, std::fabs(expected[i]));
  }
  // Four layers of at most 21 terms, gain near one, some slack.
  CHECK(worst <= 4 * 21 * std::numeric_limits<float>::epsilon() * largest * 4);
  CHECK(largest > 0.1);
}

// Each frame alone, with its own context, gives the bits of the whole.
void TestChunks(const KernelTable& kernels) {
  RandomModel random(ModelShape{}, 4);
  const Model& model = random.model();
  Engine engine;
  CHECK(engine.Build(model, kernels));
  const int frames = 9;
  Conditioner conditioner;
  CHECK(conditioner.Allocate(engine, frames));
  const Floats features = random.Features(frames);
  const int per_frame = model.steps_per_frame * model.conditioning_channels;
  const float* steps =
      conditioner.Run(engine, nullptr, features.data(), frames);
  const Floats whole(steps, steps + frames * per_frame);
  for (int size : {1, 2, 4}) {
    for (int frame = 0; frame + size <= frames; ++frame) {
      steps = conditioner.Run(engine, nullptr,
                              features.data() + frame * model.n_features, size);
      CHECK(std::equal(steps, steps + size * per_frame,
                       whole.begin() + frame * per_frame));
    }
  }
}

// Rows of steps may lie apart, as those of 16 streams do.
void TestProjection(WeightType weights, const KernelTable& kernels) {
  RandomModel random(Shape(weights), 5);
  const Model& model = random.model();
  Engine engine;
  CHECK(engine.Build(model, kernels));
  const int channels = model.conditioning_channels;
  const int state = model.state_size;
  const int width = kGates * state;
  constexpr int kSteps = 17;
  for (int stride : {channels, 3 * channels}) {
    const Floats steps = RandomFloats(random.random(), kSteps * stride, 1.0f);
    Floats gates(kSteps * width + kFence, kUntouched);
    ProjectGates(engine, steps.data(), stride, kSteps, gates.data());
    for (int t = 0; t < kSteps; ++t) {
      for (int o = 0; o < width; ++o) {
        float sum = model.input_bias[o];
        if (o < 2 * state) sum += model.recurrent_bias[o];  // not behind r
        for (int i = 0; i < channels; ++i) {
          sum = std::fma(steps[t * stride + i],
                         At(model.conditioning_kernel, i * width + o), sum);
        }
        CHECK(gates[t * width + GateIndex(o / state, o % state)] == sum);
      }
    }
    CHECK(gates[kSteps * width] == kUntouched);
  }
}

}  // namespace

int main() {
  for (WeightType weights : {WeightType::kFloat32, WeightType::kInt8}) {
    TestAgainstOracle(weights);
    ForEachIsa(
        [&](const KernelTable& kernels) { TestProjection(weights, kernels); });
  }
  ForEachIsa(TestChunks);
  return Failures();
}
