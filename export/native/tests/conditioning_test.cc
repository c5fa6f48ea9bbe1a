#include "kernels/conditioning.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/check.h"
#include "tests/random_model.h"

using namespace wavernn_tf;

namespace {

using Doubles = std::vector<double>;

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
            sum +=
                in[(t + j) * layer.channels_in + i] *
                layer.kernel[(j * layer.channels_in + i) * layer.channels_out +
                             o];
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
          sum +=
              in[t / layer.taps * layer.channels_in + i] *
              layer
                  .kernel[(j * layer.channels_in + i) * layer.channels_out + o];
        }
        out.push_back(std::max(sum, 0.0));
      }
    }
    in = out;
  }
  return in;
}

void TestAgainstOracle() {
  RandomModel random(ModelShape{}, 3);
  const Model& model = random.model();
  Workspace workspace;
  CHECK(workspace.Allocate(model));
  const Floats features = random.Features(7);
  const Doubles expected = Oracle(model, features);
  const float* steps =
      ConditionFrames(model, ScalarKernels(), features.data(), 7, workspace);
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
void TestChunks() {
  RandomModel random(ModelShape{}, 4);
  const Model& model = random.model();
  Workspace workspace;
  CHECK(workspace.Allocate(model));
  const int frames = 9;
  const Floats features = random.Features(frames);
  const int per_frame = model.steps_per_frame * model.conditioning_channels;
  const float* steps = ConditionFrames(model, ScalarKernels(), features.data(),
                                       frames, workspace);
  const Floats whole(steps, steps + frames * per_frame);
  for (int size : {1, 2, 4}) {
    for (int frame = 0; frame + size <= frames; ++frame) {
      steps = ConditionFrames(model, ScalarKernels(),
                              features.data() + frame * model.n_features, size,
                              workspace);
      CHECK(std::equal(steps, steps + size * per_frame,
                       whole.begin() + frame * per_frame));
    }
  }
}

void TestProjection() {
  RandomModel random(ModelShape{}, 5);
  const Model& model = random.model();
  Workspace workspace;
  CHECK(workspace.Allocate(model));
  const int channels = model.conditioning_channels;
  const int width = kGates * model.state_size;
  const Floats steps =
      RandomFloats(random.random(), kTileSteps * channels, 1.0f);
  ProjectGates(model, ScalarKernels(), steps.data(), kTileSteps, workspace);
  for (int t = 0; t < kTileSteps; ++t) {
    for (int o = 0; o < width; ++o) {
      float sum = model.input_bias[o];
      for (int i = 0; i < channels; ++i) {
        sum = std::fma(steps[t * channels + i],
                       model.conditioning_kernel[i * width + o], sum);
      }
      CHECK(workspace.gates.data()[t * width + o] == sum);
    }
  }
}

}  // namespace

int main() {
  TestAgainstOracle();
  TestChunks();
  TestProjection();
  return Failures();
}
