// The part of TFLite's C API that speak_tflite.c calls. An app has the headers
// of its runtime, which are taken where they are; a runtime that comes without
// them, as a Python wheel, exports the same functions.
#ifndef TFLITE_C_API_H_
#define TFLITE_C_API_H_

#if defined(__has_include)
#if __has_include("tensorflow/lite/c/c_api.h")
#include "tensorflow/lite/c/c_api.h"
#define HAS_TFLITE_HEADERS
#endif
#endif

#ifndef HAS_TFLITE_HEADERS
#include <stddef.h>
#include <stdint.h>

typedef struct TfLiteModel TfLiteModel;
typedef struct TfLiteInterpreter TfLiteInterpreter;
typedef struct TfLiteInterpreterOptions TfLiteInterpreterOptions;
typedef struct TfLiteSignatureRunner TfLiteSignatureRunner;
typedef struct TfLiteTensor TfLiteTensor;
typedef struct TfLiteDelegate TfLiteDelegate;
typedef enum TfLiteStatus { kTfLiteOk = 0 } TfLiteStatus;

TfLiteModel* TfLiteModelCreateFromFile(const char* path);
void TfLiteModelDelete(TfLiteModel* model);

TfLiteInterpreterOptions* TfLiteInterpreterOptionsCreate(void);
void TfLiteInterpreterOptionsAddDelegate(TfLiteInterpreterOptions* options,
                                         TfLiteDelegate* delegate);
void TfLiteInterpreterOptionsDelete(TfLiteInterpreterOptions* options);

TfLiteInterpreter* TfLiteInterpreterCreate(
    const TfLiteModel* model, const TfLiteInterpreterOptions* options);
void TfLiteInterpreterDelete(TfLiteInterpreter* interpreter);
TfLiteSignatureRunner* TfLiteInterpreterGetSignatureRunner(
    const TfLiteInterpreter* interpreter, const char* signature);

TfLiteStatus TfLiteSignatureRunnerResizeInputTensor(
    TfLiteSignatureRunner* runner, const char* name, const int* dims,
    int32_t rank);
TfLiteStatus TfLiteSignatureRunnerAllocateTensors(
    TfLiteSignatureRunner* runner);
TfLiteTensor* TfLiteSignatureRunnerGetInputTensor(TfLiteSignatureRunner* runner,
                                                  const char* name);
TfLiteStatus TfLiteSignatureRunnerInvoke(TfLiteSignatureRunner* runner);
const TfLiteTensor* TfLiteSignatureRunnerGetOutputTensor(
    const TfLiteSignatureRunner* runner, const char* name);
void TfLiteSignatureRunnerDelete(TfLiteSignatureRunner* runner);

int32_t TfLiteTensorDim(const TfLiteTensor* tensor, int32_t axis);
size_t TfLiteTensorByteSize(const TfLiteTensor* tensor);
void* TfLiteTensorData(const TfLiteTensor* tensor);
TfLiteStatus TfLiteTensorCopyFromBuffer(TfLiteTensor* tensor, const void* data,
                                        size_t bytes);
#endif

// Of libwavernn_tf.so: the delegate that runs the voice's op.
TfLiteDelegate* tflite_plugin_create_delegate(char** keys, char** values,
                                              size_t count,
                                              void (*report)(const char*));
void tflite_plugin_destroy_delegate(TfLiteDelegate* delegate);

#endif  // TFLITE_C_API_H_
