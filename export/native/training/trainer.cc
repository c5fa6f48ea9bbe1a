#include "training/trainer.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "training/lanes.h"
#include "training/packed.h"

namespace wavernn_tf {

namespace {

constexpr const char* kNoMemory = "out of memory";

std::size_t Size(int a, int b, int c = 1) {
  return static_cast<std::size_t>(a) * b * c;
}

// Bits of an exponent all set: infinity or NaN.
bool AllFinite(const float* values, std::size_t n) {
  constexpr uint32_t kExponent = 0x7F800000u;
  uint32_t found = 0;
  for (std::size_t i = 0; i < n; ++i) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof(bits));
    found |= static_cast<uint32_t>((bits & kExponent) == kExponent);
  }
  return found == 0;
}

bool AllBytes(const int32_t* values, std::size_t n) {
  uint32_t all = 0;
  for (std::size_t i = 0; i < n; ++i) all |= static_cast<uint32_t>(values[i]);
  return all < 256;
}

// Sizes of O1..O4: outputs and inputs.
struct HeadSizes {
  int rows[kTrainingHeads], cols[kTrainingHeads];
  explicit HeadSizes(const TrainingWindow& w)
      : rows{w.projection_size, kTrainingClasses, w.projection_size,
             kTrainingClasses},
        cols{w.state_size / 2, w.projection_size, w.state_size / 2,
             w.projection_size} {}
};

int Padded(int rows) { return (rows + 15) / 16 * 16; }

std::string CheckShape(const DenseMatrix& matrix, int rows, int cols,
                       const std::string& name) {
  if (matrix.shape < 0 || matrix.shape >= kBlockShapes) {
    return name + ": unknown block shape " + std::to_string(matrix.shape);
  }
  const auto shape = static_cast<BlockShape>(matrix.shape);
  // A 16x1 block may reach past the last output: that is padded.
  if (cols % BlockIn(shape) != 0 ||
      (shape != BlockShape::k16x1 && rows % BlockOut(shape) != 0)) {
    return name + ": " + std::to_string(rows) + " outputs x " +
           std::to_string(cols) + " inputs do not divide into blocks";
  }
  if (!AllFinite(matrix.weights, Size(rows, cols))) {
    return name + " holds NaN or infinity";
  }
  return "";
}

std::string Check(const TrainingWindow& w) {
  if (w.batch < 1 || w.time < 1 || w.inputs < 1 || w.threads < 1 ||
      w.projection_size < 1 || w.steps < 1 || w.samples_per_step < 1) {
    return "expected positive sizes";
  }
  if (w.state_size < 32 || w.state_size % 32 != 0) {
    return "expected a state size that is a multiple of 32; got " +
           std::to_string(w.state_size);
  }
  if (static_cast<int64_t>(w.steps) * w.samples_per_step < w.time) {
    return "expected at least " + std::to_string(w.time) +
           " samples of conditioning; got " + std::to_string(w.steps) +
           " steps of " + std::to_string(w.samples_per_step);
  }
  const std::size_t samples = Size(w.batch, w.time);
  if (!AllBytes(w.coarse, samples) || !AllBytes(w.fine, samples)) {
    return "expected classes in 0..255";
  }
  if (!AllFinite(w.x, samples * w.inputs)) return "inputs hold NaN or infinity";
  const std::size_t gates = Size(kTrainingGates, w.state_size);
  if (!AllFinite(w.gate_inputs, Size(w.batch, w.steps) * gates)) {
    return "gate inputs hold NaN or infinity: the features or the weights of "
           "the conditioning network do";
  }
  if (!AllFinite(w.state, Size(w.batch, w.state_size))) {
    return "the carried state holds NaN or infinity";
  }
  if (!AllFinite(w.input_kernel, w.inputs * gates) ||
      !AllFinite(w.recurrent_bias, w.state_size)) {
    return "the weights of the GRU hold NaN or infinity";
  }
  static const char* const kGates[] = {"R_u", "R_r", "R_e"};
  static const char* const kHeads[] = {"O1", "O2", "O3", "O4"};
  for (int i = 0; i < kTrainingGates; ++i) {
    const std::string wrong =
        CheckShape(w.recurrent[i], w.state_size, w.state_size, kGates[i]);
    if (!wrong.empty()) return wrong;
  }
  const HeadSizes sizes(w);
  for (int i = 0; i < kTrainingHeads; ++i) {
    const std::string wrong =
        CheckShape(w.heads[i], sizes.rows[i], sizes.cols[i], kHeads[i]);
    if (!wrong.empty()) return wrong;
    if (!AllFinite(w.head_bias[i], sizes.rows[i])) {
      return std::string(kHeads[i]) + "'s bias holds NaN or infinity";
    }
  }
  return "";
}

// Hands out parts of one array, each aligned to 64 bytes.
class Arena {
 public:
  // Run twice with the same requests: first to count, then to hand out.
  bool Reserve() {
    const bool fits = array_.size() >= used_ || array_.Resize(used_);
    used_ = 0;
    handing_ = true;
    return fits;
  }
  void Restart() {
    used_ = 0;
    handing_ = false;
  }
  float* Take(std::size_t count) {
    float* const part = handing_ ? array_.data() + used_ : nullptr;
    used_ += (count + 15) / 16 * 16;
    return part;
  }
  std::size_t used() const { return used_; }
  float* data() { return array_.data(); }

 private:
  AlignedArray<float> array_;
  std::size_t used_ = 0;
  bool handing_ = false;
};

// What one thread writes for the group that it is at.
struct Scratch {
  Arena arena;
  AlignedArray<int32_t> classes;

  bool Prepare(const TrainingWindow& w, TrainingGroup& group) {
    arena.Restart();
    Lay(w, group);
    if (!arena.Reserve()) return false;
    Lay(w, group);
    const std::size_t n = 2 * Size(w.time, kTrainingLanes);
    return classes.size() >= n || classes.Resize(n);
  }

  void Lay(const TrainingWindow& w, TrainingGroup& group) {
    const std::size_t state = Size(w.state_size, kTrainingLanes);
    const std::size_t projection = Size(Padded(w.projection_size), 16);
    const std::size_t gates = Size(w.steps, kTrainingGates) * state;
    const bool backward = w.gate_inputs_gradient != nullptr;
    group.state_stride = state + 16;
    x = arena.Take(Size(w.time, w.inputs, 16));
    gate_inputs = arena.Take(gates);
    group.h = arena.Take((w.time + std::size_t{1}) * group.state_stride);
    for (float** array : {&group.u, &group.r, &group.e, &group.m}) {
      *array = arena.Take(w.time * group.state_stride);
    }
    group.projection = arena.Take(kTrainingChunk * (projection + 16));
    group.exponentials = arena.Take(
        std::max(projection, Size(2 * kTrainingClasses, kTrainingLanes)));
    if (!backward) return;
    for (float*& gate : group.gate_gradient) {
      gate = arena.Take(kTrainingChunk * state);
    }
    group.logit_gradient =
        arena.Take(Size(kTrainingChunk, kTrainingClasses, 16));
    group.projection_gradient = arena.Take(kTrainingChunk * projection);
    group.state_gradient = arena.Take(kTrainingChunk * state);
    group.carried_gradient = arena.Take(state);
    group.gate_inputs_gradient = arena.Take(gates);
  }

  float* x = nullptr;
  float* gate_inputs = nullptr;
};

}  // namespace

struct Trainer::Memory {
  PackedMatrix recurrent[kTrainingGates], input[kTrainingGates],
      heads[kTrainingHeads];
  Arena biases;
  float* recurrent_bias = nullptr;
  float* head_bias[kTrainingHeads] = {};
  std::vector<std::unique_ptr<Scratch>> scratch;  // one a thread
  std::vector<std::unique_ptr<Arena>> gradients;  // one a group

  bool Pack(const TrainingWindow& w);
  void BroadcastBiases(const TrainingWindow& w);
  void LayGradients(const TrainingWindow& w, Arena& arena,
                    TrainingGroup& group) const;
  bool PrepareGradients(const TrainingWindow& w, int groups);
  void RunGroup(const TrainingKernels& kernels, const TrainingWindow& w,
                int index, TrainingGroup group, Scratch& scratch_of_thread,
                double* seconds);
  void Reduce(const TrainingWindow& w, int groups);
};

bool Trainer::Memory::Pack(const TrainingWindow& w) {
  const int units = w.state_size;
  const auto pack = [](PackedMatrix& packed, const DenseMatrix& matrix,
                       int rows, int cols) {
    const float* const mask = matrix.mask;
    const DenseLayout layout = {static_cast<BlockShape>(matrix.shape), rows,
                                cols, static_cast<std::size_t>(rows)};
    return packed.Pack(layout, matrix.weights, [&](int row, int column) {
      return mask == nullptr || mask[Size(column, rows) + row] != 0.0f;
    });
  };
  for (int i = 0; i < kTrainingGates; ++i) {
    if (!pack(recurrent[i], w.recurrent[i], units, units)) return false;
    const DenseLayout layout = {BlockShape::k16x1, units, w.inputs,
                                Size(kTrainingGates, units)};
    if (!input[i].Pack(layout, w.input_kernel + Size(i, units),
                       [&](int row, int column) {
                         return column != w.fine_input || row >= units / 2;
                       })) {
      return false;
    }
  }
  const HeadSizes sizes(w);
  for (int i = 0; i < kTrainingHeads; ++i) {
    if (!pack(heads[i], w.heads[i], sizes.rows[i], sizes.cols[i])) return false;
  }
  biases.Restart();
  BroadcastBiases(w);
  if (!biases.Reserve()) return false;
  BroadcastBiases(w);
  return true;
}

void Trainer::Memory::BroadcastBiases(const TrainingWindow& w) {
  const auto broadcast = [&](const float* bias, int n) {
    float* const lanes = biases.Take(Size(Padded(n), kTrainingLanes));
    if (lanes != nullptr) BroadcastToLanes(bias, n, Padded(n), lanes);
    return lanes;
  };
  recurrent_bias = broadcast(w.recurrent_bias, w.state_size);
  const HeadSizes sizes(w);
  for (int i = 0; i < kTrainingHeads; ++i) {
    head_bias[i] = broadcast(w.head_bias[i], sizes.rows[i]);
  }
}

void Trainer::Memory::LayGradients(const TrainingWindow& w, Arena& arena,
                                   TrainingGroup& group) const {
  for (int i = 0; i < kTrainingGates; ++i) {
    group.recurrent_gradient[i] = arena.Take(recurrent[i].size());
    group.input_gradient[i] = arena.Take(input[i].size());
  }
  group.recurrent_bias_gradient = arena.Take(w.state_size);
  const HeadSizes sizes(w);
  for (int i = 0; i < kTrainingHeads; ++i) {
    group.head_gradient[i] = arena.Take(heads[i].size());
    group.head_bias_gradient[i] = arena.Take(Padded(sizes.rows[i]));
  }
}

bool Trainer::Memory::PrepareGradients(const TrainingWindow& w, int groups) {
  while (static_cast<int>(gradients.size()) < groups) {
    gradients.push_back(std::make_unique<Arena>());
  }
  for (int i = 0; i < groups; ++i) {
    Arena& arena = *gradients[i];
    TrainingGroup unused;
    arena.Restart();
    LayGradients(w, arena, unused);
    const std::size_t count = arena.used();
    if (!arena.Reserve()) return false;
    std::fill(arena.data(), arena.data() + count, 0.0f);
  }
  return true;
}

void Trainer::Memory::RunGroup(const TrainingKernels& kernels,
                               const TrainingWindow& w, int index,
                               TrainingGroup group, Scratch& own,
                               double* seconds) {
  double moment = TrainingClock();
  const auto note = [&](TrainingStage stage) {
    const double now = TrainingClock();
    seconds[stage] += now - moment;
    moment = now;
  };
  const int first = index * kTrainingLanes;
  const int lanes = std::min(kTrainingLanes, w.batch - first);
  const std::size_t state = w.state_size;
  const std::size_t gates = Size(w.steps, kTrainingGates) * state;
  const std::size_t samples = Size(first, w.time);
  group.lanes = lanes;
  ToLanes(w.x + samples * w.inputs, Size(w.time, w.inputs), lanes, own.x);
  ToLanes(w.gate_inputs + first * gates, gates, lanes, own.gate_inputs);
  ToLanes(w.state + first * state, state, lanes, group.h);
  int32_t* const coarse = own.classes.data();
  int32_t* const fine = coarse + Size(w.time, kTrainingLanes);
  ToLanes(w.coarse + samples, w.time, lanes, coarse);
  ToLanes(w.fine + samples, w.time, lanes, fine);
  group.x = own.x;
  group.gate_inputs = own.gate_inputs;
  group.coarse = coarse;
  group.fine = fine;
  double bits[2 * kTrainingLanes] = {};
  group.bits = bits;
  if (group.backward) {
    std::fill(group.gate_inputs_gradient,
              group.gate_inputs_gradient + gates * kTrainingLanes, 0.0f);
    Arena& arena = *gradients[index];
    arena.Reserve();
    LayGradients(w, arena, group);
  }
  note(kStageLayout);
  kernels.run(group);
  moment = TrainingClock();
  for (int stage = 0; stage < kTrainingStages; ++stage) {
    seconds[stage] += group.seconds[stage];
  }
  for (int lane = 0; lane < lanes; ++lane) {
    w.bits[2 * (first + lane)] = bits[lane];
    w.bits[2 * (first + lane) + 1] = bits[kTrainingLanes + lane];
  }
  FromLanes(group.h + w.time * group.state_stride, state, lanes,
            w.state_after + first * state);
  if (group.backward) {
    FromLanes(group.gate_inputs_gradient, gates, lanes,
              w.gate_inputs_gradient + first * gates);
  }
  note(kStageLayout);
}

void Trainer::Memory::Reduce(const TrainingWindow& w, int groups) {
  std::vector<TrainingGroup> laid(groups);
  for (int i = 0; i < groups; ++i) {
    gradients[i]->Reserve();
    LayGradients(w, *gradients[i], laid[i]);
  }
  std::vector<const float*> parts(groups);
  const auto unpack = [&](const PackedMatrix& matrix, float* dense,
                          auto gradient) {
    for (int i = 0; i < groups; ++i) parts[i] = gradient(laid[i]);
    matrix.Unpack(parts, dense);
  };
  const auto add = [&](float* dense, int n, auto gradient) {
    for (int k = 0; k < n; ++k) {
      float sum = gradient(laid[0])[k];
      for (int i = 1; i < groups; ++i) sum += gradient(laid[i])[k];
      dense[k] = sum;
    }
  };
  const int units = w.state_size;
  std::fill_n(w.input_kernel_gradient, Size(w.inputs, kTrainingGates, units),
              0.0f);
  for (int i = 0; i < kTrainingGates; ++i) {
    std::fill_n(w.recurrent[i].gradient, Size(units, units), 0.0f);
    unpack(recurrent[i], w.recurrent[i].gradient,
           [i](const TrainingGroup& g) { return g.recurrent_gradient[i]; });
    unpack(input[i], w.input_kernel_gradient + Size(i, units),
           [i](const TrainingGroup& g) { return g.input_gradient[i]; });
  }
  add(w.recurrent_bias_gradient, units,
      [](const TrainingGroup& g) { return g.recurrent_bias_gradient; });
  const HeadSizes sizes(w);
  for (int i = 0; i < kTrainingHeads; ++i) {
    std::fill_n(w.heads[i].gradient, Size(sizes.rows[i], sizes.cols[i]), 0.0f);
    unpack(heads[i], w.heads[i].gradient,
           [i](const TrainingGroup& g) { return g.head_gradient[i]; });
    add(w.head_bias_gradient[i], sizes.rows[i],
        [i](const TrainingGroup& g) { return g.head_bias_gradient[i]; });
  }
}

Trainer::Trainer(const TrainingKernels& kernels)
    : kernels_(kernels), memory_(std::make_unique<Memory>()) {}

Trainer::~Trainer() = default;

std::string Trainer::Run(const TrainingWindow& w) {
  double seconds[kTrainingStages] = {};
  const double begun = TrainingClock();
  const std::string wrong = Check(w);
  if (!wrong.empty()) return wrong;
  if (!memory_->Pack(w)) return kNoMemory;
  TrainingGroup group;
  group.time = w.time;
  group.inputs = w.inputs;
  group.state_size = w.state_size;
  group.projection_size = Padded(w.projection_size);
  group.steps = w.steps;
  group.samples_per_step = w.samples_per_step;
  group.backward = w.gate_inputs_gradient != nullptr;
  group.scale = w.scale * 1.4426950408889634f;  // per nat
  for (int i = 0; i < kTrainingGates; ++i) {
    group.recurrent[i] = memory_->recurrent[i].view();
    group.input[i] = memory_->input[i].view();
  }
  for (int i = 0; i < kTrainingHeads; ++i) {
    group.heads[i] = memory_->heads[i].view();
    group.head_bias[i] = memory_->head_bias[i];
  }
  group.recurrent_bias = memory_->recurrent_bias;
  group.fine_classes = w.fine_classes;
  const int groups = (w.batch + kTrainingLanes - 1) / kTrainingLanes;
  if (group.backward && !memory_->PrepareGradients(w, groups)) return kNoMemory;
  const int threads = std::min<int>(w.threads, groups);
  auto& scratch = memory_->scratch;
  while (static_cast<int>(scratch.size()) < threads) {
    scratch.push_back(std::make_unique<Scratch>());
  }
  std::vector<TrainingGroup> own(threads, group);
  for (int i = 0; i < threads; ++i) {
    if (!scratch[i]->Prepare(w, own[i])) return kNoMemory;
  }
  seconds[kStageLayout] += TrainingClock() - begun;
  std::vector<double> spent(threads * kTrainingStages, 0.0);
  std::atomic<int> next{0};
  const auto work = [&](int thread) {
    for (int index = next++; index < groups; index = next++) {
      memory_->RunGroup(kernels_, w, index, own[thread], *scratch[thread],
                        spent.data() + thread * kTrainingStages);
    }
  };
  std::vector<std::thread> others;
  others.reserve(threads - 1);
  for (int i = 1; i < threads; ++i) {
    try {
      others.emplace_back(work, i);
    } catch (...) {
      break;  // the threads there are do all of it
    }
  }
  work(0);
  for (std::thread& other : others) other.join();
  const double done = TrainingClock();
  if (group.backward) memory_->Reduce(w, groups);
  seconds[kStageLayout] += TrainingClock() - done;
  if (w.seconds != nullptr) {
    for (int stage = 0; stage < kTrainingStages; ++stage) {
      for (int i = 0; i < threads; ++i) {
        seconds[stage] += spent[i * kTrainingStages + stage];
      }
      w.seconds[stage] += seconds[stage];
    }
  }
  return "";
}

}  // namespace wavernn_tf
