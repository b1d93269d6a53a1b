// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Axes, extents, packed and strided layouts, views and owning tensors.
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 1
#include <tensor/reference.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

struct head : xl::axis_tag {};

// --- constants ---

static_assert(std::is_same_v<xl::axis_at<2, xl::nhwc::order>, axis::w> && xl::nhwc::order::position<axis::c>() == 3);
static_assert(!xl::axes<axis::n, axis::c, axis::n>::distinct && xl::axes<axis::n, head>::distinct);
static_assert(std::is_same_v<xl::nchw::contiguous_axis, axis::w> && std::is_same_v<xl::nhwc::contiguous_axis, axis::c>);
static_assert(xl::layout_with_contiguous<xl::nhwc, axis::c> && !xl::layout_with_contiguous<xl::nchw, axis::c>);
static_assert(xl::tensor_layout<xl::nhcw> && xl::strided_layout<xl::chwn> && !xl::tensor_layout<int>);

using rgb = xl::with_fixed<xl::nhwc, xl::fixed<axis::c, 3>>;
static_assert(rgb::fixed_stride<axis::c>() == 1 && rgb::fixed_stride<axis::w>() == 3 && rgb::fixed_stride<axis::h>() == xl::dynamic);
using rgb_row = xl::with_fixed<rgb, xl::fixed<axis::w, 640>>;
static_assert(rgb_row::fixed_stride<axis::h>() == 1920 && rgb_row::fixed_stride<axis::n>() == xl::dynamic);
static_assert(sizeof(rgb) == 12 && sizeof(rgb_row) == 8 && sizeof(xl::nhwc) == 16);
static_assert(sizeof(xl::tensor_view<float, xl::nhwc>) == 24 &&
              sizeof(xl::tensor_view<float, xl::with_index<xl::nhwc, std::int64_t>>) == 40);
static_assert(sizeof(xl::tensor_view<float, xl::padded<xl::image_extents, xl::nchw::order>>) <= 40);
static_assert(std::is_trivially_copyable_v<xl::tensor_view<float, rgb>>);
using tile = xl::extents<int, xl::fixed<axis::row, 32>, xl::fixed<axis::col, 32>>;
static_assert(sizeof(xl::packed<tile, tile::axes>) == 1 && xl::packed<tile, tile::axes>{}.span_size() == 1024);
static_assert(sizeof(xl::padded<tile, tile::axes, 33>) == 1 && xl::padded<tile, tile::axes, 33>{}.span_size() == 31 * 33 + 32);
static_assert(xl::nhwc{{2, 3, 4, 5}}.offset({{1, 2, 3, 4}}) == 119 && xl::nchw{{2, 3, 4, 5}}.stride<axis::n>() == 60);

// --- properties ---

CROSSLANE_TEST(tensor, packed_orders) {
  random_extents next{1};
  for (int round = 0; round < 8; ++round) {
    int const n = next(4), c = next(9), h = next(7), w = next(11);
    xl::image_extents const e{n, c, h, w};
    check_layout(d, xl::nchw{e}, [&](auto const& i) { return i[0] * (c * h * w) + i[1] * (h * w) + i[2] * w + i[3]; });
    check_layout(d, xl::nhwc{e}, [&](auto const& i) { return i[0] * (c * h * w) + i[2] * (w * c) + i[3] * c + i[1]; });
    check_layout(d, xl::nhcw{e}, [&](auto const& i) { return i[0] * (c * h * w) + i[2] * (c * w) + i[1] * w + i[3]; });
    check_layout(d, xl::chwn{e}, [&](auto const& i) { return i[1] * (h * w * n) + i[2] * (w * n) + i[3] * n + i[0]; });
    check_layout(d, xl::hwnc{e}, [&](auto const& i) { return i[2] * (w * n * c) + i[3] * (n * c) + i[0] * c + i[1]; });
    check_layout(d, xl::with_index<xl::nhwc, std::int64_t>{{n, c, h, w}},
                 [&](auto const& i) { return i[0] * (c * h * w) + i[2] * (w * c) + i[3] * c + i[1]; });
    check_layout(d, rgb{{n, 3, h, w}}, [&](auto const& i) { return ((i[0] * h + i[2]) * w + i[3]) * 3 + i[1]; });
    check_layout(d, xl::row_major<>{{h, w}}, [&](auto const& i) { return i[0] * w + i[1]; });
    check_layout(d, xl::column_major<axis::m, axis::k>{{h, w}}, [&](auto const& i) { return i[0] + i[1] * h; });
  }
}

CROSSLANE_TEST(tensor, ranks_from_one_to_eight) {
  using one = xl::extents<int, head>;
  check_layout(d, xl::packed<one, one::axes>{{17}}, [](auto const& i) { return i[0]; });
  using eight = xl::extents<int, axis::n, axis::c, xl::fixed<axis::d, 2>, axis::h, axis::w, axis::k, axis::m, head>;
  using order = xl::axes<head, axis::m, axis::c, axis::n, axis::d, axis::k, axis::w, axis::h>;
  check_layout(d, xl::packed<eight, order>{{2, 3, 2, 1, 2, 3, 2, 2}},
               [](auto const& i) { return ((((((i[7] * 2 + i[6]) * 3 + i[1]) * 2 + i[0]) * 2 + i[2]) * 3 + i[5]) * 2 + i[4]) * 1 + i[3]; });
}

CROSSLANE_TEST(tensor, strided_and_padded) {
  random_extents next{2};
  for (int round = 0; round < 8; ++round) {
    int const n = next(4), c = next(9), h = next(7), w = next(11), pitch = w + next(5);
    xl::image_extents const e{n, c, h, w};
    check_layout(d, xl::make_padded<xl::nchw::order>(e, pitch),
                 [&](auto const& i) { return ((i[0] * c + i[1]) * h + i[2]) * pitch + i[3]; });
    // Room between images and between pixels, in the order n h w c.
    int const sw = c + 2, sh = w * sw + 1, sn = h * sh + 7;
    using pixels = xl::strided<xl::image_extents, xl::nhwc::order, xl::strides<xl::dynamic, 1, xl::dynamic, xl::dynamic>>;
    static_assert(xl::layout_with_contiguous<pixels, axis::c>);
    check_layout(d, pixels{e, {{sn, 1, sh, sw}}}, [&](auto const& i) { return i[0] * sn + i[1] + i[2] * sh + i[3] * sw; });
  }
  check_layout(d, xl::make_padded<xl::nchw::order>(xl::image_extents{2, 3, 4, 5}, xl::row_pitch<int>(5)),
               [](auto const& i) { return ((i[0] * 3 + i[1]) * 4 + i[2]) * 64 + i[3]; });
  check_layout(d, xl::padded<tile, tile::axes, 33>{}, [](auto const& i) { return i[0] * 33 + i[1]; });
}

/// Every element by operator() and by names, in one thread of a kernel.
struct index_both_ways {
  template <xl::kernel_context Ctx, class L>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::tensor_view<int, L> t, xl::span<int> wrong) const {
    if (ctx.global_rank() != 0) return;
    for (int n = 0; n < t.template extent<axis::n>(); ++n)
      for (std::size_t c = 0; c < std::size_t(t.template extent<axis::c>()); ++c)
        for (unsigned h = 0; h < unsigned(t.template extent<axis::h>()); ++h)
          for (long w = 0; w < t.template extent<axis::w>(); ++w) {
            int const id = ((n * 10 + int(c)) * 10 + int(h)) * 10 + int(w);
            t(n, c, h, w) = id;
            if (t.template at<axis::w, axis::n, axis::h, axis::c>(w, n, h, c) != id) ++wrong[0];
          }
  }
};

CROSSLANE_TEST(tensor, indices_are_those_declared_whatever_the_order) {
  xl::stream const q{d};
  auto const check = [&]<class L>(L const& layout) {
    xl::tensor<int, L> t{q, layout};
    xl::buffer<int> wrong{q, 1};
    xl::fill(q, wrong, 0);
    xl::launch(q, {.grid = 1, .block = 32}, index_both_ways{}, t, wrong);
    CROSSLANE_CHECK_EQ(read(q, wrong)[0], 0);
    std::vector<int> const got = read(q, t.storage());
    for_each_index(layout, [&](auto const& i) {
      CROSSLANE_CHECK_EQ(got[std::size_t(layout.offset(i))], ((i[0] * 10 + i[1]) * 10 + i[2]) * 10 + i[3]);
    });
  };
  check(xl::nchw{{2, 3, 4, 5}});
  check(xl::nhwc{{2, 3, 4, 5}});
  check(xl::chwn{{2, 3, 4, 5}});
  check(xl::make_padded<xl::nhcw::order>(xl::image_extents{2, 3, 4, 5}, 8));
}

CROSSLANE_TEST(tensor, owners) {
  xl::stream const q{d};
  xl::tensor<int, xl::nchw> a{q, {1, 2, 3, 4}};
  xl::tensor<int, xl::nchw> const b{std::move(a)};
  xl::pinned_tensor<float, xl::nhwc> t{q, {2, 3, 4, 5}};
  CROSSLANE_CHECK_EQ(t.extent<axis::h>(), 4);
  CROSSLANE_CHECK_EQ(t.size(), t.storage().size());  // unsigned both
  CROSSLANE_CHECK_EQ(t.storage().size(), 120u);
  t.view()(1, 2, 3, 4) = 7;
  CROSSLANE_CHECK_EQ(t.data()[119], 7.f);
  auto const moved = std::move(t);
  CROSSLANE_CHECK_EQ(moved.view()(1, 2, 3, 4), 7.f);
  expect_error(xl::errc::invalid_handle, {"moved from"}, [&] { xl::launch(q, {.grid = 1, .block = 32}, write_positions{}, a); });
  xl::tensor<float, xl::nhwc> const empty{q, {0, 3, 4, 5}};
  CROSSLANE_CHECK_EQ(empty.storage().size(), 0u);
  static_assert(std::is_same_v<decltype(empty.view()), xl::tensor_view<float const, xl::nhwc>>);
  if (!d.properties().concurrent_managed_access) return;
  xl::managed_tensor<float, xl::nhwc> const managed{q, {2, 3, 4, 5}};
  xl::prefetch(q, managed);
  xl::advise(managed.device(), managed, xl::memory_advice::read_mostly);
}

// --- errors ---

CROSSLANE_TEST_ONCE(tensor, errors_of_extents) {
  expect_error(xl::errc::invalid_argument, {"the extent of axis h is -4 but must not be negative"}, [] { xl::image_extents{2, 3, -4, 5}; });
  expect_error(xl::errc::invalid_argument, {"axis c is 4, the type fixes 3"}, [] { rgb::extents_type{2, 4, 4, 5}; });
  expect_error(xl::errc::limit_exceeded, {"axis w is 2147483648, the limit of its 32-bit index is 2147483647"},
               [] { xl::image_extents{2, 3, 4, 2147483648u}; });
  expect_error(xl::errc::limit_exceeded, {"n = 1000, c = 1000, h = 1000, w = 3", "2147483647 elements", "with_index<Layout, std::int64_t>"},
               [] { xl::nhwc{{1000, 1000, 1000, 3}}; });
  expect_error(xl::errc::limit_exceeded, {"n = 0, c = 100000, h = 100000, w = 3"}, [] { xl::nhwc{{0, 100000, 100000, 3}}; });
  using wide = xl::with_index<xl::nhwc, std::int64_t>;
  CROSSLANE_CHECK_EQ((wide{{1000, 1000, 1000, 3}}.span_size()), 3'000'000'000);
  expect_error(xl::errc::limit_exceeded, {"9223372036854775807 elements"}, [] { wide{{2'000'000'000, 2'000'000'000, 2'000'000'000, 1}}; });
}

CROSSLANE_TEST_ONCE(tensor, errors_of_strides) {
  using rows = xl::strided<xl::row_major<>::extents_type, xl::row_major<>::order, xl::strides<xl::dynamic, 1>>;
  CROSSLANE_CHECK_EQ(rows({{3, 5}, {{5, 1}}}).span_size(), 15);
  expect_error(xl::errc::invalid_argument, {"the stride of axis row is 4 but must be at least 5"}, [] { rows{{3, 5}, {{4, 1}}}; });
  expect_error(xl::errc::invalid_argument, {"the stride of axis col is 2, the type fixes 1"}, [] { rows{{3, 5}, {{10, 2}}}; });
  expect_error(xl::errc::limit_exceeded, {"row = 3, col = 5", "2147483647"}, [] { rows{{3, 5}, {{2'000'000'000, 1}}}; });
  using repeated = xl::strided<xl::row_major<>::extents_type, xl::row_major<>::order, xl::strides<0, 1>>;
  expect_error(xl::errc::limit_exceeded, {"strided layout, row = 65536, col = 65536"}, [] { repeated{{65536, 65536}}; });
  CROSSLANE_CHECK_EQ((repeated{{65536, 32767}}.span_size()), 32767);
  expect_error(xl::errc::invalid_argument, {"the pitch of 4 elements is below the extent 5 of axis w"},
               [] { (void)xl::make_padded<xl::nchw::order>(xl::image_extents{1, 1, 2, 5}, 4); });
}

CROSSLANE_TEST_ONCE(tensor, errors_of_indices) {
  std::vector<int> elements(120);
  xl::tensor_view const t{elements.data(), xl::nhwc{{2, 3, 4, 5}}};
  expect_error(xl::errc::out_of_bounds, {"index 3 is outside axis c of extent 3"}, [&] { t(0, 3, 0, 0) = 1; });
  expect_error(xl::errc::out_of_bounds, {"index -1 is outside axis w of extent 5"}, [&] { t(0, 0, 0, -1) = 1; });
  expect_error(xl::errc::out_of_bounds, {"index 4294967296 is outside axis h of extent 4"}, [&] { t(0, 0, std::int64_t{1} << 32, 0) = 1; });
  expect_error(xl::errc::out_of_bounds, {"index 4 is outside axis h"}, [&] { t.at<axis::h, axis::w, axis::c, axis::n>(4, 0, 0, 0) = 1; });
}

}  // namespace
