// The .tflite files of a folder, and what the checks say when they fail.
#ifndef WAVERNN_TF_C_API_CHECKS_READ_FILES_H_
#define WAVERNN_TF_C_API_CHECKS_READ_FILES_H_

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "c_api/wavernn.h"

namespace wavernn_tf {

inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s (%s)\n", what, wavernn_last_error());
  std::exit(1);
}

inline std::vector<std::string> ModelPaths(int argc, char** argv) {
  std::vector<std::string> paths;
  Require(argc == 2, "the only argument is a voice or a folder of voices");
  if (!std::filesystem::is_directory(argv[1])) return {argv[1]};
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    if (entry.path().extension() == ".tflite") {
      paths.push_back(entry.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  Require(!paths.empty(), "the folder holds .tflite files");
  return paths;
}

inline wavernn_model* LoadModel(const std::string& path, wavernn_info& info) {
  wavernn_model* model = nullptr;
  Require(wavernn_model_load_file(path.c_str(), nullptr, &model) == WAVERNN_OK,
          "a voice loads");
  info = WAVERNN_INFO_INIT;
  Require(wavernn_model_info(model, &info) == WAVERNN_OK, "info is told");
  return model;
}

// Some features [frames, n_features].
inline std::vector<float> SomeFeatures(const wavernn_info& info,
                                       std::size_t frames, unsigned seed) {
  std::vector<float> features(frames * info.n_features);
  for (std::size_t i = 0; i < features.size(); ++i) {
    features[i] = std::sin(static_cast<float>(i * i + seed)) - 2.0f;
  }
  return features;
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_C_API_CHECKS_READ_FILES_H_
