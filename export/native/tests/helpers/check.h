// A check that prints what failed and counts it; main returns Failures().
#ifndef WAVERNN_TF_TESTS_HELPERS_CHECK_H_
#define WAVERNN_TF_TESTS_HELPERS_CHECK_H_

#include <cstdio>
#include <string>

namespace wavernn_tf {

inline int& FailureCount() {
  static int count = 0;
  return count;
}

// What is being tested, for the messages: a weight type, an instruction set.
inline std::string& Subject() {
  static std::string subject;
  return subject;
}

inline void Check(bool holds, const char* text, const char* file, int line) {
  if (holds) return;
  constexpr int kMostMessages = 50;
  if (++FailureCount() > kMostMessages) return;
  std::fprintf(stderr, "%s:%d: failed: %s %s\n", file, line, text,
               Subject().c_str());
}

inline int Failures() {
  if (FailureCount() == 0) return 0;
  std::fprintf(stderr, "%d checks failed\n", FailureCount());
  return 1;
}

}  // namespace wavernn_tf

#define CHECK(condition) \
  ::wavernn_tf::Check((condition), #condition, __FILE__, __LINE__)

#endif  // WAVERNN_TF_TESTS_HELPERS_CHECK_H_
