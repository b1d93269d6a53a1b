// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Parts of tensors and other views of them; blocked, tiled and swizzled layouts.
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 1
#include <tensor/reference.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

struct pixel : xl::axis_tag {};

template <class V>
using layout_of = typename V::layout_type;

// --- fixed strides and extents stay fixed ---

using fixed_image = xl::extents<int, axis::n, xl::fixed<axis::c, 8>, xl::fixed<axis::h, 4>, xl::fixed<axis::w, 6>>;
using fixed_nchw = xl::packed<fixed_image, xl::nchw::order>;
using fixed_nhwc = xl::packed<fixed_image, xl::nhwc::order>;
using view = xl::tensor_view<float, fixed_nchw>;

using channel = layout_of<decltype(xl::fix<axis::c>(view{}, 1))>;
static_assert(channel::fixed_stride<axis::n>() == 192 && channel::fixed_stride<axis::h>() == 6 && channel::fixed_stride<axis::w>() == 1);
static_assert(xl::layout_with_contiguous<channel, axis::w> && channel::extents_type::fixed_extent<axis::h>() == 4 && sizeof(channel) == 4);
using image = layout_of<decltype(xl::fix<axis::n>(view{}, 1))>;
static_assert(std::is_same_v<image, xl::packed<xl::extents<int, xl::fixed<axis::c, 8>, xl::fixed<axis::h, 4>, xl::fixed<axis::w, 6>>,
                                               xl::axes<axis::c, axis::h, axis::w>>>);
using rows = layout_of<decltype(xl::subrange<axis::h>(view{}, 1, 2))>;
static_assert(rows::fixed_stride<axis::c>() == 24 && rows::extents_type::fixed_extent<axis::h>() == xl::dynamic);
using swapped = layout_of<decltype(xl::permute<axis::w, axis::h, axis::c, axis::n>(view{}))>;
static_assert(std::is_same_v<swapped::order, xl::nchw::order> && swapped::extents_type::axes::position<axis::w>() == 0);
using merged = layout_of<decltype(xl::merge<axis::h, axis::w, pixel>(view{}))>;
static_assert(merged::extents_type::fixed_extent<pixel>() == 24 && merged::fixed_stride<axis::c>() == 24);
using vectors = layout_of<decltype(xl::vectorised<4>(xl::tensor_view<float, fixed_nhwc>{}))>;
static_assert(vectors::extents_type::fixed_extent<axis::c>() == 2 && vectors::fixed_stride<axis::w>() == 2);
using repeated = decltype(xl::broadcast<axis::d>(view{}, 5));
static_assert(layout_of<repeated>::fixed_stride<axis::d>() == 0 && !layout_of<repeated>::is_unique);
static_assert(std::is_const_v<repeated::element_type>);

struct group : xl::axis_tag {};
using groups = layout_of<decltype(xl::split<axis::c, group, xl::fixed<axis::c, 4>>(view{}))>;
static_assert(groups::fixed_stride<group>() == 96 && groups::fixed_stride<axis::c>() == 24 && groups::fixed_stride<axis::n>() == 192);
static_assert(groups::extents_type::fixed_extent<group>() == 2 && sizeof(groups) == 4);
static_assert(std::is_same_v<groups, xl::packed<xl::extents<int, axis::n, xl::fixed<group, 2>, xl::fixed<axis::c, 4>, xl::fixed<axis::h, 4>,
                                                            xl::fixed<axis::w, 6>>,
                                                xl::axes<axis::n, group, axis::c, axis::h, axis::w>>>);
static_assert(layout_of<decltype(xl::split<axis::c, group, axis::k>(view{}, 4))>::fixed_stride<axis::k>() == 24);
using halves = layout_of<decltype(xl::split<axis::h, group, xl::fixed<axis::k, 2>>(xl::fix<axis::c>(view{}, 1)))>;
static_assert(halves::fixed_stride<group>() == 12 && halves::fixed_stride<axis::k>() == 6 && halves::fixed_stride<axis::n>() == 192);
static_assert(
    std::is_same_v<layout_of<decltype(xl::merge<group, axis::c, axis::c>(xl::split<axis::c, group, xl::fixed<axis::c, 4>>(view{})))>,
                   fixed_nchw>);

// The stride of an axis of one index may be too large for its type.
using wide_steps = xl::strided<xl::extents<int, axis::w>, xl::axes<axis::w>, xl::strides<2>>;
static_assert(
    xl::split<axis::w, group, axis::k>(xl::tensor_view<float, wide_steps>{nullptr, wide_steps{{1 << 30}}}, 1 << 30).extent<group>() == 1);

// --- the right elements ---

/// Checks that a view's elements are those of the whole tensor at the indices that `map` returns.
template <class Part, class Whole, class Map>
void check_part(Part const& part, Whole const& whole, Map const& map) {
  bool same = true, any = false;
  for_each_index(part.layout(), [&](auto const& i) {
    same = same && &part[i] == &whole[map(i)];
    any = true;
  });
  CROSSLANE_CHECK(same);
  CROSSLANE_CHECK(any);
}

template <class L>
void check_parts(L const& layout) {
  std::vector<int> elements(std::size_t(layout.span_size()));
  xl::tensor_view const t{elements.data(), layout};
  check_part(xl::fix<axis::c>(t, 2), t, [](auto const& i) { return typename L::extents_type::multi_index{{i[0], 2, i[1], i[2]}}; });
  check_part(xl::fix<axis::n>(t, 1), t, [](auto const& i) { return typename L::extents_type::multi_index{{1, i[0], i[1], i[2]}}; });
  check_part(xl::fix<axis::w>(xl::fix<axis::h>(t, 3), 4), t,
             [](auto const& i) { return typename L::extents_type::multi_index{{i[0], i[1], 3, 4}}; });
  check_part(xl::subrange<axis::w>(t, 1, 3), t, [](auto i) {
    i[3] += 1;
    return i;
  });
  check_part(xl::subrange<axis::n>(t, 1, 1), t, [](auto i) {
    i[0] += 1;
    return i;
  });
  check_part(xl::permute<axis::w, axis::n, axis::c, axis::h>(t), t,
             [](auto const& i) { return typename L::extents_type::multi_index{{i[1], i[2], i[3], i[0]}}; });
  check_part(xl::rename<axis::c, axis::k>(t), t, [](auto const& i) { return i; });
  CROSSLANE_CHECK_EQ((xl::rename<axis::c, axis::k>(t).template extent<axis::k>()), 8);
  check_part(xl::broadcast<axis::d>(t, 3), t,
             [](auto const& i) { return typename L::extents_type::multi_index{{i[1], i[2], i[3], i[4]}}; });
  check_part(xl::split<axis::c, group, axis::c>(t, 4), t,
             [](auto const& i) { return typename L::extents_type::multi_index{{i[0], i[1] * 4 + i[2], i[3], i[4]}}; });
  check_part(xl::split<axis::w, axis::d, xl::fixed<axis::k, 3>>(t), t,
             [](auto const& i) { return typename L::extents_type::multi_index{{i[0], i[1], i[2], i[3] * 3 + i[4]}}; });
  check_part(xl::split<axis::h, axis::d, axis::k>(xl::permute<axis::h, axis::n, axis::w, axis::c>(t), 2), t,
             [](auto const& i) { return typename L::extents_type::multi_index{{i[2], i[4], i[0] * 2 + i[1], i[3]}}; });
  check_part(xl::merge<group, axis::k, axis::c>(xl::split<axis::c, group, axis::k>(t, 2)), t, [](auto const& i) { return i; });
}

CROSSLANE_TEST_ONCE(tensor_parts, elements) {
  check_parts(xl::nchw{{2, 8, 4, 6}});
  check_parts(xl::nhwc{{2, 8, 4, 6}});
  check_parts(xl::chwn{{2, 8, 4, 6}});
  check_parts(fixed_nhwc{{2, 8, 4, 6}});
  check_parts(xl::make_padded<xl::nchw::order>(xl::image_extents{2, 8, 4, 6}, 8));

  std::vector<int> elements(2 * 8 * 4 * 6);
  xl::tensor_view const t{elements.data(), xl::nhwc{{2, 8, 4, 6}}};
  auto const pixels = xl::merge<axis::h, axis::w, pixel>(t);
  CROSSLANE_CHECK_EQ(pixels.extent<pixel>(), 24);
  check_part(pixels, t, [](auto const& i) { return xl::image_extents::multi_index{{i[0], i[1], i[2] / 6, i[2] % 6}}; });
  check_part(xl::merge<axis::n, pixel, pixel>(pixels), t,
             [](auto const& i) { return xl::image_extents::multi_index{{i[0] / 24, i[1], i[0] % 24 / 6, i[0] % 6}}; });
}

CROSSLANE_TEST_ONCE(tensor_parts, errors) {
  alignas(16) int elements[2 * 8 * 4 * 6];
  xl::tensor_view const t{elements, xl::nhwc{{2, 8, 4, 6}}};
  expect_error(xl::errc::out_of_bounds, {"index 8 is outside axis c of extent 8"}, [&] { (void)xl::fix<axis::c>(t, 8); });
  expect_error(xl::errc::out_of_bounds, {"subrange of 4 indices from index 3 is outside axis w of extent 6"},
               [&] { (void)xl::subrange<axis::w>(t, 3, 4); });
  expect_error(xl::errc::invalid_argument, {"split of axis c: its extent 8 is not a multiple of the inner extent 3"},
               [&] { (void)xl::split<axis::c, group, axis::k>(t, 3); });
  expect_error(xl::errc::invalid_argument, {"split of axis w: its extent 6 is not a multiple of the inner extent 0"},
               [&] { (void)xl::split<axis::w, group, axis::k>(t, 0); });
  auto const left = xl::subrange<axis::w>(t, 0, 3);
  expect_error(xl::errc::invalid_argument, {"the stride of axis h is 48 but must be 3 x 8, the extent times the stride of axis w"},
               [&] { (void)xl::merge<axis::h, axis::w, pixel>(left); });
  expect_error(xl::errc::invalid_argument, {"vectorised<4>: the extent of axis c is 6 but must be a multiple of 4"},
               [&] { (void)xl::vectorised<4>(xl::subrange<axis::c>(t, 0, 6)); });
  expect_error(xl::errc::misaligned, {"vectorised<4>: the address ", "of elements of 4 bytes must be a multiple of 16"},
               [&] { (void)xl::vectorised<4>(xl::subrange<axis::c>(t, 1, 4)); });
  expect_error(xl::errc::limit_exceeded, {"strided layout, d = 6000000, n = 2, c = 8, h = 4, w = 6: the limit of its 32-bit index"},
               [&] { (void)xl::broadcast<axis::d>(t, 6'000'000); });
  expect_error(xl::errc::invalid_argument, {"the extent of axis d is -1"}, [&] { (void)xl::broadcast<axis::d>(t, -1); });
  xl::tensor_view const odd{elements, xl::make_padded<xl::row_major<>::order>(xl::row_major<>::extents_type{2, 4}, 5)};
  expect_error(xl::errc::invalid_argument, {"vectorised<4>: the stride of axis row is 5 but must be a multiple of 4"},
               [&] { (void)xl::vectorised<4>(odd); });
}

/// out = 2 * in, by vectors along the contiguous axis of any layout.
struct doubled {
  template <xl::kernel_context Ctx, class In, class Out>
  CROSSLANE_FN void operator()(Ctx const& ctx, In in, Out out) const {
    auto const from = xl::vectorised<4>(in);
    auto const to = xl::vectorised<4>(out);
    for (auto k : ctx.grid_stride(from.size())) to[to.memory_order(k)] = from[from.memory_order(k)] * 2.f;
  }
};

/// Processes each image of a batch separately, through views that a thread makes.
struct sums_of_channels {
  template <xl::kernel_context Ctx, class L, class Sums>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::tensor_view<float const, L> t, Sums sums) const {
    for (auto n : ctx.grid_stride(t.template extent<axis::n>())) {
      auto const image = xl::fix<axis::n>(t, n);
      for (int c = 0; c < image.template extent<axis::c>(); ++c) {
        auto const plane = xl::fix<axis::c>(image, c);
        float sum = 0;
        for (int h = 0; h < plane.template extent<axis::h>(); ++h)
          for (int w = 0; w < plane.template extent<axis::w>(); ++w) sum += plane(h, w);
        sums(n, c) = sum;
      }
    }
  }
};

template <class L>
void check_in_kernels(xl::stream const& q, L const& layout) {
  xl::tensor<float, L> in{q, layout}, out{q, layout};
  std::vector<float> values(in.storage().size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = float(i % 97);
  xl::copy(q, values, in.storage());
  xl::launch(q, {.grid = 2, .block = 64}, doubled{}, in, out);
  std::vector<float> const got = read(q, out.storage());
  for (std::size_t i = 0; i < values.size(); ++i)
    if (got[i] != 2 * values[i]) return fail("doubled", xl::source_location::current());
  xl::tensor<float, xl::row_major<axis::n, axis::c>> sums{q, {layout.extents().template extent<axis::n>(), 8}};
  xl::launch(q, {.grid = 1, .block = 32}, sums_of_channels{}, std::as_const(in), sums);
  std::vector<float> const by_channel = read(q, sums.storage());
  std::vector<float> expected(by_channel.size());
  for_each_index(layout, [&](auto const& i) { expected[std::size_t(i[0] * 8 + i[1])] += values[std::size_t(layout.offset(i))]; });
  CROSSLANE_CHECK_SAME(by_channel, expected);
}

CROSSLANE_TEST(tensor_parts, in_kernels) {
  xl::stream const q{d};
  check_in_kernels(q, xl::nchw{{3, 8, 5, 12}});
  check_in_kernels(q, xl::nhwc{{3, 8, 5, 12}});
  check_in_kernels(q, xl::with_index<xl::nhwc, std::int64_t>{{3, 8, 5, 12}});
}

// --- blocked, tiled, swizzled ---

CROSSLANE_TEST(tensor_layouts, blocked_and_tiled) {
  random_extents next{3};
  for (int round = 0; round < 8; ++round) {
    int const n = next(3), c = next(40), h = next(7), w = next(9);
    xl::image_extents const e{n, c, h, w};
    check_layout(d, xl::nchw_c<8>{e},
                 [&](auto const& i) { return (((i[0] * ((c + 7) / 8) + i[1] / 8) * h + i[2]) * w + i[3]) * 8 + i[1] % 8; });
    check_layout(d, xl::nchw_c<16>{e},
                 [&](auto const& i) { return (((i[0] * ((c + 15) / 16) + i[1] / 16) * h + i[2]) * w + i[3]) * 16 + i[1] % 16; });
    check_layout(d, xl::tiled<4, 8>{{c, w}},
                 [&](auto const& i) { return (i[0] / 4 * ((w + 7) / 8) + i[1] / 8) * 32 + i[0] % 4 * 8 + i[1] % 8; });
    check_layout(d, xl::nested_tiled<8, 16, 2, 4>{{c, w}}, [&](auto const& i) {
      int const outer = i[0] / 8 * ((w + 15) / 16) + i[1] / 16, tile = i[0] % 8 / 2 * 4 + i[1] % 16 / 4;
      return outer * 128 + tile * 8 + i[0] % 2 * 4 + i[1] % 4;
    });
  }
  CROSSLANE_CHECK_EQ((xl::nchw_c<8>{{1, 3, 2, 2}}.span_size()), 32);
  expect_error(xl::errc::limit_exceeded, {"blocked layout, n = 1, c = 1, h = 20000, w = 20000"},
               [] { xl::nchw_c<8>{{1, 1, 20000, 20000}}; });
}

/// Parts of a layout without strides, along every axis.
template <class L>
void check_parts_of_blocks(L const& layout) {
  std::vector<int> elements(std::size_t(layout.span_size()));
  xl::tensor_view const t{elements.data(), layout};
  using whole = xl::image_extents::multi_index;
  check_part(xl::fix<axis::n>(t, 1), t, [](auto const& i) { return whole{{1, i[0], i[1], i[2]}}; });
  check_part(xl::fix<axis::c>(t, 9), t, [](auto const& i) { return whole{{i[0], 9, i[1], i[2]}}; });
  check_part(xl::fix<axis::w>(xl::fix<axis::h>(t, 3), 4), t, [](auto const& i) { return whole{{i[0], i[1], 3, 4}}; });
  check_part(xl::subrange<axis::c>(t, 8, 8), t, [](auto const& i) { return whole{{i[0], i[1] + 8, i[2], i[3]}}; });
  check_part(xl::subrange<axis::c>(t, 3, 9), t, [](auto const& i) { return whole{{i[0], i[1] + 3, i[2], i[3]}}; });
  check_part(xl::subrange<axis::n>(t, 1, 1), t, [](auto const& i) { return whole{{i[0] + 1, i[1], i[2], i[3]}}; });
  check_part(xl::fix<axis::n>(xl::subrange<axis::w>(xl::subrange<axis::n>(t, 1, 2), 2, 3), 1), t,
             [](auto const& i) { return whole{{2, i[0], i[1], i[2] + 2}}; });
}

CROSSLANE_TEST_ONCE(tensor_parts, blocked) {
  check_parts_of_blocks(xl::nchw_c<8>{{3, 19, 4, 6}});
  check_parts_of_blocks(xl::blocked<xl::image_extents, xl::nhwc::order, xl::fixed<axis::h, 2>, xl::fixed<axis::c, 4>>{{3, 19, 4, 6}});
  check_parts_of_blocks(xl::blocked<xl::image_extents, xl::nchw::order, xl::fixed<axis::n, 2>>{{3, 19, 4, 6}});
  using images = xl::tensor_view<float, xl::nchw_c<8>>;
  using one = xl::blocked<xl::extents<int, axis::c, axis::h, axis::w>, xl::axes<axis::c, axis::h, axis::w>, xl::fixed<axis::c, 8>>;
  static_assert(std::is_same_v<layout_of<decltype(xl::fix<axis::n>(images{}, 1))>, one>);
  static_assert(std::is_same_v<layout_of<decltype(xl::subrange<axis::n>(images{}, 1, 1))>, xl::nchw_c<8>>);
  std::vector<float> elements(std::size_t(xl::nchw_c<8>{{3, 19, 4, 6}}.span_size()));
  images const t{elements.data(), xl::nchw_c<8>{{3, 19, 4, 6}}};
  expect_error(xl::errc::out_of_bounds, {"index 19 is outside axis c of extent 19"}, [&] { (void)xl::fix<axis::c>(t, 19); });
  expect_error(xl::errc::out_of_bounds, {"subrange of 4 indices from index 16 is outside axis c of extent 19"},
               [&] { (void)xl::subrange<axis::c>(t, 16, 4); });
}

/// A conversion to a part changes no element outside the part: neither its gaps nor its neighbours.
CROSSLANE_TEST(tensor_parts, conversions_to_parts_of_blocks) {
  xl::stream const q{d};
  xl::tensor<int, xl::nchw_c<4>> out{q, {2, 10, 3, 5}};
  xl::tensor<int, xl::nhwc> in{q, {2, 4, 3, 5}};
  std::vector<int> values(in.storage().size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = int(i) + 1;
  xl::copy(q, values, in.storage());
  xl::fill(q, out.storage(), -1);
  xl::convert(q, in, xl::subrange<axis::c>(out.view(), 4, 4));
  std::vector<int> expected(out.storage().size(), -1);
  for_each_index(in.layout(), [&](auto const& i) {
    expected[std::size_t(out.layout().offset({{i[0], i[1] + 4, i[2], i[3]}}))] = values[std::size_t(in.layout().offset(i))];
  });
  CROSSLANE_CHECK_SAME(read(q, out.storage()), expected);
  xl::convert(q, xl::subrange<axis::c>(out.view(), 4, 2), xl::subrange<axis::c>(out.view(), 0, 2));
  for_each_index(in.layout(), [&](auto const& i) {
    if (i[1] < 2) expected[std::size_t(out.layout().offset(i))] = values[std::size_t(in.layout().offset(i))];
  });
  CROSSLANE_CHECK_SAME(read(q, out.storage()), expected);
}

template <int Rows, int Cols>
using square = xl::extents<int, xl::fixed<axis::row, Rows>, xl::fixed<axis::col, Cols>>;

/// Lanes that access 128 bytes together, in a row and in a column, use different banks.
template <class L, unsigned ElementBytes, unsigned UnitBytes>
void check_banks(L const& layout) {
  constexpr int unit = int(UnitBytes / ElementBytes), lanes = int(128 / UnitBytes);
  auto const distinct = [&](auto const& place) {
    std::vector<int> used(32, -1);
    for (int lane = 0; lane < lanes; ++lane) {
      int const word = int(layout.offset(place(lane)) * int(ElementBytes) / 4);
      for (int k = 0; k < int(UnitBytes / 4); ++k) {
        int& owner = used[std::size_t((word + k) % 32)];
        if (owner >= 0 && owner != word + k) return false;
        owner = word + k;
      }
    }
    return true;
  };
  bool free = true;
  for (int row = 0; row < L::rows; ++row)
    for (int col = 0; col + unit * lanes <= L::length; col += unit * lanes)
      free = free && distinct([&](int lane) { return typename L::multi_index{{row, col + lane * unit}}; });
  for (int col = 0; col < L::length; col += unit)
    for (int row = 0; row + lanes <= L::rows; row += lanes)
      free = free && distinct([&](int lane) { return typename L::multi_index{{row + lane, col}}; });
  CROSSLANE_CHECK(free);
}

template <class E, unsigned ElementBytes, unsigned UnitBytes>
void check_swizzled(xl::device d) {
  using L = xl::swizzled<E, typename E::axes, ElementBytes, UnitBytes>;
  constexpr L layout;
  check_banks<L, ElementBytes, UnitBytes>(layout);
  // By definition: the units of a line are permuted by the number of the row, or of the group of rows that fills all banks.
  constexpr int unit = int(UnitBytes / ElementBytes), line = int(128 / UnitBytes), in_row = int(L::length) / unit;
  check_layout(d, layout, [](auto const& i) {
    int const rows = in_row < line ? line / in_row : 1;
    int const u = i[0] * in_row + i[1] / unit, by = i[0] / rows % line;
    return (u / line * line + ((u % line) ^ by)) * unit + i[1] % unit;
  });
}

CROSSLANE_TEST(tensor_layouts, swizzled) {
  check_swizzled<square<32, 32>, 4, 4>(d);
  check_swizzled<square<64, 64>, 4, 4>(d);
  check_swizzled<square<64, 32>, 4, 16>(d);
  check_swizzled<square<32, 64>, 8, 8>(d);
  check_swizzled<square<32, 32>, 2, 4>(d);
  check_swizzled<square<64, 64>, 2, 4>(d);
  check_swizzled<square<64, 64>, 2, 16>(d);
  check_swizzled<square<33, 16>, 4, 4>(d);
  check_swizzled<square<64, 64>, 1, 4>(d);
  check_swizzled<square<16, 32>, 16, 16>(d);
}

}  // namespace
