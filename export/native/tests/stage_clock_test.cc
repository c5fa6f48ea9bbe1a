// Stages: every moment of a run belongs to one, and samples know of none.
#include "profile/stage_clock.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "stream/generate.h"
#include "tests/helpers/check.h"
#include "tests/helpers/random_model.h"

using namespace wavernn_tf;

namespace {

using Times = std::vector<double>;

Times Taken(StageClock& clock) {
  Times microseconds(kStages, 0.0);
  clock.Take(microseconds.data());
  return microseconds;
}

double Work() {
  volatile double sum = 0.0;
  for (int i = 1; i < 1000000; ++i) sum = sum + std::sqrt(i);
  return sum;
}

void TestNesting() {
  StageClock clock;
  Work();  // outside of all stages
  {
    const TimedStage outer(&clock, kHeadsStage);
    const TimedStage inner(&clock, kGatesStage);
    Work();
  }
  Work();
  const Times once = Taken(clock);
  CHECK(once[kGatesStage] > 100.0);
  for (int stage = 0; stage < kStages; ++stage) {
    if (stage != kGatesStage && stage != kHeadsStage) CHECK(once[stage] == 0.0);
  }
  CHECK(Taken(clock) == Times(kStages, 0.0));
  const TimedStage none(nullptr, kHeadsStage);  // does nothing
}

struct Made {
  std::vector<int16_t> audio;
  Times times;
};

// As a stream alone, or as one of a batch.
Made Run(RandomModel& random, const Floats& features, int frames, bool batch,
         StageClock* clock) {
  const Model& model = random.model();
  Engine engine;
  Workspace alone;
  BatchWorkspace together;
  CHECK(engine.Build(model, BestKernels()));
  CHECK(batch ? together.Allocate(engine) : alone.Allocate(engine));
  alone.clock = together.clock = clock;
  Made made;
  made.audio.resize(frames * model.hop_length);
  Floats state(model.stream_size(), 0.0f);
  GenerateParams params = {};
  params.features = features.data();
  params.frames = frames;
  params.temperature = params.fine_temperature = 1.0f;
  params.state_in = params.state_out = state.data();
  params.audio = made.audio.data();
  batch ? GenerateBatch(engine, &params, 1, together)
        : Generate(engine, params, alone);
  if (clock != nullptr) made.times = Taken(*clock);
  return made;
}

void TestStages(int sub_tensors, bool predicts, bool batch) {
  ModelShape shape;
  shape.subscale.batch = sub_tensors;
  if (predicts) shape.predictors = AllPredictors();
  RandomModel random(shape, 71);
  const int frames = 40;
  const Floats features = random.Features(frames);
  StageClock clock;
  const Made timed = Run(random, features, frames, batch, &clock);
  CHECK(timed.audio == Run(random, features, frames, batch, nullptr).audio);
  for (int stage = 0; stage < kStages; ++stage) {
    const bool there = (stage != kSubscaleStage || sub_tensors > 1) &&
                       (stage != kPredictionStage || predicts);
    Subject() = "stage " + std::to_string(stage);
    CHECK((timed.times[stage] > 0.0) == there);
  }
}

}  // namespace

int main() {
  TestNesting();
  for (bool batch : {false, true}) {
    TestStages(1, false, batch);
    TestStages(1, true, batch);
  }
  TestStages(4, false, true);
  return Failures();
}
