// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Mathematical functions against C's of long double: special values, random ones, and every value of the 16-bit types.
#include "evaluate.hpp"

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr double all = HUGE_VAL;
constexpr exact pi = 3.14159265358979323846264338327950288L;

/// Returns the bound for T. A result of 16 bits is that of float, rounded once more.
template <class T>
constexpr double bound_of(double of_float, double of_double) {
  return sizeof(T) == 4 ? of_float : sizeof(T) == 8 ? of_double : of_float == 0 ? 0 : 0.501;
}

exact sine_of_half_turns(exact x) {
  exact const rest = std::remainder(x, 2);
  if (rest == 0 || std::fabs(rest) == 1) return std::copysign(exact(0), x);
  return std::fabs(rest) > 0.5L ? std::copysign(std::sin(pi * (1 - std::fabs(rest))), rest) : std::sin(pi * rest);
}
exact cosine_of_half_turns(exact x) {
  exact const rest = std::fabs(std::remainder(x, 2));
  return rest == 0.5L ? 0 : std::sin(pi * (0.5L - rest));
}

// name, value, arguments from, to, bounds in ULP for float and double: NVIDIA's and glibc's, and half a ULP, as errors are
// from the exact result; of tgamma(float) OpenCL's, which AMD's needs.
#define FUNCTION(name_, value, from, to, of_float, of_double)         \
  struct name_##_function {                                           \
    static constexpr char const* name = #name_;                       \
    static constexpr int arity = 1;                                   \
    [[maybe_unused]] static constexpr bool signed_zero = true;        \
    static constexpr double low = from, high = to;                    \
    template <class T>                                                \
    static constexpr double bound = bound_of<T>(of_float, of_double); \
    static bool covers(exact) { return true; }                        \
    template <class T>                                                \
    static exact smallest_unit(exact) {                               \
      return 0;                                                       \
    }                                                                 \
    static exact reference(exact x, exact) { return value; }          \
    template <class T>                                                \
    CROSSLANE_FN T operator()(T x, T) const {                         \
      return xl::name_(x);                                            \
    }                                                                 \
  }
#define FUNCTION_2(name_, value, from, to, from_y, to_y, of_float, of_double)     \
  struct name_##_function {                                                       \
    static constexpr char const* name = #name_;                                   \
    static constexpr int arity = 2;                                               \
    [[maybe_unused]] static constexpr bool signed_zero = true;                    \
    static constexpr double low = from, high = to, low_y = from_y, high_y = to_y; \
    template <class T>                                                            \
    static constexpr double bound = bound_of<T>(of_float, of_double);             \
    static bool covers(exact) { return true; }                                    \
    template <class T>                                                            \
    static exact smallest_unit(exact) {                                           \
      return 0;                                                                   \
    }                                                                             \
    static exact reference(exact x, exact y) { return value; }                    \
    template <class T>                                                            \
    CROSSLANE_FN T operator()(T x, T y) const {                                   \
      return xl::name_(x, y);                                                     \
    }                                                                             \
  }

FUNCTION(exp, std::exp(x), -760, 720, 2, 1.5);  // float: 1.52 on an H200
FUNCTION(exp2, std::exp2(x), -1080, 1030, 2.5, 1.5);
FUNCTION(exp10, std::pow(10.0L, x), -330, 310, 2.5, 1.5);
FUNCTION(expm1, std::expm1(x), -50, 720, 1.5, 1.5);
FUNCTION(log, std::log(x), 0, all, 1.5, 1.5);
FUNCTION(log2, std::log2(x), 0, all, 1.5, 1.5);
FUNCTION(log10, std::log10(x), 0, all, 2.5, 1.5);
FUNCTION(log1p, std::log1p(x), -1, all, 1.5, 1.5);
FUNCTION_2(pow, std::pow(x, y), 0, 100, -50, 50, 4.5, 2.5);
FUNCTION(sqrt, std::sqrt(x), 0, all, 0.501, 0.501);
FUNCTION(rsqrt, 1 / std::sqrt(x), 0, all, 2.5, 1.5);
FUNCTION(cbrt, std::cbrt(x), -all, all, 1.5, 4.5);
FUNCTION_2(hypot, std::hypot(x, y), -1e6, 1e6, -1e6, 1e6, 3.5, 2.5);
FUNCTION(sin, std::sin(x), -all, all, 2.5, 2.5);
FUNCTION(cos, std::cos(x), -all, all, 2.5, 2.5);
FUNCTION(tan, std::tan(x), -all, all, 4.5, 2.5);
FUNCTION(sinpi, sine_of_half_turns(x), -1000, 1000, 1.5, 2.5);
FUNCTION(cospi, cosine_of_half_turns(x), -1000, 1000, 1.5, 2.5);
FUNCTION(asin, std::asin(x), -1, 1, 2.5, 2.5);
FUNCTION(acos, std::acos(x), -1, 1, 2.5, 2.5);
FUNCTION(atan, std::atan(x), -all, all, 2.5, 2.5);
FUNCTION_2(atan2, std::atan2(x, y), -100, 100, -100, 100, 3.5, 2.5);
FUNCTION(sinh, std::sinh(x), -720, 720, 3.5, 2.5);
FUNCTION(cosh, std::cosh(x), -720, 720, 2.5, 1.5);
FUNCTION(tanh, std::tanh(x), -30, 30, 2.5, 2.5);
FUNCTION(asinh, std::asinh(x), -all, all, 3.5, 3.5);
FUNCTION(acosh, std::acosh(x), 1, all, 4.5, 3.5);
FUNCTION(atanh, std::atanh(x), -1, 1, 3.5, 2.5);
FUNCTION(erf, std::erf(x), -7, 7, 2.5, 2.5);
FUNCTION(erfc, std::erfc(x), -7, 28, 4.5, 5.5);
FUNCTION(tgamma, std::tgamma(x), 0, 172, 16, 10.5);
FUNCTION(floor, std::floor(x), -1e5, 1e5, 0, 0);
FUNCTION(ceil, std::ceil(x), -1e5, 1e5, 0, 0);
FUNCTION(trunc, std::trunc(x), -1e5, 1e5, 0, 0);
FUNCTION(round, std::round(x), -1e5, 1e5, 0, 0);
FUNCTION(rint, std::rint(x), -1e5, 1e5, 0, 0);
FUNCTION(abs, std::fabs(x), -all, all, 0, 0);
FUNCTION_2(fmod, std::fmod(x, y), -1e5, 1e5, -1e5, 1e5, 0, 0);
FUNCTION_2(remainder, std::remainder(x, y), -1e5, 1e5, -1e5, 1e5, 0, 0);
FUNCTION_2(copysign, std::copysign(x, y), -all, all, -1, 1, 0, 0);

FUNCTION(lgamma, std::lgamma(x), 0, all, 6.5, 4.5);

struct positive_tgamma : tgamma_function {
  static bool covers(exact x) { return !(x < 0); }
};
/// AMD's function of float is less accurate here. It returns 0 if intermediate powers overflow before the smallest results.
struct negative_tgamma : tgamma_function {
  static constexpr char const* name = "tgamma, x < 0";
  static constexpr double low = -180, high = 0;
  template <class T>
  static constexpr double bound = bound_of<T>(200, 10.5);
  static bool covers(exact x) { return x < 0; }
  template <class T>
  static exact smallest_unit(exact x) {
    return sizeof(T) < 8 && x < -30 ? 1e-33L : 0;
  }
};
struct positive_lgamma : lgamma_function {
  static bool covers(exact x) { return !(x < 0); }
};
/// The unit of the error is at least the ULP of 1, because the result has zeros.
struct negative_lgamma : lgamma_function {
  static constexpr char const* name = "lgamma, x < 0";
  static constexpr double low = -1e3, high = 0;
  static bool covers(exact x) { return x < 0; }
  template <class T>
  static exact smallest_unit(exact) {
    return ulp<T>(1);
  }
};

/// The sign of a zero result of AMD's function may differ from that of C's.
template <class F>
struct without_sign : F {
  [[maybe_unused]] static constexpr bool signed_zero = false;
};
using expm1_without_sign = without_sign<expm1_function>;
using log1p_without_sign = without_sign<log1p_function>;
using sinpi_without_sign = without_sign<sinpi_function>;
using cospi_without_sign = without_sign<cospi_function>;

/// The second argument says which of the two.
struct sincos_function {
  static constexpr char const* name = "sincos";
  static constexpr int arity = 1;
  [[maybe_unused]] static constexpr bool signed_zero = true;
  static constexpr double low = -all, high = all;
  template <class T>
  static constexpr double bound = bound_of<T>(2.5, 2.5);
  static bool covers(exact) { return true; }
  template <class T>
  static exact smallest_unit(exact) {
    return 0;
  }
  static exact reference(exact x, exact y) { return y > 0 ? std::sin(x) : std::cos(x); }
  template <class T>
  CROSSLANE_FN T operator()(T x, T y) const {
    auto const [sine, cosine] = xl::sincos(x);
    return y > T(0) ? sine : cosine;
  }
};

using exponentials = functions<exp_function, exp2_function, exp10_function, expm1_without_sign, log_function, log2_function, log10_function,
                               log1p_without_sign>;
using powers = functions<pow_function, sqrt_function, rsqrt_function, cbrt_function, hypot_function>;
using angles = functions<sin_function, cos_function, tan_function, sincos_function, sinpi_without_sign, cospi_without_sign, asin_function,
                         acos_function, atan_function, atan2_function>;
using hyperbolics = functions<sinh_function, cosh_function, tanh_function, asinh_function, acosh_function, atanh_function>;
using special = functions<erf_function, erfc_function, positive_tgamma, negative_tgamma, positive_lgamma, negative_lgamma>;
using rounding = functions<floor_function, ceil_function, trunc_function, round_function, rint_function, abs_function, fmod_function,
                           remainder_function, copysign_function>;

/// The functions of the 16-bit types round those of float: a list of them each stands for the others.
template <class List>
void check_all_types(xl::device d) {
  check_functions<float>(d, List{}, 1u << 15);
  check_functions<double>(d, List{}, 1u << 15);
  if constexpr (all_combinations || std::is_same_v<List, rounding>) check_functions<xl::half>(d, List{}, 1u << 15);
  if constexpr (all_combinations || std::is_same_v<List, powers>) check_functions<xl::bfloat16>(d, List{}, 1u << 15);
}

/// Calls of the functions by the host.
template <class T, class... F>
void check_here(functions<F...>) {
  auto const check = []<class G>(G f, T x, T y) {
    if (!G::covers(double(x))) return;
    exact const want = G::reference(double(x), double(y)), got = double(f(x, y));
    if (std::isnan(want) ? std::isnan(got) : std::fabs(got - want) <= ulp<T>(want) * G::template bound<T>) return;
    fail(std::string(G::name) + "<" + type_name<T> + "> is wrong outside of kernels", source_location::current());
  };
  for (double const x : {-1.25, 0.375, 1.25}) (check(F{}, T(x), T(0.625)), ...);
}
template <class T, class... List>
void check_lists_here() {
  (check_here<T>(List{}), ...);
}

}  // namespace

CROSSLANE_TEST_ONCE(math, outside_of_kernels) {
  check_lists_here<float, exponentials, powers, angles, hyperbolics, special, rounding>();
  check_lists_here<double, exponentials, powers, angles, hyperbolics, special, rounding>();
  check_lists_here<xl::half, exponentials, powers, angles, hyperbolics, special, rounding>();
  CROSSLANE_CHECK_EQ(xl::fma(3.f, 5.f, 7.f), 22.f);
  CROSSLANE_CHECK_EQ(xl::ldexp(3., 4), 48.);
}
CROSSLANE_TEST(math, exponentials) { check_all_types<exponentials>(d); }
CROSSLANE_TEST(math, powers) { check_all_types<powers>(d); }
CROSSLANE_TEST(math, angles) { check_all_types<angles>(d); }
CROSSLANE_TEST(math, hyperbolics) { check_all_types<hyperbolics>(d); }
CROSSLANE_TEST(math, special) { check_all_types<special>(d); }
CROSSLANE_TEST(math, rounding) { check_all_types<rounding>(d); }
