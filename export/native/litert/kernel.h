// The two ops as custom-op kernels of LiteRT 2's CompiledModel, exported by
// libwavernn_tf.so; examples/device/speak_litert.c shows the use.
#ifndef WAVERNN_TF_LITERT_KERNEL_H_
#define WAVERNN_TF_LITERT_KERNEL_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wavernn_tf_litert wavernn_tf_litert;

// Reads the voice whose compiled model will run the ops. `model` is its file's
// contents, which stay where they are; a kernel learns shapes from it that
// LiteRT does not tell, and reads its weights there. `find` returns LiteRT's
// functions by name, as dlsym does. One of these serves one compiled model and
// must outlive it. After a failure wavernn_tf_litert_error says why.
wavernn_tf_litert* wavernn_tf_litert_create(const void* model, size_t size,
                                            void* (*find)(const char* name));
// Adds both ops to a LiteRtOptions; returns 0, or LiteRT's status.
int wavernn_tf_litert_add(wavernn_tf_litert* ops, void* options);
// What went wrong, since the last call of this; "" if nothing. LiteRT does not
// tell of a kernel that fails, so ask after every run.
const char* wavernn_tf_litert_error(wavernn_tf_litert* ops);
void wavernn_tf_litert_destroy(wavernn_tf_litert* ops);

#ifdef __cplusplus
}
#endif

#endif  // WAVERNN_TF_LITERT_KERNEL_H_
