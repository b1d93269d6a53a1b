// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Functions that CUDA and HIP have in addition to those of C, under the same names.
#pragma once

#include <crosslane/backend/native/math_hooks.hpp>

#if CROSSLANE_DEVICE_PASS()

namespace crosslane::backend {

struct gpu_math : math_hooks {
  static CROSSLANE_DEVICE_FN float rsqrt(float x) { return ::rsqrtf(x); }
  static CROSSLANE_DEVICE_FN double rsqrt(double x) { return ::rsqrt(x); }
  static CROSSLANE_DEVICE_FN float exp10(float x) { return ::exp10f(x); }
  static CROSSLANE_DEVICE_FN double exp10(double x) { return ::exp10(x); }
  static CROSSLANE_DEVICE_FN float sinpi(float x) { return ::sinpif(x); }
  static CROSSLANE_DEVICE_FN double sinpi(double x) { return ::sinpi(x); }
  static CROSSLANE_DEVICE_FN float cospi(float x) { return ::cospif(x); }
  static CROSSLANE_DEVICE_FN double cospi(double x) { return ::cospi(x); }
  static CROSSLANE_DEVICE_FN void sincos(float x, float& sine, float& cosine) { ::sincosf(x, &sine, &cosine); }
  static CROSSLANE_DEVICE_FN void sincos(double x, double& sine, double& cosine) { ::sincos(x, &sine, &cosine); }
  static CROSSLANE_DEVICE_FN void sincospi(float x, float& sine, float& cosine) { ::sincospif(x, &sine, &cosine); }
  static CROSSLANE_DEVICE_FN void sincospi(double x, double& sine, double& cosine) { ::sincospi(x, &sine, &cosine); }

  static constexpr bool has_fast = true;
};

}  // namespace crosslane::backend

#endif
