// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What a user writes on functions and lambdas that run inside kernels.
#pragma once

#include <crosslane/platform/compiler.hpp>

// A call of a function that only the program can call: nvcc warns where `__host__ __device__` code has one, and the kernel ends there
// without a word. It is an error in what follows this header; clang makes it one itself. So are lambdas of kernels that capture `this`: by
// nvcc where they do it by `[=]`, otherwise the launch refuses them.
#if CROSSLANE_COMPILER_CUDA()
#pragma nv_diag_error 20011, 20013, 20014, 20015, 20178
#elif CROSSLANE_COMPILER_HIP()
#pragma clang diagnostic error "-Wgpu-maybe-wrong-side"
#endif

/// A function that may be called on the program's side and inside a kernel.
///
/// In nvcc's device pass it is `__device__` alone: there nvcc refuses whatever device code cannot call, also through pointers, in implicit
/// constructors and in templates, where it lets `__host__ __device__` functions do as they like.
#if CROSSLANE_COMPILER_CUDA() && CROSSLANE_DEVICE_PASS()
#define CROSSLANE_FN __device__
#elif CROSSLANE_COMPILER_GPU()
#define CROSSLANE_FN __host__ __device__
#else
#define CROSSLANE_FN
#endif

/// In place of CROSSLANE_FN, with CROSSLANE_NO_EXEC_CHECK above: a template that kernels call, and the program with types whose functions
/// are its own. nvcc then does not see where a kernel calls such a function: that kernel ends there.
#if CROSSLANE_COMPILER_GPU()
#define CROSSLANE_UNCHECKED_FN __host__ __device__
#else
#define CROSSLANE_UNCHECKED_FN
#endif

/// Above a CROSSLANE_UNCHECKED_FN template.
#if CROSSLANE_COMPILER_CUDA()
#define CROSSLANE_NO_EXEC_CHECK _Pragma("nv_exec_check_disable")
#else
#define CROSSLANE_NO_EXEC_CHECK
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
