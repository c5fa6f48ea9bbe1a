// Time per sample of a random model, one stream, one thread, for every
// instruction set of this machine, beside the time to read the weights once:
//   bench_generate [state] [projection] [density] [frames] [rounds]
// Medians over rounds in which everything takes its turn. Stages are timed in
// rounds of their own, as a share of the untimed median; "draw" holds all that
// is no kernel: random numbers, running sums, signal processing.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "bench/read_floor.h"
#include "bench/stage_clock.h"
#include "kernels/generate.h"
#include "tests/random_model.h"

using namespace wavernn_tf;

namespace {

using Times = std::vector<double>;

double Median(Times times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

template <typename Body>
double Microseconds(Body body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  const std::chrono::duration<double, std::micro> spent =
      std::chrono::steady_clock::now() - start;
  return spent.count();
}

int64_t Blocks(const BlockSparse& matrix) {
  return matrix.row_offsets[matrix.rows / BlockOut(matrix.shape)];
}

int64_t Blocks(const Model& model) {
  int64_t blocks = 0;
  for (const BlockSparse& matrix : model.recurrent) blocks += Blocks(matrix);
  for (const Head* head : {&model.coarse, &model.fine}) {
    blocks += Blocks(head->project) + Blocks(head->output);
  }
  return blocks;
}

// A random model ready to run, and the memory to read for its floor.
class Voice {
 public:
  Voice(const ModelShape& shape, int frames)
      : random_(shape, 1),
        frames_(frames),
        features_(random_.Features(frames)),
        audio_(static_cast<std::size_t>(Samples())),
        state_(shape.state_size + 2, 0.0f) {}

  bool Allocate() {
    return workspace_.Allocate(model()) && weights_.Resize(16 * blocks());
  }

  const Model& model() const { return random_.model(); }
  int64_t blocks() const { return Blocks(model()); }
  int Samples() const { return frames_ * model().hop_length; }
  const float* recurrent() const { return workspace_.recurrent.data(); }

  // Microseconds per sample.
  double Run(const KernelTable& kernels) {
    GenerateParams params = {};
    params.features = features_.data();
    params.frames = frames_;
    params.seed = 1;
    params.temperature = 1.0f;
    params.state_in = state_.data();
    params.state_out = state_.data();
    params.audio = audio_.data();
    return Microseconds(
               [&] { Generate(model(), kernels, params, workspace_); }) /
           Samples();
  }

  // Microseconds to read the non-zero weights once, again and again.
  double Read() const {
    constexpr int kTimes = 1000;
    return Microseconds([&] {
             for (int i = 0; i < kTimes; ++i) {
               ReadLines(weights_.data(), blocks());
             }
           }) /
           kTimes;
  }

 private:
  RandomModel random_;
  int frames_;
  Floats features_;
  std::vector<int16_t> audio_;
  Floats state_;
  Workspace workspace_;
  AlignedBuffer weights_;
};

// One instruction set's times on one voice.
struct Series {
  Voice* voice;
  const KernelTable* kernels;
  Times times;
  Times stages[kStages];  // shares of the whole
};

void TimeStages(Series& series) {
  const KernelTable& timed =
      StageClock::Wrap(*series.kernels, series.voice->recurrent());
  const uint64_t start = StageClock::Now();
  series.voice->Run(timed);
  double whole = static_cast<double>(StageClock::Now() - start);
  for (int stage = 0; stage < kStages; ++stage) {
    whole -= StageClock::Overhead(static_cast<Stage>(stage));
  }
  for (int stage = 0; stage < kStages; ++stage) {
    series.stages[stage].push_back(
        StageClock::Ticks(static_cast<Stage>(stage)) / whole);
  }
}

void Print(const Series& series, const char* block, double floor) {
  const double whole = Median(series.times);
  std::printf("%-5s %-7s %8.2f %6.2f ", block, series.kernels->isa, whole,
              whole / floor);
  double rest = whole;
  for (const Times& shares : series.stages) {
    const double stage = Median(shares) * whole;
    rest -= stage;
    std::printf(" %8.2f", stage);
  }
  std::printf(" %8.2f\n", rest);
}

int Usage() {
  std::fprintf(stderr,
               "usage: bench_generate [state, a multiple of 32] [projection,"
               " of 16] [density] [frames] [rounds]\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  ModelShape shape;
  shape.state_size = argc > 1 ? std::atoi(argv[1]) : 1024;
  shape.projection_size = argc > 2 ? std::atoi(argv[2]) : 512;
  shape.density = argc > 3 ? static_cast<float>(std::atof(argv[3])) : 0.05f;
  const int frames = argc > 4 ? std::atoi(argv[4]) : 8;
  const int rounds = argc > 5 ? std::atoi(argv[5]) : 15;
  if (shape.state_size < 32 || shape.state_size % 32 != 0 ||
      shape.projection_size < 16 || shape.projection_size % 16 != 0 ||
      !(shape.density > 0.0f) || frames < 1 || rounds < 1) {
    return Usage();
  }
  shape.n_features = 80;
  shape.channels = 128;
  shape.hop_length = 300;  // 12.5 ms at 24 kHz
  shape.taps = {5, 3};
  shape.strides = {5};  // 2.5 ms steps

  const KernelList& list = AvailableKernels();
  std::printf("state %d, projection %d, density %.3f; us per sample\n",
              shape.state_size, shape.projection_size,
              static_cast<double>(shape.density));
  std::printf("%-5s %-7s %8s %6s  %8s %8s %8s %8s %8s %8s\n", "block", "isa",
              "sample", "ratio", "recur", "gates", "heads", "softmax", "cond",
              "draw");
  for (BlockShape block : {BlockShape::k16x1, BlockShape::k4x4}) {
    shape.block = block;
    Voice voice(shape, frames);
    // Scalar code is slow: one frame and fewer rounds do.
    Voice short_voice(shape, 1);
    if (!voice.Allocate() || !short_voice.Allocate()) return 1;
    std::vector<Series> all;
    for (int i = 0; i < list.count; ++i) {
      all.push_back({i == 0 ? &short_voice : &voice, list.tables[i], {}, {}});
      all.back().voice->Run(*list.tables[i]);
    }
    Times floors;
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (i == 0 && round % 8 != 0) continue;
        floors.push_back(voice.Read());
        all[i].times.push_back(all[i].voice->Run(*all[i].kernels));
        TimeStages(all[i]);
      }
    }
    const double floor = Median(floors);
    const char* name = block == BlockShape::k4x4 ? "4x4" : "16x1";
    for (const Series& series : all) Print(series, name, floor);
    std::printf("%-5s %-7s %8.2f   1.00   %lld blocks\n", name, "floor", floor,
                static_cast<long long>(voice.blocks()));
  }
  return 0;
}
