// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Accesses of two threads to shared memory that nothing orders.
#pragma once

#include "corpus.hpp"

namespace corpus {

struct forgot_the_barrier {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);                          // @forgot_the_barrier
    m.data[ctx.global_rank()] = s.value[63 - r];  // @forgot_the_barrier
  }
};
struct has_the_barrier {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);
    ctx.sync_block();
    m.data[ctx.global_rank()] = s.value[63 - r];
  }
};

/// Assumes that the lanes of a wave run in lockstep.
struct lockstep {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);                         // @lockstep
    m.data[ctx.global_rank()] = s.value[r ^ 1];  // @lockstep
  }
};
struct wave_sync {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);
    xl::wave(ctx).sync();
    m.data[ctx.global_rank()] = s.value[r ^ 1];
  }
};

/// The last steps of a tree reduction without synchronisation, as in old CUDA code.
struct tree_without_waits {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = 1;
    ctx.sync_block();
    if (r < 16)
      for (unsigned half = 16; half != 0; half /= 2) s.value[r] += s.value[r + half];  // @tree_without_waits
    ctx.sync_block();
    m.data[ctx.global_rank()] = s.value[0];
  }
};
struct tree_with_waits {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = 1;
    for (unsigned half = 32; half != 0; half /= 2) {
      ctx.sync_block();
      if (r < half) s.value[r] += s.value[r + half];
    }
    ctx.sync_block();
    m.data[ctx.global_rank()] = s.value[0];
  }
};

/// A thread writes a buffer again while other threads still read it.
struct reused_at_once {
  struct shared {
    int value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    for (int round = 0; round < 3; ++round) {
      if (ctx.thread_rank() == 0) s.value = round;  // @reused_at_once
      ctx.sync_block();
      m.data[ctx.global_rank()] = s.value;  // @reused_at_once
    }
  }
};
struct reused_after_a_barrier {
  struct shared {
    int value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    for (int round = 0; round < 3; ++round) {
      if (ctx.thread_rank() == 0) s.value = round;
      ctx.sync_block();
      m.data[ctx.global_rank()] = s.value;
      ctx.sync_block();
    }
  }
};

/// A wave's sync() waits for no other wave.
struct wave_sync_for_the_block {
  struct shared {
    int value[128];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);  // @wave_sync_for_the_block
    xl::wave(ctx).sync();
    m.data[ctx.global_rank()] = s.value[r ^ 64];  // @wave_sync_for_the_block
  }
};
struct tile_sync_for_the_tile {
  struct shared {
    int value[128];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);
    xl::tile<4>(ctx).sync();
    m.data[ctx.global_rank()] = s.value[r ^ 3];
  }
};

/// A tile's sync() waits for no other tile of its wave.
struct tile_sync_for_the_wave {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);  // @tile_sync_for_the_wave
    xl::tile<8>(ctx).sync();
    m.data[ctx.global_rank()] = s.value[r ^ 8];  // @tile_sync_for_the_wave
  }
};
/// sync() of two kinds of groups in turn: their orders combine.
struct tiles_in_turn {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);
    xl::tile<2>(ctx).sync();
    auto const even = xl::tile<4>(ctx).where(r % 2 == 0);
    even.sync();
    xl::tile<2>(ctx).sync();
    m.data[ctx.global_rank()] = s.value[r ^ 3];
  }
};

/// A vote does not order accesses to memory.
struct vote_for_a_sync {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);                                                      // @vote_for_a_sync
    if (xl::wave(ctx).all(true)) m.data[ctx.global_rank()] = s.value[r ^ 1];  // @vote_for_a_sync
  }
};
/// Values that cross by shuffles need no memory.
struct shuffle_of_shared {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);
    m.data[ctx.global_rank()] = xl::wave(ctx).shuffle_xor(s.value[r], 1);
    s.value[r] = 0;
  }
};

/// A plain read of an atomic counter.
struct counter_read_plainly {
  struct shared {
    int count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.count = 0;
    ctx.sync_block();
    xl::atomic<xl::scope::block>(ctx, s.count).fetch_add(1);  // @counter_read_plainly
    m.data[ctx.global_rank()] = s.count;                      // @counter_read_plainly
  }
};
struct counter_read_after_a_barrier {
  struct shared {
    int count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.count = 0;
    ctx.sync_block();
    xl::atomic<xl::scope::block>(ctx, s.count).fetch_add(1);
    ctx.sync_block();
    m.data[ctx.global_rank()] = s.count;
  }
};

/// The lanes of the writer's wave have synchronised, but lanes of other waves may still read.
struct wave_waits_for_itself {
  struct shared {
    int value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.value = 0;
    ctx.sync_block();
    m.data[ctx.global_rank()] = s.value;  // @wave_waits_for_itself
    xl::wave(ctx).sync();
    if (ctx.thread_rank() == 0) s.value = 1;  // @wave_waits_for_itself
  }
};
struct block_waits_for_itself {
  struct shared {
    int value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.value = 0;
    ctx.sync_block();
    m.data[ctx.global_rank()] = s.value;
    ctx.sync_block();
    if (ctx.thread_rank() == 0) s.value = 1;
  }
};

/// Accesses to neighbouring bytes are not a race; accesses to the same byte are.
struct same_byte {
  struct shared {
    unsigned char value[128];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory) const {
    s.value[ctx.thread_rank() / 2 * 4] = 1;  // @same_byte
  }
};
struct own_byte {
  struct shared {
    unsigned char value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = 1;
    s.value[r] = static_cast<unsigned char>(s.value[r] + 1);
    ctx.sync_block();
    m.data[ctx.global_rank()] = s.value[63 - r];
  }
};

/// A fence waits for no thread.
struct fence_for_a_barrier {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);  // @fence_for_a_barrier
    xl::fence<xl::scope::block>(ctx);
    m.data[ctx.global_rank()] = s.value[63 - r];  // @fence_for_a_barrier
  }
};
/// A flag is stored with release and read with acquire. Only threads that see the flag read the value.
struct flag_with_release {
  struct shared {
    int value, flag;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.flag = 0;
    ctx.sync_block();
    auto const flag = xl::atomic<xl::scope::block>(ctx, s.flag);
    if (ctx.thread_rank() == 0) {
      s.value = 42;
      flag.store(1, xl::release{});
    } else if (flag.load(xl::acquire{}) == 1) {
      m.data[ctx.global_rank()] = s.value;
    }
  }
};
struct flag_without_release {
  struct shared {
    int value, flag;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.flag = 0, s.value = 0;
    ctx.sync_block();
    auto const flag = xl::atomic<xl::scope::block>(ctx, s.flag);
    if (ctx.thread_rank() == 0) {
      s.value = 42;  // @flag_without_release
      flag.store(1);
    } else if (flag.load() <= 1) {
      m.data[ctx.global_rank()] = s.value;  // @flag_without_release
    }
  }
};

/// The lanes of a wave transpose a tile, and assume that all lanes have written before one reads.
struct turns_without_a_wait {
  struct shared {
    int tile[4][8];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.tile[r / 8][r % 8] = int(r);                         // @turns_without_a_wait
    m.data[ctx.global_rank()] = s.tile[r % 4][r / 4 % 8];  // @turns_without_a_wait
  }
};
struct turns_after_a_wait {
  struct shared {
    int tile[4][8];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.tile[r / 8][r % 8] = int(r);
    xl::wave(ctx).sync();
    m.data[ctx.global_rank()] = s.tile[r % 4][r / 4 % 8];
  }
};

/// A matrix product by tiles that has only one barrier in each round.
template <bool Both>
struct product_by_tiles {
  struct shared {
    int a[8][8], b[8][8];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const row = ctx.thread_rank() / 8, column = ctx.thread_rank() % 8;
    int sum = 0;
    for (unsigned first = 0; first < 16; first += 8) {
      s.a[row][column] = m.data[row * 16 + first + column];   // @product_by_tiles
      s.b[row][column] = m.data[(first + row) * 8 + column];  // @product_by_tiles
      ctx.sync_block();
      for (unsigned k = 0; k < 8; ++k) sum += s.a[row][k] * s.b[k][column];  // @product_by_tiles
      if (Both) ctx.sync_block();
    }
    m.data[512 + ctx.global_rank()] = sum;
  }
};

/// A scan by doubling in one array: a thread writes an element that another thread has not read yet.
struct scans_in_place {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = 1;
    ctx.sync_block();
    for (unsigned distance = 1; distance < 64; distance *= 2) {
      if (r >= distance) s.value[r] += s.value[r - distance];  // @scans_in_place
      ctx.sync_block();
    }
    m.data[ctx.global_rank()] = s.value[r];
  }
};
struct scans_in_two_steps {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = 1;
    ctx.sync_block();
    for (unsigned distance = 1; distance < 64; distance *= 2) {
      int const below = r >= distance ? s.value[r - distance] : 0;
      ctx.sync_block();
      s.value[r] += below;
      ctx.sync_block();
    }
    m.data[ctx.global_rank()] = s.value[r];
  }
};

/// All threads add to one word.
struct adds_plainly {
  struct shared {
    int sum;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.sum = 0;
    ctx.sync_block();
    s.sum += int(ctx.thread_rank());  // @adds_plainly
    ctx.sync_block();
    m.data[ctx.global_rank()] = s.sum;
  }
};
struct adds_by_one_thread {
  struct shared {
    int sum;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.sum = 0;
    ctx.sync_block();
    int const sum = xl::wave(ctx).reduce(int(ctx.thread_rank()), xl::plus{});
    if (ctx.lane_rank() == 0) xl::atomic<xl::scope::block>(ctx, s.sum).fetch_add(sum);
    ctx.sync_block();
    m.data[ctx.global_rank()] = s.sum;
  }
};

/// A thread waits for its own copies, but not for those of other threads.
template <bool Meet>
struct copies_of_others {
  struct shared {
    alignas(16) int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    xl::async_copies copies{ctx};
    copies.copy(s.tile[r], m.data[r]);  // @copies_of_others
    copies.commit();
    copies.wait();
    if (Meet) ctx.sync_block();
    m.data[512 + r] = s.tile[r ^ 1];  // @copies_of_others
  }
};

/// The same for a tile that the threads copy together.
template <bool Meet>
struct tile_of_others {
  struct shared {
    alignas(16) int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    xl::async_copies copies{ctx};
    copies.copy_block(xl::span<int>{s.tile, 64}, m.data.subspan(0, 64));  // @tile_of_others
    copies.commit();
    copies.wait();
    if (Meet) ctx.sync_block();
    m.data[512 + r] = s.tile[63 - r];  // @tile_of_others
  }
};

/// All threads read a value. Leaders of waves count by an ordered operation, and the last one changes the value. A reduction orders no
/// memory: the other lanes may still read.
template <bool Wait>
struct last_leader_changes {
  struct shared {
    int value, count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    auto const w = xl::wave(ctx);
    if (ctx.thread_rank() == 0) {
      s.value = 5;
      s.count = 0;
    }
    ctx.sync_block();
    int const sum = w.reduce(s.value, xl::plus{});  // @last_leader_changes
    if (Wait) w.sync();
    if (!w.is_leader()) return;
    auto const count = xl::atomic<xl::scope::block>(ctx, s.count);
    if (count.fetch_add(1, xl::acq_rel{}) + 1 == int(ctx.wave_count())) s.value = sum;  // @last_leader_changes
    m.data[ctx.global_rank()] = sum;
  }
};

/// Every other lane waits for the others of its kind, and one of them changes a value that all lanes of the wave have read.
template <bool All>
struct some_lanes_wait {
  struct shared {
    int value[4];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    auto const w = xl::wave(ctx);
    int& value = s.value[ctx.wave_rank()];
    if (w.is_leader()) value = 5;
    w.sync();
    m.data[ctx.global_rank()] = value;  // @some_lanes_wait
    bool const even = ctx.lane_rank() % 2 == 0;
    auto const half = w.where(even);
    if (All) w.sync();
    if (!even) return;
    half.sync();
    if (half.is_leader()) value = 6;  // @some_lanes_wait
  }
};

}  // namespace corpus
