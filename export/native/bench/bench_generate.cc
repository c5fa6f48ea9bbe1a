// Median time per sample of a random model, one stream, one thread.
//   bench_generate [state] [projection] [density] [4x4|16x1] [frames] [runs]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernels/generate.h"
#include "tests/random_model.h"

using namespace wavernn_tf;

int main(int argc, char** argv) {
  ModelShape shape;
  shape.state_size = argc > 1 ? std::atoi(argv[1]) : 896;
  shape.projection_size = argc > 2 ? std::atoi(argv[2]) : 448;
  shape.density = argc > 3 ? static_cast<float>(std::atof(argv[3])) : 0.05f;
  const char* block = argc > 4 ? argv[4] : "16x1";
  const int frames = argc > 5 ? std::atoi(argv[5]) : 8;
  const int runs = argc > 6 ? std::atoi(argv[6]) : 9;
  const bool known =
      std::strcmp(block, "4x4") == 0 || std::strcmp(block, "16x1") == 0;
  if (!known || shape.state_size < 32 || shape.state_size % 32 != 0 ||
      shape.projection_size < 16 || shape.projection_size % 16 != 0 ||
      !(shape.density > 0.0f) || frames < 1 || runs < 1) {
    std::fprintf(stderr,
                 "usage: bench_generate [state, a multiple of 32] [projection,"
                 " of 16] [density] [4x4|16x1] [frames] [runs]\n");
    return 2;
  }
  shape.block = block[0] == '4' ? BlockShape::k4x4 : BlockShape::k16x1;
  shape.n_features = 80;
  shape.channels = 128;
  shape.hop_length = 300;  // 12.5 ms at 24 kHz
  shape.taps = {5, 3};
  shape.strides = {5};  // 2.5 ms steps

  RandomModel random(shape, 1);
  const Model& model = random.model();
  const Floats features = random.Features(frames);
  const int samples = frames * model.hop_length;
  std::vector<int16_t> audio(samples);
  Floats state(model.state_size + 2, 0.0f);
  Workspace workspace;
  if (!workspace.Allocate(model)) return 1;

  GenerateParams params = {};
  params.features = features.data();
  params.frames = frames;
  params.seed = 1;
  params.temperature = 1.0f;
  params.state_in = state.data();
  params.state_out = state.data();
  params.audio = audio.data();
  std::vector<double> times;
  for (int run = 0; run < runs; ++run) {
    params.position = static_cast<uint64_t>(run) * samples;
    const auto start = std::chrono::steady_clock::now();
    Generate(model, ScalarKernels(), params, workspace);
    const std::chrono::duration<double, std::micro> spent =
        std::chrono::steady_clock::now() - start;
    times.push_back(spent.count() / samples);
  }
  std::sort(times.begin(), times.end());
  std::printf(
      "%s state %d projection %d density %.3f block %s: median %.2f,"
      " best %.2f us per sample\n",
      ScalarKernels().isa, shape.state_size, shape.projection_size,
      static_cast<double>(shape.density), block, times[runs / 2], times[0]);
  return 0;
}
