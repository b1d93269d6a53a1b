// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What a user may set before the first include or on the command line. Objects that were compiled with different settings link together,
/// and each keeps its own.
///
/// Besides the macros below, of which 1 or 0 is always defined, there are two sizes of the host backend, both 64 KiB unless set:
/// `CROSSLANE_CONFIG_HOST_SHARED_BYTES`, the largest shared memory of a block, static and dynamic together, and
/// `CROSSLANE_CONFIG_HOST_STACK_BYTES`, the stack of one waiting lane: 1024 of them are one full block. They belong to the whole program:
/// the largest that one of its files asks for.
#pragma once

#include <crosslane/platform/compiler.hpp>

/// 1: every launch is waited for and checked on the spot. To find which launch fails; slow.
#ifndef CROSSLANE_CONFIG_SYNC_LAUNCHES
#define CROSSLANE_CONFIG_SYNC_LAUNCHES 0
#endif

/// 1: views check their bounds on the program's side and in kernels on the host. Default: in builds without NDEBUG.
#ifndef CROSSLANE_CONFIG_BOUNDS_CHECKS
#ifdef NDEBUG
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 0
#else
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 1
#endif
#endif

// CROSSLANE_CONFIGURATION is a name for the settings (and the sanitizer) that change the code of inline functions. What depends on
// them is in an inline namespace of that name, so that objects of different settings have it twice.
#if CROSSLANE_CONFIG_BOUNDS_CHECKS
#define CROSSLANE_CONFIGURATION_BOUNDS checked
#else
#define CROSSLANE_CONFIGURATION_BOUNDS unchecked
#endif
#if CROSSLANE_CONFIG_SYNC_LAUNCHES
#define CROSSLANE_CONFIGURATION_LAUNCHES sync
#else
#define CROSSLANE_CONFIGURATION_LAUNCHES async
#endif
#if CROSSLANE_CONFIG_CHECKED
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
