// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Histograms in shared memory.
#pragma once

#include <crosslane/kernel/atomic.hpp>
#include <crosslane/kernel/context.hpp>

namespace crosslane {

/// Adds the calling thread's items to a histogram: counts[b] grows by the number of items equal to b. Items not below `Bins` are not
/// counted. Each thread calls it for its own items, of any number. `counts` lies in the kernel's shared memory. The kernel initialises it
/// before a barrier. The counts are complete after the next ctx.sync_block().
///
///   for (auto b : ctx.block_stride(256u)) s.counts[b] = 0;
///   ctx.sync_block();
///   xl::block_histogram(ctx, s.counts, items);
///   ctx.sync_block();
template <kernel_context Ctx, std::size_t Bins, class Item, std::size_t N>
CROSSLANE_FN void block_histogram(Ctx const& ctx, unsigned (&counts)[Bins], Item const (&items)[N]) {
  static_assert(std::is_unsigned_v<Item>, "crosslane: the items of block_histogram() must be unsigned integers, the numbers of bins");
  for (std::size_t i = 0; i < N; ++i)
    if (items[i] < Bins) atomic<scope::block>(ctx, counts[items[i]]).fetch_add(1u);
}

}  // namespace crosslane
