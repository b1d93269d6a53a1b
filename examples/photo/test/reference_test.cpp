// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares the reference with values computed by hand, because the kernels are compared with the reference.
#include "reference.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace {

namespace reference = photo::reference;

photo::image grey(int width, int height, std::vector<unsigned char> const& values) {
  photo::image result{width, height, {}};
  for (auto const v : values) result.rgb.insert(result.rgb.end(), 3, v);
  return result;
}

TEST(gaussian, weights) {
  auto const& w = photo::blur_weights.weight;
  EXPECT_NEAR(std::accumulate(std::begin(w), std::end(w), 0.0), 1, 1e-6);
  for (int i = 1; i <= photo::blur_radius; ++i) {
    EXPECT_EQ(w[photo::blur_radius - i], w[photo::blur_radius + i]);
    EXPECT_NEAR(w[photo::blur_radius + i] / w[photo::blur_radius], std::exp(-i * i / (2 * photo::blur_sigma * photo::blur_sigma)), 1e-6);
  }
}

TEST(reference, bytes_survive_unpacking_and_packing) {
  photo::image all{256, 1, {}};
  for (int i = 0; i < 256; ++i) all.rgb.insert(all.rgb.end(), {static_cast<unsigned char>(i), 0, static_cast<unsigned char>(255 - i)});
  EXPECT_EQ(reference::pack(reference::unpack(all)).rgb, all.rgb);
}

TEST(reference, to_byte_rounds_to_nearest_and_clamps) {
  EXPECT_EQ(reference::to_byte(-1), 0);
  EXPECT_EQ(reference::to_byte(0.49f / 255), 0);
  EXPECT_EQ(reference::to_byte(0.51f / 255), 1);
  EXPECT_EQ(reference::to_byte(0.5f), 128);
  EXPECT_EQ(reference::to_byte(254.49f / 255), 254);
  EXPECT_EQ(reference::to_byte(2), 255);
}

TEST(reference, blur_keeps_a_constant_and_spreads_a_point) {
  auto const flat =
      reference::blur_vertical(reference::blur_horizontal(reference::unpack(grey(40, 3, std::vector<unsigned char>(120, 51)))));
  for (float const v : flat.value) EXPECT_NEAR(v, 0.2, 1e-6);

  std::vector<unsigned char> point(101);
  point[50] = 255;
  auto const across = reference::blur_horizontal(reference::unpack(grey(101, 1, point)));
  auto const down = reference::blur_vertical(reference::unpack(grey(1, 101, point)));
  for (int i = -photo::blur_radius; i <= photo::blur_radius; ++i) {
    EXPECT_EQ(across.value[std::size_t(50 - i)], photo::blur_weights.weight[i + photo::blur_radius]);
    EXPECT_EQ(down.value[std::size_t(50 - i)], photo::blur_weights.weight[i + photo::blur_radius]);
  }
}

TEST(reference, sobel_of_a_ramp) {
  // 0.02 a pixel in x. Inside, Sobel's operator gives 8 times that.
  auto const edges = reference::sobel(reference::unpack(grey(4, 3, {0, 5, 10, 15, 0, 5, 10, 15, 0, 5, 10, 15})));
  EXPECT_NEAR(edges[5], photo::edge_gain * 8 * 5 / 255, 1e-5);
  EXPECT_NEAR(edges[4], photo::edge_gain * 4 * 5 / 255, 1e-5);  // the border's pixel repeats
}

TEST(reference, equalisation) {
  // Four equally frequent tones become 0, 1/3, 2/3, 1. The darkest bin is in use.
  auto const in = reference::unpack(grey(4, 1, {100, 101, 102, 103}));
  auto const counts = reference::histogram(in);
  for (std::size_t b = 0; b < counts.size(); ++b) EXPECT_EQ(counts[b], b >= 100 && b <= 103 ? 1u : 0u);
  auto const out = reference::pack(reference::equalise(in, reference::equalising_curve(counts)));
  EXPECT_EQ(out.rgb, grey(4, 1, {0, 85, 170, 255}).rgb);

  // A picture of one tone does not change.
  auto const one = grey(3, 1, {7, 7, 7});
  auto const same = reference::unpack(one);
  EXPECT_EQ(reference::pack(reference::equalise(same, reference::equalising_curve(reference::histogram(same)))).rgb, one.rgb);
}

}  // namespace
