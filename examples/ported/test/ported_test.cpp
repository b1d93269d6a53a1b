// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares the port with plain loops, and with the original if that is compiled. The bits must be equal.
#include "../after.hpp"
#include "../before.hpp"

#include <support/target.hpp>

#include <cmath>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

heat::plate uneven_plate(int width, int height) {
  heat::plate result{width, height, {}};
  for (int i = 0; i < width * height; ++i) result.cells.push_back(float(i * 37 % 101) / 8);
  return result;
}

heat::solution plain(heat::plate const& plate, float tolerance, int most_steps) {
  heat::solution result{plate.cells, 0, 0, 0};
  do {
    for (int step = 0; step < heat::steps_between_looks; ++step) {
      std::vector<float> const from = result.cells;
      auto const at = [&](int x, int y) { return from[std::size_t(y * plate.width + x)]; };
      result.change = 0;
      for (int y = 1; y < plate.height - 1; ++y)
        for (int x = 1; x < plate.width - 1; ++x) {
          float const mean = 0.25f * (at(x, y - 1) + at(x, y + 1) + at(x - 1, y) + at(x + 1, y));
          result.change = std::fmax(result.change, std::abs(mean - at(x, y)));
          result.cells[std::size_t(y * plate.width + x)] = mean;
        }
    }
    result.steps += heat::steps_between_looks;
  } while (result.change > tolerance && result.steps < most_steps);
  return result;
}

void check_same(heat::solution const& a, heat::solution const& b) {
  CROSSLANE_CHECK_SAME(a.cells, b.cells);
  CROSSLANE_CHECK_EQ(a.steps, b.steps);
  CROSSLANE_CHECK_EQ(a.change, b.change);
}

}  // namespace

CROSSLANE_TEST(ported, port_is_the_definition) {
  auto const check = [&](int width, int height, float tolerance, int most_steps) {
    heat::plate const plate = uneven_plate(width, height);
    heat::solution const port = after::solve(d, plate, tolerance, most_steps);
    check_same(port, plain(plate, tolerance, most_steps));
#if CROSSLANE_COMPILER_CUDA()
    d.select();
    check_same(port, before::solve(plate, tolerance, most_steps));
#endif
    return port.steps;
  };
  CROSSLANE_CHECK_EQ(check(33, 17, 0, 64), 64);  // extends beyond a block in both directions
  CROSSLANE_CHECK_EQ(check(5, 4, 0.01f, 96), 32);
}
