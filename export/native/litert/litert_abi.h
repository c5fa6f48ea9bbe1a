// The part of LiteRT 2's C ABI that a custom op's kernel touches; as in
// tflite/tflite_abi.h, since no package at hand has the headers.
#ifndef WAVERNN_TF_LITERT_LITERT_ABI_H_
#define WAVERNN_TF_LITERT_LITERT_ABI_H_

#include <stddef.h>
#include <stdint.h>

enum { kLiteRtOk = 0, kLiteRtRuntimeFailure = 3 };  // of its statuses
enum { kLiteRtLockRead = 0, kLiteRtLockWrite = 1 };
enum { kLiteRtMostRank = 8 };

// A shape.
typedef struct LiteRtLayout {
  uint32_t rank_and_strides;  // 7 bits of rank; the next one: strides count
  int32_t dimensions[kLiteRtMostRank];
  uint32_t strides[kLiteRtMostRank];
} LiteRtLayout;

// Element types have the numbers of TfLiteType.
typedef struct LiteRtRankedTensorType {
  int32_t element_type;
  LiteRtLayout layout;
} LiteRtRankedTensorType;

typedef struct LiteRtTensorBufferT* LiteRtTensorBuffer;
typedef struct LiteRtOptionsT* LiteRtOptions;

typedef struct LiteRtCustomOpKernel {
  int (*Init)(void* user_data, const void* init_data, size_t init_data_size);
  int (*GetOutputLayouts)(void* user_data, size_t num_inputs,
                          const LiteRtLayout* input_layouts, size_t num_outputs,
                          LiteRtLayout* output_layouts);
  int (*Run)(void* user_data, size_t num_inputs,
             const LiteRtTensorBuffer* inputs, size_t num_outputs,
             LiteRtTensorBuffer* outputs);
  int (*Destroy)(void* user_data);
} LiteRtCustomOpKernel;

#endif  // WAVERNN_TF_LITERT_LITERT_ABI_H_
