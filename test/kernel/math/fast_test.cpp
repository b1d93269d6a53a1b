// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// crosslane::fast against C's functions of long double, within the bounds that kernel/math/fast.hpp states. Subnormal arguments and
/// results are left out.
#include "evaluate.hpp"

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr exact max = std::numeric_limits<float>::max(), min = std::numeric_limits<float>::min(), pi = 3.14159265358979323846264338L;

/// The bound of an error: a number of ULP plus an absolute amount.
struct tolerance {
  exact ulp, absolute;
};
constexpr exact power_of_two(int n) { return n == 0 ? 1 : power_of_two(n + 1) / 2; }

constexpr bool near_one(exact x) { return x >= 0.5L && x <= 2; }

// name, value, arguments from, to, largest error.
#define FAST(name_, value, from, to, ...)                                              \
  struct name_##_function {                                                            \
    static constexpr char const* name = "fast::" #name_;                               \
    static constexpr int arity = 1;                                                    \
    static constexpr double low = from, high = to;                                     \
    static exact reference(exact x, exact) { return value; }                           \
    static tolerance allowed([[maybe_unused]] exact x, exact) { return __VA_ARGS__; }  \
    CROSSLANE_FN float operator()(float x, float) const { return xl::fast::name_(x); } \
  }
#define FAST_2(name_, value, from, to, from_y, to_y, ...)                                                \
  struct name_##_function {                                                                              \
    static constexpr char const* name = "fast::" #name_;                                                 \
    static constexpr int arity = 2;                                                                      \
    static constexpr double low = from, high = to, low_y = from_y, high_y = to_y;                        \
    static exact reference(exact x, exact y) { return value; }                                           \
    static tolerance allowed([[maybe_unused]] exact x, [[maybe_unused]] exact y) { return __VA_ARGS__; } \
    CROSSLANE_FN float operator()(float x, float y) const { return xl::fast::name_(x, y); }              \
  }

FAST(exp2, std::exp2(x), -125, 127, {2, 0});
FAST(exp, std::exp(x), -87, 88, {2 + 1.2L * std::fabs(x), 0});
FAST(log2, std::log2(x), min, max, near_one(x) ? tolerance{0, power_of_two(-22)} : tolerance{2, 0});
FAST(log, std::log(x), min, max, near_one(x) ? tolerance{0, power_of_two(-22)} : tolerance{3, 0});
FAST_2(pow, std::pow(x, y), min, 1e6, -6, 6, {2 + 3 * (std::fabs(y * std::log2(x)) + (near_one(x) ? std::fabs(y) : 0)), 0});
FAST(sin, std::sin(x), -pi, pi, {0, power_of_two(-20)});
FAST(cos, std::cos(x), -pi, pi, {0, power_of_two(-20)});
FAST(tanh, std::tanh(x), -20, 20, {0, std::fabs(std::tanh(x)) * std::exp2(-10.9L)});
FAST(rsqrt, 1 / std::sqrt(x), min, max, {2, 0});
FAST(reciprocal, 1 / x, -1 / min, 1 / min, {1.5L, 0});
FAST_2(divide, x / y, -max, max, -1 / min, 1 / min, {2.5L, 0});

/// The second argument says which of the two.
struct sincos_function : sin_function {
  static constexpr char const* name = "fast::sincos";
  static exact reference(exact x, exact y) { return y > 0 ? std::sin(x) : std::cos(x); }
  CROSSLANE_FN float operator()(float x, float y) const {
    auto const [sine, cosine] = xl::fast::sincos(x);
    return y > 0 ? sine : cosine;
  }
};

using all_functions = functions<exp2_function, exp_function, log2_function, log_function, pow_function, sin_function, cos_function,
                                sincos_function, tanh_function, rsqrt_function, reciprocal_function, divide_function>;

/// Whether x is 0 or its magnitude is from min to max.
bool usual(exact x) { return x == 0 || (std::fabs(x) >= min && std::fabs(x) <= max); }

template <class F>
void check_fast(xl::device d, unsigned which) {
  xl::stream const q{d};
  arguments<float> const in = arguments_of<float, F>(1u << 16);
  std::vector<float> const got = values<float, all_functions>(q, which, in);
  unsigned wrong = 0;
  exact worst_ulp = 0, worst_absolute = 0, worst_relative = 0;
  std::string first;
  for (std::size_t i = 0; i < got.size(); ++i) {
    exact const x = in.x[i], y = in.y[i], want = F::reference(x, y), value = got[i];
    if (!(x >= F::low && x <= F::high) || !usual(x) || !usual(y) || !usual(want)) continue;
    if constexpr (F::arity == 2)
      if (!(y >= F::low_y && y <= F::high_y)) continue;
    tolerance const allowed = F::allowed(x, y);
    exact const error = std::fabs(value - want);
    if (allowed.ulp == 0) {
      worst_absolute = std::max(worst_absolute, error);
      if (want != 0) worst_relative = std::max(worst_relative, error / std::fabs(want));
    } else {
      worst_ulp = std::max(worst_ulp, error / ulp<float>(want));
    }
    if (error <= allowed.ulp * ulp<float>(want) + allowed.absolute || wrong++ != 0) continue;
    char text[200];
    std::snprintf(text, sizeof text, "%s(%.9g, %.9g) is %.9g, not %.9g: %.3g ULP, allowed are %.3g and %.3g", F::name, double(x), double(y),
                  double(value), double(want), double(error / ulp<float>(want)), double(allowed.ulp), double(allowed.absolute));
    first = text;
  }
  if (wrong != 0) fail(std::to_string(wrong) + " of " + std::to_string(got.size()) + ", " + first, source_location::current());
  std::string found;
  if (worst_ulp != 0) found = text_of(double(worst_ulp)) + " ULP";
  if (worst_absolute != 0) {
    bool const relative = std::is_same_v<F, tanh_function>;
    found +=
        (found.empty() ? "" : ", near 1 ") + std::string("2^") + text_of(double(std::log2(relative ? worst_relative : worst_absolute)));
  }
  auto const& p = d.properties();
  note_error(F::name, "float", host_build ? xl::default_backend::name : p.architecture, p.name, "", found);
}

template <class... F>
void check_all(xl::device d, functions<F...>) {
  unsigned which = 0;
  (check_fast<F>(d, which++), ...);
}

}  // namespace

CROSSLANE_TEST(math, fast) { check_all(d, all_functions{}); }
