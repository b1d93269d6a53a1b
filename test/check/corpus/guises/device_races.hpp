// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Races in device memory, and atomic operations whose scope is too narrow.
#pragma once

#include "guise.hpp"

#include <crosslane/tensor.hpp>

namespace corpus {

struct histogram_plainly {
  static constexpr guise of{kind::device_race, "device", "compound assignment", "grid-stride loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    for (unsigned i = ctx.global_rank(); i < 512; i += ctx.block_size() * ctx.block_count()) {
      int& bin = m.data[results + unsigned(m.data[i]) % 16];
      if (m.right)
        xl::atomic(ctx, bin).fetch_add(1);
      else
        bin++;
    }
  }
};

/// The last block sums up what all blocks have left, but its counter releases nothing.
struct last_block_sums {
  static constexpr guise of{kind::device_race, "device", "plain and atomic", "branch", 4};
  struct shared {
    bool last;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank(), b = ctx.block_rank();
    if (t == 0) {
      m.data[results + b] = int(b);
      auto const counter = xl::atomic(ctx, m.data[results + 100]);
      int const before = m.right ? counter.fetch_add(1, xl::acq_rel{}) : counter.fetch_add(1);
      s.last = before + 1 == int(ctx.block_count());
    }
    ctx.sync_block();
    if (!s.last || t != 0) return;
    int sum = 0;
    for (unsigned i = 0; i < ctx.block_count(); ++i) sum += m.data[results + i];
    m.data[results + 101] = sum;
  }
};

/// The same by fences, as CUDA's samples do it. The last block sets the counter back plainly. Its own fence is missing.
struct last_block_sets_the_counter_back {
  static constexpr guise of{kind::device_race, "device", "fence and atomic", "branch", 4};
  struct shared {
    bool last;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    int& counter = m.data[results + 1000];
    m.data[results + ctx.global_rank()] = int(t);
    xl::fence(ctx);
    ctx.sync_block();
    if (t == 0) s.last = xl::atomic(ctx, counter).fetch_add(1) + 1 == int(ctx.block_count());
    ctx.sync_block();
    if (!s.last) return;
    if (m.right) xl::fence(ctx);
    int sum = 0;
    for (unsigned b = 0; b < ctx.block_count(); ++b) sum += m.data[results + b * ctx.block_size() + t];
    m.data[results + 1001 + t] = sum;
    if (t == 0) counter = 0;
  }
};
/// A fence that stands before what it should release.
struct fence_before_the_sum {
  static constexpr guise of{kind::device_race, "device", "fence and atomic", "straight line", 4};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    int* const sums = &m.data[results];
    int& counter = m.data[results + 100];
    unsigned const b = ctx.block_rank();
    if (m.right) sums[b] = int(b);
    xl::fence(ctx);
    if (!m.right) sums[b] = int(b);
    if (xl::atomic(ctx, counter).fetch_add(1) + 1 != int(ctx.block_count())) return;
    xl::fence(ctx);
    for (unsigned i = 0; i < ctx.block_count(); ++i) counter += sums[i];
  }
};

/// Elements move down by one place, within one array.
struct shifts_in_place {
  static constexpr guise of{kind::device_race, "device", "raw pointer", "straight line"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    unsigned const i = ctx.global_rank();
    int const* const from = m.data.data();
    int* const to = m.right ? m.data.data() + results : m.data.data();
    to[i] = from[i + 1];
  }
};

/// Compaction: the place in the output is counted plainly.
struct compacts_plainly {
  static constexpr guise of{kind::device_race, "device", "compound assignment", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int const value = m.data[ctx.global_rank()];
    if (value % 2 != 0) return;
    int& count = m.data[results];
    int const at = m.right ? xl::atomic(ctx, count).fetch_add(1) : count++;
    m.data[results + 1 + unsigned(at)] = value;
  }
};

/// All threads that see a change store the same flag.
struct flag_of_convergence {
  static constexpr guise of{kind::device_race, "device", "same value", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (m.data[ctx.global_rank()] < 32) return;
    if (m.right)
      xl::atomic(ctx, m.data[results]).store(1);
    else
      m.data[results] = 1;
  }
};

/// A vector is stored over the first element of the next thread.
struct overlapping_vectors {
  static constexpr guise of{kind::device_race, "device", "vector", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    unsigned const r = ctx.global_rank();
    int* const to = m.data.data() + results;
    if (r % 4 == 0) reinterpret_cast<xl::vec<int, 4>*>(to)[r / 4] = {1, 2, 3, 4};
    if (r % 4 == 3) to[m.right ? 512 + r : r] = 0;
  }
};

/// A lock that is opened by a relaxed store.
struct lock_opened_relaxed {
  static constexpr guise of{kind::device_race, "device", "plain under a lock", "loop", 4, 32};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    auto const lock = xl::atomic(ctx, m.data[results]);
    while (lock.exchange(1, xl::acquire{}) != 0) {
    }
    m.data[results + 1] += 1;
    if (m.right)
      lock.store(0, xl::release{});
    else
      lock.store(0);
  }
};
/// A ticket lock whose turn passes on without a release.
struct ticket_lock {
  static constexpr guise of{kind::device_race, "device", "plain under a lock", "function", 4, 32};
  template <class Ctx>
  CROSSLANE_FN static void enter(Ctx const& ctx, int& tickets, int& turn) {
    int const own = xl::atomic(ctx, tickets).fetch_add(1);
    while (xl::atomic(ctx, turn).load(xl::acquire{}) != own) {
    }
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    enter(ctx, m.data[results], m.data[results + 1]);
    m.data[results + 2] += int(ctx.block_rank());
    auto const turn = xl::atomic(ctx, m.data[results + 1]);
    if (m.right)
      turn.fetch_add(1, xl::release{});
    else
      turn.fetch_add(1);
  }
};

/// A look-back whose status is stored before its sum can be seen.
struct look_back_relaxed {
  static constexpr guise of{kind::device_race, "device", "struct member", "loop", 4, 32};
  struct state {
    int status, sum;
  };
  struct shared {
    int block;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (ctx.thread_rank() == 0) s.block = xl::atomic(ctx, m.data[results]).fetch_add(1);
    ctx.sync_block();
    if (ctx.thread_rank() != 0) return;
    state* const states = reinterpret_cast<state*>(&m.data[results + 2]);
    int const b = s.block;
    int sum = 1;
    if (b != 0) {
      while (xl::atomic(ctx, states[b - 1].status).load(xl::acquire{}) == 0) {
      }
      sum += states[b - 1].sum;
    }
    states[b].sum = sum;
    if (m.right)
      xl::atomic(ctx, states[b].status).store(1, xl::release{});
    else
      xl::atomic(ctx, states[b].status).store(1);
  }
};

/// A producer and a consumer with a volatile flag and a fence, as in code before C++11.
struct volatile_flag {
  static constexpr guise of{kind::device_race, "device", "volatile", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    int& flag = m.data[results];
    if (ctx.block_rank() == 0) {
      m.data[results + 1] = 42;
      if (m.right) {
        xl::atomic(ctx, flag).store(1, xl::release{});
      } else {
        xl::fence(ctx);
        *static_cast<int volatile*>(&flag) = 1;
      }
    } else if (m.right ? xl::atomic(ctx, flag).load(xl::acquire{}) == 1 : *static_cast<int volatile*>(&flag) != 2) {
      m.data[results + 2] = m.data[results + 1];
    }
  }
};

/// The blocks clear the bins that others already count in.
struct clears_and_counts {
  static constexpr guise of{kind::device_race, "device", "plain and atomic", "straight line"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    unsigned const t = ctx.thread_rank();
    int* const bins = &m.data[results + (m.right ? ctx.block_rank() * 16 : 0)];
    if (t < 16) bins[t] = 0;
    ctx.sync_block();
    xl::atomic(ctx, bins[unsigned(m.data[t]) % 16]).fetch_add(1);
  }
};

/// The first thread that comes initialises.
struct initialises_once {
  static constexpr guise of{kind::device_race, "device", "plain", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int& done = m.data[results];
    int expected = 0;
    if (m.right ? xl::atomic(ctx, done).compare_exchange(expected, 1) : done == 0) {
      if (!m.right) done = 1;
      m.data[results + 1 + ctx.global_rank()] = 5;
    }
  }
};

/// Breadth-first search: several vertices reach the same neighbour.
struct frontier {
  static constexpr guise of{kind::device_race, "device", "plain", "nested loops"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int* const level = &m.data[results];
    for (unsigned edge = 0; edge < 4; ++edge) {
      unsigned const to = (ctx.global_rank() * 7 + edge * 3) % 50;
      int unseen = 0;
      if (m.right)
        xl::atomic(ctx, level[to]).compare_exchange(unseen, 1);
      else if (level[to] == 0)
        level[to] = 1;
    }
  }
};

/// The stride is that of the block, so that blocks write the same elements.
struct stride_of_the_block {
  static constexpr guise of{kind::device_race, "device", "plain", "grid-stride loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    unsigned const stride = m.right ? ctx.block_size() * ctx.block_count() : ctx.block_size();
    for (unsigned i = ctx.global_rank(); i < 512; i += stride) m.data[results + i] = m.data[i] * 2;
  }
};

/// Sums of rows in a matrix, by a thread for each element.
struct sums_rows_in_a_tensor {
  static constexpr guise of{kind::device_race, "device", "through a tensor view", "template"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    using layout = xl::row_major<>;
    xl::tensor_view<int, layout> const in{m.data.data(), layout{{16, 8}}}, out{m.data.data() + results, layout{{16, 1}}};
    int const row = int(ctx.global_rank() / 8), col = int(ctx.global_rank() % 8);
    if (m.right)
      xl::atomic(ctx, out(row, 0)).fetch_add(in(row, col));
    else
      out(row, 0) += in(row, col);
  }
};

/// Neighbouring bytes belong to different threads, but the index makes two threads write one byte.
struct bytes_of_a_mask {
  static constexpr guise of{kind::device_race, "device", "single bytes", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    unsigned char* const mask = reinterpret_cast<unsigned char*>(&m.data[results]);
    for (unsigned k = 0; k < (m.right ? 3u : 4u); ++k) mask[ctx.global_rank() * 3 + k] = static_cast<unsigned char>(k);
  }
};

/// A grid-wide sweep: the next step reads what other blocks of the cooperative grid have written, after a barrier of the block only.
struct sweeps_of_a_grid {
  static constexpr guise of{kind::device_race, "device", "plain", "cooperative loop"};
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    unsigned const i = ctx.global_rank(), n = ctx.block_size() * ctx.block_count();
    int* from = &m.data[results];
    int* to = from + 512;
    for (int step = 0; step < 3; ++step) {
      to[i] = from[i] + from[(i + 1) % n];
      if (m.right)
        ctx.sync_grid();
      else
        ctx.sync_block();
      int* const other = from;
      from = to;
      to = other;
    }
  }
};

/// Lanes exchange values through device memory. A vote orders no memory.
struct ping_pong_of_lanes {
  static constexpr guise of{kind::device_race, "device", "plain", "wave operations", 1, 64};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const w = xl::wave(ctx);
    int* const mine = &m.data[results + ctx.wave_rank() * 64];
    mine[ctx.lane_rank()] = int(ctx.lane_rank());
    bool const all = w.all(true);
    if (m.right) w.sync();
    if (all) m.data[results + 512 + ctx.global_rank()] = mine[w.size() - 1 - ctx.lane_rank()];
  }
};

// --- scopes ---

struct histogram_for_the_block {
  static constexpr guise of{kind::narrow_scope, "device", "atomic", "grid-stride loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    for (unsigned i = ctx.global_rank(); i < 512; i += ctx.block_size() * ctx.block_count()) {
      int& bin = m.data[results + unsigned(m.data[i]) % 16];
      if (m.right)
        xl::atomic(ctx, bin).fetch_add(1);
      else
        xl::atomic<xl::scope::block>(ctx, bin).fetch_add(1);
    }
  }
};
struct tickets_of_waves {
  static constexpr guise of{kind::narrow_scope, "shared", "atomic", "wave operations", 2, 128};
  struct shared {
    int next;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (ctx.thread_rank() == 0) s.next = 0;
    ctx.sync_block();
    int own = 0;
    if (ctx.lane_rank() == 0)
      own = m.right ? xl::atomic<xl::scope::block>(ctx, s.next).fetch_add(1) : xl::atomic<xl::scope::wave>(ctx, s.next).fetch_add(1);
    m.data[results + ctx.global_rank()] = xl::wave(ctx).broadcast(own, 0);
  }
};
struct maximum_of_a_struct {
  static constexpr guise of{kind::narrow_scope, "device", "struct member", "function"};
  struct extremes {
    int least, most;
  };
  template <xl::scope Scope, class Ctx>
  CROSSLANE_FN static void widen(Ctx const& ctx, extremes& e, int value) {
    xl::atomic<Scope>(ctx, e.most).fetch_max(value);
    xl::atomic<Scope>(ctx, e.least).fetch_min(value);
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    extremes& e = *reinterpret_cast<extremes*>(&m.data[results]);
    int const value = m.data[ctx.global_rank()];
    if (m.right)
      widen<xl::scope::device>(ctx, e, value);
    else
      widen<xl::scope::block>(ctx, e, value);
  }
};
struct dynamic_counter_of_a_wave {
  static constexpr guise of{kind::narrow_scope, "dynamic shared", "compare-exchange", "loop", 2, 128};
  static constexpr std::size_t dynamic_bytes = 64;
  template <xl::scope Scope, class Ctx>
  CROSSLANE_FN static void add(Ctx const& ctx, int& sum, int value) {
    auto const a = xl::atomic<Scope>(ctx, sum);
    int old = a.load();
    while (!a.compare_exchange(old, old + value)) {
    }
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int& sum = xl::dynamic_shared<int>(ctx)[0];
    if (ctx.thread_rank() == 0) sum = 0;
    ctx.sync_block();
    if (m.right)
      add<xl::scope::block>(ctx, sum, 1);
    else
      add<xl::scope::wave>(ctx, sum, 1);
    ctx.sync_block();
    if (ctx.thread_rank() == 0) m.data[results + ctx.block_rank()] = sum;
  }
};
/// The fence before the flag covers only the block.
struct fence_of_the_block {
  static constexpr guise of{kind::device_race, "device", "fence", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    auto const flag = xl::atomic(ctx, m.data[results]);
    if (ctx.block_rank() == 0) {
      m.data[results + 1] = 42;
      if (m.right)
        xl::fence(ctx);
      else
        xl::fence<xl::scope::block>(ctx);
      flag.store(1);
    } else if (flag.load() == 1 || !m.right) {
      xl::fence(ctx);
      m.data[results + 2] = m.data[results + 1];
    }
  }
};

}  // namespace corpus
