// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic operations beside plain accesses, and what they order.
#pragma once

#include "corpus.hpp"

namespace corpus {

/// An exchange that fails is a read, and may stand beside plain reads. `Expected` is what it expects of a zero.
template <class T, int Expected>
struct exchanges_beside_reads {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    T& value = *reinterpret_cast<T*>(&m.data[0]);
    T expected = Expected;
    xl::atomic(ctx, value).compare_exchange(expected, T(1));  // @exchanges_beside_reads
    if (value == T(7)) m.data[2 + ctx.global_rank()] = 1;     // @exchanges_beside_reads
  }
};

/// One thread zeroes a counter. Its own additions come after that, those of the others may come before.
template <bool Wait>
struct zeroes_while_others_count {
  struct shared {
    int count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory) const {
    if (ctx.thread_rank() == 0) s.count = 0;  // @zeroes_while_others_count
    if (Wait) ctx.sync_block();
    xl::atomic<xl::scope::block>(ctx, s.count).fetch_add(1);  // @zeroes_while_others_count
  }
};
template <bool Wait>
struct zeroes_in_device_memory {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() == 0) m.data[ctx.block_index()] = 5;  // @zeroes_in_device_memory
    if (Wait) ctx.sync_block();
    xl::atomic(ctx, m.data[ctx.block_index()]).fetch_add(1);  // @zeroes_in_device_memory
  }
};
/// A thread reads a counter before it counts itself: its read and its addition are two accesses.
template <bool Wait>
struct looks_before_counting {
  struct shared {
    int count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.count = 0;
    ctx.sync_block();
    if (ctx.thread_rank() == 5) m.data[ctx.block_index()] = s.count;  // @looks_before_counting
    if (Wait) ctx.sync_block();
    xl::atomic<xl::scope::block>(ctx, s.count).fetch_add(1);  // @looks_before_counting
  }
};

/// All threads read a value. The last of those that take a ticket then writes it. Some read it and take none.
template <unsigned Without>
struct last_reader_writes {
  struct shared {
    int value, tickets;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    if (r == 0) s.value = s.tickets = 0;
    ctx.sync_block();
    m.data[64 + r] = s.value;  // @last_reader_writes
    if (r == Without) return;
    int const last = int(ctx.block_size()) - (Without < ctx.block_size() ? 2 : 1);
    if (xl::atomic<xl::scope::block>(ctx, s.tickets).fetch_add(1, xl::acq_rel{}) == last) s.value = 1;  // @last_reader_writes
  }
};
/// The same with blocks: the threads of a block read a value, and its first thread takes a ticket.
template <bool Wait>
struct last_block_writes {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const r = ctx.global_rank();
    m.data[64 + r] = m.data[0];  // @last_block_writes
    if (Wait) ctx.sync_block();
    if (ctx.thread_rank() != 0) return;
    if (xl::atomic(ctx, m.data[1]).fetch_add(1, xl::acq_rel{}) + 1 == int(ctx.block_count())) m.data[0] = 1;  // @last_block_writes
  }
};
/// The same with waves: the lanes of a wave read a value, and its leader takes a ticket.
template <bool Wait>
struct last_wave_writes {
  struct shared {
    int value, tickets;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    if (r == 0) s.value = s.tickets = 0;
    ctx.sync_block();
    m.data[64 + r] = s.value;  // @last_wave_writes
    auto const w = xl::wave(ctx);
    if (Wait) w.sync();
    if (!w.is_leader()) return;
    if (xl::atomic<xl::scope::block>(ctx, s.tickets).fetch_add(1, xl::acq_rel{}) + 1 == int(ctx.wave_count()))
      s.value = 1;  // @last_wave_writes
  }
};
/// The lanes of the first tile wait for each other. All lanes of the wave have read what one of them then writes.
template <unsigned Lanes>
struct tile_waits_for_the_wave {
  struct shared {
    int value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    if (r == 0) s.value = 0;
    ctx.sync_block();
    m.data[64 + r] = s.value;  // @tile_waits_for_the_wave
    xl::tile<Lanes>(ctx).sync();
    if (r == 2) s.value = 1;  // @tile_waits_for_the_wave
  }
};

// --- scopes of what orders others ---

/// Two threads of each block count, the last of them reads the elements of all. It may come after another one of its block.
template <xl::scope Scope>
struct counts_two_of_each_block {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const r = ctx.thread_rank();
    if (r % 32 != 0) return;
    m.data[2 + ctx.block_index() * 2 + r / 32] = 1;  // @counts_two_of_each_block
    xl::fence<Scope>(ctx);
    if (xl::atomic(ctx, m.data[0]).fetch_add(1) + 1 != int(ctx.block_count() * 2)) return;
    xl::fence<xl::scope::device>(ctx);
    int sum = 0;
    for (unsigned i = 0; i < ctx.block_count() * 2; ++i) sum += m.data[2 + i];  // @counts_two_of_each_block
    m.data[1] = sum;
  }
};

/// Each block has its own shared memory. An operation on it orders no accesses of two blocks, although it has the same address in all.
template <bool Apart>
struct counts_in_shared_memory {
  struct shared {
    int count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() != 0) return;
    s.count = 0;
    auto const count = xl::atomic<xl::scope::device>(ctx, s.count);
    count.fetch_add(1, xl::acq_rel{});
    m.data[Apart ? ctx.block_index() : 0] += 1;  // @counts_in_shared_memory
    count.fetch_add(1, xl::acq_rel{});
  }
};

/// A relaxed store releases nothing, so that a load of its value acquires nothing.
template <class Order>
struct hands_on_by_store {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() != 0) return;
    auto const flag = xl::atomic(ctx, m.data[1000]);
    bool const releases = std::is_same_v<Order, xl::release>;
    if (ctx.block_rank() == 0) {
      m.data[0] = 1;  // @hands_on_by_store
      flag.store(1, Order{});
    } else if (flag.load(xl::acquire{}) == 1 || !releases) {
      m.data[ctx.block_rank()] = m.data[0];  // @hands_on_by_store
    }
  }
};
/// A relaxed store ends what an earlier store has released.
template <bool Relaxed>
struct stores_again {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() != 0) return;
    auto const flag = xl::atomic(ctx, m.data[1000]);
    if (ctx.block_rank() == 0) {
      flag.store(1, xl::release{});
      m.data[0] = 1;  // @stores_again
      if (Relaxed)
        flag.store(2);
      else
        flag.store(2, xl::release{});
    } else if (flag.load(xl::acquire{}) == 2 || Relaxed) {
      m.data[ctx.block_rank()] = m.data[0];  // @stores_again
    }
  }
};
/// The wide fence comes before the data, the narrow one after it; or both after it.
template <bool WideLast>
struct two_fences {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() != 0) return;
    auto const flag = xl::atomic(ctx, m.data[1000]);
    if (ctx.block_rank() == 0) {
      if (!WideLast) xl::fence(ctx);
      m.data[0] = 1;  // @two_fences
      if (WideLast) xl::fence(ctx);
      xl::fence<xl::scope::block>(ctx);
      flag.store(1);
    } else if (flag.load() == 1 || !WideLast) {
      xl::fence(ctx);
      m.data[ctx.block_rank()] = m.data[0];  // @two_fences
    }
  }
};

/// A barrier of the block lies between each fence and its atomic operation.
template <bool FenceAfterData>
struct barriers_beside_fences {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const flag = xl::atomic(ctx, m.data[1000]);
    bool const leads = ctx.thread_rank() == 0;
    if (ctx.block_rank() == 0) {
      if (leads) {
        if (!FenceAfterData) xl::fence(ctx, xl::release{});
        m.data[0] = 1;  // @barriers_beside_fences
        if (FenceAfterData) xl::fence(ctx, xl::release{});
      }
      ctx.sync_block();
      if (leads) flag.store(1);
    } else {
      bool const comes_later = leads && flag.load() == 1;
      ctx.sync_block();
      if (!leads || (FenceAfterData && !comes_later)) return;
      xl::fence(ctx, xl::acquire{});
      m.data[ctx.block_rank()] = m.data[0];  // @barriers_beside_fences
    }
  }
};

}  // namespace corpus
