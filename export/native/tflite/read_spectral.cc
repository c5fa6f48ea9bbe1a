#include "tflite/read_spectral.h"

#include <cmath>

#include "tflite/tensors.h"

namespace wavernn_tf {
namespace {

constexpr int kMostBins = (1 << 15) + 1;

// slope, intercept and floor of the features; first sample and power of a
// frame.
bool ReadScale(WeightReader& reader, SpectralShape& shape) {
  constexpr int kScale[] = {3};
  constexpr int kFrame[] = {2};
  const double* scale = nullptr;
  if (!reader.Doubles("spectral_scale", 1, kScale, scale)) return false;
  const TfLiteTensor* frame =
      reader.Next("spectral_frame", "", kTfLiteInt32, 1, kFrame);
  if (frame == nullptr) return false;
  shape.slope = scale[0];
  shape.intercept = scale[1];
  shape.floor = static_cast<float>(scale[2]);
  shape.start = Data<int32_t>(*frame)[0];
  const int power = Data<int32_t>(*frame)[1];
  shape.power = power == 2;
  constexpr double kHighest = 1e12;
  if (!(std::fabs(scale[0]) <= kHighest && std::fabs(scale[1]) <= kHighest &&
        scale[2] >= 1e-30 && scale[2] <= kHighest)) {
    return reader.error().Set(
        "expected spectral_scale within 1e12, its floor at least 1e-30; got"
        " %g, %g, %g",
        scale[0], scale[1], scale[2]);
  }
  if (power == 1 || power == 2) return true;
  return reader.error().Set("expected spectral_frame with power 1 or 2; got %d",
                            power);
}

bool ReadWindow(WeightReader& reader, SpectralShape& shape) {
  constexpr int kOpen[] = {kAnySize};
  const TfLiteTensor* window =
      reader.Numbers("spectral_window", "", kTfLiteFloat32, 1, kOpen);
  if (window == nullptr) return false;
  shape.window = Data<float>(*window);
  shape.win_length = window->dims->data[0];
  const int hop = shape.hop_length;
  if (shape.win_length < 2 * hop || shape.win_length > 2 * kMostBins ||
      shape.start > 0 || shape.start + shape.win_length < hop) {
    return reader.error().Set(
        "expected spectral_window of 2 hop_length = %d to %d values around its"
        " frame; got %d from sample %d on",
        2 * hop, 2 * kMostBins, shape.win_length, shape.start);
  }
  for (int i = 0; i < hop; ++i) {
    double sum = 0.0;
    for (int n = i; n < shape.win_length; n += hop) {
      sum += static_cast<double>(shape.window[n]) * shape.window[n];
    }
    if (sum >= 1e-3 && sum <= 1e3) continue;
    return reader.error().Set(
        "expected the squares of spectral_window that meet to sum to 0.001 to"
        " 1000; got %g",
        sum);
  }
  return true;
}

// Integers in [0, highest].
bool ReadIndices(WeightReader& reader, const char* name, int size, int highest,
                 const int32_t*& data) {
  const TfLiteTensor* tensor = reader.Next(name, "", kTfLiteInt32, 1, &size);
  if (tensor == nullptr) return false;
  data = Data<int32_t>(*tensor);
  for (int i = 0; i < tensor->dims->data[0]; ++i) {
    if (data[i] >= 0 && data[i] <= highest) continue;
    return reader.error().Set("expected %s in [0, %d]; got %d at element %d",
                              name, highest, data[i], i);
  }
  return true;
}

bool Within(WeightReader& reader, const char* name, const float* data,
            int count, float highest) {
  for (int i = 0; i < count; ++i) {
    if (data[i] >= 0.0f && data[i] <= highest) continue;
    return reader.error().Set("expected %s in [0, %g]; got %g at element %d",
                              name, static_cast<double>(highest),
                              static_cast<double>(data[i]), i);
  }
  return true;
}

// The bins of every band, and the bands of every bin.
bool ReadBands(WeightReader& reader, const Model& model, SpectralShape& shape) {
  const TfLiteTensor* columns = reader.Peek();
  if (!ReadIndices(reader, "spectral_columns", kAnySize, model.n_mels() - 1,
                   shape.columns)) {
    return false;
  }
  shape.bands = columns->dims->data[0];
  if (shape.bands < 1) {
    return reader.error().Set("expected spectral_columns of a band or more");
  }
  const TfLiteTensor* first = reader.Peek();
  if (!ReadIndices(reader, "spectral_first", kAnySize, shape.bands - 1,
                   shape.first)) {
    return false;
  }
  const int bins = first->dims->data[0];
  shape.n_fft = 2 * (bins - 1);
  if (bins < 2 || bins > kMostBins || (shape.n_fft & (shape.n_fft - 1)) != 0 ||
      shape.n_fft < shape.win_length) {
    return reader.error().Set(
        "expected spectral_first of n_fft / 2 + 1 bins, n_fft a power of two"
        " from %d to %d; got %d bins",
        shape.win_length, 2 * (kMostBins - 1), bins);
  }
  const int pairs[] = {bins, 2};
  if (!reader.Floats("spectral_weights", "", 2, pairs, shape.weights) ||
      !reader.Vector("spectral_places", "", bins, shape.places)) {
    return false;
  }
  return Within(reader, "spectral_weights", shape.weights, 2 * bins, 1e6f) &&
         Within(reader, "spectral_places", shape.places, bins,
                static_cast<float>(shape.bands));
}

}  // namespace

bool ReadSpectral(WeightReader& reader, const Model& model,
                  SpectralShape& shape) {
  shape.hop_length = model.hop_length;
  return ReadScale(reader, shape) && ReadWindow(reader, shape) &&
         ReadBands(reader, model, shape);
}

}  // namespace wavernn_tf
