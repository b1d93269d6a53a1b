// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Macros that mark functions and lambdas which run inside kernels.
#pragma once

#include <crosslane/platform/compiler.hpp>

// nvcc only warns if `__host__ __device__` code calls a host-only function, and the kernel silently ends at that call. After this header
// the call is an error; clang already makes it one. Lambdas of kernels that capture `this` are refused too: nvcc refuses those that capture
// it by `[=]`, the launch refuses the others.
#if CROSSLANE_COMPILER_CUDA()
#pragma nv_diag_error 20011, 20013, 20014, 20015, 20178
#elif CROSSLANE_COMPILER_HIP()
#pragma clang diagnostic error "-Wgpu-maybe-wrong-side"
#endif

/// Marks a function that the host and kernels can call.
///
/// In nvcc's device pass the function is `__device__` only. nvcc then refuses every call that device code cannot make, including calls
/// through pointers, in implicit constructors and in templates. It does not check these in `__host__ __device__` functions.
#if CROSSLANE_COMPILER_CUDA() && CROSSLANE_DEVICE_PASS()
#define CROSSLANE_FN __device__
#elif CROSSLANE_COMPILER_GPU()
#define CROSSLANE_FN __host__ __device__
#else
#define CROSSLANE_FN
#endif

/// Replaces CROSSLANE_FN, with CROSSLANE_NO_EXEC_CHECK on the line above. For a template that kernels call and that the host also calls
/// with types whose functions are host-only. nvcc does not diagnose a kernel that calls such a function: the kernel silently ends at that
/// call.
#if CROSSLANE_COMPILER_GPU()
#define CROSSLANE_NO_EXEC_CHECK_FN __host__ __device__
#else
#define CROSSLANE_NO_EXEC_CHECK_FN
#endif

/// Stands on the line above a CROSSLANE_NO_EXEC_CHECK_FN template.
#if CROSSLANE_COMPILER_CUDA()
#define CROSSLANE_NO_EXEC_CHECK _Pragma("nv_exec_check_disable")
#else
#define CROSSLANE_NO_EXEC_CHECK
#endif

/// Marks a function that only device code can call.
#if CROSSLANE_COMPILER_GPU()
#define CROSSLANE_DEVICE_FN __device__
#else
#define CROSSLANE_DEVICE_FN
#endif

/// Marks a lambda that runs inside a kernel: `[=] CROSSLANE_LAMBDA (float x) { ... }`. Under nvcc (with --extended-lambda) the lambda is
/// device-only, because nvcc refuses generic lambdas that are both host and device. Function objects work everywhere.
#if CROSSLANE_COMPILER_CUDA()
#define CROSSLANE_LAMBDA __device__
#elif CROSSLANE_COMPILER_HIP()
#define CROSSLANE_LAMBDA __host__ __device__
#else
#define CROSSLANE_LAMBDA
#endif

/// Marks a function that must be inlined.
#define CROSSLANE_INLINE inline __attribute__((always_inline))

/// States that iterations of the next loop are independent, although its pointers may be equal. Not needed for clang: its runtime checks
/// are as fast, and its pragma warns if the loop cannot be vectorised for another reason.
#if defined(__GNUC__) && !defined(__clang__) && !CROSSLANE_COMPILER_CUDA()
#define CROSSLANE_INDEPENDENT_ITERATIONS _Pragma("GCC ivdep")
#else
#define CROSSLANE_INDEPENDENT_ITERATIONS
#endif

/// Unrolls the next loop in device code. The trip count must be known at compile time. In host code it does nothing, because some host
/// compilers do not know the pragma.
#if CROSSLANE_DEVICE_PASS()
#define CROSSLANE_UNROLL _Pragma("unroll")
#else
#define CROSSLANE_UNROLL
#endif

/// Prevents unrolling of the next loop in device code. For loops that run rarely.
#if CROSSLANE_DEVICE_PASS()
#define CROSSLANE_NO_UNROLL _Pragma("unroll 1")
#else
#define CROSSLANE_NO_UNROLL
#endif
