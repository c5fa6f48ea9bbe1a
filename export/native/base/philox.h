// Philox4x32-10, the counter-based generator of Salmon et al., "Parallel
// random numbers: as easy as 1, 2, 3" (SC 2011). The draws of sample n depend
// on the seed and n alone, so a stream may be cut anywhere.
#ifndef WAVERNN_TF_BASE_PHILOX_H_
#define WAVERNN_TF_BASE_PHILOX_H_

#include <array>
#include <cstdint>

namespace wavernn_tf {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

inline PhiloxCounter Philox4x32(PhiloxCounter counter, PhiloxKey key) {
  constexpr uint64_t kMultiplier0 = 0xD2511F53u;
  constexpr uint64_t kMultiplier1 = 0xCD9E8D57u;
  constexpr uint32_t kWeyl0 = 0x9E3779B9u;  // golden ratio
  constexpr uint32_t kWeyl1 = 0xBB67AE85u;  // sqrt(3) - 1
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = kMultiplier0 * counter[0];
    const uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

// The two uniform draws of one sample, in [0, 1), multiples of 2^-24.
struct SampleUniforms {
  float coarse;
  float fine;
};

// `position` is the index of the sample in its stream.
inline SampleUniforms DrawUniforms(uint64_t seed, uint64_t position) {
  const PhiloxCounter words = Philox4x32(
      {static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32),
       0u, 0u},
      {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  constexpr float kScale = 1.0f / 16777216.0f;  // 2^-24, exact
  return {static_cast<float>(words[0] >> 8) * kScale,
          static_cast<float>(words[1] >> 8) * kScale};
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_BASE_PHILOX_H_
