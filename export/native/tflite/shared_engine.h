// The engine of a model is laid out once in a process, and shared by every op
// that runs it: those of one interpreter, and those of clones of a voice, which
// read one file in memory from several threads.
#ifndef WAVERNN_TF_TFLITE_SHARED_ENGINE_H_
#define WAVERNN_TF_TFLITE_SHARED_ENGINE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/kernel_table.h"
#include "model/engine.h"
#include "model/model.h"
#include "tflite/tflite_abi.h"

namespace wavernn_tf {

// Where the constants of a model lie, and their types and shapes. Constants are
// part of the model file, which outlives the interpreters that read it, and so
// outlives their engine: while there is one, no other model lies there.
using ConstantsKey = std::vector<std::uintptr_t>;

ConstantsKey KeyOf(const std::vector<const TfLiteTensor*>& tensors);

// The engine of `model`, whose constants have this key, for these kernels; made
// by the first caller. It goes with its last owner. Any thread may call. Null
// when memory runs out.
std::shared_ptr<Engine> ShareEngine(const ConstantsKey& constants,
                                    const Model& model,
                                    const KernelTable& kernels);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TFLITE_SHARED_ENGINE_H_
