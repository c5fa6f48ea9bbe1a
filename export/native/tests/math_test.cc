// The stated error bounds of exp, sigmoid and the gates' blend, against
// float64. isa_test.cc compares the instruction sets with these.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/simd/vector_math.h"
#include "kernels/simd/vector_scalar.h"
#include "tests/helpers/check.h"

using namespace wavernn_tf;

namespace {

using V = VectorScalar;
using Math = VectorMath<V>;

constexpr double kUlp = 1.0 / (1 << 23);

float First(const V::F& v) { return v.lane[0]; }

template <int k>
float Exp(float x) {
  const Math::Exp e = Math::BoundedExp<k>(V::Broadcast(x));
  return First(V::Mul(e.p, e.power));
}

// The bound of vector_math.h holds, and is not far above what is reached.
void CheckBound(const char* what, double worst, double bound) {
  std::printf("%s %.3f * 2^-23\n", what, worst / kUlp);
  CHECK(worst < bound);
  CHECK(worst > 0.25 * bound);
}

// Calls body(x) for `count` values from low to high.
template <typename Body>
void Sweep(double low, double high, int count, Body body) {
  for (int i = 0; i <= count; ++i) {
    body(static_cast<float>(low + (high - low) * i / count));
  }
}

void TestExp() {
  double worst = 0.0;
  Sweep(-87.3, 88.0, 200000, [&](float x) {
    const double exact = std::exp(static_cast<double>(x));
    worst = std::max(worst, std::fabs(Exp<1>(x) - exact) / exact);
    // The scale moves no bit.
    CHECK(Exp<-1>(-x) == Exp<1>(x));
    CHECK(Exp<2>(0.5f * x) == Exp<1>(x));
  });
  CheckBound("exp: relative error", worst, 32.0 * kUlp);
  CHECK(Exp<1>(0.0f) == 1.0f);
}

void TestNegativeExp() {
  const float infinity = std::numeric_limits<float>::infinity();
  for (float x : {-87.31f, -1e9f, -infinity}) {
    CHECK(First(Math::NegativeExp(V::Broadcast(x))) == 0.0f);
  }
  CHECK(First(Math::NegativeExp(V::Broadcast(-87.3f))) > 0.0f);
  CHECK(First(Math::NegativeExp(V::Zero())) == 1.0f);
  const float not_a_number = std::numeric_limits<float>::quiet_NaN();
  CHECK(First(Math::NegativeExp(V::Broadcast(not_a_number))) < 1e-37f);
}

void TestGated() {
  double worst = 0.0;
  Sweep(-100.0, 100.0, 200000, [&](float x) {
    const double exact = 1.0 / (1.0 + std::exp(-static_cast<double>(x)));
    const double got = First(Math::Gated(V::Broadcast(1.0f), V::Broadcast(x)));
    worst = std::max(worst, std::fabs(got - exact));
  });
  CheckBound("sigmoid: absolute error", worst, 8.0 * kUlp);
}

void TestBlend() {
  double worst = 0.0;
  double worst_tanh = 0.0;
  for (float h : {-1.0f, -0.3f, 0.0f, 1e-4f, 0.7f, 1.0f}) {
    for (float x : {-100.0f, -9.0f, -1.0f, 0.0f, 0.4f, 3.0f, 20.0f, 100.0f}) {
      Sweep(-60.0, 60.0, 20000, [&](float z) {
        const double u = 1.0 / (1.0 + std::exp(-static_cast<double>(x)));
        const double exact = u * h + (1.0 - u) * std::tanh(z);
        const double got = First(
            Math::Blend(V::Broadcast(x), V::Broadcast(z), V::Broadcast(h)));
        const double error = std::fabs(got - exact);
        worst = std::max(worst, error);
        if (x == -100.0f) worst_tanh = std::max(worst_tanh, error);
      });
    }
  }
  std::printf("tanh alone: absolute error %.3f * 2^-23\n", worst_tanh / kUlp);
  CheckBound("blend: absolute error", worst, 16.0 * kUlp);
}

}  // namespace

int main() {
  TestExp();
  TestNegativeExp();
  TestGated();
  TestBlend();
  return Failures();
}
