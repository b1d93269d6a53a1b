// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Element-wise work over tensors of different layouts, and generated tensors, compared with the definitions.
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 1
#include <tensor/reference.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using wide_extents = xl::extents<std::int64_t, axis::n, axis::c, axis::h, axis::w>;
using per_channel = xl::packed<xl::extents<int, axis::c>, xl::axes<axis::c>>;
using per_pixel = xl::packed<xl::extents<int, axis::w, axis::n, axis::h>, xl::axes<axis::n, axis::h, axis::w>>;

/// Whole numbers, so that every order of operations gives the same result.
struct scale_and_shift {
  template <class T>
  CROSSLANE_FN float operator()(float x, T const& scale, float shift) const {
    return x * float(scale) + shift;
  }
};
struct twice_less_one {
  CROSSLANE_FN float operator()(float x) const { return 2 * x - 1; }
};
struct two_sums {
  template <class T>
  CROSSLANE_FN float operator()(T const& x, float y) const {
    return 2 * float(x) + y;
  }
};

template <class T>
std::vector<T> numbers(std::size_t n, unsigned seed) {
  std::vector<T> result(n);
  for (std::size_t i = 0; i < n; ++i) result[i] = T(float(int((i * 37 + seed) % 61) - 30));
  return result;
}

/// A tensor with marker values in its gaps.
template <class T, class L>
struct filled_tensor {
  filled_tensor(xl::stream const& q, L const& layout, unsigned seed)
      : values(numbers<T>(std::size_t(layout.span_size()), seed)), tensor{q, layout} {
    xl::copy(q, values, tensor.storage());
  }
  /// Returns the element at the index of an output that has other axes. Axes match by name.
  template <class To>
  T at(typename To::extents_type::multi_index const& i) const {
    return [&]<class... A>(xl::axes<A...>) {
      return values[std::size_t(
          tensor.layout().offset({{typename L::extents_type::index_type(i[xl::detail::position_of<typename To::extents_type, A>])...}}))];
    }(typename L::extents_type::axes{});
  }
  std::vector<T> values;
  xl::tensor<T, L> tensor;
};

/// Checks that every element is `expected(index)`, and that gaps have kept their values.
template <class T, class L, class Expected>
void check_result(xl::stream const& q, filled_tensor<T, L>& out, Expected const& expected, char const* what,
                  source_location where = source_location::current()) {
  std::vector<T> want = out.values;
  for_each_index(out.tensor.layout(), [&](auto const& i) { want[std::size_t(out.tensor.layout().offset(i))] = expected(i); });
  std::vector<T> const got = read(q, out.tensor.storage());
  for (std::size_t i = 0; i < got.size(); ++i)
    if (float(got[i]) != float(want[i]))
      return fail(std::string(what) + " to " + xl::type_name<L>() + ": element " + show_value(i) + " is " + show_value(float(got[i])) +
                      ", not " + show_value(float(want[i])),
                  where);
}

template <class T, class To, class From>
void check_transform(xl::stream const& q, To const& to, From const& from) {
  auto const& e = to.extents();
  filled_tensor<T, To> out{q, to, 1};
  filled_tensor<float, From> const x{q, from, 2};
  filled_tensor<T, per_channel> const scale{q, per_channel{{e.template extent<axis::c>()}}, 3};
  filled_tensor<float, per_pixel> const shift{
      q, per_pixel{{e.template extent<axis::w>(), e.template extent<axis::n>(), e.template extent<axis::h>()}}, 4};
  xl::transform(q, x.tensor, scale.tensor, shift.tensor.view(), out.tensor, scale_and_shift{});
  check_result(
      q, out,
      [&](auto const& i) { return static_cast<T>(x.template at<To>(i) * float(scale.template at<To>(i)) + shift.template at<To>(i)); },
      "three inputs");
  xl::transform(q, x.tensor, out.tensor, twice_less_one{});
  check_result(q, out, [&](auto const& i) { return static_cast<T>(2 * x.template at<To>(i) - 1); }, "one input");
  xl::transform(q, out.tensor, x.tensor, out.tensor, two_sums{});  // in place
  check_result(
      q, out, [&](auto const& i) { return static_cast<T>(2 * float(static_cast<T>(2 * x.template at<To>(i) - 1)) + x.template at<To>(i)); },
      "in place");
  xl::fill(q, out.tensor, T(7));
  check_result(q, out, [](auto const&) { return T(7); }, "fill");
  xl::iota(q, out.tensor, T(3), T(2));
  auto const position = [&](auto const& i) {
    std::int64_t k = 0;
    [&]<class... A>(xl::axes<A...>) {
      ((k = k * e.template extent<A>() + i[xl::detail::position_of<typename To::extents_type, A>]), ...);
    }(typename To::extents_type::axes{});
    return k;
  };
  check_result(q, out, [&](auto const& i) { return static_cast<T>(3. + double(position(i)) * 2.); }, "iota");
  xl::fill_random(q, out.tensor, 5);
  check_result(
      q, out,
      [&](auto const& i) {
        xl::random_engine engine{5, std::uint64_t(position(i))};
        return xl::uniform_numbers<T>{}(engine);
      },
      "fill_random");
}

/// Extents of which some are multiples of a vector.
xl::image_extents next_extents(random_extents& next, int round) {
  return round % 2 == 0 ? xl::image_extents{next(3), 4 * next(6), next(5), 8 * next(3)}
                        : xl::image_extents{next(3), next(20), next(5), next(20)};
}

CROSSLANE_TEST(tensor_transform, packed) {
  xl::stream const q{d};
  random_extents next{11};
  for (int round = 0; round < 6; ++round) {
    xl::image_extents const e = next_extents(next, round);
    check_transform<float>(q, xl::nhwc{e}, xl::nhwc{e});
    check_transform<float>(q, xl::chwn{e}, xl::nchw{e});
#if CROSSLANE_TEST_ALL
    check_transform<float>(q, xl::nchw{e}, xl::nhwc{e});
#endif
  }
}

CROSSLANE_TEST(tensor_transform, element_types_and_wide_indices) {
  xl::stream const q{d};
  random_extents next{12};
  for (int round = 0; round < 4; ++round) {
    xl::image_extents const e = next_extents(next, round);
    check_transform<xl::half>(q, xl::nhwc{e}, xl::nhwc{e});
    using wide = xl::packed<wide_extents, xl::nhwc::order>;
    check_transform<float>(q, wide{{e.extent<axis::n>(), e.extent<axis::c>(), e.extent<axis::h>(), e.extent<axis::w>()}}, xl::nchw{e});
  }
}

CROSSLANE_TEST(tensor_transform, padded_and_blocked) {
  xl::stream const q{d};
  random_extents next{13};
  for (int round = 0; round < 4; ++round) {
    xl::image_extents const e = next_extents(next, round);
    auto const padded = xl::make_padded<xl::nchw::order>(e, 28);
    check_transform<float>(q, xl::nchw_c<8>{e}, padded);
#if CROSSLANE_TEST_ALL
    check_transform<float>(q, padded, xl::nchw{e});
#endif
  }
}

/// Planes smaller than a tile, inputs that repeat along several axes, more such inputs than have special loops, and rows of every second
/// element.
struct weighted_sum {
  CROSSLANE_FN float operator()(float a, float b, float c, float d) const { return a + 2 * b + 4 * c + 8 * d; }
};
CROSSLANE_TEST(tensor_transform, four_inputs_of_small_and_split_planes) {
  xl::stream const q{d};
  for (xl::image_extents const e : {xl::image_extents{40, 3, 5, 5}, xl::image_extents{2, 70, 3, 66}}) {
    int const n = e.extent<axis::n>(), c = e.extent<axis::c>(), h = e.extent<axis::h>(), w = e.extent<axis::w>();
    using every_other = xl::strided<xl::image_extents, xl::nchw::order, xl::strides<xl::dynamic, xl::dynamic, xl::dynamic, 2>>;
    filled_tensor<float, every_other> out{q, every_other{e, {{c * h * 2 * w, h * 2 * w, 2 * w, 2}}}, 1};
    filled_tensor<float, xl::nchw> const planes{q, xl::nchw{e}, 2};
    filled_tensor<float, xl::nhwc> const pixels{q, xl::nhwc{e}, 3};
    filled_tensor<float, per_channel> const scale{q, per_channel{{c}}, 4};
    filled_tensor<float, per_pixel> const shift{q, per_pixel{{w, n, h}}, 5};
    auto const check = [&](auto& to) {
      using To = typename std::remove_cvref_t<decltype(to.tensor)>::layout_type;
      xl::transform(q, planes.tensor, pixels.tensor, scale.tensor, shift.tensor, to.tensor, weighted_sum{});
      check_result(
          q, to,
          [&](auto const& i) {
            return planes.template at<To>(i) + 2 * pixels.template at<To>(i) + 4 * scale.template at<To>(i) + 8 * shift.template at<To>(i);
          },
          "four inputs");
    };
    check(out);
    filled_tensor<float, xl::nhwc> again{q, xl::nhwc{e}, 1};
    check(again);
  }
}

CROSSLANE_TEST(tensor_transform, layouts_without_strides) {
  using swizzled = xl::swizzled<xl::extents<int, xl::fixed<axis::row, 33>, xl::fixed<axis::col, 16>>, xl::axes<axis::row, axis::col>, 4>;
  using per_row = xl::packed<xl::extents<int, axis::row>, xl::axes<axis::row>>;
  xl::stream const q{d};
  filled_tensor<float, swizzled> out{q, swizzled{}, 1};
  filled_tensor<float, xl::column_major<>> const columns{q, xl::column_major<>{{33, 16}}, 2};
  filled_tensor<float, per_row> const rows{q, per_row{{33}}, 3};
  xl::transform(q, columns.tensor, rows.tensor, out.tensor, two_sums{});
  check_result(q, out, [&](auto const& i) { return 2 * columns.at<swizzled>(i) + rows.at<swizzled>(i); }, "two inputs");
}

struct three {
  float x[3];
};
struct swapped {
  CROSSLANE_FN three operator()(three const& t) const { return {{t.x[2], t.x[1], t.x[0]}}; }
};

CROSSLANE_TEST(tensor_transform, elements_of_odd_size) {
  xl::stream const q{d};
  xl::tensor<three, xl::row_major<>> in{q, {20, 30}};
  xl::tensor<three, xl::column_major<>> out{q, {20, 30}};
  std::vector<three> values(600);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = {{float(i), float(i + 1), float(i + 2)}};
  xl::copy(q, values, in.storage());
  xl::transform(q, in, out, swapped{});
  std::vector<three> const got = read(q, out.storage());
  for (std::size_t i = 0; i < got.size(); ++i) {
    std::size_t const from = i % 20 * 30 + i / 20;
    CROSSLANE_CHECK_EQ(got[i].x[0], float(from + 2));
    CROSSLANE_CHECK_EQ(got[i].x[2], float(from));
  }
}

struct complement {
  CROSSLANE_FN std::uint8_t operator()(std::uint8_t x) const { return std::uint8_t(~x); }
};

CROSSLANE_TEST(tensor_transform, bytes_of_another_order) {
  xl::stream const q{d};
  xl::tensor<std::uint8_t, xl::column_major<>> in{q, {64, 80}};
  xl::tensor<std::uint8_t, xl::row_major<>> out{q, {64, 80}};
  std::vector<std::uint8_t> values(in.storage().size()), expected(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = std::uint8_t(i * 2654435761u >> 13);
    expected[i % 64 * 80 + i / 64] = std::uint8_t(~values[i]);
  }
  xl::copy(q, values, in.storage());
  xl::transform(q, in, out, complement{});
  CROSSLANE_CHECK_SAME(read(q, out.storage()), expected);
}

template <class T, class Wide>
void check_iota(xl::stream const& q, T first, T step, Wide const& expected) {
  xl::tensor<T, xl::row_major<>> t{q, {7, 10'000}};
  xl::iota(q, t, first, step);
  std::vector<T> const got = read(q, t.storage());
  for (std::size_t i = 0; i < got.size(); ++i)
    if (T const want = expected(i); std::memcmp(&got[i], &want, sizeof(T)) != 0)
      return CROSSLANE_CHECK_EQ(std::to_string(i) + ": " + std::to_string(double(got[i])),
                                std::to_string(i) + ": " + std::to_string(double(want)));
}

CROSSLANE_TEST(tensor_transform, iota_beyond_what_elements_can_count) {
  xl::stream const q{d};
  check_iota(q, xl::half(-30000.f), xl::half(0.5f), [](std::size_t i) { return xl::half(-30000. + double(i) * 0.5); });
  check_iota(q, xl::bfloat16(1.f), xl::bfloat16(1.f), [](std::size_t i) { return xl::bfloat16(1. + double(i)); });
  check_iota(q, xl::fp8_e4m3(0.f), xl::fp8_e4m3(1 / 256.f), [](std::size_t i) { return xl::fp8_e4m3(double(i) / 256); });
  float const third = 1 / 3.f;
  check_iota(q, -1e4f, third, [&](std::size_t i) { return float(double(i) * double(third) - 1e4); });
  check_iota(q, 0.1, 0.7, [](std::size_t i) { return std::fma(double(i), 0.7, 0.1); });
  check_iota<std::int8_t>(q, -100, 3, [](std::size_t i) { return std::int8_t(-100 + 3 * int(i)); });
  check_iota<std::uint16_t>(q, 1, 65535, [](std::size_t i) { return std::uint16_t(1 - int(i)); });
  check_iota<std::int64_t>(q, -1, std::int64_t{1} << 40, [](std::size_t i) { return std::int64_t(i << 40) - 1; });
}

/// Checks the smallest and the largest number and the mean of uniform numbers, which are multiples of 2^-digits below 1.
template <class T>
void check_uniform(xl::stream const& q, int digits) {
  xl::tensor<T, xl::row_major<>> t{q, {128, 128}};
  xl::fill_random(q, t, 3);
  std::vector<T> const got = read(q, t.storage());
  double least = 2, most = -1, sum = 0;
  for (T const x : got) {
    double const value = double(static_cast<float>(x));
    least = value < least ? value : least;
    most = value > most ? value : most;
    sum += value;
  }
  double const step = 1. / (1 << digits), mean = sum / double(got.size());
  CROSSLANE_CHECK_EQ(least, 0.);
  CROSSLANE_CHECK_EQ(most, 1 - step);
  CROSSLANE_CHECK(mean > 0.49 - step / 2 && mean < 0.51 - step / 2);
}

CROSSLANE_TEST(tensor_transform, uniform_numbers_of_few_digits_are_below_1) {
  xl::stream const q{d};
  check_uniform<xl::half>(q, 11);
  check_uniform<xl::bfloat16>(q, 8);
  check_uniform<xl::fp8_e4m3>(q, 4);
  check_uniform<xl::fp8_e5m2>(q, 3);
}

CROSSLANE_TEST(tensor_transform, normal_numbers_are_the_same_in_every_layout) {
  xl::stream const q{d};
  xl::tensor<float, xl::nchw> a{q, {2, 3, 4, 5}};
  xl::tensor<float, xl::nhwc> b{q, {2, 3, 4, 5}};
  xl::fill_random(q, a, 9, xl::normal_numbers<float>{});
  xl::fill_random(q, b, 9, xl::normal_numbers<float>{});
  std::vector<float> const x = read(q, a.storage()), y = read(q, b.storage());
  for_each_index(a.layout(),
                 [&](auto const& i) { CROSSLANE_CHECK_EQ(x[std::size_t(a.layout().offset(i))], y[std::size_t(b.layout().offset(i))]); });
  CROSSLANE_CHECK(x[0] != x[1]);
}

struct up_to_1000 {
  CROSSLANE_FN float operator()(xl::random_engine& engine) const { return 1000 * xl::uniform<float>(engine); }
};

CROSSLANE_TEST(tensor_transform, what_an_integer_cannot_hold_saturates) {
  xl::stream const q{d};
  xl::tensor<std::uint8_t, xl::row_major<>> t{q, {4, 64}};
  xl::fill_random(q, t, 1, up_to_1000{});
  std::vector<std::uint8_t> const got = read(q, t.storage());
  for (std::size_t i = 0; i < got.size(); ++i) {
    xl::random_engine engine{1, i};
    float const x = up_to_1000{}(engine);
    CROSSLANE_CHECK_EQ(int(got[i]), x < 255 ? int(x) : 255);
  }
}

struct twice_plus {
  CROSSLANE_FN std::uint8_t operator()(std::uint8_t x, std::uint8_t y) const { return std::uint8_t(2 * x + y); }
};

// Several walks, since each counts positions in 32 bits.
CROSSLANE_TEST(tensor_transform, more_elements_than_32_bits_count) {
  if (host_build || d.properties().memory < std::size_t{16} << 30) skip("it takes a GPU with 16 GiB");
  xl::stream const q{d};
  using extents = xl::extents<std::int64_t, axis::n, axis::h, axis::w>;
  using layout = xl::packed<extents, extents::axes>;
  std::int64_t const n = 4, h = 32768, w = 20000;
  xl::tensor<std::uint8_t, layout> x{q, {n, h, w}}, out{q, {n, h, w}};
  xl::tensor<std::uint8_t, xl::packed<xl::extents<int, axis::w>, xl::axes<axis::w>>> y{q, {int(w)}};
  std::vector<std::uint8_t> row(w);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = std::uint8_t(i % 200);
  xl::copy(q, row, y.storage());
  for (std::int64_t i = 0; i < n; ++i) xl::fill(q, xl::fix<axis::n>(x.view(), i), std::uint8_t(i + 1));
  xl::transform(q, x, y, out, twice_plus{});
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t const j : {std::int64_t{0}, std::int64_t{9}, h - 1}) {
      std::size_t const begin = std::size_t((i * h + j) * w);
      xl::copy(q, std::as_const(out).storage().subspan(begin, row.size()), xl::span<std::uint8_t>{row});
      q.synchronize();
      for (std::size_t k = 0; k < row.size(); ++k) CROSSLANE_CHECK_EQ(int(row[k]), int(k % 200 + 2 * std::size_t(i + 1)));
    }
}

CROSSLANE_TEST(tensor_transform, errors) {
  xl::stream const q{d};
  xl::tensor<float, xl::nchw> out{q, {1, 2, 3, 4}};
  xl::tensor<float, xl::nhwc> in{q, {1, 2, 3, 5}};
  expect_error(xl::errc::size_mismatch, {"transform: the extent of axis w is 5 in input 1 and 4 in the output"},
               [&] { xl::transform(q, out, in, out, two_sums{}); });
  auto const moved = std::move(out);
  expect_error(xl::errc::invalid_handle, {"moved from"}, [&] { xl::transform(q, in, out, twice_less_one{}); });
}

}  // namespace
