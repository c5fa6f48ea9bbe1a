#include "base/philox.h"

#include "tests/helpers/check.h"

using namespace wavernn_tf;

namespace {

// Known answers of the generator's authors.
void TestKnownAnswers() {
  CHECK(Philox4x32({0, 0, 0, 0}, {0, 0}) ==
        (PhiloxCounter{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}));
  constexpr uint32_t kOnes = 0xffffffffu;
  CHECK(Philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}) ==
        (PhiloxCounter{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}));
  CHECK(Philox4x32({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u},
                   {0xa4093822u, 0x299f31d0u}) ==
        (PhiloxCounter{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}));
}

void TestUniforms() {
  const uint64_t seed = 0x0123456789abcdefu;
  const uint64_t position = 0xfedcba9876543210u;
  const PhiloxCounter words =
      Philox4x32({0x76543210u, 0xfedcba98u, 0, 0}, {0x89abcdefu, 0x01234567u});
  const SampleUniforms uniforms = DrawUniforms(seed, position);
  CHECK(uniforms.coarse * 16777216.0f == static_cast<float>(words[0] >> 8));
  CHECK(uniforms.fine * 16777216.0f == static_cast<float>(words[1] >> 8));
  double sum = 0.0;
  for (uint64_t n = 0; n < 10000; ++n) {
    const SampleUniforms u = DrawUniforms(7, n);
    CHECK(u.coarse >= 0.0f && u.coarse < 1.0f);
    CHECK(u.fine >= 0.0f && u.fine < 1.0f);
    sum += u.coarse + u.fine;
  }
  // 20,000 draws: the mean's standard deviation is 0.0020.
  CHECK(sum / 20000.0 > 0.49 && sum / 20000.0 < 0.51);
}

}  // namespace

int main() {
  TestKnownAnswers();
  TestUniforms();
  return Failures();
}
