// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Predicates for the compiler and its pass. They are function-like macros and always defined, so that a misspelt one is an error.
#pragma once

#if __cplusplus < 202002L
#error "crosslane needs C++20: compile with -std=c++20"
#endif

// With these flags compilers assume that every number is finite, even where code tests its bits, and reorder sums. Code cannot prevent
// that. nvcc's --use_fast_math includes neither.
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
// nvcc passes `.grid = n` to its host compiler as `grid: n`, in headers and in users' launches. clang would warn about each.
#pragma clang diagnostic ignored "-Wgnu-designator"
#endif

/// 1 under HIP's compilers, in both passes.
#if defined(__HIP__)
#define CROSSLANE_COMPILER_HIP() 1
#else
#define CROSSLANE_COMPILER_HIP() 0
#endif

/// 1 under nvcc and under HIP's compilers.
#define CROSSLANE_COMPILER_GPU() (CROSSLANE_COMPILER_CUDA() || CROSSLANE_COMPILER_HIP())

/// 1 in the device pass, 0 in the host pass.
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
#define CROSSLANE_DEVICE_PASS() 1
#else
#define CROSSLANE_DEVICE_PASS() 0
#endif

#if CROSSLANE_COMPILER_CUDA() && CROSSLANE_DEVICE_PASS()
#include <crosslane/platform/standard_copy.hpp>  // comes before the standard library
#endif

/// 1: each memory access calls the host's access checker. The target crosslane::checked sets this and adds the compiler's flag.
#ifndef CROSSLANE_CONFIG_ACCESS_CHECKS
#define CROSSLANE_CONFIG_ACCESS_CHECKS 0
#endif
#ifdef CROSSLANE_CONFIG_CHECKED
#error "crosslane: CROSSLANE_CONFIG_CHECKED is now CROSSLANE_CONFIG_ACCESS_CHECKS; the target crosslane::checked sets it"
#endif
#if CROSSLANE_CONFIG_ACCESS_CHECKS && CROSSLANE_COMPILER_GPU()
#error \
    "crosslane: nvcc and HIP's compilers make no calls of the access checker, and every kernel would pass: compile this file as C++ when \
the target links crosslane::checked"
#endif

#if !defined(__cpp_exceptions) && !CROSSLANE_DEVICE_PASS()
#error "crosslane reports errors by exceptions: compile without -fno-exceptions"
#endif

/// 1 if the address sanitizer is enabled.
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

/// 1 if the thread sanitizer is enabled. 0 with the host backend's access checker, which uses the same instrumentation of the compiler.
#if CROSSLANE_CONFIG_ACCESS_CHECKS
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
