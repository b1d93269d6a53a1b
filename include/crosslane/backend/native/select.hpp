// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The native operations of the target of this compiler pass, for functions without a context, such as operators. Only this file chooses
/// them.
#pragma once

#include <crosslane/platform/compiler.hpp>

#if !CROSSLANE_DEVICE_PASS()
#include <crosslane/backend/native/host/access.hpp>
#include <crosslane/backend/native/host/math.hpp>
#include <crosslane/backend/native/host/numeric.hpp>
#elif CROSSLANE_COMPILER_CUDA()
#include <crosslane/backend/native/cuda/access.hpp>
#include <crosslane/backend/native/cuda/math.hpp>
#include <crosslane/backend/native/cuda/numeric.hpp>
#elif CROSSLANE_COMPILER_HIP()
#include <crosslane/backend/native/hip/access.hpp>
#include <crosslane/backend/native/hip/math.hpp>
#include <crosslane/backend/native/hip/numeric.hpp>
#else
#error "crosslane: backend/native/ has no operations for the device pass of this compiler"
#endif

namespace crosslane::backend {

#if !CROSSLANE_DEVICE_PASS()
using native_access = host_access;
using native_math = host_math;
using native_numeric = host_numeric;
#elif CROSSLANE_COMPILER_CUDA()
using native_access = cuda_access;
using native_math = cuda_math;
using native_numeric = cuda_numeric;
#elif CROSSLANE_COMPILER_HIP()
using native_access = hip_access;
using native_math = hip_math;
using native_numeric = hip_numeric;
#endif

}  // namespace crosslane::backend
