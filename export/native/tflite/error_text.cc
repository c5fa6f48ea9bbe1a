#include "tflite/error_text.h"

#include <cstdarg>
#include <cstdio>

namespace wavernn_tf {

bool ErrorText::Set(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text_, sizeof(text_), format, arguments);
  va_end(arguments);
  return false;
}

}  // namespace wavernn_tf
