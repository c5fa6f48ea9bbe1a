// The int32 [26] tensor that heads the weight list.
#ifndef WAVERNN_TF_TFLITE_CONFIG_H_
#define WAVERNN_TF_TFLITE_CONFIG_H_

#include <cstdint>

#include "model/model.h"
#include "tflite/error_text.h"

namespace wavernn_tf {

constexpr int kConfigSize = 26;
constexpr int kOldConfigSize = 24;  // of schema 5, without noise shaping

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
