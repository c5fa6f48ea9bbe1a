// The constants of the spectral postfilter off the weight list.
#ifndef WAVERNN_TF_TFLITE_READ_SPECTRAL_H_
#define WAVERNN_TF_TFLITE_READ_SPECTRAL_H_

#include "model/model.h"
#include "tflite/weight_reader.h"

namespace wavernn_tf {

// Reads spectral_scale, _frame, _window, _columns, _first, _weights and _places
// for a model of that form. All is checked that the filter relies on. On
// failure returns false with the reader's error set.
bool ReadSpectral(WeightReader& reader, const Model& model,
                  SpectralShape& shape);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TFLITE_READ_SPECTRAL_H_
