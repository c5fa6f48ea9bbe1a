// The training of one group of sixteen sequences (group.h), for any vector type
// of vector_scalar.h.
#ifndef WAVERNN_TF_TRAINING_RUN_GROUP_H_
#define WAVERNN_TF_TRAINING_RUN_GROUP_H_

#include <cstddef>
#include <cstdint>

#include "training/elements.h"
#include "training/group.h"
#include "training/products.h"

namespace wavernn_tf {

template <typename V>
class TrainingRun {
 public:
  static void Run(TrainingGroup& group) { TrainingRun(group).RunWindow(); }

 private:
  using Product = TrainingProduct<V>;
  using Elements = TrainingElements<V>;

  explicit TrainingRun(TrainingGroup& group)
      : g_(group), units_(group.state_size), moment_(TrainingClock()) {}

  void RunWindow() {
    for (int t = 0; t < g_.time; ++t) Step(t);
    const std::size_t state = static_cast<std::size_t>(units_) * 16;
    if (g_.backward) {
      for (std::size_t i = 0; i < state; i += 16) {
        V::Store(g_.carried_gradient + i, V::Zero());
      }
    }
    const int chunks = (g_.time + kTrainingChunk - 1) / kTrainingChunk;
    for (int chunk = chunks - 1; chunk >= 0; --chunk) {
      const int first = chunk * kTrainingChunk;
      const int left = g_.time - first;
      const int count = left < kTrainingChunk ? left : kTrainingChunk;
      Heads(first, count);
      if (g_.backward) RecurrentBackward(first, count);
    }
  }

  // Notes that what happened since the last note was `stage`.
  void Note(TrainingStage stage) {
    const double now = TrainingClock();
    g_.seconds[stage] += now - moment_;
    moment_ = now;
  }

  float* At(float* array, int t) const {
    return array + static_cast<std::size_t>(t) * g_.state_stride;
  }

  // Gate inputs, or their gradient, of sample t: [3H][16].
  std::size_t StepOffset(int t) const {
    return static_cast<std::size_t>(t / g_.samples_per_step) * kTrainingGates *
           units_ * 16;
  }

  void Step(int t) {
    const float* const h = At(g_.h, t);
    const float* const x = g_.x + static_cast<std::size_t>(t) * g_.inputs * 16;
    float* const values[] = {At(g_.u, t), At(g_.r, t), At(g_.e, t)};
    for (int gate = 0; gate < kTrainingGates; ++gate) {
      const float* const start = g_.gate_inputs + StepOffset(t) +
                                 static_cast<std::size_t>(gate) * units_ * 16;
      Product::Forward(g_.input[gate], x, start, values[gate]);
    }
    Product::Forward(g_.recurrent[0], h, values[0], values[0]);
    Product::Forward(g_.recurrent[1], h, values[1], values[1]);
    Product::Forward(g_.recurrent[2], h, g_.recurrent_bias, At(g_.m, t));
    Note(kStageRecurrentForward);
    Elements::Gates(units_, h, values[0], values[1], values[2], At(g_.m, t),
                    At(g_.h, t + 1));
    Note(kStageGatesForward);
  }

  // Of rows of 16 units that stand together chunk-wise, those of one step.
  static LaneRows ChunkRows(float* data, int step) {
    return {data + static_cast<std::size_t>(step) * 256, kTrainingChunk * 256};
  }

  // Both heads over a chunk: the loss, and the gradients of O1..O4 and h.
  void Heads(int first, int count) {
    const std::size_t state = static_cast<std::size_t>(units_) * 16;
    if (g_.backward) {
      for (std::size_t i = 0; i < state * count; i += 16) {
        V::Store(g_.state_gradient + i, V::Zero());
      }
    }
    for (int head = 0; head < 2; ++head) Head(head, first, count);
  }

  void Head(int head, int first, int count) {
    const TrainingMatrix& up = g_.heads[2 * head];
    const TrainingMatrix& out = g_.heads[2 * head + 1];
    const std::size_t half = static_cast<std::size_t>(units_) / 2 * 16 * head;
    const std::size_t width =
        static_cast<std::size_t>(g_.projection_size) * 16 + 16;
    const int32_t* const classes = head == 0 ? g_.coarse : g_.fine;
    for (int step = 0; step < count; ++step) {
      const float* const y = At(g_.h, first + step + 1) + half;
      float* const hidden = g_.projection + step * width;
      Product::Forward(up, y, g_.head_bias[2 * head], hidden);
      Elements::Rectify(g_.projection_size, hidden);
      // The logits share the place of the exponentials.
      Product::Forward(out, hidden, g_.head_bias[2 * head + 1],
                       g_.exponentials);
      Note(kStageHeadsForward);
      const std::size_t at = static_cast<std::size_t>(first + step) * 16;
      alignas(64) float limits[16];
      const float* limit = nullptr;
      if (head == 1 && g_.fine_classes != nullptr) {
        for (int lane = 0; lane < 16; ++lane) {
          limits[lane] =
              static_cast<float>(g_.fine_classes[g_.coarse[at + lane]]);
        }
        limit = limits;
      }
      Elements::Softmax(
          g_.exponentials, classes + at, limit, g_.lanes, g_.scale, g_.backward,
          g_.exponentials + kTrainingClasses * 16,
          ChunkRows(g_.logit_gradient, step), g_.bits + 16 * head);
      Note(kStageSoftmax);
    }
    if (!g_.backward) return;
    for (int step = 0; step < count; ++step) {
      const LaneRows hidden_gradient = ChunkRows(g_.projection_gradient, step);
      // W^T dy adds up in plain rows.
      float* const sums = g_.exponentials;
      for (int i = 0; i < g_.projection_size * 16; i += 16) {
        V::Store(sums + i, V::Zero());
      }
      Product::Backward(out, ChunkRows(g_.logit_gradient, step), sums);
      for (int row = 0; row < g_.projection_size; ++row) {
        V::Store(hidden_gradient.Row(row), V::Load(sums + 16 * row));
      }
      Elements::RectifyBackward(g_.projection_size,
                                g_.projection + step * width, hidden_gradient);
      Product::Backward(up, hidden_gradient,
                        g_.state_gradient +
                            static_cast<std::size_t>(step) * units_ * 16 +
                            half);
    }
    Note(kStageHeadsBackward);
    const LaneRows logits = ChunkRows(g_.logit_gradient, 0);
    const LaneRows hidden = ChunkRows(g_.projection_gradient, 0);
    Product::Gradient(out, g_.projection, width, logits, count,
                      g_.head_gradient[2 * head + 1]);
    Product::Gradient(up, At(g_.h, first + 1) + half, g_.state_stride, hidden,
                      count, g_.head_gradient[2 * head]);
    Elements::BiasGradient(kTrainingClasses, logits, count,
                           g_.head_bias_gradient[2 * head + 1]);
    Elements::BiasGradient(g_.projection_size, hidden, count,
                           g_.head_bias_gradient[2 * head]);
    Note(kStageHeadsGradient);
  }

  void RecurrentBackward(int first, int count) {
    for (int step = count - 1; step >= 0; --step) {
      const int t = first + step;
      LaneRows gates[4];
      for (int i = 0; i < 4; ++i) {
        gates[i] = ChunkRows(g_.gate_gradient[i], step);
      }
      Elements::GatesBackward(
          units_, At(g_.h, t), At(g_.u, t), At(g_.r, t), At(g_.e, t),
          At(g_.m, t),
          g_.state_gradient + static_cast<std::size_t>(step) * units_ * 16,
          g_.carried_gradient, gates, g_.gate_inputs_gradient + StepOffset(t));
      Note(kStageGatesBackward);
      const LaneRows recurrent[] = {gates[0], gates[1], gates[3]};
      for (int gate = 0; gate < kTrainingGates; ++gate) {
        Product::Backward(g_.recurrent[gate], recurrent[gate],
                          g_.carried_gradient);
      }
      Note(kStageRecurrentBackward);
    }
    const float* const x =
        g_.x + static_cast<std::size_t>(first) * g_.inputs * 16;
    for (int gate = 0; gate < kTrainingGates; ++gate) {
      const LaneRows rows = ChunkRows(g_.gate_gradient[gate], 0);
      const LaneRows inner =
          gate == 2 ? ChunkRows(g_.gate_gradient[3], 0) : rows;
      Product::Gradient(g_.recurrent[gate], At(g_.h, first), g_.state_stride,
                        inner, count, g_.recurrent_gradient[gate]);
      Product::Gradient(g_.input[gate], x,
                        static_cast<std::size_t>(g_.inputs) * 16, rows, count,
                        g_.input_gradient[gate]);
    }
    Elements::BiasGradient(units_, ChunkRows(g_.gate_gradient[3], 0), count,
                           g_.recurrent_bias_gradient);
    Note(kStageRecurrentGradient);
  }

  TrainingGroup& g_;
  const int units_;
  double moment_;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TRAINING_RUN_GROUP_H_
