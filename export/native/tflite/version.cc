#include "kernels/kernel_table.h"
#include "tflite/export.h"
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

}  // extern "C"
