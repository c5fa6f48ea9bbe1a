// Where the compiler has no libFuzzer: the same targets on inputs that are
// changed at random, without its eye on coverage.
//   fuzz_... -max_total_time=60 -seed=1 FOLDER
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

Bytes Changed(Bytes bytes, std::mt19937& random) {
  for (auto changes = 1 + random() % 4; changes > 0; --changes) {
    const std::size_t at = bytes.empty() ? 0 : random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes.insert(bytes.begin() + at, static_cast<uint8_t>(random()));
        break;
      case 1:
        if (!bytes.empty()) bytes.erase(bytes.begin() + at);
        break;
      case 2:
        for (auto more = random() % 9; more > 0; --more) {
          bytes.push_back(static_cast<uint8_t>(random()));
        }
        break;
      default:
        if (!bytes.empty()) bytes[at] = static_cast<uint8_t>(random());
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 60;
  unsigned seed = 1;
  std::vector<Bytes> corpus = {{}};
  for (int i = 1; i < argc; ++i) {
    if (std::sscanf(argv[i], "-max_total_time=%lf", &seconds) == 1 ||
        std::sscanf(argv[i], "-seed=%u", &seed) == 1 || argv[i][0] == '-') {
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream stream(entry.path(), std::ios::binary);
      corpus.emplace_back(std::istreambuf_iterator<char>(stream),
                          std::istreambuf_iterator<char>());
    }
  }
  std::mt19937 random(seed);
  const auto start = std::chrono::steady_clock::now();
  std::size_t runs = 0;
  for (; std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
             .count() < seconds;
       ++runs) {
    const Bytes input = Changed(corpus[random() % corpus.size()], random);
    // An exact copy, so that the sanitizer sees reads behind its end.
    const Bytes exact(input.begin(), input.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
    if (corpus.size() < 4096) corpus.push_back(input);
  }
  std::printf("Done %zu runs in %.0f second(s)\n", runs, seconds);
  return 0;
}
