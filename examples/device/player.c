// player MODEL.tflite FEATURES.npy [SPEED [RING_MS]]
// Speaks in real time. One thread computes frame by frame into a ring, the
// other plays a period of 10 ms whenever it is due: through ALSA if the program
// was built with -DUSE_ALSA, else to stdout as 16-bit samples (SPEED times
// faster than the clock). On stderr it says how often nothing was there in
// time (underruns, filled up with silence) and how often the ring was full
// (overruns, after which the computing thread waits and nothing is lost).
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef USE_ALSA
#include <alsa/asoundlib.h>
#endif

#include "files.h"
#include "ring.h"
#include "wavernn.h"

typedef struct player {
  wavernn_stream* stream;
  wavernn_info info;
  const float* features;
  size_t frames;
  ring ring;
  _Atomic int done;
  size_t overruns;
} player;

static void sleep_ns(long ns) {
  const struct timespec pause = {ns / 1000000000, ns % 1000000000};
  nanosleep(&pause, NULL);
}

// The computing thread: a frame in, a frame of audio out.
static void* compute(void* argument) {
  player* const p = argument;
  const size_t hop = (size_t)p->info.hop_length;
  int16_t* const audio = malloc(hop * sizeof(int16_t));
  size_t pushed = 0, count = 0;
  while (audio != NULL) {
    if (pushed < p->frames) {
      if (wavernn_stream_push(p->stream,
                              p->features + pushed * (size_t)p->info.n_features,
                              1, &count) != WAVERNN_OK) {
        fprintf(stderr, "error: %s\n", wavernn_last_error());
        break;
      }
      pushed += count;
      if (pushed == p->frames) wavernn_stream_flush(p->stream);
    }
    wavernn_stream_pull(p->stream, audio, hop, &count);
    if (count == 0 && pushed == p->frames) break;
    for (size_t sent = ring_write(&p->ring, audio, count); sent < count;) {
      ++p->overruns;
      sleep_ns(1000000);
      sent += ring_write(&p->ring, audio + sent, count - sent);
    }
  }
  free(audio);
  atomic_store(&p->done, 1);
  return NULL;
}

// Plays a period; returns 0 if it cannot.
#ifdef USE_ALSA
static snd_pcm_t* device;
static int open_sink(int rate) {
  return snd_pcm_open(&device, "default", SND_PCM_STREAM_PLAYBACK, 0) == 0 &&
         snd_pcm_set_params(device, SND_PCM_FORMAT_S16_LE,
                            SND_PCM_ACCESS_RW_INTERLEAVED, 1, (unsigned)rate, 1,
                            100000) == 0;
}
static int play(const int16_t* audio, size_t samples) {
  snd_pcm_sframes_t played = snd_pcm_writei(device, audio, samples);
  if (played < 0) played = snd_pcm_recover(device, (int)played, 1);
  return played >= 0;
}
static void close_sink(void) {
  snd_pcm_drain(device);
  snd_pcm_close(device);
}
#else
static int open_sink(int rate) { return rate > 0; }
static int play(const int16_t* audio, size_t samples) {
  return fwrite(audio, sizeof(int16_t), samples, stdout) == samples;
}
static void close_sink(void) { fflush(stdout); }
#endif

// Waits until the next period is due; a device that is full waits by itself.
static void wait_for(struct timespec* due, long period_ns) {
#ifdef USE_ALSA
  (void)due, (void)period_ns;
#else
  due->tv_nsec += period_ns;
  due->tv_sec += due->tv_nsec / 1000000000;
  due->tv_nsec %= 1000000000;
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, due, NULL) != 0) {
  }
#endif
}

static int run(player* p, double speed) {
  const size_t period = (size_t)p->info.sample_rate / 100;
  int16_t* const audio = malloc(period * sizeof(int16_t));
  size_t played = 0, silent = 0, underruns = 0;
  struct timespec due;
  int going = audio != NULL && open_sink(p->info.sample_rate);
  // Half a ring before the first sound.
  while (going && !atomic_load(&p->done) &&
         ring_filled(&p->ring) < p->ring.size / 2) {
    sleep_ns(1000000);
  }
  clock_gettime(CLOCK_MONOTONIC, &due);
  while (going) {
    const int last = atomic_load(&p->done);
    const size_t count = ring_read(&p->ring, audio, period);
    played += count;
    if (last && count == 0) break;
    if (count < period && !last) {
      ++underruns;
      silent += period - count;
      memset(audio + count, 0, (period - count) * sizeof(int16_t));
    }
    going = play(audio, last ? count : period);
    wait_for(&due, (long)(1e7 / speed));
  }
  close_sink();
  free(audio);
  fprintf(stderr, "%zu samples, %zu underruns (%zu samples of silence)", played,
          underruns, silent);
  return going;
}

int main(int argc, char** argv) {
  static player p;
  wavernn_model* model = NULL;
  pthread_t thread;
  int done = 0;
  const double speed = argc > 3 ? atof(argv[3]) : 1.0;
  const double ring_ms = argc > 4 ? atof(argv[4]) : 200.0;
  if (argc < 3 || !(speed > 0) || !(ring_ms > 0 && ring_ms < 1e5)) {
    fprintf(stderr,
            "usage: player MODEL.tflite FEATURES.npy [SPEED [RING_MS]]\n");
    return 2;
  }
  p.info = (wavernn_info)WAVERNN_INFO_INIT;
  if (wavernn_model_load_file(argv[1], NULL, &model) != WAVERNN_OK ||
      wavernn_model_info(model, &p.info) != WAVERNN_OK ||
      wavernn_stream_create(model, NULL, 0, &p.stream) != WAVERNN_OK) {
    fprintf(stderr, "error: %s\n", wavernn_last_error());
    return 2;
  }
  p.ring.size = 1;
  while ((double)p.ring.size < ring_ms * p.info.sample_rate / 1000) {
    p.ring.size *= 2;
  }
  p.ring.samples = malloc(p.ring.size * sizeof(int16_t));
  float* const features = read_features(argv[2], p.info.n_features, &p.frames);
  p.features = features;
  if (features != NULL && p.ring.samples != NULL &&
      pthread_create(&thread, NULL, compute, &p) == 0) {
    done = run(&p, speed);
    // What the sink no longer takes must not keep the other thread waiting.
    while (!atomic_load(&p.done)) {
      int16_t rest[64];
      ring_read(&p.ring, rest, 64);
    }
    pthread_join(thread, NULL);
    fprintf(stderr, ", %zu overruns\n", p.overruns);
  }
  free(features);
  free(p.ring.samples);
  wavernn_stream_free(p.stream);
  wavernn_model_free(model);
  return done ? 0 : 2;
}
