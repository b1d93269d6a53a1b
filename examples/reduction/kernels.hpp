// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The dot product of two vectors of floats, computed in three ways.
#pragma once

#include <crosslane/crosslane.hpp>

namespace reduction {

namespace xl = crosslane;

/// Returns the thread's share of the dot product. The whole grid shares the vectors. An access reads four elements of each vector; the
/// remaining elements are read one by one. Both spans are aligned to 16 bytes and have the same size.
template <xl::kernel_context Ctx>
CROSSLANE_FN float dot_of_thread(Ctx const& ctx, xl::span<float const> a, xl::span<float const> b) {
  xl::vec<float, 4> sum{};  // four independent chains of additions
  for (auto i : ctx.grid_stride(a.size() / 4)) sum += xl::load_vec<4>(a, 4 * i) * xl::load_vec<4>(b, 4 * i);
  std::size_t const rest = a.size() / 4 * 4;
  for (auto i : ctx.grid_stride(a.size() - rest)) sum[0] += a[rest + i] * b[rest + i];
  return xl::reduce(sum, xl::plus{});
}

/// result[0] += the dot product. Every wave reduces the sums of its lanes without memory or barrier. Its first lane adds the result
/// atomically. Grid: any. The order of the additions differs from run to run, and so do the last bits.
struct dot_by_waves {
  static constexpr auto block = xl::block_size<256>;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> a, xl::span<float const> b, xl::span<float> result) const {
    auto const wave = xl::wave(ctx);
    float const sum = wave.reduce(dot_of_thread(ctx, a, b), xl::plus{});
    if (wave.is_leader()) xl::atomic(ctx, result[0]).fetch_add(sum);
  }
};

/// partial [blocks] = the sum of each block. Grid: any. The same grid gives the same bits every time.
struct dot_by_blocks {
  static constexpr auto block = xl::block_size<256>;

  template <class Ctx>
  struct shared {
    xl::block_scratch<float, Ctx> reduce;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> a, xl::span<float const> b,
                               xl::span<float> partial) const {
    float const sum = xl::block_reduce(ctx, s.reduce, dot_of_thread(ctx, a, b), xl::plus{});
    if (ctx.thread_rank() == 0) partial[ctx.block_index()] = sum;
  }
};

/// result[0] = the sum of partial. Grid: one block.
struct sum_of_partials {
  static constexpr auto block = xl::block_size<256>;

  template <class Ctx>
  struct shared {
    xl::block_scratch<float, Ctx> reduce;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> partial, xl::span<float> result) const {
    float sum = 0;
    for (auto i : ctx.block_stride(partial.size())) sum += partial[i];
    sum = xl::block_reduce(ctx, s.reduce, sum, xl::plus{});
    if (ctx.thread_rank() == 0) result[0] = sum;
  }
};

/// partial [blocks] = the sum of each block, in the textbook way: one thread for each product, and a tree in shared memory with a barrier
/// at each level. Grid: blocks that cover the vectors.
struct dot_by_tree {
  static constexpr auto block = xl::block_size<256>;

  struct shared {
    float sum[256];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<float const> a, xl::span<float const> b, xl::span<float> partial) const {
    auto const i = ctx.global_index();
    unsigned const thread = ctx.thread_rank();
    s.sum[thread] = i < a.size() ? a[i] * b[i] : 0;  // no early return: all threads must reach the barriers
    for (unsigned half = ctx.block_size() / 2; half > 0; half /= 2) {
      ctx.sync_block();
      if (thread < half) s.sum[thread] += s.sum[thread + half];
    }
    if (thread == 0) partial[ctx.block_index()] = s.sum[0];
  }
};

}  // namespace reduction
