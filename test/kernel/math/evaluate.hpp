// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Functions of a list. The device evaluates each for many arguments, and the results are compared with the exact values.
#pragma once

#include <support/target.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace crosslane_test {

using exact = long double;

/// A function: `operator()` is tested, `reference` returns the exact value. Arguments are from `low` to `high`, if it `covers` them. The
/// second argument of a function of one argument is 1 or -1; the function may use the sign to choose between two variants.
template <class... Functions>
struct functions {};

template <class T, class List>
struct evaluate;
template <class T, class... Functions>
struct evaluate<T, functions<Functions...>> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned which, xl::span<T const> x, xl::span<T const> y, xl::span<T> out) const {
    for (auto const i : ctx.grid_stride(out.size())) {
      unsigned index = 0;
      ((index++ == which ? void(out[i] = Functions{}(x[i], y[i])) : void()), ...);
    }
  }
};

template <class T>
inline constexpr char const* type_name = "float";
template <>
inline constexpr char const* type_name<double> = "double";
template <>
inline constexpr char const* type_name<xl::half> = "half";
template <>
inline constexpr char const* type_name<xl::bfloat16> = "bfloat16";

template <class T>
struct arguments {
  std::vector<T> x, y;
};

template <class T>
std::vector<T> special_values() {
  using limits = std::numeric_limits<T>;
  std::vector<T> result;
  for (T const v : {T(0), T(1), T(0.5), T(2), T(3), T(10), T(1.5), T(2.5), T(1e4), limits::denorm_min(), limits::min(), limits::max(),
                    limits::epsilon(), limits::infinity()}) {
    result.push_back(v);
    result.push_back(-v);
  }
  result.push_back(limits::quiet_NaN());
  return result;
}

/// From low to high, half of them uniform, half with a uniform logarithm down to the smallest number.
template <class T>
T random_argument(std::mt19937_64& random, double low, double high) {
  double const max = double(std::numeric_limits<T>::max());
  low = std::clamp(low, -max, max);
  high = std::clamp(high, -max, max);
  double const t = std::ldexp(double(random() >> 11), -53);
  if (random() % 2 != 0) return T(low * (1 - t) + high * t);
  double const smallest = std::numeric_limits<T>::min_exponent - std::numeric_limits<T>::digits;
  double const largest = std::log2(std::max(std::fabs(low), std::fabs(high)));
  double x = std::exp2(smallest + (largest - smallest) * t);
  if (random() % 2 != 0) x = -x;
  if (x < low || x > high) x = -x;
  return T(std::clamp(x, low, high));
}

/// Every value of a type of 16 bits, or special values and random ones; of functions of two arguments, all pairs of special values.
template <class T, class F>
arguments<T> arguments_of(unsigned random_count) {
  arguments<T> result;
  unsigned const step = in_another_order() ? 16 : 1;
  std::mt19937_64 random{7};
  auto const add = [&](T x, T y) {
    result.x.push_back(x);
    result.y.push_back(y);
  };
  auto const sign = [&] { return random() % 2 != 0 ? T(1) : T(-1); };
  std::vector<T> const special = special_values<T>();
  for (T const x : special) {
    if constexpr (F::arity == 2)
      for (T const y : special) add(x, y);
    else
      for (T const y : {T(1), T(-1)}) add(x, y);
  }
  if constexpr (F::arity == 1 && sizeof(T) == 2) {
    for (unsigned bits = 0; bits < 0x10000; bits += step) add(T::from_bits(std::uint16_t(bits)), sign());
  } else {
    for (unsigned i = 0; i < random_count; i += step) {
      T const x = random_argument<T>(random, F::low, F::high);
      if constexpr (F::arity == 2)
        add(x, random_argument<T>(random, F::low_y, F::high_y));
      else
        add(x, sign());
    }
  }
  return result;
}

/// The distance of neighbouring numbers around x.
template <class T>
exact ulp(exact x) {
  using limits = std::numeric_limits<T>;
  int const exponent = x == 0 ? limits::min_exponent : std::ilogb(x);
  return std::ldexp(exact(1), std::max(exponent, limits::min_exponent - 1) - (limits::digits - 1));
}

/// Returns x, or the number that would follow the largest number of T if x is beyond it.
template <class T>
exact limited(exact x) {
  exact const beyond = std::ldexp(exact(1), std::numeric_limits<T>::max_exponent);
  return std::clamp(x, -beyond, beyond);
}

template <class T, class List>
std::vector<T> values(xl::stream const& q, unsigned which, arguments<T> const& in) {
  xl::buffer<T> const x = upload(q, in.x), y = upload(q, in.y);
  xl::buffer<T> out{q, in.x.size()};
  xl::launch(q, {.grid = xl::cover(in.x.size(), 1024), .block = 256}, evaluate<T, List>{}, which, x, y, out);
  return read(q, out);
}

inline std::string text_of(double x) {
  char text[40];
  std::snprintf(text, sizeof text, "%.4g", x);
  return text;
}

/// F is function number `which` of the list. Checks that its errors, in ULP, are at most `bound(x, y)`, and notes the largest error.
template <class T, class F, class List>
void check_function(xl::device d, unsigned which, unsigned random_count) {
  xl::stream const q{d};
  arguments<T> const in = arguments_of<T, F>(random_count);
  std::vector<T> const got = values<T, List>(q, which, in);
  unsigned wrong = 0;
  double worst = 0;
  std::string first;
  for (std::size_t i = 0; i < got.size(); ++i) {
    exact const x = double(in.x[i]), y = double(in.y[i]), want = F::reference(x, y);
    if (!F::covers(x)) continue;
    double const value = double(got[i]);
    double error = 0;
    bool right = std::isnan(value) == std::isnan(want);
    if (right && !std::isnan(value)) {
      error = double(std::fabs(limited<T>(value) - limited<T>(want)) / std::max(ulp<T>(limited<T>(want)), F::template smallest_unit<T>(x)));
      right = error <= F::template bound<T> && (want != 0 || value != 0 || !F::signed_zero || std::signbit(want) == std::signbit(value));
    }
    worst = std::max(worst, error);
    if (right || wrong++ != 0) continue;
    char text[200];
    std::snprintf(text, sizeof text, "%s<%s>(%.17g, %.17g) is %.17g, not %.17g: %.3f ULP", F::name, type_name<T>, double(x), double(y),
                  value, double(want), error);
    first = text;
  }
  if (wrong != 0) fail(std::to_string(wrong) + " of " + std::to_string(got.size()) + ", " + first, source_location::current());
  auto const& p = d.properties();
  note_error(F::name, type_name<T>, host_build ? xl::default_backend::name : p.architecture, p.name, text_of(F::template bound<T>),
             text_of(std::ceil(worst * 1000) / 1000));
}

template <class T, class... F>
void check_functions(xl::device d, functions<F...>, unsigned random_count) {
  unsigned which = 0;
  (check_function<T, F, functions<F...>>(d, which++, random_count), ...);
}

}  // namespace crosslane_test
