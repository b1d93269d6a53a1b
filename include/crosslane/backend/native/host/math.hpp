// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Mathematical functions on the CPU: those of C, and those that C lacks.
#pragma once

#include <crosslane/backend/native/math_hooks.hpp>

#if !CROSSLANE_COMPILER_GPU()
extern "C" {
float lgammaf_r(float, int*) noexcept;
double lgamma_r(double, int*) noexcept;
}
#endif

namespace crosslane::backend {

struct host_math : math_hooks {
#if !CROSSLANE_COMPILER_GPU()
  /// Replaces lgamma(), which writes the sign of gamma(x) to a global variable.
  static float lgamma(float x) {
    int sign;
    return ::lgammaf_r(x, &sign);
  }
  static double lgamma(double x) {
    int sign;
    return ::lgamma_r(x, &sign);
  }
#endif
  static CROSSLANE_FN float rsqrt(float x) { return float(1 / __builtin_sqrt(double(x))); }
  static CROSSLANE_FN double rsqrt(double x) { return 1 / __builtin_sqrt(x); }
  static CROSSLANE_FN float exp10(float x) { return float(__builtin_pow(10.0, double(x))); }
  static CROSSLANE_FN double exp10(double x) { return __builtin_pow(10.0, x); }
  static CROSSLANE_FN float sinpi(float x) { return float(sinpi(double(x))); }
  static CROSSLANE_FN float cospi(float x) { return float(cospi(double(x))); }
  /// Reduces x to the angle to the nearest quarter turn, which is exact.
  static CROSSLANE_FN double sinpi(double x) {
    if (x - x != 0) return x - x;
    double const half_turns = __builtin_fmod(__builtin_fabs(x), 2.0), quarters = __builtin_rint(2 * half_turns);
    if (half_turns == 0 || half_turns == 1) return __builtin_copysign(0.0, x);
    double const angle = pi * (half_turns - quarters / 2), sine = quarter(int(quarters), angle);
    return x < 0 ? -sine : sine;
  }
  static CROSSLANE_FN double cospi(double x) {
    if (x - x != 0) return x - x;
    double const half_turns = __builtin_fmod(__builtin_fabs(x), 2.0), quarters = __builtin_rint(2 * half_turns);
    if (half_turns == 0.5 || half_turns == 1.5) return 0;
    return quarter(int(quarters) + 1, pi * (half_turns - quarters / 2));
  }
  static CROSSLANE_FN void sincos(float x, float& sine, float& cosine) {
    sine = __builtin_sinf(x);
    cosine = __builtin_cosf(x);
  }
  static CROSSLANE_FN void sincos(double x, double& sine, double& cosine) {
    sine = __builtin_sin(x);
    cosine = __builtin_cos(x);
  }
  template <class T>
  static CROSSLANE_FN void sincospi(T x, T& sine, T& cosine) {
    sine = sinpi(x);
    cosine = cospi(x);
  }

 private:
  static constexpr double pi = 3.14159265358979323846;

  /// Returns the sine of `angle` plus `quarters` quarter turns.
  static CROSSLANE_FN double quarter(int quarters, double angle) {
    double const result = quarters % 2 == 0 ? __builtin_sin(angle) : __builtin_cos(angle);
    return quarters % 4 >= 2 ? -result : result;
  }
};

}  // namespace crosslane::backend
