// The int32 [26] tensor that heads the weight list.
#ifndef WAVERNN_TF_TFLITE_CONFIG_H_
#define WAVERNN_TF_TFLITE_CONFIG_H_

#include <cstdint>

#include "model/model.h"
#include "tflite/error_text.h"

namespace wavernn_tf {

constexpr int kConfigSize = 27;
// Of every schema from kOldestSchema on: without noise shaping, without the
// passes of the postfilter, and this one.
constexpr int kConfigSizes[] = {24, 26, kConfigSize};

// How many layers follow in the weight list.
struct LayerCounts {
  int convolutions;
  int upsampling;
  int subscale;
  int estimator;  // of pitch
};

// Checks `config` [size] and fills the sizes of `model`.
bool ReadConfig(const int32_t* config, int size, Model& model,
                LayerCounts& counts, ErrorText& error);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TFLITE_CONFIG_H_
