// The part of TensorFlow Lite's C ABI that a delegate touches.
//
// A build that has TensorFlow's headers (Bazel, Android, iOS) defines
// WAVERNN_TF_USE_TFLITE_HEADERS and uses them. Others use the declarations
// below, which hold for 64-bit targets with TensorFlow 2.16 and LiteRT 2.x:
// TensorFlow only appends members to these structs and never moves one. The
// tests load the library in the real runtimes.
#ifndef WAVERNN_TF_TFLITE_TFLITE_ABI_H_
#define WAVERNN_TF_TFLITE_TFLITE_ABI_H_

#if defined(WAVERNN_TF_USE_TFLITE_HEADERS)
#if defined(__has_include)
#if __has_include("tensorflow/lite/core/c/common.h")
#include "tensorflow/lite/core/c/common.h"
#define WAVERNN_TF_HAS_TFLITE_HEADERS 1
#endif
#endif
#if !defined(WAVERNN_TF_HAS_TFLITE_HEADERS)
#error "tensorflow/lite/core/c/common.h is not on the include path"
#endif
#else

#include <cstddef>
#include <cstdint>

extern "C" {

struct TfLiteContext;
struct TfLiteDelegate;

// Status codes; anything but zero is a failure.
enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1, kTfLiteDelegateError = 2 };

// Element types, by number. Only those we read are named.
enum TfLiteType {
  kTfLiteNoType = 0,
  kTfLiteFloat32 = 1,
  kTfLiteInt32 = 2,
  kTfLiteInt64 = 4,
  kTfLiteInt16 = 7,
  kTfLiteInt8 = 9,
  kTfLiteFloat64 = 11,
};

// Who owns a tensor's memory. A constant of the model file is kTfLiteMmapRo;
// a tensor whose shape is known only at run time is kTfLiteDynamic.
enum TfLiteAllocationType {
  kTfLiteMemNone = 0,
  kTfLiteMmapRo = 1,
  kTfLiteArenaRw = 2,
  kTfLiteArenaRwPersistent = 3,
  kTfLiteDynamic = 4,
};

// Bits of TfLiteDelegate.flags.
enum TfLiteDelegateFlags { kTfLiteDelegateFlagsAllowDynamicTensors = 1 };

// A counted array: `size` ints follow the count at once. Shapes, indices.
struct TfLiteIntArray {
  int size;
  int data[1];  // in truth `size` of them
};

// Scale and zero point of the old per-tensor quantisation.
struct TfLiteQuantizationParams {
  float scale;
  int32_t zero_point;
};

// Kind of quantisation (an int) and what belongs to it.
struct TfLiteQuantization {
  int type;
  void* params;
};

// The data pointer; all of TensorFlow's union members are pointers.
union TfLitePtrUnion {
  void* data;
  char* raw;
};

// One tensor. The context holds an array of these, so the size counts too.
struct TfLiteTensor {
  TfLiteType type;
  TfLitePtrUnion data;
  TfLiteIntArray* dims;
  TfLiteQuantizationParams params;
  TfLiteAllocationType allocation_type;
  size_t bytes;  // of `data`
  const void* allocation;
  const char* name;
  TfLiteDelegate* delegate;
  int buffer_handle;
  bool data_is_stale;
  bool is_variable;
  TfLiteQuantization quantization;
  void* sparsity;
  const TfLiteIntArray* dims_signature;  // -1: unknown until resized
};

// One operation of the graph: indices of its tensors and its private data.
struct TfLiteNode {
  TfLiteIntArray* inputs;
  TfLiteIntArray* outputs;
  TfLiteIntArray* intermediates;
  TfLiteIntArray* temporaries;
  void* user_data;  // what Registration.init returned
  void* builtin_data;
  const void* custom_initial_data;
  int custom_initial_data_size;
  TfLiteDelegate* delegate;
  bool might_have_side_effect;
};

// What a delegate's kernel gets in `init` as its buffer.
struct TfLiteDelegateParams {
  TfLiteDelegate* delegate;
  TfLiteIntArray* nodes_to_replace;
  TfLiteIntArray* input_tensors;
  TfLiteIntArray* output_tensors;
};

// The functions of one operation, with zeros behind for members yet to come.
struct TfLiteRegistration {
  void* (*init)(TfLiteContext* context, const char* buffer, size_t length);
  void (*free)(TfLiteContext* context, void* user_data);
  TfLiteStatus (*prepare)(TfLiteContext* context, TfLiteNode* node);
  TfLiteStatus (*invoke)(TfLiteContext* context, TfLiteNode* node);
  const char* (*profiling_string)(const TfLiteContext* context,
                                  const TfLiteNode* node);
  int32_t builtin_code;
  const char* custom_name;
  int version;
  void* registration_external;
  void* async_kernel;
  uint64_t inplace_operator;
  void* reserved[8];
};

// The runtime as an operation sees it. Members we do not call are typed as
// plain pointers of the same size.
struct TfLiteContext {
  size_t tensors_size;
  TfLiteStatus (*GetExecutionPlan)(TfLiteContext* context,
                                   TfLiteIntArray** execution_plan);
  TfLiteTensor* tensors;
  void* impl_;
  // Resizes a tensor. Takes `new_size` over and frees it with free().
  TfLiteStatus (*ResizeTensor)(TfLiteContext* context, TfLiteTensor* tensor,
                               TfLiteIntArray* new_size);
  void (*ReportError)(TfLiteContext* context, const char* format, ...);
  void* AddTensors;
  TfLiteStatus (*GetNodeAndRegistration)(TfLiteContext* context, int node_index,
                                         TfLiteNode** node,
                                         TfLiteRegistration** registration);
  TfLiteStatus (*ReplaceNodeSubsetsWithDelegateKernels)(
      TfLiteContext* context, TfLiteRegistration registration,
      const TfLiteIntArray* nodes_to_replace, TfLiteDelegate* delegate);
  // More follows, which we never touch.
};

// What the runtime calls to let us claim nodes.
struct TfLiteDelegate {
  void* data_;
  TfLiteStatus (*Prepare)(TfLiteContext* context, TfLiteDelegate* delegate);
  void* CopyFromBufferHandle;
  void* CopyToBufferHandle;
  void* FreeBufferHandle;
  int64_t flags;
  void* opaque_delegate_builder;
  void* reserved[8];
};

}  // extern "C"

#endif  // WAVERNN_TF_USE_TFLITE_HEADERS

#endif  // WAVERNN_TF_TFLITE_TFLITE_ABI_H_
