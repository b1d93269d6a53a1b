// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Barriers and operations of lanes that not all threads reach, loops that never end, undefined arithmetic and traps.
#pragma once

#include "guise.hpp"

namespace corpus {

// --- a thread returns before a barrier ---

struct returns_from_the_loop {
  static constexpr guise of{kind::early_exit, "-", "block barrier", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int sum = 0;
    for (unsigned i = ctx.thread_rank(); i < 256; i += 64) {
      if (!m.right && i >= 250) return;
      sum += m.data[i];
      ctx.sync_block();
    }
    m.data[results + ctx.global_rank()] = sum;
  }
};
struct returns_from_a_function {
  static constexpr guise of{kind::early_exit, "-", "block barrier", "function"};
  template <class Ctx>
  CROSSLANE_FN static bool load(Ctx const& ctx, arguments const& m, int& value) {
    if (ctx.global_rank() >= 100) return false;
    value = m.data[ctx.global_rank()];
    return true;
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int value = 0;
    if (!load(ctx, m, value) && !m.right) return;
    ctx.sync_block();
    m.data[results + ctx.global_rank()] = value;
  }
};
struct found_and_gone {
  static constexpr guise of{kind::early_exit, "shared", "block barrier", "lambda"};
  struct shared {
    int found;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (ctx.thread_rank() == 0) s.found = 0;
    ctx.sync_block();
    auto const matches = [&](int value) { return m.data[ctx.thread_rank()] == value; };
    if (matches(9)) {
      xl::atomic<xl::scope::block>(ctx, s.found).store(1);
      if (!m.right) return;
    }
    ctx.sync_block();
    m.data[results + ctx.global_rank()] = s.found;
  }
};
struct idle_blocks_leave_the_grid {
  static constexpr guise of{kind::early_exit, "-", "grid barrier", "branch", 3};
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    bool const idle = ctx.block_rank() == 2;
    if (idle && !m.right) return;
    if (!idle) m.data[results + ctx.global_rank()] = 1;
    ctx.sync_grid();
    m.data[results + 512 + ctx.global_rank()] = m.data[results];
  }
};

// --- barriers at different places ---

struct barrier_of_a_continue {
  static constexpr guise of{kind::different_barriers, "-", "block barrier", "loop with continue"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    for (int i = 0; i < 3; ++i) {
      if (!m.right && ctx.thread_rank() % 2 == 0) {
        ctx.sync_block();
        continue;
      }
      ctx.sync_block();
      m.data[results + ctx.global_rank()] += i;
    }
  }
};
struct barrier_in_a_switch {
  static constexpr guise of{kind::different_barriers, "-", "block barrier", "switch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    switch (m.right ? 0 : ctx.thread_rank() / 32) {
      case 0: ctx.sync_block(); break;
      default: ctx.sync_block(); break;
    }
    m.data[results + ctx.global_rank()] = 1;
  }
};
struct producers_and_consumers {
  static constexpr guise of{kind::different_barriers, "shared", "block barrier", "function"};
  struct shared {
    int value[32];
  };
  template <class Ctx>
  CROSSLANE_FN static void produce(Ctx const& ctx, shared& s, bool wait) {
    s.value[ctx.thread_rank() % 32] = 1;
    if (wait) ctx.sync_block();
  }
  template <class Ctx>
  CROSSLANE_FN static int consume(Ctx const& ctx, shared& s, bool wait) {
    if (wait) ctx.sync_block();
    return s.value[ctx.thread_rank() % 32];
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    bool const producer = ctx.thread_rank() < 32;
    if (producer) produce(ctx, s, !m.right);
    if (m.right) ctx.sync_block();
    if (!producer) m.data[results + ctx.global_rank()] = consume(ctx, s, !m.right);
  }
};

// --- lanes ---

struct shuffles_behind_a_guard {
  static constexpr guise of{kind::absent_lane, "registers", "shuffle", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (m.right) {
      int const value = ctx.global_rank() < 100 ? m.data[ctx.global_rank()] : 0;
      m.data[results + ctx.global_rank()] = xl::wave(ctx).shuffle_down(value, 1);
    } else if (ctx.global_rank() < 100) {
      m.data[results + ctx.global_rank()] = xl::wave(ctx).shuffle_down(m.data[ctx.global_rank()], 1);
    }
  }
};
struct reduces_uneven_rounds {
  static constexpr guise of{kind::absent_lane, "registers", "reduction", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int sum = 0;
    unsigned const n = m.right ? 128 : 120;
    for (unsigned i = ctx.thread_rank(); i < n; i += 64) sum += xl::wave(ctx).reduce(m.data[i], xl::plus{});
    m.data[results + ctx.global_rank()] = sum;
  }
};
struct vote_of_a_function {
  static constexpr guise of{kind::absent_lane, "registers", "vote", "function"};
  template <class Ctx>
  CROSSLANE_FN static bool all_small(Ctx const& ctx, int value) {
    return xl::tile<16>(ctx).all(value < 1000);
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int const value = m.data[ctx.thread_rank()];
    if (m.right || (value & 3) != 0) m.data[results + ctx.global_rank()] = all_small(ctx, value);
  }
};
struct ballot_at_two_places {
  static constexpr guise of{kind::different_lanes, "registers", "vote", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const w = xl::wave(ctx);
    bool const odd = ctx.lane_rank() % 2 != 0;
    if (m.right)
      m.data[results + ctx.global_rank()] = w.any(odd);
    else if (odd)
      m.data[results + ctx.global_rank()] = w.any(true);
    else
      m.data[results + ctx.global_rank()] = w.any(false);
  }
};
struct scans_of_two_functions {
  static constexpr guise of{kind::different_lanes, "registers", "scan", "function"};
  template <class Ctx, class Op>
  CROSSLANE_FN static int scan(Ctx const& ctx, int value, Op op) {
    return xl::tile<8>(ctx).inclusive_scan(value, op);
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int const value = m.data[ctx.thread_rank()];
    bool const sums = m.right || ctx.lane_rank() % 8 < 5;
    m.data[results + ctx.global_rank()] = sums ? scan(ctx, value, xl::plus{}) : scan(ctx, value, xl::maximum{});
  }
};
struct shuffle_and_sync {
  static constexpr guise of{kind::different_lanes, "registers", "shuffle", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const t = xl::tile<4>(ctx);
    int value = m.data[ctx.thread_rank()];
    for (int i = 0; i < 2; ++i) {
      if (m.right || t.rank() != 3)
        value = t.shuffle_xor(value, 1);
      else
        t.sync();
    }
    m.data[results + ctx.global_rank()] = value;
  }
};
struct lane_32_of_a_wave {
  static constexpr guise of{kind::invalid_lane, "registers", "broadcast", "straight line", 2, 64, 32};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const w = xl::wave(ctx);
    m.data[results + ctx.global_rank()] = w.broadcast(m.data[ctx.thread_rank()], m.right ? w.size() - 1 : 63);
  }
};
struct lane_of_the_next_tile {
  static constexpr guise of{kind::invalid_lane, "registers", "shuffle", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const t = xl::tile<16>(ctx);
    int sum = 0;
    for (unsigned i = 0; i < 16; i += 4) sum += t.shuffle(m.data[ctx.thread_rank()], m.right ? (t.rank() + i) % 16 : t.rank() + i);
    m.data[results + ctx.global_rank()] = sum;
  }
};
struct leader_of_a_branch {
  static constexpr guise of{kind::invalid_lane, "registers", "broadcast", "function"};
  template <class Group>
  CROSSLANE_FN static int from(Group const& g, int value, unsigned rank) {
    return g.broadcast(value, rank);
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    bool const odd = ctx.lane_rank() % 2 != 0;
    auto const g = xl::wave(ctx).where(odd);
    if (odd) m.data[results + ctx.global_rank()] = from(g, m.data[ctx.thread_rank()], m.right ? 0 : g.size());
  }
};
/// 32 lanes are taken for a warp; with 64 lanes the others wait elsewhere.
struct half_of_a_wavefront {
  static constexpr guise of{kind::absent_lane, "registers", "reduction", "branch", 2, 64, 64};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int const value = m.data[ctx.thread_rank()];
    if (m.right)
      m.data[results + ctx.global_rank()] = xl::tile<32>(ctx).reduce(value, xl::plus{});
    else if (ctx.thread_rank() < 32)
      m.data[results + ctx.global_rank()] = xl::wave(ctx).reduce(value, xl::plus{});
  }
};

// --- loops that never end ---

struct flag_that_nobody_sets {
  static constexpr guise of{kind::no_progress, "shared", "atomic", "loop", 1};
  struct shared {
    int ready;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (ctx.thread_rank() == 0) s.ready = m.right ? 1 : 0;
    ctx.sync_block();
    if (ctx.thread_rank() < 32)
      while (xl::atomic<xl::scope::block>(ctx, s.ready).load(xl::acquire{}) == 0) {
      }
  }
};
struct lock_taken_twice {
  static constexpr guise of{kind::no_progress, "device", "exchange", "function", 1, 32};
  template <class Ctx>
  CROSSLANE_FN static void take(Ctx const& ctx, int& lock) {
    while (xl::atomic(ctx, lock).exchange(1, xl::acquire{}) != 0) {
    }
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    take(ctx, m.data[results]);
    if (m.right) xl::atomic(ctx, m.data[results]).store(0, xl::release{});
    take(ctx, m.data[results]);
  }
};
struct waves_in_turn {
  static constexpr guise of{kind::no_progress, "shared", "compare-exchange", "loop", 1, 64};
  struct shared {
    int turn;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (ctx.thread_rank() == 0) s.turn = 0;
    ctx.sync_block();
    if (ctx.lane_rank() != 0) return;
    int const own = int(ctx.wave_rank()) + (m.right ? 0 : 1);
    int expected = own;
    auto const turn = xl::atomic<xl::scope::block>(ctx, s.turn);
    while (!turn.compare_exchange(expected, own + 1, xl::acq_rel{})) expected = own;
  }
};

// --- arithmetic and traps ---

struct index_of_a_float {
  static constexpr guise of{kind::undefined_cast, "registers", "float to unsigned", "straight line"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    float const x = float(m.data[ctx.thread_rank()]) - (m.right ? 0.0f : 8.0f);
    m.data[results + ctx.global_rank()] = int(unsigned(x));
  }
};
struct bytes_of_pixels {
  static constexpr guise of{kind::undefined_cast, "registers", "float to byte", "function"};
  CROSSLANE_FN static unsigned char pixel(float x, bool right) {
    return right ? xl::saturate_cast<unsigned char>(x) : static_cast<unsigned char>(x);
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    m.data[results + ctx.global_rank()] = pixel(float(m.data[ctx.thread_rank()]) * 8, m.right);
  }
};
struct quotient_of_zeros {
  static constexpr guise of{kind::undefined_cast, "registers", "double to int", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int sum = 0;
    for (int i = m.right ? 1 : 0; i < 3; ++i) sum += int(double(m.data[ctx.thread_rank()]) / i);
    m.data[results + ctx.global_rank()] = sum;
  }
};
struct mask_below_a_lane {
  static constexpr guise of{kind::undefined_shift, "registers", "unsigned", "straight line", 2, 64, 64};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    m.data[results + ctx.global_rank()] = int(m.right ? (1ull << ctx.lane_rank()) - 1 : (1u << ctx.lane_rank()) - 1);
  }
};
struct all_bits_of_a_word {
  static constexpr guise of{kind::undefined_shift, "registers", "unsigned", "function"};
  CROSSLANE_FN static unsigned low_bits(unsigned n, bool right) { return right && n == 32 ? ~0u : (1u << n) - 1; }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    m.data[results + ctx.global_rank()] = int(low_bits(ctx.thread_rank() % 33, m.right));
  }
};
struct shifts_by_a_difference {
  static constexpr guise of{kind::undefined_shift, "registers", "signed", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int sum = 0;
    for (int level = 0; level < 4; ++level) sum += 64 >> (m.right ? level : level - 1 + m.zero);
    m.data[results + ctx.global_rank()] = sum;
  }
};
struct remainder_of_zero {
  static constexpr guise of{kind::kernel_fault, "registers", "division", "straight line"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    m.data[results + ctx.global_rank()] = m.data[ctx.thread_rank()] % (m.right ? 3 : m.zero);
  }
};
struct trap_in_a_branch {
  static constexpr guise of{kind::kernel_fault, "registers", "trap", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (m.data[ctx.thread_rank()] == 33 && !m.right) __builtin_trap();
    m.data[results + ctx.global_rank()] = 1;
  }
};
struct deep_recursion {
  static constexpr guise of{kind::kernel_fault, "local", "stack overflow", "recursion", 1, 32};
  [[gnu::noinline]] static int deep(int n) {
    int volatile room[2048];
    for (int i = 0; i < 2048; i += 512) room[i] = n;
    return n == 0 ? 0 : deep(n - 1) + room[512];
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() == 0) m.data[results] = deep(m.right ? 3 : 100000);
  }
};

}  // namespace corpus
