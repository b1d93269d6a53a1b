// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Data that a launch and the lanes of a block pass to the block runner.
#pragma once

#include <crosslane/backend/host/launch_facts.hpp>
#include <crosslane/backend/host/waiting_loops.hpp>
#include <crosslane/platform/config.hpp>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

class block_runner;

/// A kernel with its arguments, type-erased.
struct grid_task : launch_facts {
  std::size_t shared_bytes = 0;  ///< of the kernel's shared struct
  std::size_t shared_align = 1;
  std::size_t dynamic_bytes = 0;
  extent3 cluster = 1;          ///< blocks of a cluster
  std::size_t stack_bytes = 0;  ///< per thread, as the kernel states
  mutable waiting_loops loops;  ///< for level `full`, at which blocks run one after another
  /// Runs threads as long as next_thread() returns one.
  void (*run_threads)(grid_task const&, block_runner&) = nullptr;
};

/// The operands that a lane offers to the others while it waits in a wave operation.
struct lane_slot {
  void const* in = nullptr;
  void* out = nullptr;
  unsigned argument = 0;
  std::uint64_t members = 0;  ///< the lanes of the wave that take part
  source_location where;
  bool orders_memory = false;
  bool has_other_operator = false;  ///< set by `complete` in the first lane and in another one whose operator has another result
  /// Performs the operation for all members once all have arrived. `wave` is the slot of lane 0.
  void (*complete)(lane_slot* wave, std::uint64_t members) = nullptr;
  std::uint32_t calls = 0;  ///< the number of the calls that have led here
};

/// Thrown if a lane reads from a lane that does not take part in the operation.
struct absent_source {
  unsigned lane, source;
};

/// Thrown to unwind a waiting lane of a failed block. Not derived from std::exception: kernels should not catch it.
struct lane_cancelled {};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
