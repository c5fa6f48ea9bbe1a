// speak_litert LIBLITERT LIBWAVERNN_TF MODEL.tflite FEATURES.npy OUT.wav RATE
// [SEED] Speaks features through LiteRT 2's CompiledModel, whose custom ops are
// ours: both libraries are loaded here, so that neither is needed to build
// this.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "litert/kernel.h"
#include "litert/litert_abi.h"

static void* litert;
static void* find(const char* name) { return dlsym(litert, name); }

// Calls a function of LiteRT by its name; ends the program if it fails.
#define CALL(name, types, ...)                                        \
  do {                                                                \
    int(*const function) types = (int(*) types)find(#name);           \
    const int status = function == NULL ? -1 : function(__VA_ARGS__); \
    if (status != kLiteRtOk) {                                        \
      fprintf(stderr, "error: %s: status %d; %s\n", #name, status,    \
              ops == NULL ? "" : ops_error(ops));                     \
      return 2;                                                       \
    }                                                                 \
  } while (0)

enum { kInputs = 6, kOutputs = 3, kHostMemory = 1, kCpu = 1, kFloat32 = 1 };
enum { kInt64 = 4, kInt16 = 7 };

typedef struct tensor {
  const char* name;
  int type;
  int rank;
  int dims[3];
  const void* data;  // of an input
  size_t bytes;
} tensor;

static void* read_file(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  void* bytes = NULL;
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  // LiteRT wants constants, which the file aligns, on 64 bytes.
  if (posix_memalign(&bytes, 64, *size + 1) != 0 ||
      fread(bytes, 1, *size, file) != *size) {
    bytes = NULL;
  }
  fclose(file);
  return bytes;
}

int main(int argc, char** argv) {
  wavernn_tf_litert* ops = NULL;
  if (argc < 7) {
    fprintf(stderr,
            "usage: speak_litert LIBLITERT LIBWAVERNN_TF MODEL.tflite "
            "FEATURES.npy OUT.wav RATE [SEED]\n");
    return 2;
  }
  litert = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  void* const own = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
  size_t size = 0;
  void* const file = read_file(argv[3], &size);
  if (litert == NULL || own == NULL || file == NULL) {
    fprintf(stderr, "error: %s\n", file == NULL ? argv[3] : dlerror());
    return 2;
  }
  wavernn_tf_litert* (*const ops_create)(const void*, size_t,
                                         void* (*)(const char*)) =
      (wavernn_tf_litert * (*)(const void*, size_t, void* (*)(const char*)))
          dlsym(own, "wavernn_tf_litert_create");
  int (*const ops_add)(wavernn_tf_litert*, void*) =
      (int (*)(wavernn_tf_litert*, void*))dlsym(own, "wavernn_tf_litert_add");
  const char* (*const ops_error)(wavernn_tf_litert*) =
      (const char* (*)(wavernn_tf_litert*))dlsym(own,
                                                 "wavernn_tf_litert_error");
  if (ops_create == NULL || ops_add == NULL || ops_error == NULL) {
    fprintf(stderr, "error: no kernels for LiteRT in %s\n", argv[2]);
    return 2;
  }

  void *environment = NULL, *model = NULL, *options = NULL, *compiled = NULL;
  ops = ops_create(file, size, find);
  CALL(LiteRtCreateEnvironment, (int, const void*, void**), 0, NULL,
       &environment);
  CALL(LiteRtCreateModelFromBuffer, (void*, const void*, size_t, void**),
       environment, file, size, &model);
  CALL(LiteRtCreateOptions, (void**), &options);
  CALL(LiteRtSetOptionsHardwareAccelerators, (void*, int), options, kCpu);
  if (ops_add(ops, options) != kLiteRtOk) {
    fprintf(stderr, "error: %s\n", ops_error(ops));
    return 2;
  }
  CALL(LiteRtCreateCompiledModel, (void*, void*, void*, void**), environment,
       model, options, &compiled);

  // The signature `generate`, and what its features and state look like.
  size_t signatures = 0, which = 0;
  void* signature = NULL;
  CALL(LiteRtGetNumModelSignatures, (void*, size_t*), model, &signatures);
  for (; which < signatures; ++which) {
    const char* key = NULL;
    CALL(LiteRtGetModelSignature, (void*, size_t, void**), model, which,
         &signature);
    CALL(LiteRtGetSignatureKey, (void*, const char**), signature, &key);
    if (strcmp(key, "generate") == 0) break;
  }
  LiteRtRankedTensorType type;
  void* shaped = NULL;
  CALL(LiteRtGetSignatureInputTensor, (void*, const char*, void**), signature,
       "features", &shaped);
  CALL(LiteRtGetRankedTensorType, (void*, LiteRtRankedTensorType*), shaped,
       &type);
  const int width = type.layout.dimensions[2];
  CALL(LiteRtGetSignatureInputTensor, (void*, const char*, void**), signature,
       "state", &shaped);
  CALL(LiteRtGetRankedTensorType, (void*, LiteRtRankedTensorType*), shaped,
       &type);
  const int state_size = type.layout.dimensions[1];

  // The features' first and last frames are repeated as often as the network
  // sees beyond them: FEATURES come with that context.
  size_t rows = 0;
  float* const features = read_features(argv[4], width, &rows);
  float* const state = calloc((size_t)state_size, sizeof(float));
  const int64_t seed = argc > 7 ? strtoll(argv[7], NULL, 10) : 0;
  const int64_t position = 0;
  const float temperature = 1.0f;
  if (features == NULL || state == NULL) return 2;
  const tensor given[kInputs] = {
      {"features",
       kFloat32,
       3,
       {1, (int)rows, width},
       features,
       rows * (size_t)width * sizeof(float)},
      {"seed", kInt64, 1, {1, 0, 0}, &seed, sizeof(seed)},
      {"temperature", kFloat32, 1, {1, 0, 0}, &temperature, sizeof(float)},
      {"fine_temperature", kFloat32, 1, {1, 0, 0}, &temperature, sizeof(float)},
      {"state",
       kFloat32,
       2,
       {1, state_size, 0},
       state,
       (size_t)state_size * sizeof(float)},
      {"position", kInt64, 1, {1, 0, 0}, &position, sizeof(position)},
  };
  LiteRtTensorBuffer inputs[kInputs], outputs[kOutputs];
  for (size_t i = 0; i < kInputs; ++i) {
    const char* name = NULL;
    const tensor* one = given;
    CALL(LiteRtGetSignatureInputName, (void*, size_t, const char**), signature,
         i, &name);
    while (strcmp(one->name, name) != 0) ++one;
    CALL(LiteRtCompiledModelResizeInputTensor,
         (void*, size_t, size_t, const int*, size_t), compiled, which, i,
         one->dims, (size_t)one->rank);
    memset(&type, 0, sizeof(type));
    type.element_type = one->type;
    type.layout.rank_and_strides = (uint32_t)one->rank;
    memcpy(type.layout.dimensions, one->dims, sizeof(one->dims));
    void* address = NULL;
    CALL(LiteRtCreateManagedTensorBuffer,
         (void*, int, const LiteRtRankedTensorType*, size_t,
          LiteRtTensorBuffer*),
         environment, kHostMemory, &type, one->bytes, &inputs[i]);
    CALL(LiteRtLockTensorBuffer, (LiteRtTensorBuffer, void**, int), inputs[i],
         &address, kLiteRtLockWrite);
    memcpy(address, one->data, one->bytes);
    CALL(LiteRtUnlockTensorBuffer, (LiteRtTensorBuffer), inputs[i]);
  }
  LiteRtLayout layouts[kOutputs];
  CALL(LiteRtGetCompiledModelOutputTensorLayouts,
       (void*, size_t, size_t, LiteRtLayout*, _Bool), compiled, which, kOutputs,
       layouts, 1);
  size_t samples = 0, audio_index = 0;
  for (size_t i = 0; i < kOutputs; ++i) {
    const char* name = NULL;
    CALL(LiteRtGetSignatureOutputName, (void*, size_t, const char**), signature,
         i, &name);
    size_t bytes = strcmp(name, "position") == 0 ? 8
                   : strcmp(name, "state") == 0
                       ? (size_t)state_size * sizeof(float)
                       : 0;
    type.element_type = strcmp(name, "position") == 0 ? kInt64
                        : strcmp(name, "state") == 0  ? kFloat32
                                                      : kInt16;
    type.layout = layouts[i];
    if (bytes == 0) {
      samples = (size_t)layouts[i].dimensions[1];
      audio_index = i;
      bytes = samples * sizeof(int16_t);
    }
    CALL(LiteRtCreateManagedTensorBuffer,
         (void*, int, const LiteRtRankedTensorType*, size_t,
          LiteRtTensorBuffer*),
         environment, kHostMemory, &type, bytes, &outputs[i]);
  }
  CALL(
      LiteRtRunCompiledModel,
      (void*, size_t, size_t, LiteRtTensorBuffer*, size_t, LiteRtTensorBuffer*),
      compiled, which, kInputs, inputs, kOutputs, outputs);
  const char* const told = ops_error(ops);
  if (told[0] != 0) {
    fprintf(stderr, "error: %s\n", told);
    return 2;
  }
  void* audio = NULL;
  CALL(LiteRtLockTensorBuffer, (LiteRtTensorBuffer, void**, int),
       outputs[audio_index], &audio, kLiteRtLockRead);
  return write_wav(argv[5], audio, samples, atoi(argv[6])) ? 0 : 2;
}
