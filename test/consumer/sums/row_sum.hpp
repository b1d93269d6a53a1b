// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once
#include <crosslane/crosslane.hpp>
namespace xl = crosslane;

/// out[r] = sum of row r of a row-major [rows x cols] matrix. One block per row.
struct row_sum {
  static constexpr auto block = xl::block_size<256>;
  struct shared {
    float partial[256];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<float const> m, int cols, xl::span<float> out) const {
    auto const row = m.subspan(std::size_t{ctx.block_index()} * cols, cols);
    float sum = 0;
    for (int c : ctx.block_stride(cols)) sum += row[c];
    s.partial[ctx.thread_rank()] = sum;
    for (unsigned width = ctx.block_size() / 2; width > 0; width /= 2) {
      ctx.sync_block();
      if (ctx.thread_rank() < width) s.partial[ctx.thread_rank()] += s.partial[ctx.thread_rank() + width];
    }
    if (ctx.thread_rank() == 0) out[ctx.block_index()] = s.partial[0];
  }
};
