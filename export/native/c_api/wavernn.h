// WaveRNN voices from C: a .tflite file in, 16-bit audio out, without any
// TFLite runtime. C99 and C++; docs/device.md shows it at work.
//
// Threads. A model is never changed once it is loaded: any number of threads
// may use it at the same time, without locks. A stream is for one thread at a
// time; streams of one model are independent of each other. A stream keeps what
// it needs of its model, so that the two may be freed in any order.
//
// Memory. Loading and creating allocate. Push, pull, flush, reset, ready and
// info do not, and take no locks: they may run in an audio callback as long as
// the processor is fast enough.
//
// Errors. Functions that can fail return a status, and say in words what was
// expected and what came: wavernn_last_error(). A function that fails changes
// nothing, unless it says so. Nothing aborts, throws or prints.
//
// Structs begin with their size, which the WAVERNN_..._INIT macros fill in;
// later versions only append members.
#ifndef WAVERNN_H_
#define WAVERNN_H_

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define WAVERNN_API
#else
#define WAVERNN_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

// The major version of the shared library. It changes when a program that was
// built against an older header may no longer run.
#define WAVERNN_ABI 1

typedef int32_t wavernn_status;
enum {
  WAVERNN_OK = 0,
  WAVERNN_BAD_ARGUMENT = 1,  // of this call
  WAVERNN_BAD_FILE = 2,      // cannot be read
  WAVERNN_BAD_MODEL = 3,     // no voice, damaged, or of another version
  WAVERNN_NO_MEMORY = 4,
  WAVERNN_BAD_ORDER = 5,  // a call that the stream does not expect now
  WAVERNN_INTERNAL = 6
};

// How weights are held.
enum {
  WAVERNN_FLOAT32 = 0,
  WAVERNN_BFLOAT16 = 1,
  WAVERNN_INT8 = 2,
  WAVERNN_INT16 = 3
};

// Where the pitch of a voice comes from.
enum {
  WAVERNN_PITCH_OFF = 0,
  WAVERNN_PITCH_ESTIMATED = 1,  // from the other features
  WAVERNN_PITCH_GIVEN = 2       // the last feature, in Hz; 0 is unvoiced
};

typedef struct wavernn_model wavernn_model;
typedef struct wavernn_stream wavernn_stream;

// How to load a model.
typedef struct wavernn_options {
  uint32_t size;
  int32_t postfilter;  // 0 leaves out the one that a voice may have
  const char* isa;     // one of wavernn_isas(); null for the fastest
} wavernn_options;
#define WAVERNN_OPTIONS_INIT {sizeof(wavernn_options), 1, NULL}

// What a model is.
typedef struct wavernn_info {
  uint32_t size;
  int32_t schema;
  int32_t sample_rate;       // Hz
  int32_t hop_length;        // samples per frame
  int32_t n_features;        // floats per frame
  int32_t frames_after;      // that the audio lags behind the features
  int32_t state_size;        // units of the GRU
  int32_t sub_tensors;       // 1: plain; more: Subscale
  int32_t weights;           // WAVERNN_FLOAT32, ...
  int32_t prediction_order;  // of the linear prediction; 0: none
  int32_t pitch;             // WAVERNN_PITCH_OFF, ...
  int32_t mulaw;             // 1: the mu-law split
  int32_t postfilter;        // 1: the voice has one, and it is on
  int32_t reserved;
  int64_t bytes;  // of the file
} wavernn_info;
#define WAVERNN_INFO_INIT \
  {sizeof(wavernn_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

// How samples are drawn. Equal draws and features give equal samples.
typedef struct wavernn_draw {
  uint32_t size;
  float temperature;       // of the coarse classes, >= 0; 0: the likeliest
  float fine_temperature;  // of the fine classes
  uint32_t reserved;
  uint64_t seed;
} wavernn_draw;
#define WAVERNN_DRAW_INIT {sizeof(wavernn_draw), 1.0f, 1.0f, 0, 0}

// One whole utterance.
typedef struct wavernn_utterance {
  uint32_t size;
  float temperature;
  float fine_temperature;
  uint32_t reserved;
  uint64_t seed;
  const float* features;  // [frames, n_features]
  uint64_t frames;        // >= 1
  int16_t* audio;         // [frames * hop_length], written
} wavernn_utterance;
#define WAVERNN_UTTERANCE_INIT \
  {sizeof(wavernn_utterance), 1.0f, 1.0f, 0, 0, NULL, 0, NULL}

// The package's version, as "0.1.0".
WAVERNN_API const char* wavernn_version(void);
// WAVERNN_ABI of the library.
WAVERNN_API int32_t wavernn_abi(void);
// The schema of the models that the library reads.
WAVERNN_API int32_t wavernn_schema(void);
// The instruction sets this machine can run, joined by commas, "scalar" first,
// the fastest last. All give the same samples.
WAVERNN_API const char* wavernn_isas(void);
// Why the last failing call of this thread failed; "" if none has failed. The
// text stays until the thread's next failure.
WAVERNN_API const char* wavernn_last_error(void);

// Loads a voice from a file or from a copy of `size` bytes. `options` may be
// null. `*model` is null after a failure.
WAVERNN_API wavernn_status wavernn_model_load_file(
    const char* path, const wavernn_options* options, wavernn_model** model);
WAVERNN_API wavernn_status wavernn_model_load_memory(
    const void* data, size_t size, const wavernn_options* options,
    wavernn_model** model);
// Null is allowed.
WAVERNN_API void wavernn_model_free(wavernn_model* model);
// Fills `info`, whose size is set.
WAVERNN_API wavernn_status wavernn_model_info(const wavernn_model* model,
                                              wavernn_info* info);
// The voice's description, JSON in UTF-8, as `wavernn-tf inspect --json` prints
// it; lives as long as the model.
WAVERNN_API const char* wavernn_model_metadata(const wavernn_model* model);

// A stream of one utterance: features are pushed, audio is pulled. It holds
// `capacity` frames that wait for their turn; 0 stands for 64. `draw` may be
// null.
WAVERNN_API wavernn_status wavernn_stream_create(const wavernn_model* model,
                                                 const wavernn_draw* draw,
                                                 size_t capacity,
                                                 wavernn_stream** stream);
// Null is allowed.
WAVERNN_API void wavernn_stream_free(wavernn_stream* stream);
// Takes the first frames of features [frames, n_features], as many as there is
// room for, and says how many in `taken`. The rest is for a later call.
WAVERNN_API wavernn_status wavernn_stream_push(wavernn_stream* stream,
                                               const float* features,
                                               size_t frames, size_t* taken);
// No more features come: the audio that waits for them can be pulled.
WAVERNN_API wavernn_status wavernn_stream_flush(wavernn_stream* stream);
// Computes up to `samples` samples, as far as the features go, and says how
// many in `written`. Any number may be asked for; multiples of hop_length are
// computed fastest, and several frames at once faster than one by one.
WAVERNN_API wavernn_status wavernn_stream_pull(wavernn_stream* stream,
                                               int16_t* audio, size_t samples,
                                               size_t* written);
// How many samples a pull could write now.
WAVERNN_API size_t wavernn_stream_ready(const wavernn_stream* stream);
// Starts another utterance; `draw` may be null for the one the stream has.
WAVERNN_API wavernn_status wavernn_stream_reset(wavernn_stream* stream,
                                                const wavernn_draw* draw);

// Speaks whole utterances, up to 16 at a time in one pass over the weights.
// Each has the samples that it has alone. All `size` members must be equal.
// After a failure the audio is undefined.
WAVERNN_API wavernn_status
wavernn_synthesize(const wavernn_model* model,
                   const wavernn_utterance* utterances, size_t count);
// Natural log of the probabilities that a voice gives to the classes of
// recorded audio: log_likelihood [samples, 2], coarse and fine. `samples` must
// end within the last of the frames.
WAVERNN_API wavernn_status wavernn_score(const wavernn_model* model,
                                         const float* features, size_t frames,
                                         const int16_t* audio, size_t samples,
                                         float* log_likelihood);

#ifdef __cplusplus
}
#endif

#endif  // WAVERNN_H_
