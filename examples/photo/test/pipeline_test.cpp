// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares the kernels with the reference. The sizes of the pictures fit no tile, no block and no wide access.
#include "pipeline.hpp"

#include <support/target.hpp>

namespace {

photo::image noise(int width, int height) {
  photo::image result{width, height, {}};
  unsigned state = 1;
  for (std::size_t i = 0; i < 3 * result.pixels(); ++i) {
    state = state * 1664525u + 1013904223u;
    result.rgb.push_back(static_cast<unsigned char>(state >> 24));
  }
  return result;
}

void check_picture(crosslane::device d, photo::image const& picture) {
  auto const expected = photo::reference::run(picture);
  examples::progress shown;
  auto const outcome = photo::run_pipeline(d, picture, expected, 0, 1, shown);
  CROSSLANE_CHECK_EQ(outcome.rows.size(), 9);
  CROSSLANE_CHECK_SAME(outcome.blurred.rgb, expected.blurred_picture.rgb);
  CROSSLANE_CHECK_SAME(outcome.edges.rgb, expected.edges_picture.rgb);
  CROSSLANE_CHECK_SAME(outcome.equalised.rgb, expected.equalised_picture.rgb);
}

CROSSLANE_TEST(photo, sizes_that_fit_nothing) {
  constexpr int sizes[][2] = {{1, 1}, {3, 1}, {1, 7}, {2, 3}, {33, 5}, {64, 4}, {256, 128}, {257, 129}, {131, 300}, {1030, 67}};
  for (auto const [width, height] : sizes)
    if (!crosslane_test::in_another_order() || width * height < 10000) check_picture(d, noise(width, height));
}

CROSSLANE_TEST(photo, one_tone) {
  photo::image picture{70, 50, {}};
  picture.rgb.assign(3 * picture.pixels(), 200);
  check_picture(d, picture);
}

}  // namespace
