// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tests of functions with one right result: fma, ldexp, frexp, nextafter, classification, min, max and clamp; and no target flushes
/// subnormals.
#include "evaluate.hpp"

#include <cstring>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

/// Whether both are the same number, or both NaN. +0 and -0 differ.
template <class T>
bool same(T a, T b) {
  if constexpr (sizeof(T) == 2)
    return a.bits() == b.bits() || (a != a && b != b);
  else
    return (a == b && std::signbit(a) == std::signbit(b)) || (a != a && b != b);
}

/// Compares f(x, y) of every pair, computed by the device and by the host.
template <class T, class F, class Expected>
void check_pairs(xl::device d, std::vector<T> const& x, std::vector<T> const& y, F f, Expected const& expected,
                 source_location where = source_location::current()) {
  xl::stream const q{d};
  xl::buffer<T> const bx = upload(q, x), by = upload(q, y);
  xl::buffer<T> out{q, x.size()};
  xl::transform(q, bx, by, out, f);
  std::vector<T> const got = read(q, out);
  for (std::size_t i = 0; i < x.size(); ++i) {
    T const want = expected(x[i], y[i]);
    if (same(got[i], want)) continue;
    char text[200];
    std::snprintf(text, sizeof text, "%s (%.17g, %.17g): %.17g, not %.17g", type_name<T>, double(x[i]), double(y[i]), double(got[i]),
                  double(want));
    return fail(text, where);
  }
}

/// All pairs of special values, and random ones.
template <class T>
void make_pairs(std::vector<T>& x, std::vector<T>& y) {
  std::mt19937_64 random{11};
  for (T const a : special_values<T>())
    for (T const b : special_values<T>()) x.push_back(a), y.push_back(b);
  for (int i = 0; i < 20000; ++i) {
    x.push_back(random_argument<T>(random, -HUGE_VAL, HUGE_VAL));
    y.push_back(random_argument<T>(random, -HUGE_VAL, HUGE_VAL));
  }
}

template <class F>
void for_all_types(F const& f) {
  f(float{});
  f(double{});
  f(xl::half{});
  f(xl::bfloat16{});
}

/// Returns the part of the product that rounding lost. If the fma rounds twice, the result is 0.
struct lost_of_product {
  template <class T>
  CROSSLANE_FN T operator()(T a, T b) const {
    return xl::fma(a, b, -xl::fma(a, b, T(0)));
  }
};
struct next_towards {
  template <class T>
  CROSSLANE_FN T operator()(T a, T b) const {
    return xl::nextafter(a, b);
  }
};
/// Splits x by frexp() and composes it again by ldexp().
struct apart_and_together {
  template <class T>
  CROSSLANE_FN T operator()(T x, T) const {
    auto const [fraction, exponent] = xl::frexp(x);
    bool const normal = !xl::isfinite(x) || x == T(0) || (xl::abs(fraction) >= T(0.5) && xl::abs(fraction) < T(1));
    return normal ? xl::ldexp(fraction, exponent) : T(0);
  }
};
struct exponent_of {
  template <class T>
  CROSSLANE_FN T operator()(T x, T) const {
    return T(xl::frexp(x).exponent);
  }
};
/// The classification of x as one number.
struct kind {
  template <class T>
  CROSSLANE_FN T operator()(T x, T) const {
    return T(xl::isnan(x) + 2 * xl::isinf(x) + 4 * xl::isfinite(x) + 8 * xl::signbit(x));
  }
};
/// Zeros of either sign are equal here, so neither is the result.
struct smaller_of {
  template <class T>
  CROSSLANE_FN T operator()(T a, T b) const {
    return xl::min(a, b) + T(0);
  }
};
struct larger_of {
  template <class T>
  CROSSLANE_FN T operator()(T a, T b) const {
    return xl::max(a, b) + T(0);
  }
};
struct clamped {
  template <class T>
  CROSSLANE_FN T operator()(T a, T b) const {
    return xl::clamp(a, T(-2), xl::max(b, T(-2))) + T(0);
  }
};
struct magnitude {
  template <class T>
  CROSSLANE_FN T operator()(T a, T) const {
    return xl::abs(a);
  }
};

struct scaled_down {
  template <class T>
  CROSSLANE_FN T operator()(T a, T b) const {
    return a * b;
  }
};
struct sum {
  template <class T>
  CROSSLANE_FN T operator()(T a, T b) const {
    return a + b;
  }
};
struct quotient {
  template <class T>
  CROSSLANE_FN T operator()(T a, T b) const {
    return a / b;
  }
};

}  // namespace

CROSSLANE_TEST(math, fma_rounds_once) {
  for_all_types([&]<class T>(T) {
    std::vector<T> x, y;
    std::mt19937_64 random{3};
    for (int i = 0; i < 20000; ++i) {
      x.push_back(random_argument<T>(random, 0.01, 100));
      y.push_back(random_argument<T>(random, 0.01, 100));
    }
    // For half, bfloat16 and float, a double holds the whole product and the lost part. For double, C's fma computes it.
    check_pairs<T>(d, x, y, lost_of_product{}, [](T a, T b) {
      if constexpr (std::is_same_v<T, double>)
        return std::fma(a, b, -(a * b));
      else
        return T(double(a) * double(b) - double(T(double(a) * double(b))));
    });
  });
}

/// sincospi() of quarter turns, whose results are exact. The sign of zero results is left out.
struct sine_or_cosine {
  template <class T>
  CROSSLANE_FN T operator()(T x, T which) const {
    auto const [sine, cosine] = xl::sincospi(x);
    return (which < T(0.5) ? sine : cosine) + T(0);
  }
};
CROSSLANE_TEST(math, sine_and_cosine_of_quarter_turns) {
  for_all_types([&](auto zero) {
    using T = decltype(zero);
    std::vector<T> x, which;
    for (double const turns : {0., 0.5, 1., 1.5, 2., 2.5, 3., 1000.5, 8000., -0.5, -1., -1.5, -2.5, -1001.})
      for (double const w : {0., 1.}) x.push_back(T(turns)), which.push_back(T(w));
    check_pairs(d, x, which, sine_or_cosine{}, [](T a, T w) {
      double const sines[] = {0, 1, 0, -1};
      double const quarters = std::fmod(2 * double(a), 4);
      return T(sines[int(quarters + 4 + double(w)) % 4]);
    });
  });
}
CROSSLANE_TEST(math, neighbours) {
  for_all_types([&]<class T>(T) {
    std::vector<T> x, y;
    make_pairs(x, y);
    check_pairs<T>(d, x, y, next_towards{}, [](T a, T b) {
      if constexpr (sizeof(T) > 2) {
        return std::nextafter(a, b);
      } else {
        if (a != a || b != b) return std::numeric_limits<T>::quiet_NaN();
        if (a == b) return b;
        // Compares the numbers by their order as integers.
        auto const place = [](T v) { return int(v.bits() & 0x7fff) * ((v.bits() & 0x8000) != 0 ? -1 : 1); };
        int const next = place(a) + (a < b ? 1 : -1);
        bool const negative = next < 0 || (next == 0 && place(a) < 0);
        return T::from_bits(std::uint16_t(std::abs(next) | (negative ? 0x8000 : 0)));
      }
    });
  });
}

CROSSLANE_TEST(math, parts_of_numbers) {
  for_all_types([&]<class T>(T) {
    std::vector<T> x, y;
    make_pairs(x, y);
    check_pairs<T>(d, x, y, apart_and_together{}, [](T a, T) { return a; });
    check_pairs<T>(d, x, y, exponent_of{}, [](T a, T) {
      int exponent = 0;
      if (std::isfinite(double(a))) static_cast<void>(std::frexp(double(a), &exponent));
      return T(exponent);
    });
    check_pairs<T>(d, x, y, kind{}, [](T a, T) {
      double const v = double(a);
      return T(std::isnan(v) + 2 * std::isinf(v) + 4 * std::isfinite(v) + 8 * std::signbit(std::isnan(v) ? 1.0 : v));
    });
    check_pairs<T>(d, x, y, magnitude{}, [](T a, T) { return T(std::fabs(double(a))); });
  });
}

CROSSLANE_TEST(math, smaller_and_larger) {
  for_all_types([&]<class T>(T) {
    std::vector<T> x, y;
    make_pairs(x, y);
    auto const low = [](T a, T b) { return T(std::fmin(double(a), double(b))); };
    auto const high = [](T a, T b) { return T(std::fmax(double(a), double(b))); };
    check_pairs<T>(d, x, y, smaller_of{}, [&](T a, T b) { return low(a, b) + T(0); });
    check_pairs<T>(d, x, y, larger_of{}, [&](T a, T b) { return high(a, b) + T(0); });
    check_pairs<T>(d, x, y, clamped{}, [&](T a, T b) { return low(high(a, T(-2)), high(b, T(-2))) + T(0); });
  });
  static_assert(xl::min(3, -2) == -2 && xl::max(3u, 5u) == 5u && xl::clamp(7L, 1L, 5L) == 5);
  static_assert(xl::abs(-5) == 5 && xl::abs(-2147483647 - 1) == -2147483647 - 1 && xl::abs(-0.5) == 0.5);
}

/// Subnormal arguments and results, compiled with the flags that the library's targets set.
CROSSLANE_TEST(math, subnormal_numbers_are_kept) {
  for_all_types([&]<class T>(T) {
    using limits = std::numeric_limits<T>;
    T const tiny = limits::denorm_min(), smallest = limits::min();
    std::vector<T> x, y;
    for (T const v : {tiny, tiny + tiny, smallest - tiny, smallest, smallest + smallest})
      for (T const w : {T(0.5), T(1), T(2), T(-0.25), tiny, -tiny, smallest}) x.push_back(v), y.push_back(w);
    auto const wide = [](T v) { return static_cast<long double>(double(v)); };
    auto const narrow = [](long double v) {
      if constexpr (sizeof(T) == 2)
        return T(double(v));
      else
        return static_cast<T>(v);
    };
    check_pairs<T>(d, x, y, scaled_down{}, [&](T a, T b) { return narrow(wide(a) * wide(b)); });
    check_pairs<T>(d, x, y, sum{}, [&](T a, T b) { return narrow(wide(a) + wide(b)); });
    check_pairs<T>(d, x, y, quotient{}, [&](T a, T b) { return narrow(wide(a) / wide(b)); });
  });
}
