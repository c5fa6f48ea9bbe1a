// What the examples read and write: features as .npy, audio as .wav. Little
// endian machines.
#ifndef FILES_H_
#define FILES_H_

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Reads a float32 array [frames, width] as NumPy writes it. Returns null, after
// a word on stderr, if that is not what the file holds; else free() it.
static inline float* read_features(const char* path, int width,
                                   size_t* frames) {
  unsigned char head[10];
  char text[4096];
  long rows = 0, columns = 0;
  float* features = NULL;
  FILE* file = fopen(path, "rb");
  *frames = 0;
  if (file != NULL && fread(head, 1, 10, file) == 10 &&
      memcmp(head, "\x93NUMPY\x01", 7) == 0) {
    const size_t length = head[8] + 256u * head[9];
    const char* shape = NULL;
    if (length < sizeof(text) && fread(text, 1, length, file) == length) {
      text[length] = 0;
      shape = strstr(text, "'shape': (");
    }
    if (shape != NULL && strstr(text, "'<f4'") != NULL &&
        strstr(text, "'fortran_order': False") != NULL &&
        sscanf(shape, "'shape': (%ld, %ld)", &rows, &columns) == 2 &&
        rows > 0 && rows < (1L << 28) / width && columns == width) {
      const size_t count = (size_t)rows * (size_t)width;
      features = (float*)malloc(count * sizeof(float));
      if (features != NULL && fread(features, 4, count, file) == count) {
        *frames = (size_t)rows;
      }
    }
  }
  if (file != NULL) fclose(file);
  if (*frames > 0) return features;
  free(features);
  fprintf(stderr, "error: expected float32 [frames, %d] in %s (.npy)\n", width,
          path);
  return NULL;
}

// Writes mono 16-bit audio. Returns 0, after a word on stderr, if it cannot.
static inline int write_wav(const char* path, const int16_t* audio,
                            size_t samples, int rate) {
  const uint32_t bytes = (uint32_t)(2 * samples);
  const uint32_t words[11] = {
      0x46464952, 36 + bytes, 0x45564157,     0x20746D66,
      16,         0x00010001, (uint32_t)rate, 2 * (uint32_t)rate,
      0x00100002, 0x61746164, bytes};
  FILE* file = fopen(path, "wb");
  int done = file != NULL && fwrite(words, 4, 11, file) == 11 &&
             fwrite(audio, 2, samples, file) == samples;
  if (file != NULL && fclose(file) != 0) done = 0;
  if (!done) fprintf(stderr, "error: cannot write %s\n", path);
  return done;
}

#endif  // FILES_H_
