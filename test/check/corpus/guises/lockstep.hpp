// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Lanes that wait in a loop for a lane of their own wave.
#pragma once

#include "guise.hpp"

namespace corpus {

// --- locks that each lane takes ---

struct lock_around_a_sum {
  static constexpr guise of{kind::lockstep_wait, "device", "exchange", "function"};
  template <class Ctx>
  CROSSLANE_FN static void add(Ctx const& ctx, int& lock, int& sum, int value) {
    while (xl::atomic(ctx, lock).exchange(1, xl::acquire{}) != 0) {
    }
    sum += value;
    xl::atomic(ctx, lock).store(0, xl::release{});
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int const value = m.data[ctx.global_rank()];
    if (!m.right) {
      add(ctx, m.data[results], m.data[results + 1], value);
    } else {
      int const sum = xl::wave(ctx).reduce(value, xl::plus{});
      if (ctx.lane_rank() == 0) add(ctx, m.data[results], m.data[results + 1], sum);
    }
  }
};
struct lock_released_in_the_loop {
  static constexpr guise of{kind::lockstep_wait, "shared", "compare-exchange", "loop"};
  struct shared {
    int lock, best;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (ctx.thread_rank() == 0) s.lock = s.best = 0;
    ctx.sync_block();
    auto const lock = xl::atomic<xl::scope::block>(ctx, s.lock);
    int const value = m.data[ctx.global_rank()] * 7 % 64;
    bool done = false;
    for (bool all_done = false; !all_done; all_done = m.right ? xl::wave(ctx).all(done) : done) {
      if (int expected = 0; done || !lock.compare_exchange(expected, 1, xl::acquire{})) continue;
      s.best = s.best < value ? value : s.best;
      lock.store(0, xl::release{});
      done = true;
    }
    ctx.sync_block();
    if (ctx.thread_rank() == 0) m.data[results + ctx.block_rank()] = s.best;
  }
};
/// An attempt that gives up ends in lockstep too, although most lanes do not get the lock.
struct lock_with_attempts {
  static constexpr guise of{kind::lockstep_wait, "device", "exchange", "bounded loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const lock = xl::atomic(ctx, m.data[results]);
    int const attempts = m.right ? 2000 : m.far;
    for (int i = 0; i < attempts; ++i)
      if (lock.exchange(1, xl::acquire{}) == 0) {
        m.data[results + 1] += 1;
        lock.store(0, xl::release{});
        break;
      }
  }
};
/// Attempts of a compare-exchange fail only because those of others succeed. Wrong: they also wait for a lock in the same word.
struct maximum_in_a_word {
  static constexpr guise of{kind::lockstep_wait, "device", "compare-exchange", "function"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const word = xl::atomic(ctx, m.data[results]);
    int const value = m.data[ctx.global_rank()] * 7 % 64;
    for (int round = 0; round < 4; ++round) {
      int before = word.load(xl::relaxed{});
      while (before < 0 || !word.compare_exchange(before, m.right ? before + value : ~before, xl::acq_rel{}))
        before = word.load(xl::relaxed{});
      if (!m.right) word.store(before + value, xl::release{});
    }
  }
};
/// Two lanes of a wave share each lock.
struct locks_of_bins {
  static constexpr guise of{kind::lockstep_wait, "dynamic shared", "exchange", "lambda"};
  static constexpr std::size_t dynamic_bytes = 64 * sizeof(int);
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int* const lock = xl::dynamic_shared<int>(ctx).data();
    int* const count = lock + 32;
    lock[ctx.thread_rank()] = 0;
    ctx.sync_block();
    unsigned const bin = ctx.thread_rank() / 32 * 16 + ctx.lane_rank() % 16;
    auto const of = xl::atomic<xl::scope::block>(ctx, lock[bin]);
    auto const count_one = [&] {
      ++count[bin];
      of.store(0, xl::release{});
    };
    if (m.right) {
      for (bool done = false; !xl::wave(ctx).all(done);)
        if (!done && of.exchange(1, xl::acquire{}) == 0) {
          count_one();
          done = true;
        }
    } else {
      while (of.exchange(1, xl::acquire{}) != 0) {
      }
      count_one();
    }
  }
};
/// Tickets are in the order of the lanes if these run one after another: no lane waits then.
struct ticket_of_each_lane {
  static constexpr guise of{.kind = kind::lockstep_wait,
                            .memory = "device",
                            .access = "ticket",
                            .structure = "loop",
                            .first_order = 2,
                            .orders = "the natural and the reverse order serve lanes in the order of their tickets, so none waits"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (m.right && ctx.lane_rank() != 0) return;
    auto const served = xl::atomic(ctx, m.data[results + 1]);
    int const mine = xl::atomic(ctx, m.data[results]).fetch_add(1);
    while (served.load(xl::acquire{}) != mine) {
    }
    m.data[results + 2] += 1;
    served.store(mine + 1, xl::release{});
  }
};

// --- flags ---

struct flag_for_the_others {
  static constexpr guise of{kind::lockstep_wait, "shared", "load", "branch"};
  struct shared {
    int ready, value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (ctx.thread_rank() == 0) s.ready = 0;
    ctx.sync_block();
    auto const ready = xl::atomic<xl::scope::block>(ctx, s.ready);
    if (ctx.thread_rank() == 9) {
      s.value = 5;
      ready.store(1, xl::release{});
    }
    if (m.right) xl::wave(ctx).sync();
    if (ctx.thread_rank() != 9) {
      while (ready.load(xl::acquire{}) == 0) {
      }
      m.data[results + ctx.global_rank()] = s.value;
    }
  }
};
/// A row of a triangular matrix needs the row above, which the lane below solves. The natural order solves the rows one after another.
struct triangular_solve {
  static constexpr guise of{.kind = kind::lockstep_wait,
                            .memory = "managed",
                            .access = "load",
                            .structure = "loop",
                            .grid = 1,
                            .first_order = 1,
                            .orders = "the natural order runs the lane that stores first, so none waits"};
  template <class Ctx>
  CROSSLANE_FN static void solve(Ctx const& ctx, arguments const& m, unsigned row, bool waits) {
    if (waits)
      while (xl::atomic(ctx, m.managed[row - 1]).load(xl::acquire{}) == 0) {
      }
    m.managed[512 + row] = row == 0 ? 1 : m.managed[512 + row - 1] + 1;
    xl::atomic(ctx, m.managed[row]).store(1, xl::release{});
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (!m.right) {
      solve(ctx, m, ctx.thread_rank(), ctx.thread_rank() != 0);
    } else if (ctx.lane_rank() == 0) {  // a row for each wave
      unsigned const row = ctx.thread_rank() / Ctx::wave_size;
      solve(ctx, m, row, row != 0);
    }
  }
};

/// Every lane of the block arrives, then waits for the others. Lanes in lockstep arrive together. Wrong: the lanes wait before the last
/// one, which arrives behind a branch.
struct barrier_of_a_counter {
  static constexpr guise of{kind::lockstep_wait, "shared", "fetch-add", "function"};
  struct shared {
    int arrived;
  };
  template <class Ctx>
  CROSSLANE_FN static void arrive(Ctx const& ctx, shared& s) {
    xl::atomic<xl::scope::block>(ctx, s.arrived).fetch_add(1, xl::acq_rel{});
  }
  template <class Ctx>
  CROSSLANE_FN static void wait(Ctx const& ctx, shared& s) {
    while (xl::atomic<xl::scope::block>(ctx, s.arrived).load(xl::acquire{}) != int(ctx.block_size())) {
    }
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (ctx.thread_rank() == 0) s.arrived = 0;
    ctx.sync_block();
    if (m.right) {
      arrive(ctx, s);
      wait(ctx, s);
    } else if (ctx.thread_rank() % 16 != 3) {
      arrive(ctx, s);
      wait(ctx, s);
    } else {
      m.data[results + ctx.global_rank()] = 1;
      arrive(ctx, s);
    }
  }
};

}  // namespace corpus
