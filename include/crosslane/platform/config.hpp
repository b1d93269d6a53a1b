// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What a user may set before the first include or on the command line.
#pragma once

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

/// The largest shared memory of a block on the host backend, static and dynamic together, in bytes.
#ifndef CROSSLANE_CONFIG_HOST_SHARED_BYTES
#define CROSSLANE_CONFIG_HOST_SHARED_BYTES (64 * 1024)
#endif

/// Stack of one waiting lane on the host backend, in bytes. 1024 of them are one full block.
#ifndef CROSSLANE_CONFIG_HOST_STACK_BYTES
#define CROSSLANE_CONFIG_HOST_STACK_BYTES (64 * 1024)
#endif
