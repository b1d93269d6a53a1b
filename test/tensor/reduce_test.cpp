// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reductions along axes, against the definition. Values are whole numbers, so that the order of operations does not matter.
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 1
#include <tensor/reference.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

template <class List>
struct layout_of_axes;
template <class... A>
struct layout_of_axes<xl::axes<A...>> {
  using type = xl::packed<xl::extents<int, A...>, xl::axes<A...>>;
  static type make(xl::image_extents const& e) { return type{{e.extent<A>()...}}; }
};

/// Reduces images in layout L along all axes except `Kept`, which are the axes of the output, in that order.
template <class T, class... Reduced, class Kept, class L, class Op, class Acc>
void check_reduce(xl::stream const& q, Kept, L const& layout, Op op, Acc identity, source_location where = source_location::current()) {
  xl::tensor<T, L> in{q, layout};
  std::vector<T> values(in.storage().size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = T(float(int(i * 37 % 61) - 30));
  xl::copy(q, values, in.storage());
  using to = layout_of_axes<Kept>;
  xl::tensor<Acc, typename to::type> out{q, to::make(layout.extents())};
  xl::reduce<Reduced...>(q, in, out, op, identity);
  std::vector<Acc> const got = read(q, out.storage());
  std::vector<Acc> expected(got.size(), identity);
  for_each_index(layout, [&](auto const& i) {
    using E = typename L::extents_type;
    using out_extents = typename to::type::extents_type;
    Acc& x = expected[std::size_t(out.layout().offset(xl::detail::index_by_names<out_extents, E>(i, Kept{})))];
    x = op(x, static_cast<Acc>(values[std::size_t(layout.offset(i))]));
  });
  for (std::size_t i = 0; i < got.size(); ++i)
    if (got[i] != expected[i])
      return fail(std::string("reduction of ") + xl::type_name<L>() + " to " + xl::type_name<Kept>() + ": element " + show_value(i) +
                      " is " + show_value(got[i]) + ", not " + show_value(expected[i]),
                  where);
}

template <class T, class L>
void check_axes(xl::stream const& q, L const& layout) {
  check_reduce<T, axis::w>(q, xl::axes<axis::h, axis::n, axis::c>{}, layout, xl::maximum{}, -1000.f);
  check_reduce<T, axis::n, axis::h, axis::w>(q, xl::axes<axis::c>{}, layout, xl::minimum{}, 1000.f);
  if constexpr (all_combinations || std::is_same_v<L, xl::nhwc>) {
    check_reduce<T, axis::c>(q, xl::axes<axis::n, axis::h, axis::w>{}, layout, xl::plus{}, 0.f);
    check_reduce<T, axis::w, axis::h>(q, xl::axes<axis::n, axis::c>{}, layout, xl::plus{}, 0.f);
    check_reduce<T, axis::c, axis::h, axis::w>(q, xl::axes<axis::n>{}, layout, xl::plus{}, 0.f);
  }
}

CROSSLANE_TEST(tensor_reduce, random_extents) {
  xl::stream const q{d};
  random_extents next{21};
  for (int round = 0; round < 4; ++round) {
    xl::image_extents const e{next(3), next(40), next(6), next(30)};
    check_axes<float>(q, xl::nchw{e});
    check_axes<float>(q, xl::nhwc{e});
    check_axes<xl::half>(q, xl::make_padded<xl::nchw::order>(e, 40));
  }
}

CROSSLANE_TEST(tensor_reduce, empty_axes) {
  xl::stream const q{d};
  check_axes<float>(q, xl::nchw{{2, 0, 3, 5}});
  check_axes<float>(q, xl::nhwc{{2, 3, 0, 5}});
}

CROSSLANE_TEST(tensor_reduce, blocked) {
  xl::stream const q{d};
  check_reduce<float, axis::c>(q, xl::axes<axis::n, axis::h, axis::w>{}, xl::nchw_c<8>{{2, 13, 3, 4}}, xl::plus{}, 0.f);
  check_reduce<float, axis::h, axis::w>(q, xl::axes<axis::c, axis::n>{}, xl::nchw_c<8>{{2, 13, 3, 4}}, xl::plus{}, 0.f);
}

/// Rows by waves, by blocks and in parts; columns in parts; whole vectors and not.
CROSSLANE_TEST(tensor_reduce, long_rows_and_columns) {
  xl::stream const q{d};
  using rows = xl::axes<axis::n>;
  using columns = xl::axes<axis::c>;
  for (int const length : {15, 16, 255, 256, 1300, 2048, 10000, 12289}) {
    check_reduce<int, axis::c, axis::h, axis::w>(q, rows{}, xl::nchw{{3, 1, 1, length}}, xl::plus{}, 0);
    check_reduce<xl::half, axis::c, axis::h, axis::w>(q, rows{}, xl::nchw{{2, 1, length, 1}}, xl::maximum{}, -1000.f);
    check_reduce<int, axis::n, axis::h, axis::w>(q, columns{}, xl::nhwc{{1, 3, 1, length}}, xl::bit_xor{}, 0);
  }
  check_reduce<int, axis::n, axis::h, axis::w>(q, columns{}, xl::nchw{{3, 2, 64, 80}}, xl::plus{}, 0);  // rows of two axes
  check_reduce<int, axis::n, axis::h, axis::w>(q, columns{}, xl::nhwc{{3, 5, 64, 20}}, xl::plus{}, 0);
  check_reduce<int, axis::n, axis::h>(q, xl::axes<axis::w, axis::c>{}, xl::nhwc{{9, 3, 64, 2}}, xl::plus{}, 0);
}

/// Columns by vectors, in one part and in several, and columns that are not whole vectors because of rows, an extent or a stride.
CROSSLANE_TEST(tensor_reduce, columns_by_vectors) {
  xl::stream const q{d};
  for (int const length : {15, 16, 63, 300, 5000}) {
    check_reduce<int, axis::n, axis::h, axis::w>(q, xl::axes<axis::c>{}, xl::nhwc{{1, 8, 1, length}}, xl::plus{}, 0);
    check_reduce<xl::half, axis::h, axis::w>(q, xl::axes<axis::c, axis::n>{}, xl::nhwc{{2, 16, length, 1}}, xl::plus{}, 0.f);
    check_reduce<std::int8_t, axis::n, axis::h>(q, xl::axes<axis::w, axis::c>{}, xl::nhwc{{2, 48, length, 3}}, xl::plus{}, 0);
    check_reduce<float, axis::n>(q, xl::axes<axis::c, axis::h, axis::w>{}, xl::nchw{{length, 2, 3, 10}}, xl::maximum{}, -1000.f);
    check_reduce<int, axis::h>(q, xl::axes<axis::n, axis::c, axis::w>{},
                               xl::make_padded<xl::nchw::order>(xl::image_extents{2, 1, length, 12}, 14), xl::plus{}, 0);
    check_reduce<int, axis::h>(q, xl::axes<axis::n, axis::c, axis::w>{},
                               xl::make_padded<xl::nchw::order>(xl::image_extents{2, 1, length, 12}, 16), xl::plus{}, 0);
  }
}

/// More columns than a block, or a task of the host, takes; in one part and in several, of one axis and of two; rows whose elements are
/// apart.
CROSSLANE_TEST(tensor_reduce, many_columns) {
  xl::stream const q{d};
  using columns = xl::axes<axis::c>;
  for (int const length : {1, 9, 400}) {
    check_reduce<int, axis::h, axis::w>(q, xl::axes<axis::n, axis::c>{}, xl::nhwc{{2, 700, 1, length}}, xl::plus{}, 0);
    check_reduce<int, axis::n, axis::h, axis::w>(q, columns{}, xl::nhwc{{1, 301, length, 1}}, xl::plus{}, 0);
    check_reduce<int, axis::n, axis::w>(q, xl::axes<axis::h, axis::c>{}, xl::nhwc{{3, 260, 2, length}}, xl::plus{}, 0);
    check_reduce<int, axis::h>(q, xl::axes<axis::n, axis::c, axis::w>{}, xl::nchw{{1, 2, length, 300}}, xl::plus{}, 0);
    check_reduce<int, axis::n, axis::h>(q, xl::axes<axis::w, axis::c>{}, xl::nhwc{{7, 2, length, 3}}, xl::bit_xor{}, 0);
  }
}

/// The mean and the sum of squares in one reduction, by an associative operator on a struct.
struct moments {
  float sum, squares;
  moments() = default;
  CROSSLANE_FN moments(float s, float q) : sum{s}, squares{q} {}
  CROSSLANE_FN explicit moments(float x) : sum{x}, squares{x * x} {}
  CROSSLANE_FN explicit operator float() const { return squares - sum; }
};
struct add_moments {
  CROSSLANE_FN moments operator()(moments const& a, moments const& b) const { return {a.sum + b.sum, a.squares + b.squares}; }
};

CROSSLANE_TEST(tensor_reduce, own_types) {
  xl::stream const q{d};
  xl::tensor<float, xl::row_major<>> in{q, {3, 700}};
  std::vector<float> values(in.storage().size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = float(i % 7);
  xl::copy(q, values, in.storage());
  using row = xl::packed<xl::extents<int, axis::row>, xl::axes<axis::row>>;
  xl::tensor<float, row> out{q, {3}};
  xl::reduce<axis::col>(q, std::as_const(in), out, add_moments{}, moments{0, 0});
  std::vector<float> const got = read(q, out.storage());
  for (std::size_t r = 0; r < 3; ++r) {
    float expected = 0;
    for (std::size_t c = 0; c < 700; ++c) expected += values[r * 700 + c] * values[r * 700 + c] - values[r * 700 + c];
    CROSSLANE_CHECK_EQ(got[r], expected);
  }
}

CROSSLANE_TEST(tensor_reduce, errors) {
  xl::stream const q{d};
  xl::tensor<float, xl::row_major<>> in{q, {3, 7}};
  using row = xl::packed<xl::extents<int, axis::row>, xl::axes<axis::row>>;
  xl::tensor<float, row> out{q, {4}};
  expect_error(xl::errc::size_mismatch, {"reduce: the extent of axis row is 3 in the input and 4 in the output"},
               [&] { xl::reduce<axis::col>(q, in, out, xl::plus{}, 0.f); });
}

}  // namespace
