// Trains windows of a batch of sequences: forward, loss, and every gradient.
#ifndef WAVERNN_TF_TRAINING_TRAINER_H_
#define WAVERNN_TF_TRAINING_TRAINER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "training/group.h"

namespace wavernn_tf {

// A matrix as Keras holds it, [cols][rows]: inputs first.
struct DenseMatrix {
  const float* weights;
  const float* mask;  // of the same shape: 0 or 1, constant in every block of
                      // the packed shape; null keeps all blocks
  float* gradient;    // null: none is wanted
  int32_t shape;      // a BlockShape
};

// The layout is part of the C interface (plugin/training.cc): 32-bit integers
// and pointers in this order. Float arrays are in C order without gaps.
struct TrainingWindow {
  int32_t batch;       // sequences
  int32_t time;        // samples of each
  int32_t inputs;      // values of x_t
  int32_t fine_input;  // the one that reaches the fine half alone; -1: none
  int32_t state_size;  // H, a multiple of 32
  int32_t projection_size;   // P
  int32_t steps;             // of the conditioning
  int32_t samples_per_step;  // steps * samples_per_step >= time
  int32_t threads;           // at most
  float scale;               // of the gradient: d(scale * all bits)

  const float* x;                          // [batch][time][inputs]
  const int32_t* coarse;                   // [batch][time], 0..255
  const int32_t* fine;                     // [batch][time], 0..255
  const float* gate_inputs;                // [batch][steps][3H], gates u, r, e
  const float* state;                      // [batch][H], before the window
  const float* input_kernel;               // [inputs][3H]
  const float* recurrent_bias;             // [H], of the gate e
  const float* head_bias[kTrainingHeads];  // [P], [256], [P], [256]
  const int32_t* fine_classes;             // [256] or null, see group.h
  DenseMatrix recurrent[kTrainingGates];   // [H][H]
  DenseMatrix heads[kTrainingHeads];  // [H/2][P], [P][256], [H/2][P], [P][256]

  // Written. Where `gate_inputs_gradient` is null nothing but bits and
  // state_after is.
  double* bits;                 // [batch][2]: sums over time, coarse and fine
  float* state_after;           // [batch][H]
  float* gate_inputs_gradient;  // [batch][steps][3H]
  float* input_kernel_gradient;
  float* recurrent_bias_gradient;
  float* head_bias_gradient[kTrainingHeads];
  double* seconds;  // [kTrainingStages], added to, over all threads; or null
};

// Keeps its memory from call to call. One call at a time.
class Trainer {
 public:
  explicit Trainer(const TrainingKernels& kernels);
  ~Trainer();

  // Returns what is wrong with the window, or an empty string. The result does
  // not depend on the number of threads, nor on the instruction set; the bits
  // alone take their logarithms from the C library.
  std::string Run(const TrainingWindow& window);

 private:
  struct Memory;
  const TrainingKernels& kernels_;
  std::unique_ptr<Memory> memory_;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TRAINING_TRAINER_H_
