// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What streams tell the access checker, whose code is no header: what the program queues, in its order, and what it waits for.
#pragma once

#include <crosslane/runtime/async_errors.hpp>

#include <cstdint>

namespace crosslane::backend {

/// Pieces of work have numbers, which rise in the order in which they are queued; 0 is none.
struct stream_watch {
  std::uint64_t (*queued)(detail::stream_key) noexcept;
  void (*finished)(std::uint64_t work) noexcept;                      ///< it has run, or never will
  void (*waits)(std::uint64_t waiting, std::uint64_t work) noexcept;  ///< what is queued behind `waiting` runs behind `work`
  void (*program_knows)(std::uint64_t work) noexcept;                 ///< that it is done, and all that is ordered before it
  void (*program_knows_device)(int device) noexcept;                  ///< that all work queued for it so far is done
};
/// Null in a program without the checker.
inline stream_watch const* watched_streams = nullptr;

class running_work;

/// What the calling thread works for.
struct thread_work {
  std::uint64_t number = 0;               ///< 0: the program
  bool runs_callback = false;             ///< the program's own code, in a stream
  running_work const* running = nullptr;  ///< for the message of a fault; null: nothing of a stream
};
// A signal's handler reads it: its memory is there from a thread's beginning, in libraries that are loaded later too. Not by nvcc, which
// does not know the attribute.
#if !CROSSLANE_COMPILER_CUDA()
[[gnu::tls_model("initial-exec")]]
#endif
inline constinit thread_local thread_work current_work{};

}  // namespace crosslane::backend
