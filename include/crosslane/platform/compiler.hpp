// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Which compiler reads this file and for what. Predicates are function-like and always defined, so that a misspelt one fails.
#pragma once

#if __cplusplus < 202002L
#error "crosslane needs C++20: compile with -std=c++20"
#endif

// With these flags compilers take every number for finite, also where its bits are tested, and sum in any order: code cannot help that.
// nvcc's --use_fast_math contains neither.
#if __FINITE_MATH_ONLY__ + 0 || defined(__ASSOCIATIVE_MATH__)
#error \
    "crosslane: compile without -ffast-math (-Ofast, -ffinite-math-only, -fassociative-math): isnan(), conversions, min(), max() and fma() \
would be wrong. crosslane::fast has approximations"
#endif

/// 1 under nvcc, in both passes.
#if defined(__CUDACC__) && !defined(__HIP__)
#define CROSSLANE_COMPILER_CUDA() 1
#else
#define CROSSLANE_COMPILER_CUDA() 0
#endif

#if CROSSLANE_COMPILER_CUDA() && defined(__clang__)
// nvcc hands its host compiler `.grid = n` as `grid: n`, in headers and in users' launches; clang would warn of each.
#pragma clang diagnostic ignored "-Wgnu-designator"
#endif

/// 1 under HIP's compilers, in both passes.
#if defined(__HIP__)
#define CROSSLANE_COMPILER_HIP() 1
#else
#define CROSSLANE_COMPILER_HIP() 0
#endif

/// 1 under either.
#define CROSSLANE_COMPILER_GPU() (CROSSLANE_COMPILER_CUDA() || CROSSLANE_COMPILER_HIP())

/// 1 while device code is generated, 0 while the program's side is.
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
#define CROSSLANE_DEVICE_PASS() 1
#else
#define CROSSLANE_DEVICE_PASS() 0
#endif

/// 1: calls for each access are compiled in, for the host's access checker. Set by the target crosslane::checked, which adds the flag.
#ifndef CROSSLANE_CONFIG_CHECKED
#define CROSSLANE_CONFIG_CHECKED 0
#endif

#if !defined(__cpp_exceptions) && !CROSSLANE_DEVICE_PASS()
#error "crosslane needs exceptions, which are how it reports errors: compile without -fno-exceptions"
#endif

/// 1 where the address sanitizer is compiled in.
#if defined(__SANITIZE_ADDRESS__)
#define CROSSLANE_SANITIZE_ADDRESS() 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CROSSLANE_SANITIZE_ADDRESS() 1
#endif
#endif
#ifndef CROSSLANE_SANITIZE_ADDRESS
#define CROSSLANE_SANITIZE_ADDRESS() 0
#endif

/// 1 where the thread sanitizer is compiled in. The access checker of the host backend has the compiler call the same, and is none.
#if CROSSLANE_CONFIG_CHECKED
#define CROSSLANE_SANITIZE_THREAD() 0
#elif defined(__SANITIZE_THREAD__)
#define CROSSLANE_SANITIZE_THREAD() 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CROSSLANE_SANITIZE_THREAD() 1
#endif
#endif
#ifndef CROSSLANE_SANITIZE_THREAD
#define CROSSLANE_SANITIZE_THREAD() 0
#endif
