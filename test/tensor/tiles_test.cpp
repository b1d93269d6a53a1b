// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Conversions that go through shared memory and through registers; also under the checker.
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 1
#include <tensor/check_convert.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

CROSSLANE_TEST(tensor_tiles, tiles_and_their_edges) {
  xl::stream const q{d};
  for (auto const& [c, w] : {std::pair{64, 64}, {65, 63}, {128, 8}, {8, 132}, {72, 40}, {9, 200}, {150, 260}, {3000, 5}}) {
    check_orders<float, float>(q, {2, c, 1, w});
    check_convert<int, int>(q, xl::row_major<>{{c, w}}, xl::column_major<>{{c, w}});
  }
}

CROSSLANE_TEST(tensor_tiles, few_channels) {
  xl::stream const q{d};
  for (int const channels : {2, 3, 4})
    for (xl::image_extents const& e : {xl::image_extents{3, channels, 8, 16}, xl::image_extents{2, channels, 7, 15}}) {
      check_orders<std::int8_t, float>(q, e);
      check_orders<float, xl::half>(q, e);
      check_orders<std::int8_t, std::int8_t>(q, e);
      check_convert<float, float>(q, xl::make_padded<xl::nchw::order>(e, 20), xl::nhwc{e});
    }
}

// Rows of whole vectors, and others that follow each other, which are moved as one.
CROSSLANE_TEST(tensor_tiles, rows) {
  xl::stream const q{d};
  for (xl::image_extents const& e :
       {xl::image_extents{2, 72, 3, 24}, xl::image_extents{2, 64, 1, 128}, xl::image_extents{1, 48, 1, 80}, xl::image_extents{3, 100, 7, 7},
        xl::image_extents{2, 33, 9, 21}, xl::image_extents{1, 5, 31, 33}, xl::image_extents{1, 17, 5, 3}}) {
    check_orders<float, float>(q, e);
    check_orders<xl::half, float>(q, e);
    check_orders<float, xl::half>(q, e);
    check_orders<std::int8_t, float>(q, e);
    check_orders<std::int8_t, std::int8_t>(q, e);
  }
}

}  // namespace
