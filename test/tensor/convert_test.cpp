// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Conversions between layouts and element types, against the definition: destination(index) = source(index).
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 1
#include <tensor/check_convert.hpp>

#include <cmath>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

CROSSLANE_TEST(tensor_convert, random_extents) {
  xl::stream const q{d};
  random_extents next{5};
  for (int round = 0; round < 12; ++round) check_orders<float, float>(q, {next(3), next(90), next(9), next(20)});
}

// Others are in tiles_test.cpp.
CROSSLANE_TEST(tensor_convert, element_types) {
  xl::stream const q{d};
  for (xl::image_extents const& e : {xl::image_extents{2, 72, 3, 24}, xl::image_extents{1, 17, 5, 3}}) {
    check_orders<xl::bfloat16, xl::half>(q, e);
    check_orders<double, float>(q, e);
  }
}

// Vectors of 16 elements.
CROSSLANE_TEST(tensor_convert, bytes) {
  xl::stream const q{d};
  for (xl::image_extents const& e : {xl::image_extents{2, 64, 1, 128}, xl::image_extents{1, 48, 1, 80}})
    check_convert<xl::fp8_e5m2, xl::fp8_e4m3>(q, xl::nchw{e}, xl::nhwc{e});
}

CROSSLANE_TEST(tensor_convert, blocks_to_blocks) {
  xl::stream const q{d};
  using matrix = xl::row_major<>::extents_type;
  for (matrix const& e : {matrix{48, 64}, matrix{45, 70}, matrix{7, 300}, matrix{1, 1}}) {
    xl::tiled<8, 16> const tiles{e};
    check_convert<float, float>(q, xl::row_major<>{e}, tiles, true);
    check_convert<float, float>(q, xl::column_major<>{e}, tiles, true);
    check_convert<float, float>(q, tiles, xl::column_major<>{e});
    check_convert<float, float>(q, tiles, tiles, true);
    check_convert<float, float>(q, tiles, xl::tiled<4, 32>{e}, true);
    check_convert<float, float>(q, tiles, xl::tiled<12, 16>{e}, true);  // 8 and 12: neither is made of the other
    xl::nested_tiled<8, 16, 2, 4> const nested{e};
    check_convert<float, float>(q, xl::row_major<>{e}, nested, true);
    check_convert<float, float>(q, nested, xl::column_major<>{e});
    check_convert<float, float>(q, nested, tiles, true);
  }
}

CROSSLANE_TEST(tensor_convert, strided_padded_blocked_and_wide) {
  xl::stream const q{d};
  random_extents next{6};
  for (int round = 0; round < 6; ++round) {
    xl::image_extents const e{next(3), next(40), next(6), next(20)};
    auto const padded = xl::make_padded<xl::nchw::order>(e, 24);
    check_convert<float, float>(q, xl::nhwc{e}, padded);
    check_convert<float, float>(q, padded, xl::nhwc{e});
    check_convert<float, float>(q, padded, xl::nchw{e});
    check_convert<float, xl::half>(q, xl::make_padded<xl::nhwc::order>(e, 44), padded);
    check_convert<float, float>(q, xl::nchw{e}, xl::nchw_c<8>{e}, true);
    check_convert<float, float>(q, xl::nchw_c<8>{e}, xl::nchw_c<8>{e}, true);
    check_convert<float, float>(q, xl::nchw_c<8>{e}, xl::nhwc{e});
    check_convert<float, xl::half>(q, xl::nchw_c<8>{e}, xl::nchw_c<16>{e}, true);
    using wide = xl::with_index<xl::nhwc, std::int64_t>;
    check_convert<float, float>(q, xl::nchw{e}, wide{{e.extent<axis::n>(), e.extent<axis::c>(), e.extent<axis::h>(), e.extent<axis::w>()}});
  }
  // Axes match by name.
  using other = xl::extents<int, axis::w, axis::n, axis::c, axis::h>;
  check_convert<float, float>(q, xl::nchw{{2, 11, 3, 5}}, xl::packed<other, xl::nhwc::order>{{5, 2, 11, 3}});
  using eight = xl::extents<int, axis::n, axis::c, axis::d, axis::h, axis::w, axis::k, axis::m, axis::row>;
  using mixed = xl::axes<axis::row, axis::m, axis::c, axis::n, axis::d, axis::k, axis::w, axis::h>;
  check_convert<float, float>(q, xl::packed<eight, eight::axes>{{2, 3, 2, 9, 2, 3, 2, 10}},
                              xl::packed<eight, mixed>{{2, 3, 2, 9, 2, 3, 2, 10}});
}

CROSSLANE_TEST(tensor_convert, parts) {
  xl::stream const q{d};
  xl::tensor<float, xl::nhwc> t{q, {2, 16, 6, 10}};
  std::vector<float> values(t.storage().size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = float(i);
  xl::copy(q, values, t.storage());
  using chw = xl::packed<xl::extents<int, axis::c, axis::h, axis::w>, xl::axes<axis::c, axis::h, axis::w>>;
  xl::tensor<float, chw> out{q, {16, 6, 4}};
  // Views that do not begin at a multiple of a vector move by elements.
  xl::convert(q, xl::subrange<axis::w>(xl::fix<axis::n>(t.view(), 1), 3, 4), out);
  std::vector<float> const got = read(q, out.storage());
  for_each_index(out.layout(), [&](auto const& i) {
    CROSSLANE_CHECK_EQ(got[std::size_t(out.layout().offset(i))], values[std::size_t(t.layout().offset({{1, i[0], i[1], i[2] + 3}}))]);
  });
  // One row that is repeated for the whole batch.
  using vector = xl::extents<int, axis::w>;
  xl::tensor<float, xl::packed<vector, vector::axes>> row{q, {10}};
  xl::copy(q, xl::span<float const>{values.data(), 10}, row.storage());
  xl::tensor<float, xl::row_major<axis::n, axis::w>> rows{q, {7, 10}};
  xl::convert(q, xl::broadcast<axis::n>(row.view(), 7), rows);
  std::vector<float> const repeated = read(q, rows.storage());
  for (std::size_t i = 0; i < repeated.size(); ++i) CROSSLANE_CHECK_EQ(repeated[i], float(i % 10));
}

/// Converts between every pair of layouts and back; the bits must be equal.
template <class From, class... To>
void check_round_trips(xl::stream const& q, From const& from, To const&... to) {
  xl::tensor<std::uint32_t, From> first{q, from}, back{q, from};
  std::vector<std::uint32_t> values(first.storage().size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::uint32_t(i + 1) * 2654435761u;
  xl::copy(q, values, first.storage());
  std::vector<std::uint32_t> expected(values.size());
  for_each_index(from, [&](auto const& i) { expected[std::size_t(from.offset(i))] = values[std::size_t(from.offset(i))]; });
  auto const there_and_back = [&]<class L>(L const& layout) {
    xl::tensor<std::uint32_t, L> there{q, layout};
    xl::convert(q, first, there);
    xl::fill(q, back.storage(), 0u);
    xl::convert(q, there, back);
    std::vector<std::uint32_t> got = read(q, back.storage());
    std::vector<std::uint32_t> elements(got.size());  // without gaps, which a copy may bring
    for_each_index(from, [&](auto const& i) { elements[std::size_t(from.offset(i))] = got[std::size_t(from.offset(i))]; });
    CROSSLANE_CHECK_SAME(elements, expected);
  };
  (there_and_back(to), ...);
}

CROSSLANE_TEST(tensor_convert, round_trips) {
  xl::stream const q{d};
  random_extents next{8};
  for (int round = 0; round < 3; ++round) {
    xl::image_extents const e{next(3), next(30), next(5), next(20)};
    xl::nchw const a{e};
    xl::nhwc const b{e};
    xl::chwn const c{e};
    auto const padded = xl::make_padded<xl::nchw::order>(e, 24);
    xl::nchw_c<8> const blocks{e};
    check_round_trips(q, a, b, c, padded, blocks);
    check_round_trips(q, padded, padded, blocks);
#if CROSSLANE_TEST_ALL
    check_round_trips(q, a, a);
    check_round_trips(q, b, a, b, c, padded, blocks);
    check_round_trips(q, c, a, b, c, padded, blocks);
    check_round_trips(q, padded, a, b, c);
    check_round_trips(q, blocks, a, b, c, padded, blocks);
#endif
  }
}

CROSSLANE_TEST(tensor_convert, scaled) {
  xl::stream const q{d};
  xl::image_extents const e{1, 16, 4, 16};
  xl::tensor<float, xl::nchw> in{q, e}, back{q, e};
  xl::tensor<std::int8_t, xl::nhwc> small{q, e};
  std::vector<float> values(in.storage().size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.125f * float(int(i) - 512);  // ties, and beyond the range
  values[0] = std::nanf("");
  xl::copy(q, values, in.storage());
  xl::convert_scaled(q, in, small, 4.f);
  xl::convert_scaled(q, small, back, 0.25f);
  std::vector<std::int8_t> const got = read(q, small.storage());
  std::vector<float> const again = read(q, back.storage());
  for_each_index(in.layout(), [&](auto const& i) {
    std::size_t const at = std::size_t(in.layout().offset(i));
    float const scaled = std::nearbyint(values[at] * 4.f);
    float const expected = at == 0 ? 0.f : scaled < -128 ? -128.f : scaled > 127 ? 127.f : scaled;
    CROSSLANE_CHECK_EQ(float(got[std::size_t(small.layout().offset(i))]), expected);
    CROSSLANE_CHECK_EQ(again[at], expected * 0.25f);
  });
  // 5 * 0.1f is 0.5 once it is rounded, which goes to the even 0.
  xl::fill(q, in, 5.f);
  xl::convert_scaled(q, in, small, 0.1f);
  for (std::int8_t const x : read(q, small.storage())) CROSSLANE_CHECK_EQ(int(x), 0);
}

CROSSLANE_TEST(tensor_convert, of_itself_and_into_its_own_memory) {
  xl::stream const q{d};
  xl::nchw_c<8> const blocks{{2, 5, 3, 4}};  // blocks of 8 channels of which 5 are used
  xl::tensor<float, xl::nchw_c<8>> t{q, blocks};
  xl::tensor<float, xl::nchw> plain{q, {2, 5, 3, 4}};
  xl::fill(q, plain, 7.f);
  xl::convert(q, plain, t);
  std::vector<float> const before = read(q, t.storage());
  xl::convert(q, t, t);
  CROSSLANE_CHECK_SAME(read(q, t.storage()), before);
  expect_error(xl::errc::invalid_argument, {"overlaps"},
               [&] { xl::convert(q, t, xl::tensor_view<float, xl::nchw>{t.data(), plain.layout()}); });
  // Rows of two lengths.
  xl::image_extents const e{1, 2, 3, 4};
  auto const rows = xl::make_padded<xl::nchw::order>(e, 6), wider = xl::make_padded<xl::nchw::order>(e, 8);
  using layout = std::remove_cvref_t<decltype(rows)>;
  expect_error(xl::errc::invalid_argument, {"overlaps"}, [&] {
    xl::convert(q, xl::tensor_view<float const, layout>{t.data(), rows}, xl::tensor_view<float, layout>{t.data(), wider});
  });
}

CROSSLANE_TEST(tensor_convert, errors) {
  xl::stream const q{d};
  xl::tensor<float, xl::nchw> a{q, {1, 2, 3, 4}};
  xl::tensor<float, xl::nhwc> b{q, {1, 2, 5, 4}};
  expect_error(xl::errc::size_mismatch, {"convert: the extent of axis h is 3 in the source and 5 in the destination"},
               [&] { xl::convert(q, a, b); });
  xl::tensor<float, xl::nchw> const c{std::move(a)};
  expect_error(xl::errc::invalid_handle, {"moved from"}, [&] { xl::convert(q, a, b); });
}

}  // namespace
