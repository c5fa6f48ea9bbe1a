#include "base/signal.h"

#include "tests/helpers/check.h"

using namespace wavernn_tf;

namespace {

void TestSplit() {
  CHECK(Split(0.0f, 128).coarse == 128 && Split(0.0f, 128).fine == 128);
  CHECK(Split(0.0f, 0).coarse == 128 && Split(0.0f, 0).fine == 0);
  CHECK(Split(-1.0f, 0).coarse == 127 && Split(-1.0f, 0).fine == 255);
  CHECK(Split(1e30f, 128).coarse == 255 && Split(1e30f, 128).fine == 255);
  CHECK(Split(-1e30f, 128).coarse == 0 && Split(-1e30f, 128).fine == 0);
  for (int s = -32768 - 128; s <= 32767 - 128; ++s) {
    const float value = static_cast<float>(s);
    CHECK(Combine(Split(value, 128), 128) == value);
  }
}

void TestRounding() {
  CHECK(ToAudio(0.5f) == 0 && ToAudio(1.5f) == 2 && ToAudio(-2.5f) == -2);
  CHECK(ToAudio(32767.4f) == 32767 && ToAudio(4e4f) == 32767);
  CHECK(ToAudio(-4e4f) == -32768);
  CHECK(PreEmphasise(3.0f, 1.0f, 0.5f) == 2.0f);  // 2.5: half to even
  CHECK(PreEmphasise(4.0f, 1.0f, 0.5f) == 4.0f);  // 3.5
  CHECK(DeEmphasise(4.0f, 2.0f, 0.5f) == 5.0f);
}

void TestNetworkInput() {
  CHECK(NetworkInput(0) == -1.0f && NetworkInput(255) == 1.0f);
  CHECK(NetworkInput(128) > 0.0f && NetworkInput(127) < 0.0f);
}

}  // namespace

int main() {
  TestSplit();
  TestRounding();
  TestNetworkInput();
  return Failures();
}
