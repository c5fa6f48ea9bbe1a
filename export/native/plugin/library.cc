#include <cstdint>

#include "base/export.h"
#include "kernels/kernel_table.h"
#include "profile/read_floor.h"
#include "profile/stage_clock.h"
#include "tflite/kept_stages.h"
#include "tflite/weights.h"

#ifndef WAVERNN_TF_VERSION
#error "the build defines WAVERNN_TF_VERSION"
#endif

extern "C" {

// The package's version, as "0.1.0".
WAVERNN_TF_EXPORT const char* wavernn_tf_version() {
  return WAVERNN_TF_VERSION;
}

// The newest model schema that this library reads.
WAVERNN_TF_EXPORT int wavernn_tf_schema_version() {
  return wavernn_tf::kSchemaVersion;
}

// The instruction sets this machine can run, joined by commas, "scalar" first,
// the fastest (the default) last.
WAVERNN_TF_EXPORT const char* wavernn_tf_isas() {
  return wavernn_tf::AvailableIsas();
}

// Microseconds to read `bytes` of memory that the cache holds once; it takes
// some tens of milliseconds.
WAVERNN_TF_EXPORT double wavernn_tf_read_floor_us(int64_t bytes) {
  return wavernn_tf::ReadFloor(bytes).Measure();
}

// The stages that delegates with the option `stages` time, joined by commas.
WAVERNN_TF_EXPORT const char* wavernn_tf_stage_names() {
  return wavernn_tf::StageNames();
}

// Writes the microseconds of every stage since the last call.
WAVERNN_TF_EXPORT void wavernn_tf_take_stages(double* microseconds) {
  wavernn_tf::TakeKeptStages(microseconds);
}

}  // extern "C"
