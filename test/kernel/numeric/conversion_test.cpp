// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Conversions of the small floating-point types against their definition, for every value of every type.
#include "reference.hpp"

#include <support/target.hpp>

#include <climits>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

template <class To>
struct convert_to {
  template <class From>
  CROSSLANE_FN To operator()(From x) const {
    return static_cast<To>(x);
  }
};
template <class To>
struct vec_cast_to {
  template <class From, unsigned N>
  CROSSLANE_FN xl::vec<To, N> operator()(xl::vec<From, N> const& x) const {
    return xl::vec_cast<To>(x);
  }
};
template <class T>
struct unsaturated {
  CROSSLANE_FN T operator()(float x) const { return T::unsaturated(x); }
};
/// Replaces a NaN, whose bits are unspecified, by one that can be compared.
template <class T>
struct to_comparable {
  CROSSLANE_FN std::uint32_t operator()(T x) const {
    float const y = static_cast<float>(x);
    return y != y ? 0x7fc00000u : __builtin_bit_cast(std::uint32_t, y);
  }
};

/// A number as an integer of each type.
struct integers {
  std::int8_t i8;
  std::uint8_t u8;
  std::int16_t i16;
  std::uint16_t u16;
  std::int32_t i32;
  std::uint32_t u32;
  std::int64_t i64;
  std::uint64_t u64;
  bool operator==(integers const&) const = default;
};
struct to_integers {
  template <class S>
  CROSSLANE_FN integers operator()(S x) const {
    return {xl::saturate_cast<std::int8_t>(x),   xl::saturate_cast<std::uint8_t>(x), xl::saturate_cast<std::int16_t>(x),
            xl::saturate_cast<std::uint16_t>(x), xl::saturate_cast<std::int32_t>(x), xl::saturate_cast<std::uint32_t>(x),
            xl::saturate_cast<std::int64_t>(x),  xl::saturate_cast<std::uint64_t>(x)};
  }
};
/// The definition of saturate_cast(). A long double holds all 64 bits.
template <class I>
I saturated(long double x) {
  using limits = std::numeric_limits<I>;
  if (x != x) return 0;
  if (x <= static_cast<long double>(limits::min())) return limits::min();
  if (x >= static_cast<long double>(limits::max())) return limits::max();
  return static_cast<I>(x);
}
integers saturated_integers(long double x) {
  return {saturated<std::int8_t>(x),  saturated<std::uint8_t>(x),  saturated<std::int16_t>(x), saturated<std::uint16_t>(x),
          saturated<std::int32_t>(x), saturated<std::uint32_t>(x), saturated<std::int64_t>(x), saturated<std::uint64_t>(x)};
}
/// Numbers close to the limits of each type, and numbers that are not integers.
template <class S>
std::vector<S> around_limits() {
  constexpr S infinity = std::numeric_limits<S>::infinity();
  std::vector<S> in{0, infinity, std::numeric_limits<S>::quiet_NaN(), std::numeric_limits<S>::max(), std::numeric_limits<S>::denorm_min()};
  for (int const bits : {0, 7, 8, 15, 16, 31, 32, 63, 64, 100}) {
    S const limit = std::ldexp(S(1), bits);
    for (S const x :
         {limit - 1, limit - S(0.5), limit, limit + S(0.5), limit + 1, std::nextafter(limit, S(0)), std::nextafter(limit, infinity)})
      in.push_back(x);
  }
  std::size_t const positive = in.size();
  for (std::size_t i = 0; i < positive; ++i) in.push_back(-in[i]);
  return in;
}

/// f of every element, computed by the device.
template <class Out, class In, class F>
std::vector<Out> map(xl::device d, std::vector<In> const& in, F f) {
  xl::stream const q{d};
  xl::buffer<In> const input = upload(q, in);
  xl::buffer<Out> output{q, in.size()};
  xl::transform(q, input, output, f);
  return read(q, output);
}

/// `expected(x)` is the code of what x must become.
template <class T, class In, class F, class Expected>
void check_codes(xl::device d, std::vector<In> const& in, F f, Expected const& expected,
                 source_location where = source_location::current()) {
  std::vector<T> const got = map<T>(d, in, f);
  unsigned wrong = 0;
  std::string first;
  for (std::size_t i = 0; i < in.size(); ++i) {
    unsigned const want = expected(in[i]);
    if (got[i].bits() == want) continue;
    char text[160];
    std::snprintf(text, sizeof text, "%.21Lg becomes %#x, not %#x", static_cast<long double>(in[i]), unsigned(got[i].bits()), want);
    if (wrong++ == 0) first = text;
  }
  if (wrong != 0)
    fail(std::string(describe<T>().name) + ": " + std::to_string(wrong) + " of " + std::to_string(in.size()) + ", " + first, where);
}

template <class F>
void for_all_types(F const& f) {
  f(xl::half{});
  f(xl::bfloat16{});
  f(xl::fp8_e4m3{});
  f(xl::fp8_e5m2{});
  f(xl::fp8_e4m3_fnuz{});
  f(xl::fp8_e5m2_fnuz{});
}

template <class T>
std::vector<T> all_values() {
  std::vector<T> result;
  for (unsigned code = 0; code < describe<T>().codes(); ++code) result.push_back(T::from_bits(static_cast<typename T::bits_type>(code)));
  return result;
}

template <class T>
std::vector<float> const& inputs() {
  static std::vector<float> const result = telling_floats<T>(in_another_order() ? 1u << 16 : 1u << 20);
  return result;
}

}  // namespace

CROSSLANE_TEST(numeric, to_float_is_exact) {
  for_all_types([&]<class T>(T) {
    std::vector<std::uint32_t> expected;
    for (unsigned code = 0; code < describe<T>().codes(); ++code) {
      float const x = float(describe<T>().value(code));
      expected.push_back(x != x ? 0x7fc00000u : bits_of(x));
    }
    CROSSLANE_CHECK_SAME(map<std::uint32_t>(d, all_values<T>(), to_comparable<T>{}), expected);
  });
}

CROSSLANE_TEST(numeric, from_float_rounds_to_nearest) {
  for_all_types([&]<class T>(T) {
    check_codes<T>(d, inputs<T>(), convert_to<T>{}, [](float x) { return reference_of<T>().round(x, is_storage<T>); });
  });
}

CROSSLANE_TEST(numeric, unsaturated_overflows) {
  for_all_types([&]<class T>(T) {
    if constexpr (is_storage<T>)
      check_codes<T>(d, inputs<T>(), unsaturated<T>{}, [](float x) { return reference_of<T>().round(x, false); });
  });
}

CROSSLANE_TEST(numeric, from_double_rounds_once) {
  for_all_types([&]<class T>(T) {
    format_description const f = describe<T>();
    std::vector<double> in;
    // Rounded to float first, the neighbours of a middle would become the middle.
    for (unsigned code = 0; code <= f.max; code += f.max > 1000 ? 7 : 1) {
      double const middle = double((f.magnitude(code) + f.magnitude(code + 1)) / 2);
      for (double const x : {double(f.magnitude(code)), middle, std::nextafter(middle, 0.0), std::nextafter(middle, HUGE_VAL)})
        in.push_back(x), in.push_back(-x);
    }
    for (double const x : {0.0, 1e300, HUGE_VAL, 1e-300, std::nan(""), 3.4028235e38, 3.4028236e38, 3.4e38, 4e38, 1e-45, 7e-46})
      in.push_back(x), in.push_back(-x);
    std::mt19937_64 random{5};
    for (int i = 0; i < 20000; ++i) in.push_back(std::ldexp(double(std::int64_t(random())), int(random() % 200) - 160));
    check_codes<T>(d, in, convert_to<T>{}, [](double x) { return reference_of<T>().round(x, is_storage<T>); });
  });
}

CROSSLANE_TEST(numeric, from_integers_rounds_once) {
  auto const check = [&]<class T, class I>(T, I) {
    std::vector<I> in;
    for (I const x : {I(0), I(1), I(-1), std::numeric_limits<I>::max(), std::numeric_limits<I>::min()}) in.push_back(x);
    for (int shift = 0; shift < int(8 * sizeof(I)); ++shift)
      for (int mantissa = 1; mantissa < 1024; mantissa += 2)
        for (int offset = -1; offset <= 1; ++offset) in.push_back(I((std::uint64_t(mantissa) << shift) + std::uint64_t(offset)));
    check_codes<T>(d, in, convert_to<T>{}, [](I x) { return reference_of<T>().round(static_cast<long double>(x), is_storage<T>); });
  };
  auto const check_all = [&]<class T>(T t) {
    check(t, std::int16_t{});
    check(t, std::uint32_t{});
    check(t, std::int64_t{});
    check(t, std::uint64_t{});
  };
  check_all(xl::half{});
#if CROSSLANE_TEST_ALL
  check_all(xl::bfloat16{});
  check_all(xl::fp8_e4m3{});
#else
  check(xl::bfloat16{}, std::uint32_t{});
  check(xl::fp8_e4m3{}, std::int64_t{});
#endif
}

CROSSLANE_TEST(numeric, between_types_rounds_once) {
  auto const check = [&]<class T, class From>(T, From) {
    std::vector<From> const from = all_values<From>();
    std::vector<T> const got = map<T>(d, from, convert_to<T>{});
    std::vector<unsigned> codes, expected;
    for (std::size_t i = 0; i < from.size(); ++i) {
      codes.push_back(got[i].bits());
      expected.push_back(reference_of<T>().round(describe<From>().value(unsigned(i)), is_storage<T>));
    }
    CROSSLANE_CHECK_SAME(codes, expected);
  };
  for_all_types([&]<class T>(T t) {
    for_all_types([&]<class From>(From from) {
      // All types from half and to half.
      constexpr bool chosen = std::is_same_v<T, xl::half> || std::is_same_v<From, xl::half>;
      if constexpr (!std::is_same_v<T, From> && (all_combinations || chosen)) check(t, from);
    });
  });
}

CROSSLANE_TEST(numeric, to_integers_goes_towards_zero_and_saturates) {
  auto const check = [&]<class S>(std::vector<S> const& in, auto const& value_of) {
    std::vector<integers> const got = map<integers>(d, in, to_integers{});
    for (std::size_t i = 0; i < in.size(); ++i) {
      integers const want = saturated_integers(value_of(in[i]));
      if (got[i] != want)
        return fail(std::to_string(value_of(in[i])) + " becomes " + std::to_string(got[i].i8) + ", " + std::to_string(got[i].u8) + ", " +
                        std::to_string(got[i].i16) + ", " + std::to_string(got[i].u16) + ", " + std::to_string(got[i].i32) + ", " +
                        std::to_string(got[i].u32) + ", " + std::to_string(got[i].i64) + ", " + std::to_string(got[i].u64),
                    source_location::current());
    }
  };
  auto const same = [](auto x) { return static_cast<long double>(x); };
  check(around_limits<float>(), same);
  check(around_limits<double>(), same);
  check(all_values<xl::half>(), [](xl::half x) { return describe<xl::half>().value(x.bits()); });
}
/// Other functions of the library that make the same conversion.
CROSSLANE_TEST(numeric, elements_become_integers_alike) {
  std::vector<xl::half> const halves = all_values<xl::half>();
  std::vector<int> expected;
  for (xl::half const x : halves) expected.push_back(saturated<int>(describe<xl::half>().value(x.bits())));
  CROSSLANE_CHECK_SAME(map<int>(d, halves, convert_to<int>{}), expected);
  CROSSLANE_CHECK_SAME(map<int>(d, halves, convert_to<xl::half>{}), expected);  // transform converts

  std::vector<float> const in = around_limits<float>();
  std::vector<std::uint8_t> bytes;
  for (float const x : in) bytes.push_back(saturated<std::uint8_t>(x));
  CROSSLANE_CHECK_SAME(map<std::uint8_t>(d, in, convert_to<float>{}), bytes);
  std::vector<xl::vec<float, 1>> ones;
  std::vector<std::uint8_t> cast;
  for (float const x : in) ones.push_back({x});
  for (xl::vec<std::uint8_t, 1> const x : map<xl::vec<std::uint8_t, 1>>(d, ones, vec_cast_to<std::uint8_t>{})) cast.push_back(x[0]);
  CROSSLANE_CHECK_SAME(cast, bytes);
}

// --- tests without a device ---

static_assert(xl::saturate_cast<std::int8_t>(-128.9f) == -128 && xl::saturate_cast<std::uint8_t>(-0.9f) == 0);
static_assert(xl::saturate_cast<std::int64_t>(-1e19) == std::numeric_limits<std::int64_t>::min());
static_assert(xl::saturate_cast<std::uint64_t>(std::numeric_limits<float>::infinity()) == ~std::uint64_t{0});
static_assert(int{xl::half{70000.0f}} == INT_MAX);
static_assert(xl::saturate_cast<std::uint8_t>(-1) == 0 && xl::saturate_cast<std::int8_t>(200u) == 127);
static_assert(xl::saturate_cast<std::int64_t>(~std::uint64_t{0}) == std::numeric_limits<std::int64_t>::max());
static_assert(xl::saturate_cast<std::uint64_t>(std::int64_t{-1}) == 0 && xl::saturate_cast<std::int16_t>(-40000L) == -32768);
static_assert(xl::vec_cast<unsigned>(xl::vec{-1.0f, 5e9f})[0] == 0 && xl::vec_cast<unsigned>(xl::vec{-1.0f, 5e9f})[1] == ~0u);

/// The generic implementation in constant expressions.
static_assert(xl::half{1.0f}.bits() == 0x3c00 && xl::half{65519.99}.bits() == 0x7bff && xl::half{65520}.bits() == 0x7c00);
static_assert(xl::bfloat16{1.0f}.bits() == 0x3f80 && float{xl::bfloat16{-3}} == -3);
static_assert(xl::fp8_e4m3{1e9f}.bits() == 0x7e && xl::fp8_e4m3::unsaturated(1e9f).bits() == 0x7f);
static_assert(xl::fp8_e4m3_fnuz{-0.0f}.bits() == 0 && xl::fp8_e4m3_fnuz::unsaturated(1e9f).bits() == 0x80);

CROSSLANE_TEST_ONCE(numeric, limits) {
  for_all_types([]<class T>(T) {
    using limits = std::numeric_limits<T>;
    format_description const f = describe<T>();
    CROSSLANE_CHECK_EQ(double(limits::max()), double(f.magnitude(f.max)));
    CROSSLANE_CHECK_EQ(double(limits::lowest()), -double(f.magnitude(f.max)));
    CROSSLANE_CHECK_EQ(double(limits::min()), std::ldexp(1.0, limits::min_exponent - 1));
    CROSSLANE_CHECK_EQ(double(limits::min()), double(f.magnitude(1u << f.mantissa_bits)));
    CROSSLANE_CHECK_EQ(double(limits::denorm_min()), double(f.magnitude(1)));
    CROSSLANE_CHECK_EQ(double(limits::epsilon()), std::ldexp(1.0, 1 - limits::digits));
    CROSSLANE_CHECK(double(limits::max()) < std::ldexp(1.0, limits::max_exponent));
    CROSSLANE_CHECK(double(limits::max()) >= std::ldexp(1.0, limits::max_exponent - 1));
    CROSSLANE_CHECK(double(limits::max()) >= std::pow(10.0, limits::max_exponent10));
    CROSSLANE_CHECK(double(limits::max()) < std::pow(10.0, limits::max_exponent10 + 1));
    CROSSLANE_CHECK(double(limits::min()) <= std::pow(10.0, limits::min_exponent10));
    CROSSLANE_CHECK(double(limits::min()) > std::pow(10.0, limits::min_exponent10 - 1));
    CROSSLANE_CHECK_EQ(limits::has_infinity, f.infinity != 0);
    if (limits::has_infinity) CROSSLANE_CHECK(std::isinf(double(limits::infinity())));
    CROSSLANE_CHECK(std::isnan(double(limits::quiet_NaN())));
    CROSSLANE_CHECK_EQ(limits::digits10, int(std::floor((limits::digits - 1) * std::log10(2.0))));
    CROSSLANE_CHECK_EQ(limits::max_digits10, int(std::ceil(limits::digits * std::log10(2.0) + 1)));
  });
}
