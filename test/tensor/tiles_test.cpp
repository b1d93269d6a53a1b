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

// Rows of whole vectors, and other rows that are contiguous with each other, which are moved as one.
CROSSLANE_TEST(tensor_tiles, rows) {
  xl::stream const q{d};
  for (xl::image_extents const& e :
       {xl::image_extents{2, 72, 3, 24}, xl::image_extents{2, 64, 1, 128}, xl::image_extents{1, 48, 1, 80}, xl::image_extents{3, 100, 7, 7},
        xl::image_extents{2, 33, 9, 21}, xl::image_extents{1, 5, 31, 33}, xl::image_extents{1, 17, 5, 3}}) {
    check_orders<float, float>(q, e);
#if CROSSLANE_TEST_ALL
    check_orders<xl::half, float>(q, e);
#endif
    check_orders<float, xl::half>(q, e);
    check_orders<std::int8_t, float>(q, e);
    check_orders<std::int8_t, std::int8_t>(q, e);
  }
}

/// A type that is wider than any access.
struct three_floats {
  float x, y, z;
  three_floats() = default;
  CROSSLANE_FN explicit three_floats(float v) : x{v}, y{v + 1}, z{v + 2} {}
  CROSSLANE_FN explicit operator float() const { return y == x + 1 && z == x + 2 ? x : -1000; }
};
struct alignas(16) four_floats {
  float x, y, z, w;
  four_floats() = default;
  CROSSLANE_FN explicit four_floats(float v) : x{v}, y{v + 1}, z{v + 2}, w{v + 3} {}
  CROSSLANE_FN explicit operator float() const { return y == x + 1 && z == x + 2 && w == x + 3 ? x : -1000; }
};

CROSSLANE_TEST(tensor_tiles, wide_elements) {
  xl::stream const q{d};
  for (xl::image_extents const& e : {xl::image_extents{2, 40, 5, 8}, xl::image_extents{3, 33, 7, 9}}) {
    check_convert<three_floats, three_floats>(q, xl::nchw{e}, xl::nhwc{e});
    check_convert<three_floats, three_floats>(q, xl::nhwc{e}, xl::nchw{e});
    check_convert<four_floats, four_floats>(q, xl::nchw{e}, xl::nhwc{e});
    check_convert<four_floats, four_floats>(q, xl::nhwc{e}, xl::nchw{e});
  }
}

// Several small images are one run. Large images are cut, and their rows may begin anywhere in a vector.
CROSSLANE_TEST(tensor_tiles, odd_planes) {
  xl::stream const q{d};
  for (xl::image_extents const& e : {xl::image_extents{150, 8, 3, 3}, xl::image_extents{5, 64, 7, 7}, xl::image_extents{2, 130, 14, 14},
                                     xl::image_extents{1, 3, 61, 83}, xl::image_extents{1, 131, 1, 137}}) {
    check_convert<xl::half, xl::half>(q, xl::nchw{e}, xl::nhwc{e});
    check_convert<xl::half, xl::half>(q, xl::nhwc{e}, xl::nchw{e});
    check_convert<xl::half, xl::half>(q, xl::nchw{e}, xl::chwn{e});
    check_convert<xl::half, xl::half>(q, xl::hwnc{e}, xl::nchw{e});
    check_convert<std::int8_t, std::int8_t>(q, xl::hwnc{e}, xl::nchw{e});
    check_convert<xl::half, xl::half>(q, xl::make_padded<xl::nchw::order>(e, 139), xl::nhwc{e});
    check_convert<xl::half, xl::half>(q, xl::nhwc{e}, xl::make_padded<xl::nhwc::order>(e, 139));
  }
}

// The memory of both sides may begin at any alignment. Elements around the destination keep their values.
CROSSLANE_TEST(tensor_tiles, misaligned) {
  xl::stream const q{d};
  xl::image_extents const e{3, 24, 7, 11};
  std::size_t const n = 3 * 24 * 7 * 11;
  xl::buffer<xl::half> in{q, n + 16}, out{q, n + 16};
  std::vector<xl::half> values(n + 16);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value_of<xl::half>(i);
  xl::copy(q, values, in);
  xl::nchw const from{e};
  xl::nhwc const to{e};
  for (auto const& past : {std::pair{0, 3}, {5, 0}, {7, 1}}) {
    xl::fill(q, out, xl::half(99));
    xl::convert(q, xl::tensor_view<xl::half const, xl::nchw>{in.data() + past.first, from},
                xl::tensor_view<xl::half, xl::nhwc>{out.data() + past.second, to});
    std::vector<float> expected(n + 16, 99.f), got;
    for_each_index(to, [&](auto const& i) {
      expected[std::size_t(to.offset(i) + past.second)] = float(values[std::size_t(from.offset(i) + past.first)]);
    });
    for (xl::half const x : read(q, out)) got.push_back(float(x));
    CROSSLANE_CHECK_SAME(got, expected);
  }
}

}  // namespace
