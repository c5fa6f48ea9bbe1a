// The small voices that fuzzing starts from.
#ifndef WAVERNN_TF_FUZZ_MODELS_H_
#define WAVERNN_TF_FUZZ_MODELS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "c_api/wavernn.h"

namespace wavernn_tf {

using FileBytes = std::vector<uint8_t>;

// The .tflite files of the folder that the environment's WAVERNN_FUZZ_MODELS
// names, in the order of their names; ends the program if there are none.
const std::vector<FileBytes>& ModelFiles();

// The same, loaded.
const std::vector<wavernn_model*>& Models();

// Ends the program, which is what a fuzzer reports, unless `holds`.
void Require(bool holds, const char* what);

wavernn_info InfoOf(const wavernn_model* model);

// An input's bytes, taken from the front; zeros when it has ended.
class Input {
 public:
  Input(const uint8_t* data, std::size_t size) : data_(data), left_(size) {}

  bool ended() const { return left_ == 0; }

  template <typename T>
  T Take() {
    T value = 0;
    auto* const bytes = reinterpret_cast<uint8_t*>(&value);
    for (std::size_t i = 0; i < sizeof(T) && left_ > 0; ++i, --left_) {
      bytes[i] = *data_++;
    }
    return value;
  }

  std::size_t left() const { return left_; }

 private:
  const uint8_t* data_;
  std::size_t left_;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_FUZZ_MODELS_H_
