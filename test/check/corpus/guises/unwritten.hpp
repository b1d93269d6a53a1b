// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reads of memory that was not written, and memory of the program in kernels.
#pragma once

#include "guise.hpp"

#include <cstring>

namespace corpus {

struct sum_not_zeroed {
  static constexpr guise of{kind::unwritten_memory, "shared", "atomic", "straight line"};
  struct shared {
    int sum;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (m.right && ctx.thread_rank() == 0) s.sum = 0;
    ctx.sync_block();
    xl::atomic<xl::scope::block>(ctx, s.sum).fetch_add(m.data[ctx.thread_rank()]);
    ctx.sync_block();
    if (ctx.thread_rank() == 0) m.data[results + ctx.block_rank()] = s.sum;
  }
};
/// Only as many elements as the input has are written; the reduction takes all.
struct tail_of_the_tree {
  static constexpr guise of{kind::unwritten_memory, "dynamic shared", "through a span", "loop"};
  static constexpr std::size_t dynamic_bytes = 256;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    xl::span<int> const v = xl::dynamic_shared<int>(ctx);
    unsigned const t = ctx.thread_rank();
    if (t < 50)
      v[t] = m.data[t];
    else if (m.right)
      v[t] = 0;
    for (unsigned half = 32; half != 0; half /= 2) {
      ctx.sync_block();
      if (t < half) v[t] += v[t + half];
    }
    if (t == 0) m.data[results + ctx.block_rank()] = v[0];
  }
};
/// A result is added to a buffer that nobody has filled.
struct accumulates_in_a_new_buffer {
  static constexpr guise of{kind::unwritten_memory, "device", "compound assignment", "grid-stride loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int* const out = m.right ? m.data.data() : m.unwritten.data();
    for (unsigned i = ctx.global_rank(); i < 512; i += ctx.block_size() * ctx.block_count()) out[i] += 1;
  }
};
struct vectors_of_a_new_buffer {
  static constexpr guise of{kind::unwritten_memory, "device", "vector", "function"};
  template <class Vector>
  CROSSLANE_FN static int sum(Vector const* from, unsigned i) {
    Vector const v = from[i];
    return v[0] + v[1];
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const* const from = reinterpret_cast<xl::vec<int, 4> const*>(m.right ? m.data.data() : m.unwritten.data());
    m.data[results + ctx.global_rank()] = sum(from, ctx.global_rank());
  }
};
/// A member that one branch leaves out.
struct member_left_out {
  static constexpr guise of{kind::unwritten_memory, "shared", "struct member", "branch"};
  struct particle {
    int mass, charge;
  };
  struct shared {
    particle of[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    particle& p = s.of[t];
    p.mass = m.data[t];
    if (m.right || p.mass % 2 == 0) p.charge = 1;
    ctx.sync_block();
    int sum = 0;
    for (unsigned i = 0; i < 64; ++i) sum += s.of[i].mass * s.of[i].charge;
    m.data[results + ctx.global_rank()] = sum;
  }
};
struct counts_in_a_new_buffer {
  static constexpr guise of{kind::unwritten_memory, "device", "atomic", "lambda"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const count = [&](int& bin) { return xl::atomic(ctx, bin).fetch_add(1); };
    m.data[results + 512 + ctx.global_rank()] = count(m.right ? m.data[results] : m.unwritten[0]);
  }
};
struct copies_a_new_buffer {
  static constexpr guise of{kind::unwritten_memory, "device", "memcpy", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.global_rank() == 0) std::memcpy(&m.data[results], m.right ? m.data.data() : m.unwritten.data(), 64);
  }
};
/// The kernel reads the tile of the block before, whose shared memory it has taken over.
struct cache_of_the_block_before {
  static constexpr guise of{kind::unwritten_memory, "shared", "plain", "branch", 3};
  struct shared {
    int cached[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (m.right || ctx.block_rank() == 0) s.cached[ctx.thread_rank()] = 1;
    ctx.sync_block();
    m.data[results + ctx.global_rank()] = s.cached[63 - ctx.thread_rank()];
  }
};
/// A local array that is filled in part.
struct local_array_in_part {
  static constexpr guise of{kind::unwritten_memory, "local", "plain", "loop", 2, 64, 0, "local variables have no notes"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int local[8];
    int volatile* const p = local;
    for (int i = 0; i < (m.right ? 8 : 7); ++i) p[i] = i;
    m.data[results + ctx.global_rank()] = p[7 + m.zero];
  }
};

// --- memory of the program ---

struct span_over_the_heap {
  static constexpr guise of{kind::host_memory, "host", "through a span", "grid-stride loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    xl::span<int const> const from{m.right ? m.data.data() : m.of_program, 512};
    for (unsigned i = ctx.global_rank(); i < 512; i += ctx.block_size() * ctx.block_count()) m.data[results + i] = from[i];
  }
};
struct counter_of_the_program {
  static constexpr guise of{kind::host_memory, "host", "atomic", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.lane_rank() == 0) xl::atomic(ctx, m.right ? m.data[results] : m.of_program[0]).fetch_add(1);
  }
};
struct vectors_of_the_program {
  static constexpr guise of{kind::host_memory, "host", "vector", "function"};
  CROSSLANE_FN static xl::vec<int, 4> load(int const* from, unsigned i) { return reinterpret_cast<xl::vec<int, 4> const*>(from)[i]; }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    m.data[results + ctx.global_rank()] = load(m.right ? m.data.data() : m.of_program, ctx.global_rank())[1];
  }
};
struct result_for_the_program {
  static constexpr guise of{kind::host_memory, "host", "raw pointer", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.global_rank() == 0) *(m.right ? &m.data[results] : m.of_program) = 1;
  }
};
inline int steps_per_thread = 2;
struct setting_of_the_program {
  static constexpr guise of{kind::host_memory, "host", "global variable", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int const steps = m.right ? 2 : steps_per_thread;
    for (int i = 0; i < steps; ++i) m.data[results + ctx.global_rank()] += i;
  }
};
/// A thread publishes a pointer to its local array.
struct pointer_to_a_local_array {
  static constexpr guise of{kind::host_memory, "local", "raw pointer", "branch"};
  struct shared {
    int const* published;
    int values[4];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    int local[4] = {m.data[1], m.data[2], m.data[3], m.data[4]};
    if (ctx.thread_rank() == 0) {
      for (int i = 0; i < 4; ++i) s.values[i] = local[i];
      s.published = m.right ? s.values : local;
    }
    ctx.sync_block();
    m.data[results + ctx.global_rank()] = s.published[ctx.thread_rank() % 4];
    ctx.sync_block();
  }
};

}  // namespace corpus
