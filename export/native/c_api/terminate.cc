// In small builds: libstdc++ prints the type of an exception that nobody
// catches, for which it links a demangler. Nothing here lets one out.
#include <cstdlib>

namespace __gnu_cxx {

__attribute__((visibility("hidden"))) void __verbose_terminate_handler() {
  std::abort();
}

}  // namespace __gnu_cxx
