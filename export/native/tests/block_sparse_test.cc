#include <cmath>
#include <limits>

#include "kernels/grouped_matrix.h"
#include "kernels/heads.h"
#include "tests/check.h"
#include "tests/random_model.h"

using namespace wavernn_tf;

namespace {

// W x by way of the grouped form.
Floats Product(const BlockSparse& matrix, const Floats& x) {
  const Floats bias(matrix.rows, 0.0f);
  GroupedMatrix grouped;
  CHECK(grouped.Build({{&matrix, bias.data(), 0}}, matrix.rows));
  Floats repeated;
  for (float value : x) repeated.insert(repeated.end(), 4, value);
  Floats y(matrix.rows + kOutputSlack, 99.0f);
  Multiply(ScalarKernels(), grouped, x.data(), repeated.data(), y.data());
  y.resize(matrix.rows);
  return y;
}

// |packed - naive| <= cols * eps * sum |w| |x|: the error of any order of
// float32 summation, against a float64 sum. Returns the worst ratio.
double WorstRatio(const PackedMatrix& packed, const Floats& x,
                  const Floats& y) {
  const int cols = packed.view.cols;
  double worst = 0.0;
  for (int row = 0; row < packed.view.rows; ++row) {
    double exact = 0.0;
    double magnitude = 1e-30;
    for (int col = 0; col < cols; ++col) {
      const double product =
          static_cast<double>(packed.dense[row * cols + col]) * x[col];
      exact += product;
      magnitude += std::fabs(product);
    }
    const double bound =
        cols * std::numeric_limits<float>::epsilon() * magnitude;
    worst = std::max(worst, std::fabs(y[row] - exact) / bound);
  }
  return worst;
}

void TestAgainstDense(BlockShape shape, int rows, int cols, float density) {
  std::mt19937 random(1);
  PackedMatrix packed;
  FillMatrix(random, shape, rows, cols, density, 1.0f, packed);
  const Floats x = RandomFloats(random, cols, 1.0f);
  CHECK(WorstRatio(packed, x, Product(packed.view, x)) <= 1.0);

  // The bound must notice one changed weight, and every lane must be read.
  for (int lane = 0; lane < 16; ++lane) {
    packed.values[lane] += 0.01f;
    CHECK(WorstRatio(packed, x, Product(packed.view, x)) > 1.0);
    packed.values[lane] -= 0.01f;
  }
}

void TestEmptyRows(BlockShape shape) {
  const int block_out = BlockOut(shape);
  const std::vector<int32_t> offsets = {0, 0, 1, 1};
  const std::vector<int16_t> columns = {2};
  const Floats values(16, 1.0f);
  const BlockSparse matrix = {shape,          3 * block_out,  16,
                              offsets.data(), columns.data(), values.data()};
  Floats x(16);
  for (int i = 0; i < 16; ++i) x[i] = static_cast<float>(i);
  const Floats y = Product(matrix, x);
  const float expected = shape == BlockShape::k4x4 ? 8 + 9 + 10 + 11 : 2;
  for (int o = 0; o < 3 * block_out; ++o) {
    const bool middle = o >= block_out && o < 2 * block_out;
    CHECK(y[o] == (middle ? expected : 0.0f));
  }
}

// multiply.h's order of summation, spelt out once more.
void TestFixedOrder() {
  std::mt19937 random(2);
  PackedMatrix packed;
  FillMatrix(random, BlockShape::k4x4, 4, 64, 1.0f, 1.0f, packed);
  const Floats x = RandomFloats(random, 64, 1.0f);
  float lanes[16] = {};
  for (int block = 0; block < 16; ++block) {
    for (int lane = 0; lane < 16; ++lane) {
      lanes[lane] = std::fma(packed.values[block * 16 + lane],
                             x[4 * block + lane / 4], lanes[lane]);
    }
  }
  const Floats y = Product(packed.view, x);
  for (int o = 0; o < 4; ++o) {
    CHECK(y[o] == (lanes[o] + lanes[4 + o]) + (lanes[8 + o] + lanes[12 + o]));
  }
}

}  // namespace

int main() {
  for (BlockShape shape : {BlockShape::k4x4, BlockShape::k16x1}) {
    for (float density : {1.0f, 0.25f, 0.04f}) {
      TestAgainstDense(shape, 48, 64, density);
      TestAgainstDense(shape, 16, 4, density);
    }
    TestAgainstDense(shape, 48, 64, 0.0f);  // one block
    TestEmptyRows(shape);
  }
  TestFixedOrder();
  return Failures();
}
