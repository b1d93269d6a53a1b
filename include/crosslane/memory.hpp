// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Memory beyond buffers: memory resources and pools, arenas, staging rings, and handles of memory for other processes.
#pragma once

#include <crosslane/crosslane.hpp>

#include <crosslane/runtime/arena.hpp>
#include <crosslane/runtime/ipc.hpp>
#include <crosslane/runtime/memory_pool.hpp>
#include <crosslane/runtime/resource.hpp>
#include <crosslane/runtime/staging.hpp>

namespace crosslane {

/// A memory resource of device memory: the base class of those of your own.
using memory_resource = basic_memory_resource<memory_kind::device, default_backend>;
/// A memory resource of pinned memory.
using pinned_memory_resource = basic_memory_resource<memory_kind::pinned, default_backend>;
/// A pool of device memory: xl::memory_pool pool{d}.
using memory_pool = basic_memory_pool<memory_kind::device, default_backend>;
/// A pool of pinned memory.
using pinned_memory_pool = basic_memory_pool<memory_kind::pinned, default_backend>;
/// Memory for the scratch of one step: xl::arena scratch{q, bytes}.
using arena = basic_arena<default_backend>;
/// A ring of pinned memory for copies of pageable memory: xl::staging_ring ring{q}.
using staging_ring = basic_staging_ring<default_backend>;
/// Device memory of another process: xl::ipc_memory<float> theirs{q, handle}.
template <class T>
using ipc_memory = basic_ipc_memory<T, default_backend>;

}  // namespace crosslane
