// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Races in the memory of a block.
#pragma once

#include "guise.hpp"

#include <cstring>

namespace corpus {

/// The last steps of a reduction by volatile accesses, as before CUDA 9.
struct warp_reduce_volatile {
  static constexpr guise of{kind::shared_race, "shared", "volatile", "unrolled steps"};
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    s.value[t] = m.data[t];
    ctx.sync_block();
    int volatile* const v = s.value;
    if (m.right) {
      for (unsigned half = 32; half != 0; half /= 2) {
        if (t < half) v[t] = v[t] + v[t + half];
        ctx.sync_block();
      }
    } else if (t < 32) {
      v[t] = v[t] + v[t + 32];
      v[t] = v[t] + v[t + 16];
      v[t] = v[t] + v[t + 8];
      v[t] = v[t] + v[t + 4];
      v[t] = v[t] + v[t + 2];
      v[t] = v[t] + v[t + 1];
    }
    if (t == 0) m.data[results + ctx.block_rank()] = v[0];
  }
};

/// A reduction in dynamic shared memory whose barrier stands before the loop in place of in it.
struct dynamic_tree {
  static constexpr guise of{kind::shared_race, "dynamic shared", "through a span", "loop"};
  static constexpr std::size_t dynamic_bytes = 256;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    xl::span<int> const v = xl::dynamic_shared<int>(ctx);
    unsigned const t = ctx.thread_rank();
    v[t] = m.data[t];
    ctx.sync_block();
    for (unsigned half = 32; half != 0; half /= 2) {
      if (t < half) v[t] += v[t + half];
      if (m.right) ctx.sync_block();
    }
    if (t == 0) m.data[results + ctx.block_rank()] = v[0];
  }
};

/// Two stages of a tile, with a barrier for the load only.
struct double_buffer {
  static constexpr guise of{kind::shared_race, "shared", "struct member", "loop"};
  struct stage {
    int value[64];
  };
  struct shared {
    stage stages[2];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    int sum = 0;
    s.stages[0].value[t] = m.data[t];
    for (unsigned round = 0; round < 4; ++round) {
      if (m.right || round % 2 == 0) ctx.sync_block();
      s.stages[(round + 1) % 2].value[t] = m.data[(round + 1) * 64 + t];
      sum += s.stages[round % 2].value[63 - t];
    }
    m.data[results + ctx.global_rank()] = sum;
  }
};

/// Softmax: the scratch of the maximum is written again by the sum while threads still read it.
struct softmax_scratch {
  static constexpr guise of{kind::shared_race, "shared", "plain", "function"};
  struct shared {
    int scratch[64];
  };
  template <class Ctx, class Op>
  CROSSLANE_FN static int reduce(Ctx const& ctx, shared& s, int value, Op op) {
    unsigned const t = ctx.thread_rank();
    s.scratch[t] = value;
    ctx.sync_block();
    if (t == 0) {
      int all = s.scratch[0];
      for (unsigned i = 1; i < 64; ++i) all = op(all, s.scratch[i]);
      s.scratch[0] = all;
    }
    ctx.sync_block();
    return s.scratch[0];
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    int const value = m.data[ctx.thread_rank()];
    int const most = reduce(ctx, s, value, xl::maximum{});
    if (m.right) ctx.sync_block();
    m.data[results + ctx.global_rank()] = reduce(ctx, s, value - most, xl::plus{});
  }
};
/// The same, where the result is left in the place of thread 0 and no barrier comes before the next reduction.
struct norm_scratch {
  static constexpr guise of{kind::shared_race, "dynamic shared", "raw pointer", "lambda"};
  static constexpr std::size_t dynamic_bytes = 256;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    unsigned const t = ctx.thread_rank();
    int* const scratch = xl::dynamic_shared<int>(ctx).data();
    auto const sum_of = [&](int value) {
      scratch[t] = value;
      ctx.sync_block();
      for (unsigned half = 32; half != 0; half /= 2) {
        if (t < half) scratch[t] += scratch[t + half];
        ctx.sync_block();
      }
      return scratch[0];
    };
    int const value = m.data[t], mean = sum_of(value) / 64;
    if (m.right) ctx.sync_block();
    m.data[results + ctx.global_rank()] = sum_of((value - mean) * (value - mean));
  }
};

/// A sorting network without a barrier between the exchanges of one step.
struct bitonic_sort {
  static constexpr guise of{kind::shared_race, "shared", "plain", "nested loops"};
  struct shared {
    int key[64];
  };
  template <class T>
  CROSSLANE_FN static void exchange(T& a, T& b) {
    T const old = a;
    a = b;
    b = old;
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    s.key[t] = m.data[63 - t];
    ctx.sync_block();
    for (unsigned size = 2; size <= 64; size *= 2) {
      for (unsigned stride = size / 2; stride != 0; stride /= 2) {
        unsigned const other = t ^ stride;
        if (other > t && (s.key[t] > s.key[other]) == ((t & size) == 0)) exchange(s.key[t], s.key[other]);
        if (m.right) ctx.sync_block();
      }
      ctx.sync_block();
    }
    m.data[results + ctx.global_rank()] = s.key[t];
  }
};

/// A histogram of the block that is added to the result while waves still count.
struct block_histogram {
  static constexpr guise of{kind::shared_race, "shared", "atomic and plain", "grid-stride loop"};
  struct shared {
    int bins[16];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    if (t < 16) s.bins[t] = 0;
    ctx.sync_block();
    for (unsigned i = ctx.global_rank(); i < 512; i += ctx.block_size() * ctx.block_count())
      xl::atomic<xl::scope::block>(ctx, s.bins[unsigned(m.data[i]) % 16]).fetch_add(1);
    if (m.right) ctx.sync_block();
    if (t < 16) xl::atomic(ctx, m.data[results + t]).fetch_add(s.bins[t]);
  }
};

/// A stencil whose halo is loaded by the first two threads, behind the barrier.
struct stencil_halo {
  static constexpr guise of{kind::shared_race, "shared", "plain", "branch"};
  struct shared {
    int tile[66];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank(), i = ctx.global_rank();
    s.tile[t + 1] = m.data[i];
    if (!m.right) ctx.sync_block();
    if (t < 2) s.tile[t * 65] = m.data[(i + t * 63 + 127) % 128];
    if (m.right) ctx.sync_block();
    int sum = 0;
    for (unsigned k = 0; k < 3; ++k) sum += s.tile[t + k];
    m.data[results + i] = sum;
  }
};

/// A transpose by a tile with padded rows, whose threads are taken for one wave.
struct padded_transpose {
  static constexpr guise of{kind::shared_race, "shared", "two-dimensional array", "lambda", 2, 64, 32};
  struct shared {
    int tile[8][9];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const row = ctx.thread_rank() / 8, col = ctx.thread_rank() % 8;
    auto const load = [&](int const* from) { s.tile[row][col] = from[row * 8 + col]; };
    load(&m.data[ctx.block_rank() * 64]);
    if (m.right)
      ctx.sync_block();
    else
      xl::wave(ctx).sync();
    m.data[results + ctx.global_rank()] = s.tile[col][row];
  }
};

/// A scan of the block by the sums of its waves.
struct scan_of_wave_sums {
  static constexpr guise of{kind::shared_race, "shared", "plain", "wave operations", 2, 128, 0, nullptr, true};
  struct shared {
    int sums[4];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    auto const w = xl::wave(ctx);
    int const own = w.inclusive_scan(m.data[ctx.thread_rank()], xl::plus{});
    if (ctx.lane_rank() == w.size() - 1) s.sums[ctx.wave_rank()] = own;
    if (m.right) ctx.sync_block();
    int before = 0;
    for (unsigned i = 0; i < ctx.wave_rank(); ++i) before += s.sums[i];
    m.data[results + ctx.global_rank()] = own + before;
  }
};

/// A stack whose top is counted without an atomic operation.
struct pushes_plainly {
  static constexpr guise of{kind::shared_race, "shared", "compound assignment", "branch"};
  struct shared {
    int top, item[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (ctx.thread_rank() == 0) s.top = 0;
    ctx.sync_block();
    int const value = m.data[ctx.thread_rank()];
    if (value % 3 == 0) {
      int const at = m.right ? xl::atomic<xl::scope::block>(ctx, s.top).fetch_add(1) : s.top++;
      s.item[at] = value;
    }
    ctx.sync_block();
    if (ctx.thread_rank() == 0) m.data[results + ctx.block_rank()] = s.top;
  }
};

/// Vectors are stored, single elements are read.
struct vector_store_scalar_load {
  static constexpr guise of{kind::shared_race, "shared", "vector", "branch"};
  struct shared {
    alignas(16) int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    if (t < 16) reinterpret_cast<xl::vec<int, 4>*>(s.value)[t] = reinterpret_cast<xl::vec<int, 4> const*>(m.data.data())[t];
    if (m.right) ctx.sync_block();
    m.data[results + ctx.global_rank()] = s.value[t];
  }
};

/// Neighbouring bit-fields are one word in memory.
struct bit_fields {
  static constexpr guise of{kind::shared_race, "shared", "bit-field", "branch"};
  struct flags {
    unsigned even : 16, odd : 16;
  };
  struct shared {
    flags bits;
    unsigned words[2];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    if (t == 0) s.bits = {};
    ctx.sync_block();
    if (m.right) {
      if (t < 2) s.words[t] = t;
    } else {
      if (t == 0) s.bits.even = 1;
      if (t == 1) s.bits.odd = 1;
    }
    ctx.sync_block();
    if (t == 0) m.data[results + ctx.block_rank()] = int(s.bits.even + s.bits.odd);
  }
};

/// Rows that memcpy brings.
struct rows_by_memcpy {
  static constexpr guise of{kind::shared_race, "shared", "memcpy", "loop"};
  struct shared {
    int rows[8][8];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    for (unsigned row = t; row < 8; row += ctx.block_size()) std::memcpy(s.rows[row], &m.data[row * 8], sizeof s.rows[row]);
    if (m.right) ctx.sync_block();
    int sum = 0;
    for (unsigned row = 0; row < 8; ++row) sum += s.rows[row][t % 8];
    m.data[results + ctx.global_rank()] = sum;
  }
};

/// A variable of the block that thread 0 sets from a queue, and that is read before the next item is taken.
struct persistent_threads {
  static constexpr guise of{kind::shared_race, "shared", "plain", "loop with break"};
  struct shared {
    int item;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    while (true) {
      if (ctx.thread_rank() == 0) s.item = xl::atomic(ctx, m.data[results]).fetch_add(1);
      ctx.sync_block();
      int const item = s.item;
      if (m.right) ctx.sync_block();
      if (item >= 6) break;
      xl::atomic(ctx, m.data[results + 1 + unsigned(item)]).fetch_add(1);
    }
  }
};

/// An asynchronous copy of the next tile starts before all threads have read the last one of its stage.
struct staged_copies {
  static constexpr guise of{kind::shared_race, "shared", "asynchronous copy", "loop"};
  struct shared {
    alignas(16) int tile[2][64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    xl::async_copies copies{ctx};
    copies.copy(s.tile[0][t], m.data[t]);
    copies.commit();
    int sum = 0;
    for (unsigned k = 0; k < 4; ++k) {
      if (m.right) ctx.sync_block();
      copies.copy(s.tile[(k + 1) % 2][t], m.data[(k + 1) * 64 + t]);
      copies.commit();
      copies.template wait<1>();
      ctx.sync_block();
      sum += s.tile[k % 2][63 - t];
    }
    copies.wait();
    m.data[results + ctx.global_rank()] = sum;
  }
};

}  // namespace corpus
