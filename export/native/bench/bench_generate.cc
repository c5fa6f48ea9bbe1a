// The kernels alone: microseconds per sample of a random model, one thread, for
// every instruction set of this machine, beside the time to read the non-zero
// weights once from cache as float32:
//   bench_generate [--state N] [--proj N] [--density X] [--block NAME|all]
//                  [--weights NAME|all] [--batch N] [--isa NAME] [--frames N]
//                  [--rounds N] [--subscale B] [--horizon N] [--channels N]
//                  [--layers N] [--layer-density X]
// Subscale models have layers of dilation 1, 2, 4, .. and sample several
// sub-tensors at once from the middle of a stream.
// Without a round everything runs once, untimed, for who counts instructions.
// Medians over rounds in which everything takes its turn, each round with the
// model in another place in memory. Stages are timed in rounds of their own and
// given as shares of the untimed median.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "profile/read_floor.h"
#include "profile/timed_kernels.h"
#include "stream/generate.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

constexpr const char* kShapeNames[] = {"4x4", "16x1", "8x4"};
constexpr const char* kTypeNames[] = {"float32", "bfloat16", "int8", "int16"};

using Times = std::vector<double>;

double Median(Times times) {
  if (times.empty()) return 0.0;
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

struct Options {
  ModelShape shape;
  std::string block = "all";
  std::string weights = "all";
  std::string isa = "all";
  int batch = 1;
  int frames = 8;
  int rounds = 16;
  bool predictors = false;  // all of them
  std::string postfilter = "off";
  int passes = 1;  // of the spectral one
};

int64_t Nonzeros(const Model& model) {
  int64_t count = 0;
  const auto add = [&](const BlockSparse& matrix) {
    count += int64_t{matrix.blocks()} * BlockSize(matrix.shape);
  };
  for (const BlockSparse& matrix : model.recurrent) add(matrix);
  for (const Head* head : {&model.coarse, &model.fine}) {
    add(head->project);
    add(head->output);
  }
  if (model.subscale.plain()) return count;
  for (const SubscaleLayer& layer : model.subscale.layers) add(layer.kernel);
  for (const BlockSparse& matrix : model.subscale.gates) add(matrix);
  return count;
}

// A random model ready to run, laid out in memory of its own.
class Voice {
 public:
  Voice(RandomModel& random, const KernelTable& kernels, int batch, int frames)
      : model_(random.model()),
        kernels_(kernels),
        frames_(frames),
        streams_(batch) {
    const int samples = frames * model_.hop_length;
    for (GenerateParams& stream : streams_) {
      features_.push_back(random.Features(frames));
      states_.emplace_back(model_.stream_size(), 0.0f);
      audio_.emplace_back(samples);
      stream.features = features_.back().data();
      stream.frames = frames;
      stream.seed = features_.size();
      stream.temperature = 1.0f;
      stream.state_in = states_.back().data();
      stream.state_out = states_.back().data();
      stream.audio = audio_.back().data();
      stream.position = model_.hop_length;
    }
  }

  bool Allocate() {
    return engine_.Build(model_, kernels_) &&
           (Batched() ? batch_.Allocate(engine_)
                      : workspace_.Allocate(engine_));
  }

  // Microseconds per sample.
  double Run() {
    const auto start = std::chrono::steady_clock::now();
    RunWith(kernels_);
    const std::chrono::duration<double, std::micro> spent =
        std::chrono::steady_clock::now() - start;
    return spent.count() /
           (frames_ * model_.hop_length * static_cast<double>(Streams()));
  }

  // The same for the clock of timed_kernels.h.
  void RunTimed() {
    const TimedRun run(kernels_, Batched() ? batch_.recurrent.data()
                                           : workspace_.recurrent.data());
    RunWith(run.kernels());
  }

 private:
  int Streams() const { return static_cast<int>(streams_.size()); }
  bool Batched() const { return Streams() > 1 || !model_.subscale.plain(); }

  void RunWith(const KernelTable& kernels) {
    if (!Batched()) {
      Generate(engine_, kernels, streams_[0], workspace_);
      return;
    }
    for (int b = 0; b < Streams();) {
      const int count = BatchedStreams(model_, &streams_[b], Streams() - b);
      GenerateBatch(engine_, kernels, &streams_[b], count, batch_);
      b += count;
    }
  }

  const Model& model_;
  const KernelTable& kernels_;
  int frames_;
  std::deque<Floats> features_;
  std::deque<Floats> states_;
  std::deque<std::vector<int16_t>> audio_;
  std::vector<GenerateParams> streams_;
  Engine engine_;
  Workspace workspace_;
  BatchWorkspace batch_;
};

// Copies of a model that take turns: pages of some push each other out of the
// cache, those of others do not.
constexpr int kPlaces = 16;

// One instruction set's times on one model.
struct Series {
  std::string name;
  std::vector<std::unique_ptr<Voice>> places;
  bool slow;  // fewer rounds do
  Times floors;
  Times times;
  Times stages[kStages];  // shares of the whole
};

void Time(Series& series, int round) {
  Voice& voice = *series.places[round % series.places.size()];
  if (!series.slow) voice.Run();  // into the cache
  series.times.push_back(voice.Run());
  double stages[kStages];
  TakeStages(stages);
  voice.RunTimed();
  TakeStages(stages);
  double whole = 0.0;
  for (double stage : stages) whole += stage;
  for (int i = 0; i < kStages; ++i) {
    series.stages[i].push_back(stages[i] / whole);
  }
}

void Print(const Series& series) {
  const double whole = Median(series.times);
  const double floor = Median(series.floors);
  std::printf("%s %8.2f %6.2f %6.2f ", series.name.c_str(), whole, floor,
              whole / floor);
  for (const Times& shares : series.stages) {
    std::printf(" %8.2f", Median(shares) * whole);
  }
  std::printf("\n");
}

bool Chosen(const std::string& choice, const char* name) {
  return choice == "all" || choice == name;
}

int Usage() {
  std::fprintf(stderr,
               "usage: bench_generate [--state N, a multiple of 32] [--proj N,"
               " of 16] [--density X] [--block 4x4|16x1|8x4|all]"
               " [--weights float32|bfloat16|int16|int8|all] [--batch N]"
               " [--isa NAME]"
               " [--frames N] [--rounds N] [--subscale 1|2|4|8|16]"
               " [--predictors 0|1]"
               " [--postfilter off|causal|centred|spectral] [--passes N]"
               " [--horizon N] [--channels N, of 16] [--layers N]"
               " [--layer-density X]\n");
  return 2;
}

PostfilterForm FormOf(const std::string& name) {
  if (name == "causal") return PostfilterForm::kCausal;
  if (name == "centred") return PostfilterForm::kCentred;
  if (name == "spectral") return PostfilterForm::kSpectral;
  return PostfilterForm::kOff;
}

bool Parse(int argc, char** argv, Options& options) {
  SubscaleShape& subscale = options.shape.subscale;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) return false;
    const std::string name = argv[i];
    const char* const value = argv[i + 1];
    if (name == "--state") {
      options.shape.state_size = std::atoi(value);
    } else if (name == "--proj") {
      options.shape.projection_size = std::atoi(value);
    } else if (name == "--density") {
      options.shape.density = static_cast<float>(std::atof(value));
    } else if (name == "--block") {
      options.block = value;
    } else if (name == "--weights") {
      options.weights = value;
    } else if (name == "--isa") {
      options.isa = value;
    } else if (name == "--batch") {
      options.batch = std::atoi(value);
    } else if (name == "--frames") {
      options.frames = std::atoi(value);
    } else if (name == "--subscale") {
      subscale.batch = std::atoi(value);
    } else if (name == "--horizon") {
      subscale.horizon = std::atoi(value);
    } else if (name == "--channels") {
      subscale.channels = std::atoi(value);
    } else if (name == "--layers") {
      subscale.dilations.clear();
      for (int l = 0; l < std::min(std::atoi(value), 16); ++l) {
        subscale.dilations.push_back(1 << l);
      }
    } else if (name == "--layer-density") {
      subscale.density = static_cast<float>(std::atof(value));
    } else if (name == "--predictors") {
      options.predictors = std::atoi(value) != 0;
    } else if (name == "--postfilter") {
      options.postfilter = value;
    } else if (name == "--passes") {
      options.passes = std::atoi(value);
    } else if (name == "--rounds") {
      options.rounds = std::atoi(value);
    } else {
      return false;
    }
  }
  const ModelShape& shape = options.shape;
  const bool known = subscale.batch == 1 || subscale.batch == 2 ||
                     subscale.batch == 4 || subscale.batch == 8 ||
                     subscale.batch == 16;
  return known && subscale.channels >= 16 && subscale.channels % 16 == 0 &&
         !subscale.dilations.empty() && subscale.density > 0.0f &&
         subscale.horizon + 1 >= 1 << subscale.dilations.size() &&
         shape.state_size >= 32 && shape.state_size % 32 == 0 &&
         shape.projection_size >= 16 && shape.projection_size % 16 == 0 &&
         shape.density > 0.0f && options.batch >= 1 && options.frames >= 1 &&
         options.rounds >= 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  ModelShape& shape = options.shape;
  shape.state_size = 1024;
  shape.projection_size = 512;
  shape.density = 0.05f;
  shape.n_features = 80;
  shape.channels = 128;
  shape.hop_length = 240;  // 10 ms at 24 kHz
  shape.taps = {5, 3};
  shape.strides = {3};  // steps of 80 samples
  shape.subscale.horizon = 14;
  shape.subscale.channels = 64;
  shape.subscale.dilations = {1, 2, 4};
  if (!Parse(argc, argv, options)) return Usage();
  shape.subscale.gate_density = shape.density;
  if (options.predictors) {
    shape.predictors = AllPredictors();
    shape.predictors.sample_rate = 24000;
    shape.predictors.estimator_channels = 192;
    shape.predictors.postfilter = FormOf(options.postfilter);
    shape.predictors.passes = std::clamp(options.passes, 1, kMostPasses);
  }

  std::printf(
      "state %d, projection %d, density %.3f, batch %d, subscale %d, "
      "%d samples a frame\n",
      shape.state_size, shape.projection_size,
      static_cast<double>(shape.density), options.batch, shape.subscale.batch,
      shape.hop_length);
  std::printf("%-27s %8s %6s %6s  %8s %8s %8s %8s %8s %8s %8s %8s\n",
              "weights  block isa, us for", "sample", "floor", "ratio", "recur",
              "gates", "subscale", "heads", "softmax", "cond", "predict",
              "rest");
  const KernelList& list = AvailableKernels();
  for (WeightType type : {WeightType::kFloat32, WeightType::kBfloat16,
                          WeightType::kInt16, WeightType::kInt8}) {
    for (BlockShape block :
         {BlockShape::k16x1, BlockShape::k4x4, BlockShape::k8x4}) {
      shape.weights = type;
      shape.block = block;
      const char* const type_name = kTypeNames[static_cast<int>(type)];
      const char* const block_name = kShapeNames[static_cast<int>(block)];
      if (!Chosen(options.block, block_name) ||
          !Chosen(options.weights, type_name)) {
        continue;
      }
      RandomModel random(shape, 1);
      std::vector<Series> all;
      for (int i = 0; i < list.count; ++i) {
        const KernelTable& kernels = *list.tables[i];
        if (!Chosen(options.isa, kernels.isa)) continue;
        char name[64];
        std::snprintf(name, sizeof(name), "%-8s %-5s %-12s", type_name,
                      block_name, kernels.isa);
        const bool slow = i == 0;
        Series series{name, {}, slow, {}, {}, {}};
        const int places = slow || options.rounds == 0 ? 1 : kPlaces;
        for (int place = 0; place < places; ++place) {
          auto voice = std::make_unique<Voice>(random, kernels, options.batch,
                                               slow ? 1 : options.frames);
          if (!voice->Allocate()) return 1;
          series.places.push_back(std::move(voice));
        }
        if (options.rounds == 0) series.places[0]->Run();
        all.push_back(std::move(series));
      }
      if (all.empty()) return Usage();
      if (options.rounds == 0) continue;
      const ReadFloor floor(4 * Nonzeros(random.model()));
      for (int round = 0; round < options.rounds; ++round) {
        for (Series& series : all) {
          if (series.slow && round % 8 != 0) continue;
          series.floors.push_back(floor.Measure());
          Time(series, round);
        }
      }
      for (const Series& series : all) Print(series);
    }
  }
  return 0;
}
