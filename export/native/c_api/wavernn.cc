// The C boundary: arguments are checked, nothing is thrown across.
#include "c_api/wavernn.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "c_api/voice.h"
#include "c_api/voice_stream.h"
#include "c_api/whole.h"
#include "kernels/kernel_table.h"
#include "tflite/check_values.h"
#include "tflite/error_text.h"
#include "tflite/weights.h"

#ifndef WAVERNN_TF_VERSION
#error "the build defines WAVERNN_TF_VERSION"
#endif

struct wavernn_model {
  std::shared_ptr<wavernn_tf::Voice> voice;
};

struct wavernn_stream {
  wavernn_tf::VoiceStream stream;
};

namespace wavernn_tf {
namespace {

constexpr std::size_t kDefaultCapacity = 64;
constexpr std::size_t kMostFrames = 1 << 20;  // of a stream's window

thread_local char last_error[512] = "";

wavernn_status Fail(wavernn_status status, const ErrorText& error) {
  std::snprintf(last_error, sizeof(last_error), "%s", error.text());
  return status;
}

template <typename... Values>
wavernn_status Fail(wavernn_status status, const char* format,
                    Values... values) {
  std::snprintf(last_error, sizeof(last_error), format, values...);
  return status;
}

wavernn_status NoMemory() {
  return Fail(WAVERNN_NO_MEMORY, "%s", "out of memory");
}

// Runs `body()` and lets no exception out.
template <typename Body>
wavernn_status Guard(Body body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return NoMemory();
  } catch (const std::exception& exception) {
    return Fail(WAVERNN_INTERNAL, "unexpected: %s", exception.what());
  } catch (...) {
    return Fail(WAVERNN_INTERNAL, "%s", "unexpected exception");
  }
}

wavernn_status Missing(const char* name) {
  return Fail(WAVERNN_BAD_ARGUMENT, "expected %s; got null", name);
}

template <typename Struct>
bool SizeFits(const Struct& given, const char* name) {
  if (given.size >= sizeof(Struct)) return true;
  Fail(WAVERNN_BAD_ARGUMENT,
       "expected the size of %s to be at least %zu; got %u: begin with"
       " WAVERNN_..._INIT",
       name, sizeof(Struct), static_cast<unsigned>(given.size));
  return false;
}

wavernn_status ReadOptions(const wavernn_options* given,
                           VoiceOptions& options) {
  options = {&BestKernels(), true};
  if (given == nullptr) return WAVERNN_OK;
  if (!SizeFits(*given, "options")) return WAVERNN_BAD_ARGUMENT;
  options.postfilter = given->postfilter != 0;
  if (given->isa == nullptr) return WAVERNN_OK;
  options.kernels = FindKernels(given->isa);
  if (options.kernels != nullptr) return WAVERNN_OK;
  return Fail(WAVERNN_BAD_ARGUMENT,
              "expected isa to be one of this machine's, %s; got %.64s",
              AvailableIsas(), given->isa);
}

wavernn_status ReadDraw(const wavernn_draw* given, Draw& draw) {
  if (given == nullptr) return WAVERNN_OK;
  if (!SizeFits(*given, "draw")) return WAVERNN_BAD_ARGUMENT;
  ErrorText error;
  if (!CheckDraw(given->temperature, given->fine_temperature, error)) {
    return Fail(WAVERNN_BAD_ARGUMENT, error);
  }
  draw = {given->seed, given->temperature, given->fine_temperature};
  return WAVERNN_OK;
}

wavernn_status CheckFeatures(const Model& model, const float* features,
                             std::size_t frames) {
  if (frames == 0) return WAVERNN_OK;
  if (features == nullptr) return Missing("features");
  const std::size_t most = std::numeric_limits<int>::max() / model.hop_length;
  if (frames > most) {
    return Fail(WAVERNN_BAD_ARGUMENT,
                "expected fewer than 2^31 samples; got %zu frames of %d",
                frames, model.hop_length);
  }
  const int shape[] = {static_cast<int>(frames), model.n_features};
  ErrorText error;
  if (CheckFinite(features, shape, 2, "features", error)) return WAVERNN_OK;
  return Fail(WAVERNN_BAD_ARGUMENT, error);
}

// The size of an open file that can be read to its end; < 0: none.
long FileSize(std::FILE* file) {
  if (std::fseek(file, 0, SEEK_END) != 0) return -1;
  const long size = std::ftell(file);
  return size >= 0 && std::fseek(file, 0, SEEK_SET) == 0 ? size : -1;
}

wavernn_status ReadFile(const char* path, AlignedArray<uint8_t>& bytes) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path, "rb"));
  const long size = file == nullptr ? -1 : FileSize(file.get());
  if (size < 0 || size > std::numeric_limits<int32_t>::max()) {
    return Fail(WAVERNN_BAD_FILE,
                "expected a voice file below 2 GiB at %.300s; got: %s", path,
                file == nullptr ? std::strerror(errno) : "no such file");
  }
  if (!bytes.Resize(static_cast<std::size_t>(size))) return NoMemory();
  if (std::fread(bytes.data(), 1, bytes.size(), file.get()) == bytes.size()) {
    return WAVERNN_OK;
  }
  return Fail(WAVERNN_BAD_FILE, "expected %ld bytes of %.300s; got fewer", size,
              path);
}

wavernn_status Load(AlignedArray<uint8_t> bytes, const VoiceOptions& options,
                    wavernn_model** model) {
  ErrorText error;
  bool no_memory = false;
  auto made = std::make_unique<wavernn_model>();
  made->voice = Voice::Load(std::move(bytes), options, error, no_memory);
  if (made->voice == nullptr) {
    return Fail(no_memory ? WAVERNN_NO_MEMORY : WAVERNN_BAD_MODEL, error);
  }
  *model = made.release();
  return WAVERNN_OK;
}

int WeightsOf(const Model& model) {
  switch (model.recurrent[0].type) {
    case WeightType::kFloat32:
      return WAVERNN_FLOAT32;
    case WeightType::kBfloat16:
      return WAVERNN_BFLOAT16;
    case WeightType::kInt8:
      return WAVERNN_INT8;
    default:
      return WAVERNN_INT16;
  }
}

void FillInfo(const Voice& voice, wavernn_info& info) {
  const Model& model = voice.model();
  const Predictors& predictors = model.predictors;
  info.schema = kSchemaVersion;
  info.sample_rate = model.sample_rate;
  info.hop_length = model.hop_length;
  info.n_features = model.n_features;
  info.frames_after = voice.frames_after();
  info.state_size = model.state_size;
  info.sub_tensors = model.subscale.batch;
  info.weights = WeightsOf(model);
  info.prediction_order = predictors.linear.order;
  info.pitch = static_cast<int>(predictors.pitch);
  info.mulaw = predictors.mulaw ? 1 : 0;
  info.postfilter =
      predictors.postfilter.form != PostfilterForm::kOff && voice.postfilter()
          ? 1
          : 0;
  info.reserved = 0;
  info.bytes = static_cast<int64_t>(voice.file_bytes());
}

wavernn_status ReadUtterance(const Model& model, const wavernn_utterance& given,
                             Utterance& utterance) {
  if (given.frames < 1 || given.frames > std::numeric_limits<int>::max()) {
    return Fail(WAVERNN_BAD_ARGUMENT,
                "expected utterances of at least one frame; got %llu",
                static_cast<unsigned long long>(given.frames));
  }
  const auto frames = static_cast<std::size_t>(given.frames);
  if (given.audio == nullptr) return Missing("audio");
  const wavernn_status status = CheckFeatures(model, given.features, frames);
  if (status != WAVERNN_OK) return status;
  ErrorText error;
  if (!CheckDraw(given.temperature, given.fine_temperature, error)) {
    return Fail(WAVERNN_BAD_ARGUMENT, error);
  }
  utterance = {given.features,
               frames,
               {given.seed, given.temperature, given.fine_temperature},
               given.audio};
  return WAVERNN_OK;
}

// The utterances lie `size` of the first one apart.
wavernn_status ReadUtterances(const Model& model,
                              const wavernn_utterance* given, std::size_t count,
                              std::vector<Utterance>& utterances) {
  if (given == nullptr) return Missing("utterances");
  const std::size_t size = given->size;
  const auto* place = reinterpret_cast<const char*>(given);
  for (std::size_t i = 0; i < count; ++i, place += size) {
    const auto& one = *reinterpret_cast<const wavernn_utterance*>(place);
    if (!SizeFits(one, "an utterance")) return WAVERNN_BAD_ARGUMENT;
    if (one.size != size || size % alignof(wavernn_utterance) != 0) {
      return Fail(WAVERNN_BAD_ARGUMENT,
                  "expected utterances of one size; got %u after %zu",
                  static_cast<unsigned>(one.size), size);
    }
    Utterance utterance = {};
    const wavernn_status status = ReadUtterance(model, one, utterance);
    if (status != WAVERNN_OK) return status;
    utterances.push_back(utterance);
  }
  return WAVERNN_OK;
}

}  // namespace
}  // namespace wavernn_tf

extern "C" {

using wavernn_tf::Fail;
using wavernn_tf::Guard;
using wavernn_tf::Missing;
using wavernn_tf::NoMemory;

const char* wavernn_version(void) { return WAVERNN_TF_VERSION; }

int32_t wavernn_abi(void) { return WAVERNN_ABI; }

int32_t wavernn_schema(void) { return wavernn_tf::kSchemaVersion; }

const char* wavernn_isas(void) { return wavernn_tf::AvailableIsas(); }

const char* wavernn_last_error(void) { return wavernn_tf::last_error; }

wavernn_status wavernn_model_load_file(const char* path,
                                       const wavernn_options* options,
                                       wavernn_model** model) {
  if (model == nullptr) return Missing("a place for the model");
  *model = nullptr;
  if (path == nullptr) return Missing("a path");
  return Guard([&]() -> wavernn_status {
    wavernn_tf::VoiceOptions read;
    wavernn_status status = wavernn_tf::ReadOptions(options, read);
    if (status != WAVERNN_OK) return status;
    wavernn_tf::AlignedArray<uint8_t> bytes;
    status = wavernn_tf::ReadFile(path, bytes);
    if (status != WAVERNN_OK) return status;
    return wavernn_tf::Load(std::move(bytes), read, model);
  });
}

wavernn_status wavernn_model_load_memory(const void* data, size_t size,
                                         const wavernn_options* options,
                                         wavernn_model** model) {
  if (model == nullptr) return Missing("a place for the model");
  *model = nullptr;
  if (data == nullptr) return Missing("data");
  return Guard([&]() -> wavernn_status {
    wavernn_tf::VoiceOptions read;
    const wavernn_status status = wavernn_tf::ReadOptions(options, read);
    if (status != WAVERNN_OK) return status;
    wavernn_tf::AlignedArray<uint8_t> bytes;
    if (!bytes.Resize(size)) return NoMemory();
    std::memcpy(bytes.data(), data, size);
    return wavernn_tf::Load(std::move(bytes), read, model);
  });
}

void wavernn_model_free(wavernn_model* model) { delete model; }

wavernn_status wavernn_model_info(const wavernn_model* model,
                                  wavernn_info* info) {
  if (model == nullptr) return Missing("a model");
  if (info == nullptr) return Missing("a place for the info");
  if (!wavernn_tf::SizeFits(*info, "info")) return WAVERNN_BAD_ARGUMENT;
  wavernn_tf::FillInfo(*model->voice, *info);
  return WAVERNN_OK;
}

const char* wavernn_model_metadata(const wavernn_model* model) {
  return model == nullptr ? "" : model->voice->metadata().c_str();
}

wavernn_status wavernn_stream_create(const wavernn_model* model,
                                     const wavernn_draw* draw, size_t capacity,
                                     wavernn_stream** stream) {
  if (stream == nullptr) return Missing("a place for the stream");
  *stream = nullptr;
  if (model == nullptr) return Missing("a model");
  if (capacity == 0) capacity = wavernn_tf::kDefaultCapacity;
  if (capacity > wavernn_tf::kMostFrames) {
    return Fail(WAVERNN_BAD_ARGUMENT,
                "expected a capacity of at most %zu frames; got %zu",
                wavernn_tf::kMostFrames, capacity);
  }
  return Guard([&]() -> wavernn_status {
    wavernn_tf::Draw read;
    const wavernn_status status = wavernn_tf::ReadDraw(draw, read);
    if (status != WAVERNN_OK) return status;
    auto made = std::make_unique<wavernn_stream>();
    if (!made->stream.Start(model->voice, read, capacity)) return NoMemory();
    *stream = made.release();
    return WAVERNN_OK;
  });
}

void wavernn_stream_free(wavernn_stream* stream) { delete stream; }

wavernn_status wavernn_stream_push(wavernn_stream* stream,
                                   const float* features, size_t frames,
                                   size_t* taken) {
  if (taken == nullptr) return Missing("a place for the number of frames");
  *taken = 0;
  if (stream == nullptr) return Missing("a stream");
  wavernn_tf::VoiceStream& inside = stream->stream;
  if (inside.flushed()) {
    return Fail(WAVERNN_BAD_ORDER, "%s",
                "expected a reset after the flush; got more features");
  }
  const size_t count = std::min(frames, inside.room());
  const wavernn_status status =
      wavernn_tf::CheckFeatures(inside.voice().model(), features, count);
  if (status != WAVERNN_OK) return status;
  inside.Push(features, count);
  *taken = count;
  return WAVERNN_OK;
}

wavernn_status wavernn_stream_flush(wavernn_stream* stream) {
  if (stream == nullptr) return Missing("a stream");
  stream->stream.Flush();
  return WAVERNN_OK;
}

wavernn_status wavernn_stream_pull(wavernn_stream* stream, int16_t* audio,
                                   size_t samples, size_t* written) {
  if (written == nullptr) return Missing("a place for the number of samples");
  *written = 0;
  if (stream == nullptr) return Missing("a stream");
  if (samples == 0) return WAVERNN_OK;
  if (audio == nullptr) return Missing("audio");
  *written = stream->stream.Pull(audio, samples);
  return WAVERNN_OK;
}

size_t wavernn_stream_ready(const wavernn_stream* stream) {
  return stream == nullptr ? 0 : stream->stream.ReadySamples();
}

wavernn_status wavernn_stream_reset(wavernn_stream* stream,
                                    const wavernn_draw* draw) {
  if (stream == nullptr) return Missing("a stream");
  wavernn_tf::Draw read = stream->stream.draw();
  const wavernn_status status = wavernn_tf::ReadDraw(draw, read);
  if (status == WAVERNN_OK) stream->stream.Reset(read);
  return status;
}

wavernn_status wavernn_synthesize(const wavernn_model* model,
                                  const wavernn_utterance* utterances,
                                  size_t count) {
  if (model == nullptr) return Missing("a model");
  if (count == 0) return WAVERNN_OK;
  return Guard([&]() -> wavernn_status {
    std::vector<wavernn_tf::Utterance> read;
    const wavernn_status status = wavernn_tf::ReadUtterances(
        model->voice->model(), utterances, count, read);
    if (status != WAVERNN_OK) return status;
    return wavernn_tf::Synthesize(*model->voice, read) ? WAVERNN_OK
                                                       : NoMemory();
  });
}

wavernn_status wavernn_score(const wavernn_model* model, const float* features,
                             size_t frames, const int16_t* audio,
                             size_t samples, float* log_likelihood) {
  if (model == nullptr) return Missing("a model");
  if (frames == 0 || features == nullptr) return Missing("features");
  if (audio == nullptr || log_likelihood == nullptr) return Missing("audio");
  const wavernn_tf::Model& sizes = model->voice->model();
  const wavernn_status status =
      wavernn_tf::CheckFeatures(sizes, features, frames);
  if (status != WAVERNN_OK) return status;
  wavernn_tf::ErrorText error;
  const size_t most = std::numeric_limits<int>::max();
  if (!wavernn_tf::CheckAudioLength(
          sizes, static_cast<int64_t>(frames),
          static_cast<int64_t>(std::min(samples, most)), error)) {
    return Fail(WAVERNN_BAD_ARGUMENT, error);
  }
  return Guard([&]() -> wavernn_status {
    return wavernn_tf::ScoreAudio(*model->voice, features, frames, audio,
                                  samples, log_likelihood)
               ? WAVERNN_OK
               : NoMemory();
  });
}

}  // extern "C"
