// One window of sixteen sequences, trained: what the kernels of an instruction
// set read and write. Lanes are sequences: a value of unit i in lane l lies at
// [i][l], 16 lanes side by side. All arrays are aligned to 64 bytes.
//
// With x_t the network's inputs, G_t the gate inputs that the conditioning
// gives, and b the recurrent bias of the gate e:
//   u_t = sigmoid(R_u h_{t-1} + I_u x_t + G_ut)
//   r_t = sigmoid(R_r h_{t-1} + I_r x_t + G_rt)
//   m_t = R_e h_{t-1} + b
//   e_t = tanh(r_t m_t + I_e x_t + G_et)
//   h_t = u_t h_{t-1} + (1 - u_t) e_t
//   coarse logits = O2 relu(O1 y_c + b1) + b2      y_c, y_f: halves of h_t
//   fine logits = O4 relu(O3 y_f + b3) + b4
// Every sum runs in one fixed order, and every operation is one that IEEE 754
// defines to the last bit: all instruction sets give the same gradients.
#ifndef WAVERNN_TF_TRAINING_GROUP_H_
#define WAVERNN_TF_TRAINING_GROUP_H_

#include <cstddef>
#include <cstdint>

#include "kernels/block_sparse.h"

namespace wavernn_tf {

constexpr int kTrainingLanes = 16;
constexpr int kTrainingClasses = 256;
// Steps whose logits and gate gradients are kept at a time: the backward pass
// runs over the window from its end, chunk by chunk.
constexpr int kTrainingChunk = 16;

constexpr int kTrainingGates = 3;  // u, r, e
constexpr int kTrainingHeads = 4;  // O1..O4

// The stages of the work whose time is kept.
enum TrainingStage {
  kStageLayout,             // values to lanes and back, blocks packed
  kStageRecurrentForward,   // R h and I x
  kStageGatesForward,       // their activations
  kStageHeadsForward,       // O1..O4
  kStageSoftmax,            // probabilities, their gradient
  kStageHeadsBackward,      // transposed O1..O4
  kStageHeadsGradient,      // gradients of O1..O4
  kStageGatesBackward,      // through the activations
  kStageRecurrentBackward,  // transposed R
  kStageRecurrentGradient,  // gradients of R and I
  kTrainingStages
};

// A matrix of `rows` outputs and `cols` inputs as blocks (block_sparse.h), with
// int32 columns. `rows` is a multiple of the block's outputs.
struct TrainingMatrix {
  BlockShape shape = BlockShape::k16x1;
  int rows = 0;
  int cols = 0;
  const int32_t* row_offsets = nullptr;  // [rows / block_out + 1]
  const int32_t* columns = nullptr;      // [n_blocks], of blocks
  const float* values = nullptr;         // [n_blocks, block_in, block_out]
};

struct TrainingGroup {
  int time = 0;
  int inputs = 0;            // values of x_t
  int state_size = 0;        // H, a multiple of 32
  int projection_size = 0;   // P, a multiple of 16
  int steps = 0;             // of the conditioning
  int samples_per_step = 1;  // sample t takes the gate inputs of step
                             // t / samples_per_step
  bool backward = true;      // else the loss alone
  float scale = 0.0f;        // of the gradient, in bits of one sample and lane

  TrainingMatrix recurrent[kTrainingGates];
  TrainingMatrix input[kTrainingGates];
  TrainingMatrix heads[kTrainingHeads];
  const float* recurrent_bias = nullptr;        // [H][16], of the gate e
  const float* head_bias[kTrainingHeads] = {};  // [rows][16] each
  // Classes of the fine byte after each coarse one; null where all 256 are.
  const int32_t* fine_classes = nullptr;

  const float* x = nullptr;            // [time][inputs][16]
  const float* gate_inputs = nullptr;  // [steps][3H][16]
  const int32_t* coarse = nullptr;     // [time][16]
  const int32_t* fine = nullptr;       // [time][16]

  // Lanes from this one on are padding: they add nothing.
  int lanes = kTrainingLanes;

  // Forward: h[0] is the carried state; the rest is written.
  float* h = nullptr;  // [time + 1][state_stride]
  float* u = nullptr;  // [time][state_stride] each
  float* r = nullptr;
  float* e = nullptr;
  float* m = nullptr;
  std::size_t state_stride = 0;  // H * 16 and a cache line

  // A chunk's values. Rows of 16 units stand together, step after step:
  // [rows / 16][kTrainingChunk][16][16].
  float* gate_gradient[4] = {};          // of u, r, e before the activation, m
  float* logit_gradient = nullptr;       // 256 rows
  float* projection_gradient = nullptr;  // P rows
  float* projection = nullptr;           // [kTrainingChunk][P * 16 + 16]
  float* state_gradient = nullptr;       // [kTrainingChunk][H][16]
  float* carried_gradient = nullptr;     // [H][16]
  float* exponentials = nullptr;         // [256][16]

  // Sums of the bits per lane, coarse and fine.
  double* bits = nullptr;  // [2][16]
  // Gradients are added to these.
  float* recurrent_gradient[kTrainingGates] = {};  // as the values
  float* input_gradient[kTrainingGates] = {};
  float* head_gradient[kTrainingHeads] = {};
  float* recurrent_bias_gradient = nullptr;        // [H]
  float* head_bias_gradient[kTrainingHeads] = {};  // [rows]
  float* gate_inputs_gradient = nullptr;  // [steps][3H][16], as gate_inputs

  double seconds[kTrainingStages] = {};
};

// The kernels of one instruction set.
struct TrainingKernels {
  const char* isa;
  void (*run)(TrainingGroup& group);
  float (*peak)(int64_t rounds, int64_t* multiply_adds);  // peak.h
};

// Seconds since some moment.
double TrainingClock();

const TrainingKernels& ScalarTraining();

// The kernels of an instruction set of kernel_table.h, or nullptr if this
// machine lacks it; null names the fastest. Sets that differ in integers alone
// share one.
const TrainingKernels* FindTraining(const char* isa);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TRAINING_GROUP_H_
