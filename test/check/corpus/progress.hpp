// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Threads and blocks that wait for each other in loops.
#pragma once

#include "corpus.hpp"

namespace corpus {

/// The last wave hands data to the other waves of the block.
struct waits_for_a_wave {
  struct shared {
    int ready, data;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.ready = 0;
    ctx.sync_block();
    auto const ready = xl::atomic<xl::scope::block>(ctx, s.ready);
    if (ctx.thread_rank() == ctx.block_size() - 1) {
      s.data = 42;
      ready.store(1, xl::release{});
    } else if (ctx.wave_rank() + 1 != ctx.wave_count()) {
      while (ready.load(xl::acquire{}) == 0) {
      }
      m.data[ctx.global_rank()] = s.data;
    }
  }
};
struct waits_for_nobody {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() >= 20) return;
    while (xl::atomic(ctx, m.data[5]).load(xl::acquire{}) == 0) {  // @waits_for_nobody
    }
  }
};

/// A wave waits for a flag that the others set behind a barrier which that wave does not reach.
template <bool Before>
struct sets_the_flag {
  struct shared {
    int ready;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory) const {
    if (ctx.thread_rank() == 0) s.ready = 0;
    ctx.sync_block();
    auto const ready = xl::atomic<xl::scope::block>(ctx, s.ready);
    if (ctx.thread_rank() == 0) {
      while (ready.exchange(0, xl::acquire{}) == 0) {  // @sets_the_flag
      }
    }
    if (Before && ctx.thread_rank() == ctx.block_size() - 1) ready.store(1, xl::release{});
    ctx.sync_block();
    if (!Before && ctx.thread_rank() == ctx.block_size() - 1) ready.store(1, xl::release{});
  }
};

/// Each block waits for the next one.
template <bool Cooperative>
struct waits_for_the_next_block {
  static constexpr bool cooperative = Cooperative;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const b = ctx.block_rank();
    if (ctx.thread_rank() != 0) return;
    if (b + 1 != ctx.block_count())
      while (xl::atomic(ctx, m.data[b + 1]).load(xl::acquire{}) == 0) {  // @waits_for_the_next_block
      }
    xl::atomic(ctx, m.data[b]).store(1, xl::release{});
  }
};

/// The first wave of each block looks back for the sum of the blocks before it. Blocks start in no certain order.
template <bool Ticket>
struct looks_back {
  struct shared {
    unsigned block;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.block = Ticket ? unsigned(xl::atomic(ctx, m.data[1023]).fetch_add(1)) : ctx.block_rank();
    ctx.sync_block();
    unsigned const b = s.block;
    if (ctx.wave_rank() != 0) return;
    auto const w = xl::wave(ctx);
    int before = 0;
    if (b != 0) {
      do {
        before = xl::atomic(ctx, m.data[b - 1]).load(xl::acquire{});  // @looks_back
      } while (!w.all(before != 0));
    }
    if (w.is_leader()) xl::atomic(ctx, m.data[b]).store(before + 1, xl::release{});
  }
};

/// A thread looks for the other block; the whole block waits for it at barriers.
template <bool Set>
struct waits_as_a_block {
  static constexpr bool cooperative = true;
  struct shared {
    int ready;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (Set && ctx.block_rank() + 1 == ctx.block_count()) {
      if (ctx.thread_rank() == 0) xl::atomic(ctx, m.data[0]).store(1, xl::release{});
      return;
    }
    while (true) {
      if (ctx.thread_rank() == 0) s.ready = xl::atomic(ctx, m.data[0]).load(xl::acquire{});  // @waits_as_a_block
      ctx.sync_block();
      if (s.ready != 0) return;
      ctx.sync_block();
    }
  }
};

/// Two blocks take two locks.
template <bool SameOrder>
struct takes_two_locks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() != 0) return;
    unsigned const first = SameOrder ? 0 : ctx.block_rank() % 2;
    for (int i = 0; i < 10; ++i) {
      take(ctx, m.data[first]);
      take(ctx, m.data[1 - first]);
      ++m.data[2];
      xl::atomic(ctx, m.data[1 - first]).store(0, xl::release{});
      xl::atomic(ctx, m.data[first]).store(0, xl::release{});
    }
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN static void take(Ctx const& ctx, int& lock) {
    while (xl::atomic(ctx, lock).exchange(1, xl::acquire{}) != 0) {  // @takes_two_locks
    }
  }
};

/// Every lane takes a lock.
struct lanes_take_a_lock {
  struct shared {
    int lock, count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.lock = s.count = 0;
    ctx.sync_block();
    auto const lock = xl::atomic<xl::scope::block>(ctx, s.lock);
    while (lock.exchange(1, xl::acquire{}) != 0) {  // @lanes_take_a_lock
    }
    ++s.count;
    lock.store(0, xl::release{});  // @lanes_take_a_lock
    ctx.sync_block();
    if (ctx.thread_rank() == 0) m.data[ctx.block_rank()] = s.count;
  }
};
/// The lane that has the lock uses and releases it in the loop.
struct lanes_release_a_lock_in_the_loop {
  struct shared {
    int lock, count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.lock = s.count = 0;
    ctx.sync_block();
    auto const lock = xl::atomic<xl::scope::block>(ctx, s.lock);
    for (bool done = false; !done;) {
      int expected = 0;
      if (!lock.compare_exchange(expected, 1, xl::acquire{})) continue;  // @lanes_release_a_lock_in_the_loop
      ++s.count;
      lock.store(0, xl::release{});  // @lanes_release_a_lock_in_the_loop
      done = true;
    }
    ctx.sync_block();
    if (ctx.thread_rank() == 0) m.data[ctx.block_rank()] = s.count;
  }
};
/// The lanes of a wave meet in each round.
struct lanes_take_a_lock_in_rounds {
  struct shared {
    int lock, count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.lock = s.count = 0;
    ctx.sync_block();
    auto const lock = xl::atomic<xl::scope::block>(ctx, s.lock);
    for (bool done = false; !xl::wave(ctx).all(done);) {
      if (done || lock.exchange(1, xl::acquire{}) != 0) continue;
      ++s.count;
      lock.store(0, xl::release{});
      done = true;
    }
    ctx.sync_block();
    if (ctx.thread_rank() == 0) m.data[ctx.block_rank()] = s.count;
  }
};
/// The leader of a wave takes the lock for all its lanes.
struct waves_take_a_lock {
  struct shared {
    int lock, count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.lock = s.count = 0;
    ctx.sync_block();
    auto const lock = xl::atomic<xl::scope::block>(ctx, s.lock);
    auto const w = xl::wave(ctx);
    if (w.is_leader())
      while (lock.exchange(1, xl::acquire{}) != 0) {
      }
    w.sync();
    for (unsigned lane = 0; lane < w.size(); ++lane) {
      if (lane == w.rank()) ++s.count;
      w.sync();
    }
    if (w.is_leader()) lock.store(0, xl::release{});
    ctx.sync_block();
    if (ctx.thread_rank() == 0) m.data[ctx.block_rank()] = s.count;
  }
};
/// The lanes take turns: the exchange for which a lane waits lets the next one go on.
struct lanes_take_turns {
  struct shared {
    unsigned turn;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.turn = 0;
    ctx.sync_block();
    auto const turn = xl::atomic<xl::scope::block>(ctx, s.turn);
    for (unsigned mine = ctx.block_size() - 1 - ctx.thread_rank(), expected = mine; !turn.compare_exchange(expected, mine + 1);
         expected = mine) {
    }
    ctx.sync_block();
    if (ctx.thread_rank() == 0) m.data[ctx.block_rank()] = int(s.turn);
  }
};
/// A lane gives a value to the others of its wave.
struct lanes_wait_for_a_lane {
  struct shared {
    int ready, value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.ready = 0;
    ctx.sync_block();
    auto const ready = xl::atomic<xl::scope::block>(ctx, s.ready);
    if (ctx.thread_rank() == 5) {
      s.value = 42;
      ready.store(1, xl::release{});  // @lanes_wait_for_a_lane
    } else if (ctx.wave_rank() == 0) {
      while (ready.load(xl::acquire{}) == 0) {  // @lanes_wait_for_a_lane
      }
      m.data[ctx.global_rank()] = s.value;
    }
  }
};
/// Every thread adds to a maximum and to a sum by compare-exchange: attempts fail, but no lane waits.
struct lanes_try_again {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const sum = xl::atomic(ctx, m.data[0]);
    for (int i = 0; i < 20; ++i) {
      int before = sum.load();
      while (!sum.compare_exchange(before, before + 1)) {
      }
    }
  }
};

/// The lanes look for a number, and stop when one has found it.
struct lanes_search {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const found = xl::atomic(ctx, m.data[0]);
    for (int i = 1; i <= 600 && found.load() == 0; ++i)
      if (m.data[100 + i] == 0 && i == 400 + int(ctx.thread_rank() % 8) * 20) found.store(i);
  }
};
/// Looks at a flag for a while and gives up.
struct gives_up {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int looks = 0;
    while (looks < 600 && xl::atomic(ctx, m.data[1000]).load() == 0) ++looks;
    m.data[ctx.global_rank()] = looks;
  }
};

/// A thread computes for ever.
struct never_ends {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() != 7) return;
    int* const mine = &m.data[ctx.block_rank() * 64];
    for (unsigned i = 0; mine[40] == 0; ++i) mine[i % 32] = int(i);  // @never_ends
  }
};

/// The waves of a block wait for a value without atomic operations.
struct waits_for_a_volatile {
  struct shared {
    int ready;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory) const {
    if (ctx.thread_rank() == 0) s.ready = 0;
    ctx.sync_block();
    int volatile& ready = s.ready;
    if (ctx.thread_rank() == ctx.block_size() - 1)
      ready = 1;  // @waits_for_a_volatile
    else
      while (ready == 0) {  // @waits_for_a_volatile
      }
  }
};

// --- mistakes that give wrong values in some orders ---

/// Adds by a load and a store.
struct adds_in_two_steps {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const sum = xl::atomic(ctx, m.data[0]);
    sum.store(sum.load() + 1);
  }
};
/// Each thread takes elements from a list and puts them back. data[0] is the first element, data[i] the one after i.
struct list_without_versions {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const head = xl::atomic(ctx, m.data[0]);
    for (int round = 0; round < 8; ++round) {
      int taken = head.load(xl::acquire{});
      while (taken != 0 && !head.compare_exchange(taken, xl::atomic(ctx, m.data[unsigned(taken)]).load(), xl::acq_rel{})) {
      }
      if (taken == 0) continue;
      int first = head.load();
      do xl::atomic(ctx, m.data[unsigned(taken)]).store(first);
      while (!head.compare_exchange(first, taken, xl::acq_rel{}));
    }
  }
};

/// Blocks take pieces of work by a counter, and write one element too far. The natural order gives all of them to the first block.
struct pieces_of_a_counter {
  struct shared {
    int piece;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const t = ctx.thread_rank();
    for (;;) {
      if (t == 0) s.piece = xl::atomic(ctx, m.data[0]).fetch_add(1);
      ctx.sync_block();
      unsigned const piece = unsigned(s.piece), first = 1 + piece * 32;
      ctx.sync_block();
      if (piece >= 16) return;
      m.data[first + t] = 1;
      if (t == 0) m.data[first + 32] = 2;
    }
  }
};

// --- kernels and the host ---

/// Answers the numbers that the host writes.
struct answers_the_host {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> mail, int questions) const {
    if (ctx.global_rank() != 0) return;
    for (int i = 1; i <= questions; ++i) {
      while (xl::atomic<xl::scope::system>(ctx, mail[0]).load(xl::acquire{}) != i) {  // @answers_the_host
      }
      mail[2] = 2 * mail[1];
      xl::atomic<xl::scope::system>(ctx, mail[3]).store(i, xl::release{});
    }
  }
};

struct takes_from_another_stream {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.global_rank() != 0) return;
    while (xl::atomic(ctx, m.data[0]).load(xl::acquire{}) == 0) {
    }
    m.data[2] = m.data[1];
  }
};
struct gives_to_another_stream {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.global_rank() != 0) return;
    m.data[1] = 5;
    xl::atomic(ctx, m.data[0]).store(1, xl::release{});
  }
};

}  // namespace corpus
