// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Selects the default backend of this translation unit by its compiler. The short names refer to it.
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
#include <crosslane/runtime/managed.hpp>
#include <crosslane/runtime/registration.hpp>
#include <crosslane/runtime/trace.hpp>

namespace crosslane {

// Aliases have no symbols, so that objects of different compilers link together.

/// The backend of the compiler: the GPU's under nvcc and HIP's compilers, the host otherwise.
#if CROSSLANE_COMPILER_CUDA()
using default_backend = cuda;
#elif CROSSLANE_COMPILER_HIP()
using default_backend = hip;
#else
using default_backend = host;
#endif

/// A device of the default backend: xl::device{0}.
using device = basic_device<default_backend>;
/// An owned stream of the default backend: xl::stream q{xl::device{0}}.
using stream = basic_stream<default_backend>;
/// A reference to a stream of the default backend.
using stream_ref = basic_stream_ref<default_backend>;
/// An event of the default backend: a mark in a stream to wait for.
using event = basic_event<default_backend, false>;
/// An event that also records the time, for elapsed_milliseconds().
using timed_event = basic_event<default_backend, true>;

/// A range of the calling thread with a name, for traces and profilers: xl::scoped_range const step{"blur"}.
using scoped_range = basic_scoped_range<default_backend>;
// The default backend of mark("name").
template <runtime_backend B = default_backend>
void mark(char const* name) noexcept;

/// An owned array in device memory: xl::buffer<float> b{q, n}.
template <class T>
using buffer = basic_buffer<T, memory_kind::device, default_backend>;
/// An owned array in page-locked host memory.
template <class T>
using pinned_buffer = basic_buffer<T, memory_kind::pinned, default_backend>;
/// An owned array in managed memory, which migrates to the side that accesses it.
template <class T>
using managed_buffer = basic_buffer<T, memory_kind::managed, default_backend>;
/// A registration of existing host memory: xl::host_registration<float> const registered{q, vector}.
template <class T>
using host_registration = basic_host_registration<T, default_backend>;

}  // namespace crosslane
