// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The file that chooses: the default backend of this translation unit is that of its compiler, and the short names mean it.
#pragma once

#include <crosslane/platform/compiler.hpp>

#if CROSSLANE_COMPILER_CUDA()
#include <crosslane/backend/cuda/backend.hpp>
#elif CROSSLANE_COMPILER_HIP()
#include <crosslane/backend/hip/backend.hpp>
#else
#include <crosslane/backend/host/backend.hpp>
#endif

#include <crosslane/runtime/copy.hpp>
#include <crosslane/runtime/event.hpp>
#include <crosslane/runtime/launch.hpp>

namespace crosslane {

// Aliases carry no symbols, so that objects of different compilers link together.

/// Of the compiler: the GPU's where it makes code for one, the host's otherwise.
#if CROSSLANE_COMPILER_CUDA()
using default_backend = cuda;
#elif CROSSLANE_COMPILER_HIP()
using default_backend = hip;
#else
using default_backend = host;
#endif

/// A device of the default backend: xl::device{0}.
using device = basic_device<default_backend>;
/// A stream of the default backend, owned: xl::stream q{xl::device{0}}.
using stream = basic_stream<default_backend>;
/// A stream of the default backend, borrowed.
using stream_ref = basic_stream_ref<default_backend>;
/// A mark in a stream, to wait for.
using event = basic_event<default_backend, false>;
/// A mark that also holds its time, for elapsed_milliseconds().
using timed_event = basic_event<default_backend, true>;

/// Device memory, owned: xl::buffer<float> b{q, n}.
template <class T>
using buffer = basic_buffer<T, memory_kind::device, default_backend>;
/// Locked memory of the program, owned.
template <class T>
using pinned_buffer = basic_buffer<T, memory_kind::pinned, default_backend>;
/// Memory that moves to whoever touches it, owned.
template <class T>
using managed_buffer = basic_buffer<T, memory_kind::managed, default_backend>;

}  // namespace crosslane
