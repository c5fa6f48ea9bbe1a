// A check that prints what failed and counts it; main returns Failures().
#ifndef WAVERNN_TF_TESTS_CHECK_H_
#define WAVERNN_TF_TESTS_CHECK_H_

#include <cstdio>

namespace wavernn_tf {

inline int& FailureCount() {
  static int count = 0;
  return count;
}

inline void Check(bool holds, const char* text, const char* file, int line) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
  ++FailureCount();
}

inline int Failures() { return FailureCount() == 0 ? 0 : 1; }

}  // namespace wavernn_tf

#define CHECK(condition) \
  ::wavernn_tf::Check((condition), #condition, __FILE__, __LINE__)

#endif  // WAVERNN_TF_TESTS_CHECK_H_
