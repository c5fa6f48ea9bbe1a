#include "fuzz/models.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace wavernn_tf {

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

const std::vector<FileBytes>& ModelFiles() {
  static const std::vector<FileBytes> files = [] {
    const char* folder = std::getenv("WAVERNN_FUZZ_MODELS");
    Require(folder != nullptr, "WAVERNN_FUZZ_MODELS names a folder");
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".tflite") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    Require(!paths.empty(), "WAVERNN_FUZZ_MODELS holds .tflite files");
    std::vector<FileBytes> read;
    for (const auto& path : paths) {
      std::ifstream stream(path, std::ios::binary);
      read.emplace_back(std::istreambuf_iterator<char>(stream),
                        std::istreambuf_iterator<char>());
    }
    return read;
  }();
  return files;
}

const std::vector<wavernn_model*>& Models() {
  // Never freed, and so within reach to the end: no leak.
  static const auto& models = *[] {
    auto* const loaded = new std::vector<wavernn_model*>;
    for (const FileBytes& file : ModelFiles()) {
      wavernn_model* model = nullptr;
      Require(wavernn_model_load_memory(file.data(), file.size(), nullptr,
                                        &model) == WAVERNN_OK,
              "the voices load");
      loaded->push_back(model);
    }
    return loaded;
  }();
  return models;
}

wavernn_info InfoOf(const wavernn_model* model) {
  wavernn_info info = WAVERNN_INFO_INIT;
  Require(wavernn_model_info(model, &info) == WAVERNN_OK, "info is told");
  return info;
}

}  // namespace wavernn_tf
