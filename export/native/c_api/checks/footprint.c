// footprint MODEL.tflite: from nothing to the first frame of audio, one thread.
// Prints the milliseconds, and by how many kB the process grew at its largest
// (Linux).
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "wavernn.h"

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return 1e3 * (double)time.tv_sec + 1e-6 * (double)time.tv_nsec;
}

// The most memory that the process has held, in kB; 0 where that is not told.
static long peak_kb(void) {
  char line[256];
  long kb = 0;
  FILE* file = fopen("/proc/self/status", "r");
  if (file == NULL) return 0;
  while (fgets(line, sizeof(line), file) != NULL &&
         sscanf(line, "VmHWM: %ld", &kb) != 1) {
  }
  fclose(file);
  return kb;
}

int main(int argc, char** argv) {
  wavernn_model* model = NULL;
  wavernn_stream* stream = NULL;
  wavernn_info info = WAVERNN_INFO_INIT;
  size_t count = 0;
  const long before = peak_kb();
  const double start = now_ms();
  if (argc != 2 ||
      wavernn_model_load_file(argv[1], NULL, &model) != WAVERNN_OK ||
      wavernn_model_info(model, &info) != WAVERNN_OK ||
      wavernn_stream_create(model, NULL, 0, &stream) != WAVERNN_OK) {
    fprintf(stderr, "error: %s\n", wavernn_last_error());
    return 2;
  }
  const size_t hop = (size_t)info.hop_length;
  float* const frame = calloc((size_t)info.n_features, sizeof(float));
  int16_t* const audio = malloc(hop * sizeof(int16_t));
  if (frame == NULL || audio == NULL) return 2;
  for (int i = 0; i <= info.frames_after; ++i) {
    wavernn_stream_push(stream, frame, 1, &count);
  }
  wavernn_stream_pull(stream, audio, hop, &count);
  const double first = now_ms();
  // Ten more seconds: what streaming adds.
  for (int i = 0; i < 10 * info.sample_rate / info.hop_length; ++i) {
    wavernn_stream_push(stream, frame, 1, &count);
    wavernn_stream_pull(stream, audio, hop, &count);
  }
  printf("%.2f %ld\n", first - start, peak_kb() - before);
  free(audio);
  free(frame);
  wavernn_stream_free(stream);
  wavernn_model_free(model);
  return count == hop ? 0 : 1;
}
