// Marks the symbols of the shared library's C interface.
#ifndef WAVERNN_TF_BASE_EXPORT_H_
#define WAVERNN_TF_BASE_EXPORT_H_

#if defined(_WIN32)
#define WAVERNN_TF_EXPORT __declspec(dllexport)
#else
#define WAVERNN_TF_EXPORT __attribute__((visibility("default")))
#endif

#endif  // WAVERNN_TF_BASE_EXPORT_H_
