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
#if CROSSLANE_COMPILER_CUDA()
using default_backend = cuda;
#elif CROSSLANE_COMPILER_HIP()
using default_backend = hip;
#else
using default_backend = host;
#endif

using device = basic_device<default_backend>;
using stream = basic_stream<default_backend>;
using stream_ref = basic_stream_ref<default_backend>;
using event = basic_event<default_backend, false>;
using timed_event = basic_event<default_backend, true>;

template <class T>
using buffer = basic_buffer<T, memory_kind::device, default_backend>;
template <class T>
using pinned_buffer = basic_buffer<T, memory_kind::pinned, default_backend>;
template <class T>
using managed_buffer = basic_buffer<T, memory_kind::managed, default_backend>;

}  // namespace crosslane
