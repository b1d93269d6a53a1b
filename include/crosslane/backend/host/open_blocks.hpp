// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The blocks of a launch whose threads spin, waiting for another block, another launch or the host. They get turns until they end. If
/// nothing changes for a time, that is a finding.
#pragma once

#include <crosslane/backend/host/parallel.hpp>
#include <crosslane/backend/host/queue.hpp>
#include <crosslane/backend/host/runner_pool.hpp>

#include <sched.h>
#include <time.h>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

/// Measures how long nothing has changed, in rounds of turns.
class idle_time {
 public:
  void reset() noexcept {
    rounds_ = 0;
    seconds_ = 0;
  }
  /// A round has ended in which nothing changed. Lets other host threads run, at most for as long as the round took. Its time counts by
  /// the factor `weight`. A long round counts little: a thread may compute between two looks at a flag, or a debugger has stopped the
  /// program.
  void add_round(double weight) noexcept {
    double const now = time();
    double const round = now - begun_ < longest_round ? now - begun_ : longest_round;
    if (rounds_++ != 0) seconds_ += weight * round;
    // A sleep takes longer than a short round.
    if (rounds_ > 2000 || (rounds_ > 16 && round > 1e-4))
      pause(round < longest_pause ? round : longest_pause);
    else
      sched_yield();
    begun_ = now;
  }
  double seconds() const noexcept { return seconds_; }

  static void pause(double seconds) noexcept {
    timespec const wait{0, long(seconds * 1e9)};
    nanosleep(&wait, nullptr);
  }
  static constexpr double longest_pause = 5e-4;

 private:
  static constexpr double longest_round = 0.02;
  static double time() noexcept {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
  }

  unsigned rounds_ = 0;
  double seconds_ = 0, begun_ = 0;
};

class open_blocks {
 public:
  explicit open_blocks(grid_task const& task) noexcept : task_{task}, blocks_{task.grid.size()} {}
  open_blocks(open_blocks const&) = delete;
  open_blocks& operator=(open_blocks const&) = delete;

  std::uint64_t count() const noexcept { return __atomic_load_n(&count_, __ATOMIC_RELAXED); }
  /// Whether no other block should begin or get a turn: one has failed, or all wait for ever.
  bool stopped() const noexcept { return __atomic_load_n(&stopped_, __ATOMIC_RELAXED); }

  /// Counts blocks that have begun, for the text of a finding.
  void count_begun(std::uint64_t blocks) noexcept { __atomic_fetch_add(&begun_, blocks, __ATOMIC_RELAXED); }

  /// The calling host thread runs other blocks, which may change something, from begin() to end().
  class other_work {
   public:
    explicit other_work(open_blocks& blocks) noexcept : blocks_{blocks} { begin(); }
    ~other_work() {
      if (running_) end();
    }
    other_work(other_work const&) = delete;
    other_work& operator=(other_work const&) = delete;
    void begin() noexcept {
      running_ = true;
      __atomic_fetch_add(&blocks_.working_, 1, __ATOMIC_RELAXED);
    }
    void end() noexcept {
      running_ = false;
      __atomic_fetch_sub(&blocks_.working_, 1, __ATOMIC_RELEASE);
    }

   private:
    open_blocks& blocks_;
    bool running_ = false;
  };

  /// Lets a block run: `turn()` begins or resumes it. Returns whether it spins. If it throws, no other block begins or gets a turn.
  template <class Turn>
  bool take_turn(block_runner& runner, Turn const& turn) {
    try {
      turn();
    } catch (...) {
      stop();
      throw;
    }
    if (runner.failed()) __atomic_store_n(&failed_, true, __ATOMIC_RELAXED);
    if (runner.is_endless()) stop();
    return runner.spins();
  }

  /// Adds a block that spins.
  void add(block_runner& runner) noexcept {
    detail::spin_guard const guard{lock_};
    runner.next_runner_ = nullptr;
    (first_ == nullptr ? first_ : last_->next_runner_) = &runner;
    last_ = &runner;
    __atomic_fetch_add(&count_, 1, __ATOMIC_RELAXED);
  }

  /// Gives turns to the blocks until at most `most` are left or the launch has failed. Calls `done(runner)` for each block that does not
  /// spin any more. One host thread at a time gives turns; others that call this wait. Throws the error of a block, or of a finding.
  template <class Done>
  void run(std::uint64_t most, Done const& done) {
    idle_time idle;
    while (count() > most && !stopped()) {
      if (__atomic_exchange_n(&taken_, true, __ATOMIC_ACQUIRE)) {
        idle_time::pause(idle_time::longest_pause);
        continue;
      }
      struct release {
        bool& taken;
        ~release() { __atomic_store_n(&taken, false, __ATOMIC_RELEASE); }
      } const after{taken_};
      bool const alone = __atomic_load_n(&working_, __ATOMIC_ACQUIRE) == 0;
      has_met_ = false;
      if (run_round(most, done)) {
        idle.reset();
        continue;
      }
      bool const counts = alone && (waiting_hosts() != 0 || !may_wait_for_host());
      idle.add_round(!counts ? 0 : has_met_ ? 0.1 : 1);
      if (task_.progress_seconds != 0 && idle.seconds() >= task_.progress_seconds) give_up(done);
    }
  }

  /// No other block begins or gets a turn.
  void stop() noexcept { __atomic_store_n(&stopped_, true, __ATOMIC_RELAXED); }

  /// Unwinds all blocks that are left.
  template <class Done>
  void cancel(Done const& done) noexcept {
    stop();
    while (block_runner* const runner = take()) {
      runner->cancel();
      done(*runner);
    }
  }

 private:
  /// Gives each block a turn. Returns whether something changed.
  template <class Done>
  bool run_round(std::uint64_t most, Done const& done) {
    bool changed = false;
    for (std::uint64_t i = count(); i != 0 && count() > most && !stopped(); --i) {
      block_runner* const runner = take();
      if (runner == nullptr) break;
      bool spins = false;
      try {
        spins = take_turn(*runner, [&] { runner->resume(); });
      } catch (...) {
        done(*runner);
        throw;
      }
      changed = changed || !spins || runner->got_ahead();
      has_met_ = has_met_ || runner->has_met();
      if (spins)
        add(*runner);
      else
        done(*runner);
    }
    return changed;
  }

  block_runner* take() noexcept {
    detail::spin_guard const guard{lock_};
    block_runner* const result = first_;
    if (result == nullptr) return nullptr;
    first_ = result->next_runner_;
    __atomic_fetch_sub(&count_, 1, __ATOMIC_RELAXED);
    return result;
  }

  block_runner* first() noexcept {
    detail::spin_guard const guard{lock_};
    return first_;
  }

  bool may_wait_for_host() noexcept {
    detail::spin_guard const guard{lock_};
    for (block_runner const* r = first_; r != nullptr; r = r->next_runner_)
      if (r->may_wait_for_host()) return true;
    return false;
  }

  /// All blocks wait for ever. If a block has failed before, that is a consequence.
  template <class Done>
  void give_up(Done const& done) {
    error_text rest;
    rest.append("nothing has changed for %.3g s", task_.progress_seconds);
    if (blocks_ != 1)
      rest.append("; %llu of %llu blocks have begun, %llu spin",
                  static_cast<unsigned long long>(__atomic_load_n(&begun_, __ATOMIC_RELAXED)), static_cast<unsigned long long>(blocks_),
                  static_cast<unsigned long long>(count_));
    std::exception_ptr const error = __atomic_load_n(&failed_, __ATOMIC_RELAXED) ? nullptr : first()->no_progress(rest.c_str());
    cancel(done);
    if (error) std::rethrow_exception(error);
  }

  grid_task const& task_;
  std::uint64_t const blocks_;
  detail::spin_lock lock_;
  block_runner* first_ = nullptr;
  block_runner* last_ = nullptr;
  std::uint64_t count_ = 0, begun_ = 0;
  unsigned working_ = 0;
  bool stopped_ = false, failed_ = false, has_met_ = false;
  bool taken_ = false;  ///< a host thread gives turns
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
