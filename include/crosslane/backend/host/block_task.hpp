// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What a launch and the lanes of a block hand to the runner of blocks.
#pragma once

#include <crosslane/backend/host/launch_facts.hpp>
#include <crosslane/platform/config.hpp>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

class block_runner;

/// A kernel with its arguments, types erased.
struct grid_task : launch_facts {
  std::size_t shared_bytes = 0;  ///< the kernel's struct
  std::size_t shared_align = 1;
  std::size_t dynamic_bytes = 0;
  std::size_t stack_bytes = 0;  ///< of a thread, as the kernel states
  /// Runs threads as long as next_thread() names one.
  void (*run_threads)(grid_task const&, block_runner&) = nullptr;
};

/// What a lane offers to the others while it waits in a wave operation.
struct lane_slot {
  void const* in = nullptr;
  void* out = nullptr;
  unsigned argument = 0;
  std::uint64_t members = 0;  ///< lanes of the wave that take part
  source_location where;
  bool orders_memory = false;
  /// Does the operation for all of them, once they have all arrived; `wave` is the slot of lane 0.
  void (*complete)(lane_slot* wave, std::uint64_t members) = nullptr;
};

/// A lane reads from one that takes no part in the operation.
struct absent_source {
  unsigned lane, source;
};

/// Unwinds a waiting lane of a block that has failed. Not an exception of the library: kernels should not catch it.
struct lane_cancelled {};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
