// allocations_check FOLDER_OR_FILE: once a stream is made, nothing allocates;
// and how much memory a voice and a stream took at most.
// Counted are operator new in all its forms and, by the linker's --wrap, calls
// of malloc, calloc and realloc out of the library.
#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

#include "c_api/checks/read_files.h"

namespace {
long allocations = 0;
long live_bytes = 0;
long peak_bytes = 0;

void* Counted(void* memory) {
  ++allocations;
  live_bytes += static_cast<long>(malloc_usable_size(memory));
  if (live_bytes > peak_bytes) peak_bytes = live_bytes;
  return memory;
}

void Release(void* memory) {
  live_bytes -= static_cast<long>(malloc_usable_size(memory));
  std::free(memory);
}
}  // namespace

extern "C" {
void* __real_malloc(std::size_t size);
void* __real_calloc(std::size_t count, std::size_t size);
void* __real_realloc(void* memory, std::size_t size);
void* __wrap_malloc(std::size_t size) {
  ++allocations;
  return __real_malloc(size);
}
void* __wrap_calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __real_calloc(count, size);
}
void* __wrap_realloc(void* memory, std::size_t size) {
  ++allocations;
  return __real_realloc(memory, size);
}
}

void* operator new(std::size_t size) {
  void* const memory = Counted(__real_malloc(size ? size : 1));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return Counted(__real_malloc(size ? size : 1));
}
void* operator new(std::size_t size, std::align_val_t alignment,
                   const std::nothrow_t&) noexcept {
  const auto unit = static_cast<std::size_t>(alignment);
  return Counted(std::aligned_alloc(unit, (size + unit - 1) / unit * unit));
}
void operator delete(void* memory) noexcept { Release(memory); }
void operator delete(void* memory, std::size_t) noexcept { Release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept {
  Release(memory);
}

namespace wavernn_tf {
namespace {

// One utterance, in pieces.
void Speak(wavernn_stream* stream, const wavernn_info& info,
           const std::vector<float>& features, std::vector<int16_t>& audio) {
  std::size_t count = 0;
  const std::size_t frames = features.size() / info.n_features;
  for (std::size_t pushed = 0; pushed < frames; pushed += count) {
    Require(
        wavernn_stream_push(stream, features.data() + pushed * info.n_features,
                            frames - pushed, &count) == WAVERNN_OK,
        "features are pushed");
    std::size_t pulled = 1;
    while (pulled > 0) {
      wavernn_stream_pull(stream, audio.data(), audio.size(), &pulled);
    }
  }
  wavernn_stream_flush(stream);
  while (wavernn_stream_ready(stream) > 0) {
    wavernn_stream_pull(stream, audio.data(), audio.size(), &count);
  }
}

void Check(const std::string& path) {
  wavernn_info info;
  const long start_bytes = live_bytes;
  peak_bytes = live_bytes;
  wavernn_model* const model = LoadModel(path, info);
  const long loaded = live_bytes - start_bytes;
  const std::vector<float> features = SomeFeatures(info, 50, 1);
  std::vector<int16_t> audio(3 * info.hop_length + 7);
  wavernn_stream* stream = nullptr;
  const long before = allocations;
  Require(wavernn_stream_create(model, nullptr, 8, &stream) == WAVERNN_OK,
          "a stream is made");
  const long made = allocations - before;
  Require(made > 0, "the counter counts");
  for (int i = 0; i < 2; ++i) {
    Speak(stream, info, features, audio);
    wavernn_stream_reset(stream, nullptr);
  }
  const long after = allocations - before - made;
  const long peak = peak_bytes - start_bytes;
  std::printf(
      "%s: %ld allocations at creation, %ld after; at most %ld KiB, %.2f x the"
      " file; %ld KiB loaded\n",
      path.c_str(), made, after, peak / 1024,
      static_cast<double>(peak) / static_cast<double>(info.bytes),
      loaded / 1024);
  Require(after == 0, "nothing allocates after the start");
  wavernn_stream_free(stream);
  wavernn_model_free(model);
}

}  // namespace
}  // namespace wavernn_tf

int main(int argc, char** argv) {
  for (const std::string& path : wavernn_tf::ModelPaths(argc, argv)) {
    wavernn_tf::Check(path);
  }
  return 0;
}
