// A ring of samples between one thread that writes and one that reads, without
// locks: an audio callback may read from it.
#ifndef RING_H_
#define RING_H_

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ring {
  int16_t* samples;
  size_t size;  // a power of two
  _Atomic size_t written;
  _Atomic size_t read;
} ring;

static inline size_t ring_filled(ring* r) {
  return atomic_load_explicit(&r->written, memory_order_acquire) -
         atomic_load_explicit(&r->read, memory_order_acquire);
}

// Writes up to `count` samples; returns how many there was room for.
static inline size_t ring_write(ring* r, const int16_t* from, size_t count) {
  const size_t at = atomic_load_explicit(&r->written, memory_order_relaxed);
  const size_t room = r->size - ring_filled(r);
  if (count > room) count = room;
  for (size_t i = 0; i < count; ++i) {
    r->samples[(at + i) & (r->size - 1)] = from[i];
  }
  atomic_store_explicit(&r->written, at + count, memory_order_release);
  return count;
}

// Reads up to `count` samples; returns how many there were.
static inline size_t ring_read(ring* r, int16_t* to, size_t count) {
  const size_t at = atomic_load_explicit(&r->read, memory_order_relaxed);
  const size_t filled = ring_filled(r);
  if (count > filled) count = filled;
  for (size_t i = 0; i < count; ++i) {
    to[i] = r->samples[(at + i) & (r->size - 1)];
  }
  atomic_store_explicit(&r->read, at + count, memory_order_release);
  return count;
}

#endif  // RING_H_
