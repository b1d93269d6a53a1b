// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What a user writes on functions and lambdas that run inside kernels.
#pragma once

#include <crosslane/platform/compiler.hpp>

/// A function that may be called on the program's side and inside a kernel.
#if CROSSLANE_COMPILER_GPU()
#define CROSSLANE_FN __host__ __device__
#else
#define CROSSLANE_FN
#endif

/// A function that only device code can call.
#if CROSSLANE_COMPILER_GPU()
#define CROSSLANE_DEVICE_FN __device__
#else
#define CROSSLANE_DEVICE_FN
#endif

/// Marks a lambda that runs inside a kernel: `[=] CROSSLANE_LAMBDA (float x) { ... }`. nvcc (with --extended-lambda) refuses
/// generic lambdas that are both host and device, so there it means device-only; function objects work everywhere.
#if CROSSLANE_COMPILER_CUDA()
#define CROSSLANE_LAMBDA __device__
#elif CROSSLANE_COMPILER_HIP()
#define CROSSLANE_LAMBDA __host__ __device__
#else
#define CROSSLANE_LAMBDA
#endif

/// For CROSSLANE_FN templates that call whatever the user passed: nvcc would warn when that is marked for one side only.
#if CROSSLANE_COMPILER_CUDA()
#define CROSSLANE_NO_EXEC_CHECK _Pragma("nv_exec_check_disable")
#else
#define CROSSLANE_NO_EXEC_CHECK
#endif

/// Asks for inlining where the whole point of a function is to vanish.
#define CROSSLANE_INLINE inline __attribute__((always_inline))

/// Iterations of the next loop do not depend on each other, though its pointers may be equal. clang's own checks are as fast, and its
/// pragma warns wherever a loop has other reasons not to be vectorised.
#if defined(__GNUC__) && !defined(__clang__) && !CROSSLANE_COMPILER_CUDA()
#define CROSSLANE_INDEPENDENT_ITERATIONS _Pragma("GCC ivdep")
#else
#define CROSSLANE_INDEPENDENT_ITERATIONS
#endif

/// Unrolls the next loop, whose count is known, in device code. Compilers of the program's side do not all know the pragma.
#if CROSSLANE_DEVICE_PASS()
#define CROSSLANE_UNROLL _Pragma("unroll")
#else
#define CROSSLANE_UNROLL
#endif
