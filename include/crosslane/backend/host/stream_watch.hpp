// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The interface through which streams report to the access checker, which is a separate library: what the host queues, in which order, and
/// what it waits for.
#pragma once

#include <crosslane/runtime/async_errors.hpp>

#include <cstdint>

namespace crosslane::backend {

/// The callbacks. Each piece of work has a number; numbers increase in the order of queueing. 0 means none.
struct stream_watch {
  std::uint64_t (*queued)(detail::stream_key) noexcept;
  /// A node of a graph that is launched on the stream. Only work of the same strand, a number that no stream has, is ordered with it.
  std::uint64_t (*queued_node)(detail::stream_key, void const* strand) noexcept;
  /// The host does something in the order of the stream's work that is done at once: an allocation.
  std::uint64_t (*acts)(detail::stream_key) noexcept;
  void (*finished)(std::uint64_t work) noexcept;                      ///< the work has run, or never will
  void (*runs)(bool begins) noexcept;                                 ///< a piece of work that may access device memory begins or ends
  void (*waits)(std::uint64_t waiting, std::uint64_t work) noexcept;  ///< work queued behind `waiting` runs after `work`
  void (*program_knows)(std::uint64_t work) noexcept;     ///< the host knows that `work` and everything ordered before it is done
  void (*callback_queued)(std::uint64_t work) noexcept;   ///< the host has queued a callback, which may tell it that earlier work is done
  void (*program_knows_device)(int device) noexcept;      ///< the host knows that all work queued on the device so far is done
  bool (*program_has_seen)(std::uint64_t work) noexcept;  ///< whether the host knows that the work is done
};
/// Null in a program without the checker.
inline stream_watch const* watched_streams = nullptr;

class running_work;

/// The piece of work that the calling thread runs.
struct thread_work {
  std::uint64_t number = 0;               ///< 0: the host program
  bool runs_callback = false;             ///< whether a host callback runs
  running_work const* running = nullptr;  ///< for the message of a fault; null: no stream work
};
// A signal handler reads this variable, so its memory must exist from the start of each thread, also in libraries loaded later. nvcc does
// not know the attribute.
#if !CROSSLANE_COMPILER_CUDA()
[[gnu::tls_model("initial-exec")]]
#endif
inline constinit thread_local thread_work current_work{};

}  // namespace crosslane::backend
