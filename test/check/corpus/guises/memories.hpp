// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Mistakes in pinned and managed memory, and more guises of what atomic operations and asynchronous copies order.
#pragma once

#include "guise.hpp"

#include <type_traits>

namespace corpus {

// --- memory that the program may access too ---

struct histogram_in_managed_memory {
  static constexpr guise of{kind::device_race, "managed", "compound assignment", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    for (unsigned i = 0; i < 2; ++i) {
      int& bin = m.managed[unsigned(m.data[ctx.thread_rank() + i]) % 8];
      if (m.right)
        xl::atomic(ctx, bin).fetch_add(1);
      else
        bin += 1;
    }
  }
};
struct mailbox_in_pinned_memory {
  static constexpr guise of{kind::device_race, "pinned", "plain and atomic", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    auto const flag = xl::atomic<xl::scope::system>(ctx, m.pinned[0]);
    if (ctx.block_rank() == 0) {
      m.pinned[1] = 42;
      if (m.right)
        flag.store(1, xl::release{});
      else
        flag.store(1);
    } else if (flag.load(xl::acquire{}) == 1 || !m.right) {
      m.pinned[2] = m.pinned[1];
    }
  }
};
struct vectors_in_managed_memory {
  static constexpr guise of{kind::device_race, "managed", "vector", "function"};
  CROSSLANE_FN static void store(int* to) { *reinterpret_cast<xl::vec<int, 4>*>(to) = {1, 2, 3, 4}; }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.global_rank() < (m.right ? 32u : 33u)) store(m.managed.data() + ctx.global_rank() % 32 * 4);
  }
};
struct counter_of_a_block_in_managed_memory {
  static constexpr guise of{kind::narrow_scope, "managed", "atomic", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.lane_rank() != 0) return;
    if (m.right)
      xl::atomic(ctx, m.managed[3]).fetch_add(1);
    else
      xl::atomic<xl::scope::block>(ctx, m.managed[3]).fetch_add(1);
  }
};
struct beyond_managed_memory {
  static constexpr guise of{kind::out_of_bounds, "managed", "raw pointer", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int* const p = m.managed.data();
    for (unsigned i = ctx.global_rank(); i < (m.right ? 1024u : 1025u); i += 128) p[i] = 0;
  }
};
struct vector_beyond_pinned_memory {
  static constexpr guise of{kind::out_of_bounds, "pinned", "vector", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const* const v = reinterpret_cast<xl::vec<int, 4> const*>(m.pinned.data());
    if (ctx.global_rank() == 0) m.data[results] = v[m.right ? 255 : 256][1];
  }
};
struct freed_pinned_memory {
  static constexpr guise of{kind::freed_memory, "pinned", "plain", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int* const p = m.right ? m.pinned.data() : m.gone_pinned;
    for (unsigned i = ctx.global_rank(); i < 256; i += 128) p[i] = 1;
  }
};
struct new_pinned_memory {
  static constexpr guise of{kind::unwritten_memory,
                            "pinned",
                            "plain",
                            "lambda",
                            2,
                            64,
                            0,
                            "the program may write pinned memory by code whose accesses are not seen"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const at = [&](unsigned i) { return m.right ? m.pinned[i] : m.new_pinned[i]; };
    m.data[results + ctx.global_rank()] = at(ctx.global_rank());
  }
};
struct doubles_in_pinned_memory {
  static constexpr guise of{kind::misaligned, "pinned", "double", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    char const* const bytes = reinterpret_cast<char const*>(m.pinned.data()) + (m.right ? 8 : 4);
    double sum = 0;
    for (unsigned i = 0; i < 4; ++i) sum += reinterpret_cast<double const*>(bytes)[i];
    m.data[results + ctx.global_rank()] = int(sum);
  }
};

// --- the first writer, and many readers ---

struct zeroed_beside_the_counting {
  static constexpr guise of{kind::shared_race, "dynamic shared", "plain and atomic", "function", 2, 64, 0, nullptr, true};
  static constexpr std::size_t dynamic_bytes = 64;
  template <class Ctx>
  CROSSLANE_FN static void clear(Ctx const& ctx, int& n, bool wait) {
    if (ctx.thread_rank() == 0) n = 0;
    if (wait) ctx.sync_block();
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int& n = xl::dynamic_shared<int>(ctx)[3];
    clear(ctx, n, m.right);
    xl::atomic<xl::scope::block>(ctx, n).fetch_max(m.data[ctx.thread_rank()]);
  }
};
struct zeroed_by_the_first_block {
  static constexpr guise of{kind::device_race, "device", "plain and atomic", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (!m.right && ctx.global_rank() == 0) m.data[results] = 0;
    if (ctx.thread_rank() == 0) xl::atomic(ctx, m.data[results]).fetch_or(1);
  }
};
/// All lanes read what the third of them writes.
struct third_lane_writes {
  static constexpr guise of{kind::shared_race, "shared", "plain", "tiles"};
  struct shared {
    int value[8];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    if (t < 8) s.value[t] = 0;
    ctx.sync_block();
    m.data[results + ctx.global_rank()] = s.value[t / 8];
    auto const tile = xl::tile<8>(ctx);
    if (m.right) tile.sync();
    if (tile.rank() == 3) s.value[t / 8] = 1;
  }
};

// --- what releases nothing ---

/// An exchange that fails hands nothing on.
struct failed_exchange_for_a_release {
  static constexpr guise of{kind::device_race, "device", "compare-exchange", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    auto const flag = xl::atomic(ctx, m.data[results]);
    if (ctx.block_rank() == 0) {
      m.data[results + 1] = 7;
      int expected = m.right ? 0 : 5;
      flag.compare_exchange(expected, 1, xl::acq_rel{});
    } else if (flag.load(xl::acquire{}) == 1 || !m.right) {
      m.data[results + 2] = m.data[results + 1];
    }
  }
};
/// Atomic operations on shared memory order nothing between blocks.
struct shared_counter_for_a_grid {
  static constexpr guise of{kind::device_race, "managed", "plain and atomic", "struct member"};
  struct shared {
    struct {
      int pad, count;
    } state;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (ctx.thread_rank() != 0) return;
    s.state.count = 0;
    auto const count = xl::atomic<xl::scope::device>(ctx, s.state.count);
    count.fetch_add(1, xl::acq_rel{});
    m.managed[m.right ? ctx.block_rank() : 0] += 1;
    count.fetch_add(1, xl::acq_rel{});
  }
};
/// The lanes of other waves do not see what a fence of the wave orders.
struct fence_of_the_wave {
  static constexpr guise of{kind::shared_race, "shared", "fence", "branch", 2, 128};
  struct shared {
    int value, flag;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    if (t == 0) s.flag = s.value = 0;
    ctx.sync_block();
    auto const flag = xl::atomic<xl::scope::block>(ctx, s.flag);
    if (t == 0) {
      s.value = 3;
      if (m.right)
        xl::fence<xl::scope::block>(ctx);
      else
        xl::fence<xl::scope::wave>(ctx);
      flag.store(1);
    } else if (t == 127) {
      while (flag.load() == 0) {
      }
      xl::fence<xl::scope::block>(ctx);
      m.data[results + ctx.block_rank()] = s.value;
    }
  }
};

// --- asynchronous copies ---

struct copies_without_a_wait {
  static constexpr guise of{kind::shared_race, "dynamic shared", "asynchronous copy", "straight line"};
  static constexpr std::size_t dynamic_bytes = 256;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    unsigned const t = ctx.thread_rank();
    int* const tile = xl::dynamic_shared<int>(ctx).data();
    xl::async_copies copies{ctx};
    copies.copy(tile[t], m.data[t]);
    copies.commit();
    if (m.right) copies.wait();
    ctx.sync_block();
    m.data[results + ctx.global_rank()] = tile[63 - t];
    if (!m.right) copies.wait();
  }
};
struct last_group_not_waited_for {
  static constexpr guise of{kind::shared_race, "shared", "asynchronous copy", "unrolled loop"};
  struct shared {
    alignas(16) int tile[3][64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    xl::async_copies copies{ctx};
    for (unsigned k = 0; k < 3; ++k) {
      copies.copy(s.tile[k][t], m.data[k * 64 + t]);
      copies.commit();
    }
    int sum = 0;
    copies.template wait<2>();
    ctx.sync_block();
    sum += s.tile[0][63 - t];
    copies.template wait<1>();
    ctx.sync_block();
    sum += s.tile[1][63 - t];
    if (m.right)
      copies.template wait<0>();
    else
      copies.template wait<1>();
    ctx.sync_block();
    sum += s.tile[2][63 - t];
    copies.wait();
    m.data[results + ctx.global_rank()] = sum;
  }
};
struct source_changed_before_the_wait {
  static constexpr guise of{kind::device_race, "device", "asynchronous copy", "loop"};
  struct shared {
    alignas(16) int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    int& own = m.data[results + ctx.global_rank()];
    for (int k = 0; k < 2; ++k) {
      xl::async_copies copies{ctx};
      copies.copy(s.tile[t], own);
      copies.commit();
      if (m.right) copies.wait();
      own = k;
      if (!m.right) copies.wait();
    }
  }
};

// --- variables of the program ---

struct static_of_a_function {
  static constexpr guise of{kind::host_memory, "host", "static variable", "function"};
  static int next(int zero) {
    static int calls = 3;
    if (zero != 0) ++calls;
    return calls;
  }
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, arguments m) const {
    m.data[results + ctx.global_rank()] = m.right ? 3 : next(m.zero);
  }
};
struct pointer_in_a_struct_of_options {
  static constexpr guise of{kind::host_memory, "host", "struct member", "loop"};
  struct options {
    int const* weights;
    int n;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    options const o{m.right ? m.data.data() : m.of_program, 4};
    int sum = 0;
    for (int i = 0; i < o.n; ++i) sum += o.weights[i];
    m.data[results + ctx.global_rank()] = sum;
  }
};
struct pointer_to_a_local_number {
  static constexpr guise of{kind::host_memory, "local", "atomic", "function"};
  struct shared {
    int* sum;
    int number;
  };
  template <class Ctx>
  CROSSLANE_FN static void add(Ctx const& ctx, int* sum) {
    xl::atomic<xl::scope::block>(ctx, *sum).fetch_add(1);
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    int local = m.zero;
    if (ctx.thread_rank() == 0) {
      s.number = 0;
      s.sum = m.right ? &s.number : &local;
    }
    ctx.sync_block();
    add(ctx, s.sum);
    ctx.sync_block();
    m.data[results + ctx.global_rank()] = local;
  }
};
struct lambda_over_a_local_array {
  static constexpr guise of{kind::host_memory, "local", "captured by reference", "lambda"};
  struct shared {
    void const* f;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    int local[2] = {m.data[1], m.data[2]};
    auto const sum = [&local] { return local[0] + local[1]; };
    if (ctx.thread_rank() == 0) s.f = &sum;
    ctx.sync_block();
    auto const* const f = m.right ? &sum : static_cast<std::remove_reference_t<decltype(sum)> const*>(s.f);
    m.data[results + ctx.global_rank()] = (*f)();
    ctx.sync_block();
  }
};

}  // namespace corpus
