// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Finds a kernel thread that runs for ever and lets no other thread run, such as `while (true) x = f(x)`.
#pragma once

#include <crosslane/backend/host/block_task.hpp>
#include <crosslane/backend/host/processor_timer.hpp>

#include <cstdint>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

/// Measures the processor time for which the threads of a block have done nothing that the executor sees. Used by a signal handler.
class endless_thread {
 public:
  /// The limit is longer than that of threads that wait, since a thread may just have much to compute.
  static double limit(grid_task const& task) noexcept { return 6 * task.progress_seconds; }
  /// Returns the time until the next look, in seconds.
  static double period(grid_task const& task) noexcept { return limit(task) < 4 ? limit(task) / 4 : 1; }

  /// Whether the running thread has been running for longer than the limit. `events` increases with all that the executor sees.
  bool is_over(grid_task const& task, std::uint64_t events) noexcept {
    double const now = processor_timer::now();
    if (events != events_ || now < since_) {
      events_ = events;
      since_ = now;
      failures = 0;
    }
    return task.progress_seconds != 0 && now - since_ >= limit(task);
  }

  void const* place = nullptr;  ///< where the thread was when it was left
  unsigned failures = 0;        ///< how often a thread could not be left

 private:
  std::uint64_t events_ = 0;
  double since_ = 0;
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
