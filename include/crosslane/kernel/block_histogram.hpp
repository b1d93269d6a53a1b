// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Counting values in shared memory.
#pragma once

#include <crosslane/kernel/atomic.hpp>
#include <crosslane/kernel/context.hpp>

namespace crosslane {

/// Adds to counts[b] the number of the block's items that are b. The counts lie in shared memory of the kernel, which has set them (to zero
/// or to what was counted before) before a barrier; they are complete after the next ctx.sync_block(). Each thread calls for itself, with
/// any number of items. An item that is not below `Bins` is not counted.
template <kernel_context Ctx, std::size_t Bins, class Item, std::size_t N>
CROSSLANE_FN void block_histogram(Ctx const& ctx, unsigned (&counts)[Bins], Item const (&items)[N]) {
  static_assert(std::is_unsigned_v<Item>, "crosslane: bins are counted by unsigned numbers");
  for (std::size_t i = 0; i < N; ++i)
    if (items[i] < Bins) atomic<scope::block>(ctx, counts[items[i]]).fetch_add(1u);
}

}  // namespace crosslane
