// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Accesses of two threads to device memory that nothing orders; and atomic operations whose scope is too narrow.
#pragma once

#include "corpus.hpp"

namespace corpus {

struct blocks_add_plainly {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() == 0) m.data[0] += 1;  // @blocks_add_plainly
  }
};
struct blocks_add_atomically {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() == 0) xl::atomic(ctx, m.data[0]).fetch_add(1);
  }
};

/// Each block smooths in place and reads elements that neighbouring blocks write.
struct smooths_in_place {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const i = ctx.global_rank();
    int const left = m.data[i];  // @smooths_in_place
    ctx.sync_block();
    m.data[i + 1] = left;  // @smooths_in_place
  }
};
struct smooths_to_another {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const i = ctx.global_rank();
    m.data[512 + i] = m.data[i] + m.data[i + 1];
  }
};

/// One thread of a block writes the data that the other threads read.
struct prepares_in_device_memory {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() == 0) m.data[1000] = 5;  // @prepares_in_device_memory
    m.data[ctx.thread_rank()] = m.data[1000];      // @prepares_in_device_memory
  }
};
struct prepares_before_a_barrier {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int& prepared = m.data[1000 + ctx.block_index()];
    if (ctx.thread_rank() == 0) prepared = 5;
    ctx.sync_block();
    m.data[ctx.global_rank()] = prepared;
  }
};

/// The last block adds the partial sums of the other blocks without an acquire.
template <bool Ordered>
struct last_block {
  struct shared {
    bool last;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    m.data[ctx.global_rank()] = 1;  // @last_block
    ctx.sync_block();
    if (ctx.thread_rank() == 0) {
      auto const count = xl::atomic(ctx, m.data[1000]);
      int const before = Ordered ? count.fetch_add(1, xl::acq_rel{}) : count.fetch_add(1);
      s.last = before + 1 == int(ctx.block_count());
    }
    ctx.sync_block();
    if (!s.last || ctx.thread_rank() != 0) return;
    int sum = 0;
    for (unsigned i = 0; i < ctx.global_size(); ++i) sum += m.data[i];  // @last_block
    m.data[1001] = sum;
  }
};
/// The same with fences around a relaxed operation. The scope of a fence may be too narrow.
template <xl::scope Release, xl::scope Acquire>
struct last_block_by_fences {
  struct shared {
    bool last;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    m.data[ctx.global_rank()] = 1;  // @last_block_by_fences
    ctx.sync_block();
    if (ctx.thread_rank() == 0) {
      xl::fence<Release>(ctx);
      s.last = xl::atomic(ctx, m.data[1000]).fetch_add(1) + 1 == int(ctx.block_count());
      xl::fence<Acquire>(ctx);
    }
    ctx.sync_block();
    if (!s.last || ctx.thread_rank() != 0) return;
    int sum = 0;
    for (unsigned i = 0; i < ctx.global_size(); ++i) sum += m.data[i];  // @last_block_by_fences
    m.data[1001] = sum;
  }
};

/// The last wave reads the elements that the lanes of all waves have written. The counting addition is aggregated_add(), whose order holds
/// for every lane, or an addition by the leader, whose order holds for the leader only.
enum class addition { by_leader, relaxed, for_the_wave };
template <addition How>
struct last_wave {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const w = xl::wave(ctx);
    auto const count = xl::atomic(ctx, m.data[1000]);
    m.data[ctx.global_rank()] = 1;  // @last_wave
    int before = 0;
    if (How == addition::by_leader) {
      if (w.is_leader()) before = count.fetch_add(int(w.size()), xl::acq_rel{});
    } else if (How == addition::relaxed) {
      before = xl::aggregated_add(w, count, 1);
    } else {
      before = xl::aggregated_increment(w, count, xl::acq_rel{});
    }
    if (w.broadcast(before) + w.size() != ctx.global_size()) return;
    int sum = 0;
    for (unsigned i = 0; i < ctx.global_size(); ++i) sum += m.data[i];  // @last_wave
    if (w.is_leader()) m.data[1001] = sum;
  }
};

/// A compare-exchange that fails stores nothing, so no thread can acquire from it.
template <bool Succeeds>
struct hands_on_by_compare_exchange {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() != 0) return;
    auto const flag = xl::atomic(ctx, m.data[1000]);
    if (ctx.block_rank() == 0) {
      m.data[0] = 1;  // @hands_on_by_compare_exchange
      int expected = Succeeds ? 0 : 5;
      flag.compare_exchange(expected, 1, xl::release{});
    } else if (flag.load(xl::acquire{}) == int(Succeeds)) {
      m.data[ctx.block_rank()] = m.data[0];  // @hands_on_by_compare_exchange
    }
  }
};

/// Blocks exchange data through device memory in one launch.
template <bool Wait>
struct neighbours_in_a_grid {
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const i = ctx.global_rank();
    m.data[i] = 1;  // @neighbours_in_a_grid
    if (Wait)
      ctx.sync_grid();
    else
      ctx.sync_block();
    m.data[512 + i] = m.data[(i + ctx.block_size()) % ctx.global_size()];  // @neighbours_in_a_grid
  }
};

struct counts_for_the_block {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    xl::atomic<xl::scope::block>(ctx, m.data[0]).fetch_add(1);  // @counts_for_the_block
  }
};
struct counts_for_the_device {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    xl::atomic<xl::scope::device>(ctx, m.data[0]).fetch_add(1);
  }
};

struct counts_for_the_wave {
  struct shared {
    int count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory) const {
    if (ctx.thread_rank() == 0) s.count = 0;
    ctx.sync_block();
    xl::atomic<xl::scope::wave>(ctx, s.count).fetch_add(1);  // @counts_for_the_wave
  }
};
struct counts_of_each_wave {
  struct shared {
    int count[32];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory) const {
    if (ctx.lane_rank() == 0) s.count[ctx.wave_rank()] = 0;
    ctx.sync_block();
    xl::atomic<xl::scope::wave>(ctx, s.count[ctx.wave_rank()]).fetch_add(1);
  }
};

/// A fence orders the accesses of its thread and waits for no other block.
template <bool Wait>
struct fence_for_the_grid {
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const i = ctx.global_rank();
    m.data[i] = 1;  // @fence_for_the_grid
    xl::fence(ctx);
    if (Wait) ctx.sync_grid();
    m.data[512 + i] = m.data[ctx.global_size() - 1 - i];  // @fence_for_the_grid
  }
};

/// All threads add to the bins of a histogram without atomic operations.
struct bins_counted_plainly {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.data[ctx.thread_rank() % 16] += 1;  // @bins_counted_plainly
  }
};
struct bins_counted_atomically {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    xl::atomic(ctx, m.data[ctx.thread_rank() % 16]).fetch_add(1);
  }
};

/// Several blocks share a loop, but it steps by the size of a block.
struct steps_of_the_block {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    for (auto i = ctx.global_rank(); i < 512; i += ctx.block_size()) m.data[i] = int(i);  // @steps_of_the_block
  }
};
struct steps_of_the_grid {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    for (auto i = ctx.global_rank(); i < 512; i += ctx.global_size()) m.data[i] = int(i);
  }
};

/// A matrix that is transposed in place: both threads of a pair swap its elements.
template <bool OnceEach>
struct turns_in_place {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const row = ctx.thread_rank() / 8, column = ctx.thread_rank() % 8;
    if (OnceEach ? row >= column : row == column) return;
    std::swap(m.data[row * 8 + column], m.data[column * 8 + row]);  // @turns_in_place
  }
};

/// One block uses the scope `block` for an object that other blocks change too.
struct scopes_that_differ {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.block_index() == 1)
      xl::atomic<xl::scope::block>(ctx, m.data[0]).fetch_max(1);  // @scopes_that_differ
    else
      xl::atomic<xl::scope::device>(ctx, m.data[0]).fetch_add(1);  // @scopes_that_differ
  }
};
struct scopes_that_agree {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.block_index() == 1)
      xl::atomic<xl::scope::block>(ctx, m.data[1]).fetch_max(1);
    else
      xl::atomic<xl::scope::device>(ctx, m.data[0]).fetch_add(1);
  }
};

/// The waves of a block use the scope `wave` for one object.
struct maximum_for_the_wave {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    xl::atomic<xl::scope::wave>(ctx, m.data[ctx.block_index()]).fetch_max(int(ctx.thread_rank()));  // @maximum_for_the_wave
  }
};
struct maximum_for_the_block {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    xl::atomic<xl::scope::block>(ctx, m.data[ctx.block_index()]).fetch_max(int(ctx.thread_rank()));
  }
};

}  // namespace corpus
