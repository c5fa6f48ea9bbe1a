// speak MODEL.tflite FEATURES.npy OUT.wav [SEED]
// Speaks features with a voice, through the C API alone: no TFLite runtime.
#include <stdio.h>
#include <stdlib.h>

#include "files.h"
#include "wavernn.h"

// Pushes all features, as far as there is room, and pulls what is ready.
static size_t speak(wavernn_stream* stream, const float* features,
                    size_t frames, int width, int16_t* audio, size_t room) {
  size_t pushed = 0, spoken = 0, count = 0;
  while (1) {
    if (pushed < frames) {
      if (wavernn_stream_push(stream, features + pushed * width,
                              frames - pushed, &count) != WAVERNN_OK) {
        return 0;
      }
      pushed += count;
      if (pushed == frames) wavernn_stream_flush(stream);
    }
    wavernn_stream_pull(stream, audio + spoken, room - spoken, &count);
    if (count == 0 && pushed == frames) return spoken;
    spoken += count;
  }
}

int main(int argc, char** argv) {
  wavernn_model* model = NULL;
  wavernn_stream* stream = NULL;
  wavernn_info info = WAVERNN_INFO_INIT;
  wavernn_draw draw = WAVERNN_DRAW_INIT;
  size_t frames = 0, spoken = 0;
  if (argc < 4) {
    fprintf(stderr, "usage: speak MODEL.tflite FEATURES.npy OUT.wav [SEED]\n");
    return 2;
  }
  if (argc > 4) draw.seed = strtoull(argv[4], NULL, 10);
  if (wavernn_model_load_file(argv[1], NULL, &model) != WAVERNN_OK ||
      wavernn_model_info(model, &info) != WAVERNN_OK ||
      wavernn_stream_create(model, &draw, 0, &stream) != WAVERNN_OK) {
    fprintf(stderr, "error: %s\n", wavernn_last_error());
    return 2;
  }
  float* features = read_features(argv[2], info.n_features, &frames);
  const size_t room = frames * (size_t)info.hop_length;
  int16_t* audio = malloc(room * sizeof(int16_t) + 1);
  if (features != NULL && audio != NULL) {
    spoken = speak(stream, features, frames, info.n_features, audio, room);
    if (spoken != room) fprintf(stderr, "error: %s\n", wavernn_last_error());
  }
  const int done = spoken > 0 && spoken == room &&
                   write_wav(argv[3], audio, spoken, info.sample_rate);
  free(audio);
  free(features);
  wavernn_stream_free(stream);
  wavernn_model_free(model);
  return done ? 0 : 2;
}
