// The text of the first error met while checking.
#ifndef WAVERNN_TF_TFLITE_ERROR_TEXT_H_
#define WAVERNN_TF_TFLITE_ERROR_TEXT_H_

namespace wavernn_tf {

class ErrorText {
 public:
  // Formats the message as printf does. Always returns false, so that a check
  // can end in `return error.Set(...)`.
  bool Set(const char* format, ...) __attribute__((format(printf, 2, 3)));

  const char* text() const { return text_; }

 private:
  char text_[512] = "unknown error";
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TFLITE_ERROR_TEXT_H_
