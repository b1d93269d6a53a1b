// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kernels that are right at one wave width and wrong at the other.
#pragma once

#include "corpus.hpp"

namespace corpus {

/// A ballot kept in 32 bits: the upper lanes of a wave of 64 all count the same lanes below them.
struct vote_in_32_bits {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const lane = ctx.lane_rank();
    auto const votes = static_cast<std::uint32_t>(xl::wave(ctx).ballot(true).to_word());
    std::uint32_t const below = lane < 32 ? (1u << lane) - 1 : ~0u;
    m.data[ctx.wave_rank() * Ctx::wave_size + unsigned(__builtin_popcount(votes & below))] = int(lane);  // @vote_in_32_bits
  }
};
struct vote_of_all_lanes {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const lane = ctx.lane_rank();
    auto const votes = xl::wave(ctx).ballot(true);
    m.data[ctx.wave_rank() * Ctx::wave_size + votes.rank(lane)] = int(lane);
  }
};

/// Rows of 32 lanes that call operations of the wave. A wave of 64 has two rows, and the other row has returned.
struct row_leaves_the_wave {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() / 32 >= 3) return;
    m.data[ctx.global_rank()] = xl::wave(ctx).reduce(1, xl::plus{});  // @row_leaves_the_wave
  }
};
struct row_is_a_tile {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() / 32 >= 3) return;
    m.data[ctx.global_rank()] = xl::tile<32>(ctx).reduce(1, xl::plus{});
  }
};

/// The same, but the other row does other work.
struct rows_shuffle_in_the_wave {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int value = int(ctx.thread_rank());
    if (ctx.thread_rank() / 32 % 2 == 0) value += xl::wave(ctx).shuffle_down(value, 16);  // @rows_shuffle_in_the_wave
    ctx.sync_block();                                                                     // @rows_shuffle_in_the_wave
    m.data[ctx.global_rank()] = value;
  }
};
struct rows_shuffle_in_their_tile {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int value = int(ctx.thread_rank());
    if (ctx.thread_rank() / 32 % 2 == 0) value += xl::tile<32>(ctx).shuffle_down(value, 16);
    ctx.sync_block();
    m.data[ctx.global_rank()] = value;
  }
};

/// Reads one sum for every 32 threads. Waves of 64 write only every second sum.
struct sums_of_32_threads {
  struct shared {
    int sum[4];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    int const sum = xl::wave(ctx).reduce(1, xl::plus{});
    if (ctx.lane_rank() == 0) s.sum[ctx.thread_rank() / 32] = sum;
    ctx.sync_block();
    if (ctx.thread_rank() < 4) m.data[ctx.thread_rank()] = s.sum[ctx.thread_rank()];  // @sums_of_32_threads
  }
};
struct sums_of_waves {
  template <class Ctx>
  struct shared {
    int sum[128 / Ctx::wave_size];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, memory m) const {
    int const sum = xl::wave(ctx).reduce(1, xl::plus{});
    if (ctx.lane_rank() == 0) s.sum[ctx.wave_rank()] = sum;
    ctx.sync_block();
    if (ctx.thread_rank() < 128 / Ctx::wave_size) m.data[ctx.thread_rank()] = s.sum[ctx.thread_rank()];
  }
};

/// Four sums of 32 threads each.
inline constexpr auto sum_32_threads_each = [](auto const& q) {
  xl::basic_buffer<int, xl::memory_kind::device, typename std::remove_cvref_t<decltype(q)>::backend> sums{q, 4};
  xl::launch(q, {.grid = 1, .block = 128}, sums_of_32_threads{}, memory{sums.view(), {}, nullptr});
};

/// An array with one element for each wave of 64. There are twice as many waves of 32.
struct room_for_two_waves {
  struct shared {
    int sum[2];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory) const {
    int const sum = xl::wave(ctx).reduce(1, xl::plus{});
    int* const sums = s.sum;
    if (ctx.lane_rank() == 0) sums[ctx.wave_rank()] = sum;  // @room_for_two_waves
  }
};
struct room_for_all_waves {
  template <class Ctx>
  struct shared {
    int sum[128 / Ctx::wave_size];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, memory) const {
    int const sum = xl::wave(ctx).reduce(1, xl::plus{});
    int* const sums = s.sum;
    if (ctx.lane_rank() == 0) sums[ctx.wave_rank()] = sum;
  }
};

/// 32 lanes call sync() of the wave, which has 64 lanes.
struct half_a_wave_waits {
  struct shared {
    int value[128];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);  // @half_a_wave_waits
    xl::tile<32>(ctx).sync();
    unsigned const width = Ctx::wave_size;
    m.data[ctx.global_rank()] = s.value[r / width * width + (r + width / 2) % width];  // @half_a_wave_waits
  }
};
struct whole_wave_waits {
  struct shared {
    int value[128];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);
    xl::wave(ctx).sync();
    unsigned const width = Ctx::wave_size;
    m.data[ctx.global_rank()] = s.value[r / width * width + (r + width / 2) % width];
  }
};

}  // namespace corpus
