// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Accesses of several sizes and types to the same memory, and accesses that the standard library makes.
#pragma once

#include "guise.hpp"

#include <crosslane/vector.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>

namespace corpus {

/// One thread writes a byte of a word that another thread reads.
struct byte_in_a_word {
  static constexpr guise of{kind::shared_race, "shared", "byte and word", "branch"};
  struct shared {
    unsigned word[2];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    if (t < 2) s.word[t] = 0;
    ctx.sync_block();
    if (t == 0) reinterpret_cast<unsigned char*>(s.word)[m.right ? 4 : 2] = 1;
    if (t == 40) m.data[results + ctx.block_rank()] = int(s.word[0]);
  }
};
/// A counter of 8 bytes next to plain reads of its lower half.
struct half_of_a_counter {
  static constexpr guise of{kind::device_race, "device", "atomic of 8 bytes and word", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto& wide = *reinterpret_cast<std::uint64_t*>(&m.data[results]);
    xl::atomic(ctx, wide).fetch_add(std::uint64_t{1});
    if (ctx.thread_rank() == 7) m.data[results + 16 + ctx.block_rank()] = m.right ? m.data[5] : m.data[results];
  }
};
struct doubles_of_a_sum {
  static constexpr guise of{kind::shared_race, "dynamic shared", "double", "loop"};
  static constexpr std::size_t dynamic_bytes = 512;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    xl::span<double> const v = xl::dynamic_shared<double>(ctx);
    unsigned const t = ctx.thread_rank();
    v[t] = m.data[t];
    ctx.sync_block();
    for (unsigned half = 32; half != 0; half /= 2) {
      double const other = t < half ? v[t + half] : 0;
      if (m.right) ctx.sync_block();
      if (t < half) v[t] += other;
      if (m.right || half > 2) ctx.sync_block();
    }
    if (t == 0) m.data[results + ctx.block_rank()] = int(v[0]);
  }
};
struct halves_of_a_row {
  static constexpr guise of{kind::shared_race, "shared", "16 bits", "lambda"};
  struct shared {
    short value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    auto const at = [&](unsigned i) -> short& { return s.value[i % 64]; };
    at(t) = short(m.data[t]);
    if (m.right) ctx.sync_block();
    m.data[results + ctx.global_rank()] = at(t + 1);
  }
};
/// An object is assigned as a whole while another thread writes a member.
struct assigns_the_whole {
  static constexpr guise of{kind::device_race, "device", "class object", "function"};
  struct body {
    int x, y, z, mass, vx, vy, vz, id;
  };
  CROSSLANE_FN static void move(body& to, body const& from) { to = from; }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto* const bodies = reinterpret_cast<body*>(&m.data[results]);
    auto const* const from = reinterpret_cast<body const*>(m.data.data());
    unsigned const t = ctx.global_rank();
    if (t < 64)
      move(bodies[t], from[t % 8]);
    else
      bodies[m.right ? t : t - 64].mass = 1;
  }
};
struct pointers_of_a_list {
  static constexpr guise of{kind::device_race, "device", "64 bits", "linked list"};
  struct node {
    std::uint64_t next;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto* const nodes = reinterpret_cast<node*>(&m.data[results]);
    unsigned const i = ctx.global_rank() + 1;
    if (m.right) {
      nodes[i].next = xl::atomic(ctx, nodes[0].next).exchange(i);
    } else {
      nodes[i].next = nodes[0].next;
      nodes[0].next = i;
    }
  }
};

// --- the standard library in kernels ---

struct clears_by_memset {
  static constexpr guise of{kind::shared_race, "shared", "memset", "branch"};
  struct shared {
    int bins[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (ctx.thread_rank() == 0) std::memset(s.bins, 0, sizeof s.bins);
    if (m.right) ctx.sync_block();
    xl::atomic<xl::scope::block>(ctx, s.bins[m.data[ctx.thread_rank()]]).fetch_add(1);
  }
};
struct moves_up_by_memmove {
  static constexpr guise of{kind::device_race, "device", "memmove", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    int* const row = &m.data[results + ctx.block_rank() * 16];
    std::memmove(row + (m.right ? 0 : 1), row, 16 * sizeof(int));
  }
};
struct fills_by_std_fill {
  static constexpr guise of{kind::out_of_bounds, "shared", "standard library", "branch"};
  struct shared {
    int value[48];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    int* const p = s.value;
    if (ctx.thread_rank() == 0) std::fill(p, p + (m.right ? 48 : 64), 1);
  }
};
struct sums_by_accumulate {
  static constexpr guise of{kind::unwritten_memory, "shared", "standard library", "branch"};
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    if (m.right || t < 63) s.value[t] = 1;
    ctx.sync_block();
    if (t == 0) m.data[results + ctx.block_rank()] = std::accumulate(s.value, s.value + 64, 0);
  }
};
struct sorts_by_std_sort {
  static constexpr guise of{kind::device_race, "device", "standard library", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    int* const row = &m.data[results + ctx.block_rank() * (m.right ? 16 : 8)];
    for (int i = 0; i < 4; ++i) row[i] = 4 - i;
    std::sort(row, row + 16);
  }
};

// --- results of functions ---

struct large_result {
  int v[12];
};
/// A function returns an object that is stored in memory which another thread reads.
struct stores_a_large_result {
  static constexpr guise of{kind::shared_race, "shared", "result of a function", "function"};
  struct shared {
    large_result of[64];
  };
  [[gnu::noinline]] static large_result make(int from) {
    large_result r;
    for (int i = 0; i < 12; ++i) r.v[i] = from + i;
    return r;
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    s.of[t] = make(m.data[t]);
    if (m.right) ctx.sync_block();
    m.data[results + ctx.global_rank()] = s.of[63 - t].v[3];
  }
};
struct passes_a_large_argument {
#ifdef __clang__
  static constexpr guise of{kind::shared_race, "shared", "argument by value", "function"};
#else
  static constexpr guise of{kind::shared_race,
                            "shared",
                            "argument by value",
                            "function",
                            2,
                            64,
                            0,
                            "g++ makes no call for an object that goes from memory to a function which is not inlined"};
#endif
  struct shared {
    large_result of[64];
  };
  [[gnu::noinline]] static int sum(large_result r) { return std::accumulate(r.v, r.v + 12, 0); }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    for (int i = 0; i < 12; ++i) s.of[t].v[i] = m.data[t];
    if (m.right) ctx.sync_block();
    m.data[results + ctx.global_rank()] = sum(s.of[63 - t]);
  }
};

// --- synchronisation that looks sufficient ---

/// A barrier of the wave between writes and reads of other waves, as after a port from blocks of one warp.
struct block_of_one_wave {
  static constexpr guise of{kind::shared_race, "shared", "plain", "wave barrier", 2, 128};
  struct shared {
    int value[128];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    s.value[t] = m.data[t];
    xl::wave(ctx).sync();
    m.data[results + ctx.global_rank()] = s.value[m.right ? t / 32 * 32 : 127 - t];
  }
};
/// Only the producers meet at the counter; the consumers read it relaxed.
struct counter_read_relaxed {
  static constexpr guise of{kind::shared_race, "shared", "plain and atomic", "wave roles", 2, 128};
  struct shared {
    int value[64], count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    if (t == 0) s.count = 0;
    ctx.sync_block();
    auto const count = xl::atomic<xl::scope::block>(ctx, s.count);
    if (t < 64) {
      s.value[t] = 1;
      count.fetch_add(1, xl::release{});
    } else {
      while ((m.right ? count.load(xl::acquire{}) : count.load()) != 64) {
      }
      m.data[results + ctx.global_rank()] = s.value[127 - t];
    }
  }
};
/// Blocks count in with acq_rel, but the thread that counts is not the one that has written.
struct leader_counts_for_its_block {
  static constexpr guise of{kind::device_race, "device", "plain and atomic", "last block"};
  struct shared {
    bool last;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    m.data[results + 64 + ctx.global_rank()] = 1;
    if (m.right) ctx.sync_block();
    if (t == 0) s.last = xl::atomic(ctx, m.data[results]).fetch_add(1, xl::acq_rel{}) + 1 == int(ctx.block_count());
    ctx.sync_block();
    if (s.last) m.data[results + 512 + t] = m.data[results + 64 + t] + m.data[results + 128 + t];
  }
};
/// A compare-exchange takes the lock with relaxed order.
struct lock_taken_relaxed {
  static constexpr guise of{kind::device_race, "device", "plain under a lock", "lambda", 4, 32};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    auto const lock = xl::atomic(ctx, m.data[results]);
    auto const take = [&] {
      int expected = 0;
      while (m.right ? !lock.compare_exchange(expected, 1, xl::acquire{}) : !lock.compare_exchange(expected, 1)) expected = 0;
    };
    take();
    m.data[results + 1] += 1;
    lock.store(0, xl::release{});
  }
};
/// Readers count in and out; the writer waits for nobody.
struct reads_under_no_lock {
  static constexpr guise of{kind::device_race, "device", "plain under a lock", "branch", 4, 32};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    auto const lock = xl::atomic(ctx, m.data[results]);
    bool const writer = ctx.block_rank() == 2;
    if (writer || m.right)
      while (lock.exchange(1, xl::acquire{}) != 0) {
      }
    if (writer)
      m.data[results + 1] = 1;
    else
      m.data[results + 2 + ctx.block_rank()] = m.data[results + 1];
    if (writer || m.right) lock.store(0, xl::release{});
  }
};
/// A queue whose items are taken by the number of items that were announced before they were written.
struct queue_announced_too_early {
  static constexpr guise of{kind::device_race, "device", "plain and atomic", "queue"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    auto const tail = xl::atomic(ctx, m.data[results]);
    if (ctx.block_rank() == 0) {
      if (!m.right) tail.store(1, xl::release{});
      m.data[results + 1] = 9;
      if (m.right) tail.store(1, xl::release{});
    } else if (tail.load(xl::acquire{}) == 1 || !m.right) {
      m.data[results + 2] = m.data[results + 1];
    }
  }
};

}  // namespace corpus
