// Every weight type, block shape and instruction set, and products of random
// matrices: what the tests of the products share.
#ifndef WAVERNN_TF_TESTS_HELPERS_PRODUCT_H_
#define WAVERNN_TF_TESTS_HELPERS_PRODUCT_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/kernel_table.h"
#include "model/activations.h"
#include "model/grouped_matrix.h"
#include "tests/helpers/check.h"
#include "tests/helpers/random_model.h"

namespace wavernn_tf {

struct Kind {
  WeightType type;
  BlockShape shape;

  std::string name() const {
    constexpr const char* kTypes[] = {"float32", "bfloat16", "int8", "int16"};
    constexpr const char* kShapes[] = {"4x4", "16x1", "8x4"};
    return std::string(kTypes[static_cast<int>(type)]) + " " +
           kShapes[static_cast<int>(shape)];
  }
};

inline std::vector<Kind> AllKinds() {
  std::vector<Kind> kinds;
  for (int type = 0; type < kWeightTypes; ++type) {
    for (int shape = 0; shape < kBlockShapes; ++shape) {
      kinds.push_back(
          {static_cast<WeightType>(type), static_cast<BlockShape>(shape)});
    }
  }
  return kinds;
}

// body(kernels) for every instruction set of this machine.
template <typename Body>
void ForEachIsa(Body body) {
  const std::string before = Subject();
  const KernelList& list = AvailableKernels();
  for (int i = 0; i < list.count; ++i) {
    Subject() = before + " " + list.tables[i]->isa;
    body(*list.tables[i]);
  }
  Subject() = before;
}

template <typename T>
bool SameBits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// Whether the values to be rounded to integers lie in [-1, 1], or in a range
// that is looked for.
enum Range { kUnit, kAny };

inline float LargestOf(const Floats& x, Range range) {
  return range == kUnit ? 1.0f : *std::max_element(x.begin(), x.end());
}

// Room for n values as integers, of every form, and a fence behind them.
struct Integers {
  static constexpr int kFence = 8;
  std::vector<uint8_t> bytes;
  std::vector<uint32_t> shifted_bytes;
  std::vector<int16_t> shorts;
  std::vector<uint32_t> shifted_shorts;

  explicit Integers(int n)
      : bytes(n + kFence, 0xA5),
        shifted_bytes(4 * n + kFence, 7u),
        shorts(n + kFence, 0x5AA5),
        shifted_shorts(2 * n + kFence, 7u) {}

  IntegerForms forms(float largest) {
    return {ScaleFor(largest, kMostByte).inverse,
            bytes.data(),
            shifted_bytes.data(),
            ScaleFor(largest, kMostShort).inverse,
            shorts.data(),
            shifted_shorts.data()};
  }

  bool operator==(const Integers& other) const {
    return bytes == other.bytes && shifted_bytes == other.shifted_bytes &&
           shorts == other.shorts && shifted_shorts == other.shifted_shorts;
  }
};

constexpr float kUntouched = 99.0f;
constexpr int kFence = 8;  // floats behind y and its slack

// act(W x + b), of the parts' matrices together: y [outputs].
inline Floats Product(const KernelTable& kernels,
                      const std::vector<GroupedPart>& parts, int outputs,
                      const Floats& x, Range range = kUnit, bool relu = false) {
  GroupedMatrix matrix;
  CHECK(matrix.Build(parts, outputs, kernels));
  const int size = static_cast<int>(x.size());
  Activations activations;
  CHECK(activations.Allocate(size, 1u << matrix.form()));
  std::copy(x.begin(), x.end(), activations.plain());
  activations.Refresh(kernels, 0, size, LargestOf(x, range));
  Floats y(outputs + kOutputSlack + kFence, kUntouched);
  float largest = -1.0f;
  activations.Multiply(kernels, matrix, 0, y.data(), relu, &largest);
  CHECK(Floats(y.end() - kFence, y.end()) == Floats(kFence, kUntouched));
  y.resize(outputs);
  CHECK(largest == std::max(0.0f, *std::max_element(y.begin(), y.end())));
  return y;
}

// The same for 16 streams at once: y [16][outputs] of x [16][n].
inline std::vector<Floats> BatchProduct(const KernelTable& kernels,
                                        const std::vector<GroupedPart>& parts,
                                        int outputs,
                                        const std::vector<Floats>& x,
                                        Range range, bool relu) {
  GroupedMatrix matrix;
  CHECK(matrix.Build(parts, outputs, kernels) && matrix.Widen());
  const int size = static_cast<int>(x[0].size());
  BatchActivations activations;
  CHECK(activations.Allocate(size, 1u << matrix.form()));
  for (int i = 0; i < size; ++i) {
    for (int lane = 0; lane < kBatchLanes; ++lane) {
      activations.plain()[kBatchLanes * i + lane] = x[lane][i];
    }
  }
  alignas(64) float largest[kBatchLanes];
  for (int lane = 0; lane < kBatchLanes; ++lane) {
    largest[lane] = LargestOf(x[lane], range);
  }
  activations.Refresh(kernels, 0, size, largest);
  AlignedArray<float> y;
  const int written = kBatchLanes * (outputs + kOutputSlack);
  CHECK(y.Resize(written + kFence));
  for (int i = 0; i < kFence; ++i) y[written + i] = kUntouched;
  activations.Multiply(kernels, matrix, 0, y.data(), relu, largest);
  for (int i = 0; i < kFence; ++i) CHECK(y[written + i] == kUntouched);
  std::vector<Floats> result(kBatchLanes);
  for (int lane = 0; lane < kBatchLanes; ++lane) {
    for (int o = 0; o < outputs; ++o) {
      result[lane].push_back(y[kBatchLanes * o + lane]);
    }
    CHECK(largest[lane] ==
          std::max(0.0f, *std::max_element(result[lane].begin(),
                                           result[lane].end())));
  }
  return result;
}

// Everything that may stand in front of the network, by itself and together.
struct PredictorCase {
  const char* name;
  PredictorShape shape;
};

inline std::vector<PredictorCase> PredictorCases() {
  PredictorShape all = AllPredictors();
  PredictorShape given = all;
  given.pitch = PitchSource::kGiven;
  given.mulaw = false;
  given.order = 2;
  PredictorShape causal = all;
  causal.postfilter = PostfilterForm::kCausal;
  PredictorShape centred = given;
  centred.postfilter = PostfilterForm::kCentred;
  PredictorShape linear = {};
  linear.order = 5;
  PredictorShape lagged = {};
  lagged.pitch = PitchSource::kGiven;
  lagged.inputs = kLaggedInput;
  PredictorShape mulaw = {};
  mulaw.mulaw = true;
  PredictorShape shaped = causal;
  shaped.noise = {102, 0.7f};
  PredictorShape most_shaped = given;
  most_shaped.noise = {kMostNoiseShaping, 0.3f};
  PredictorShape cooled = all;
  cooled.noise.voiced_temperature = 0.5f;
  PredictorShape spectral = linear;
  spectral.postfilter = PostfilterForm::kSpectral;
  PredictorShape powers = most_shaped;
  powers.postfilter = PostfilterForm::kSpectral;
  powers.power = true;
  powers.passes = 3;
  return {{"all", all},
          {"given", given},
          {"causal", causal},
          {"centred", centred},
          {"linear", linear},
          {"lagged", lagged},
          {"mulaw", mulaw},
          {"shaped", shaped},
          {"most shaped", most_shaped},
          {"cooled", cooled},
          {"spectral", spectral},
          {"spectral powers", powers}};
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TESTS_HELPERS_PRODUCT_H_
