// speak_tflite MODEL.tflite FEATURES.npy OUT.wav RATE [SEED]
// Speaks features through TFLite's C API, whose delegate runs the voice's op.
// The program is linked with the runtime and with libwavernn_tf.so. FEATURES
// come with the context that the network sees: the first frame is repeated
// before, the last one after.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "tflite_c_api.h"

enum { kInputs = 6 };

typedef struct input {
  const char* name;
  const void* data;
  int rank;
  int dims[3];
  size_t bytes;
} input;

static void report(const char* text) { fprintf(stderr, "error: %s\n", text); }

static int dimension(TfLiteSignatureRunner* runner, const char* name,
                     int axis) {
  return TfLiteTensorDim(TfLiteSignatureRunnerGetInputTensor(runner, name),
                         axis);
}

// Sets the shapes of all inputs, then their values, and runs the signature.
// Returns 0 if that fails; the delegate has said why.
static int run(TfLiteSignatureRunner* runner, const input* inputs) {
  for (int i = 0; i < kInputs; ++i) {
    if (TfLiteSignatureRunnerResizeInputTensor(runner, inputs[i].name,
                                               inputs[i].dims,
                                               inputs[i].rank) != kTfLiteOk) {
      return 0;
    }
  }
  if (TfLiteSignatureRunnerAllocateTensors(runner) != kTfLiteOk) return 0;
  for (int i = 0; i < kInputs; ++i) {
    TfLiteTensor* const tensor =
        TfLiteSignatureRunnerGetInputTensor(runner, inputs[i].name);
    if (TfLiteTensorCopyFromBuffer(tensor, inputs[i].data, inputs[i].bytes) !=
        kTfLiteOk) {
      return 0;
    }
  }
  return TfLiteSignatureRunnerInvoke(runner) == kTfLiteOk;
}

// Speaks, and writes the file; 0 if anything fails.
static int speak(TfLiteSignatureRunner* runner, char** argv, int64_t seed) {
  const int width = dimension(runner, "features", 2);
  const int state_size = dimension(runner, "state", 1);
  size_t rows = 0;
  float* const features = read_features(argv[2], width, &rows);
  float* const state = calloc((size_t)state_size, sizeof(float));
  const int64_t position = 0;
  const float temperature = 1.0f;
  const size_t float_bytes = sizeof(float);
  const input inputs[kInputs] = {
      {"features",
       features,
       3,
       {1, (int)rows, width},
       rows * (size_t)width * float_bytes},
      {"seed", &seed, 1, {1}, sizeof(seed)},
      {"temperature", &temperature, 1, {1}, float_bytes},
      {"fine_temperature", &temperature, 1, {1}, float_bytes},
      {"state", state, 2, {1, state_size}, (size_t)state_size * float_bytes},
      {"position", &position, 1, {1}, sizeof(position)},
  };
  int done = features != NULL && state != NULL && run(runner, inputs);
  if (done) {
    const TfLiteTensor* const audio =
        TfLiteSignatureRunnerGetOutputTensor(runner, "audio");
    done =
        write_wav(argv[3], TfLiteTensorData(audio),
                  TfLiteTensorByteSize(audio) / sizeof(int16_t), atoi(argv[4]));
  }
  free(state);
  free(features);
  return done;
}

int main(int argc, char** argv) {
  if (argc < 5) {
    fprintf(stderr,
            "usage: speak_tflite MODEL.tflite FEATURES.npy OUT.wav RATE "
            "[SEED]\n");
    return 2;
  }
  TfLiteModel* const model = TfLiteModelCreateFromFile(argv[1]);
  TfLiteDelegate* const delegate =
      tflite_plugin_create_delegate(NULL, NULL, 0, report);
  TfLiteInterpreterOptions* const options = TfLiteInterpreterOptionsCreate();
  TfLiteInterpreter* interpreter = NULL;
  TfLiteSignatureRunner* runner = NULL;
  if (model == NULL || delegate == NULL) {
    fprintf(stderr, "error: %s cannot be loaded\n", argv[1]);
  } else {
    TfLiteInterpreterOptionsAddDelegate(options, delegate);
    interpreter = TfLiteInterpreterCreate(model, options);
  }
  if (interpreter != NULL) {
    runner = TfLiteInterpreterGetSignatureRunner(interpreter, "generate");
  }
  const int64_t seed = argc > 5 ? strtoll(argv[5], NULL, 10) : 0;
  const int done = runner != NULL && speak(runner, argv, seed);
  if (runner != NULL) TfLiteSignatureRunnerDelete(runner);
  if (interpreter != NULL) TfLiteInterpreterDelete(interpreter);
  TfLiteInterpreterOptionsDelete(options);
  if (delegate != NULL) tflite_plugin_destroy_delegate(delegate);
  if (model != NULL) TfLiteModelDelete(model);
  return done ? 0 : 2;
}
