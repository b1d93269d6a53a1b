// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Block runners that are lent to launches.
#pragma once

#include <crosslane/backend/host/block.hpp>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

/// Idle runners. They keep their stacks for the next launch of any stream.
class runner_pool {
 public:
  constexpr runner_pool() = default;
  runner_pool(runner_pool const&) = delete;
  runner_pool& operator=(runner_pool const&) = delete;
  /// Destroys runners through a pointer, so that files which only include this header need not link what runners use.
  ~runner_pool() {
    while (block_runner* const runner = take()) runner->destroy_(runner);
  }

  /// Returns null if all runners are in use.
  block_runner* take() noexcept {
    detail::spin_guard const guard{lock_};
    block_runner* const runner = first_;
    if (runner != nullptr) first_ = runner->next_runner_;
    return runner;
  }
  void give_back(block_runner* runner) noexcept {
    detail::spin_guard const guard{lock_};
    runner->next_runner_ = first_;
    first_ = runner;
  }

 private:
  detail::spin_lock lock_;
  block_runner* first_ = nullptr;
};

inline runner_pool idle_runners;

/// Lends a runner to the calling thread.
class runner_lease {
 public:
  runner_lease() : runner_{take()} {}
  ~runner_lease() { idle_runners.give_back(runner_); }
  runner_lease(runner_lease const&) = delete;
  runner_lease& operator=(runner_lease const&) = delete;
  block_runner* operator->() const noexcept { return runner_; }
  block_runner& operator*() const noexcept { return *runner_; }
  /// Returns the runner, which the caller gives back, and borrows another one.
  block_runner& exchange() {
    block_runner* const other = take();
    block_runner& mine = *runner_;
    runner_ = other;
    return mine;
  }

  /// Returns a runner that the caller gives back.
  static block_runner* take() {
    block_runner* runner = idle_runners.take();
    if (runner != nullptr) return runner;
    runner = new block_runner;
    runner->destroy_ = [](block_runner* r) { delete r; };
    return runner;
  }

 private:
  block_runner* runner_;
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
