// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Settings that a user can define before the first include or on the command line. Objects compiled with different settings link together,
/// and each keeps its own settings.
///
/// Each macro below is always defined, as 1 or 0. Two more macros set sizes of the host backend, in bytes.
/// `CROSSLANE_CONFIG_HOST_SHARED_BYTES` is the largest shared memory of a block, static and dynamic together; the default is 64 KiB.
/// `CROSSLANE_CONFIG_HOST_STACK_BYTES` is the stack of a kernel thread, 64 KiB to 1 GiB; the default is 1 MiB. Both sizes apply to the
/// whole program: the largest value among its files is used.
#pragma once

#include <crosslane/platform/compiler.hpp>

/// 1: every launch waits for its kernel and throws the kernel's errors. Finds the launch that fails; slow.
#ifndef CROSSLANE_CONFIG_SYNC_LAUNCHES
#define CROSSLANE_CONFIG_SYNC_LAUNCHES 0
#endif

/// 1: views check their bounds on the host and in kernels of the host backend. The default is 1 without NDEBUG, 0 with it.
#ifndef CROSSLANE_CONFIG_BOUNDS_CHECKS
#ifdef NDEBUG
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 0
#else
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 1
#endif
#endif

// CROSSLANE_CONFIGURATION is a name made from the settings, and the sanitizer, that change the code of inline functions. Code that depends
// on them is in an inline namespace of that name, so that objects of different settings use different symbols.
#if CROSSLANE_CONFIG_BOUNDS_CHECKS
#define CROSSLANE_CONFIGURATION_BOUNDS bounds
#else
#define CROSSLANE_CONFIGURATION_BOUNDS no_bounds
#endif
#if CROSSLANE_CONFIG_SYNC_LAUNCHES
#define CROSSLANE_CONFIGURATION_LAUNCHES sync
#else
#define CROSSLANE_CONFIGURATION_LAUNCHES async
#endif
#if CROSSLANE_CONFIG_ACCESS_CHECKS
#define CROSSLANE_CONFIGURATION_SANITIZER accesses
#elif CROSSLANE_SANITIZE_ADDRESS()
#define CROSSLANE_CONFIGURATION_SANITIZER address
#elif CROSSLANE_SANITIZE_THREAD()
#define CROSSLANE_CONFIGURATION_SANITIZER thread
#else
#define CROSSLANE_CONFIGURATION_SANITIZER plain
#endif
#define CROSSLANE_CONFIGURATION_PASTE(a, b, c) a##_##b##_##c
#define CROSSLANE_CONFIGURATION_NAME(a, b, c) CROSSLANE_CONFIGURATION_PASTE(a, b, c)
#define CROSSLANE_CONFIGURATION \
  CROSSLANE_CONFIGURATION_NAME(CROSSLANE_CONFIGURATION_BOUNDS, CROSSLANE_CONFIGURATION_LAUNCHES, CROSSLANE_CONFIGURATION_SANITIZER)

namespace crosslane::detail::inline CROSSLANE_CONFIGURATION {

/// A function template outside of this namespace that has this as a template parameter is another function for each of the settings.
struct configuration;

}  // namespace crosslane::detail::inline CROSSLANE_CONFIGURATION
