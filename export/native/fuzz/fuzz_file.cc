// A voice's file with bytes changed or cut off, or any bytes at all: it is
// refused with a word, or it speaks.
//
// The first byte chooses a voice, or the rest as a file; then come changes of
// 9 bytes: what to do, where, and the value.
#include <algorithm>
#include <cstring>

#include "fuzz/models.h"

namespace wavernn_tf {
namespace {

template <typename T>
void Put(FileBytes& file, uint32_t where, uint32_t value) {
  if (file.size() < sizeof(T)) return;
  const auto written = static_cast<T>(value);
  std::memcpy(file.data() + where % (file.size() - sizeof(T) + 1), &written,
              sizeof(T));
}

// Numbers lie on multiples of their size.
void Change(Input& input, FileBytes& file) {
  const auto kind = input.Take<uint8_t>();
  const auto where = input.Take<uint32_t>();
  const auto value = input.Take<uint32_t>();
  switch (kind % 8) {
    case 0:
      return Put<uint8_t>(file, where, value);
    case 1:
      return Put<uint16_t>(file, where & ~1u, value);
    case 2:
    case 3:
      return Put<uint32_t>(file, where & ~3u, value);
    case 4:  // small numbers are more often meaningful
      return Put<uint32_t>(file, where & ~3u, value % 64);
    case 5:
      return Put<uint8_t>(file, where, value % 16);
    case 6:  // the tables lie at the ends
      return Put<uint32_t>(file, where % 4096 & ~3u, value);
    default:
      if (value % 16 == 0) file.resize(where % (file.size() + 1));
  }
}

void Speak(wavernn_model* model) {
  const wavernn_info info = InfoOf(model);
  wavernn_stream* stream = nullptr;
  // More is a matter of patience.
  if (info.n_features > 1 << 12 || info.hop_length > 1 << 9 ||
      info.frames_after > 1 << 9 ||
      wavernn_stream_create(model, nullptr, 2, &stream) != WAVERNN_OK) {
    return;
  }
  const std::vector<float> frame(info.n_features, -1.0f);
  std::size_t count = 0;
  for (int i = 0; i < 3; ++i) {
    wavernn_stream_push(stream, frame.data(), 1, &count);
  }
  wavernn_stream_flush(stream);
  std::vector<int16_t> audio(4);
  Require(wavernn_stream_pull(stream, audio.data(), audio.size(), &count) ==
                  WAVERNN_OK &&
              count == std::min<std::size_t>(4, 3 * info.hop_length),
          "a loaded voice speaks");
  wavernn_stream_free(stream);
}

}  // namespace
}  // namespace wavernn_tf

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace wavernn_tf;
  Input input(data, size);
  const std::vector<FileBytes>& files = ModelFiles();
  const auto first = input.Take<uint8_t>();
  const std::size_t which = first % (files.size() + 1);
  FileBytes file = which < files.size()
                       ? files[which]
                       : FileBytes(data + (size > 0), data + size);
  while (which < files.size() && !input.ended()) Change(input, file);
  wavernn_model* model = nullptr;
  const wavernn_status status =
      wavernn_model_load_memory(file.data(), file.size(), nullptr, &model);
  if (status == WAVERNN_OK) {
    if (first >= 192) Speak(model);  // which takes most of the time
  } else {
    Require(model == nullptr && wavernn_last_error()[0] != 0,
            "what is refused is explained");
  }
  wavernn_model_free(model);
  return 0;
}
