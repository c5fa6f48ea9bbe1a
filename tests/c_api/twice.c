// Runs the main function of an example several times in one process: the
// arguments of each follow a "--". What the example leaves open stays so.
#include <string.h>

int example_main(int argc, char** argv);

int main(int argc, char** argv) {
  for (int at = 1; at < argc;) {
    int end = at + 1;
    while (end < argc && strcmp(argv[end], "--") != 0) ++end;
    // argv[at] is the "--", in the place of the program's name.
    const int status = example_main(end - at, argv + at);
    if (status != 0) return status;
    at = end;
  }
  return 0;
}
