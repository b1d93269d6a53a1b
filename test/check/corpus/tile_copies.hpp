// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies of tiles: what may be accessed before the wait. The tensor is the 1024 elements of the data, as 32 rows.
#pragma once

#include "corpus.hpp"

#include <crosslane/tensor.hpp>

namespace corpus {

using tiled_matrix = xl::packed<xl::extents<std::int32_t, xl::fixed<xl::axis::row, 32>, xl::fixed<xl::axis::col, 32>>,
                                xl::axes<xl::axis::row, xl::axis::col>>;
using small_tile = xl::packed<xl::extents<std::int32_t, xl::fixed<xl::axis::row, 8>, xl::fixed<xl::axis::col, 8>>, tiled_matrix::order>;
using tiled_data = xl::tiled_view<int, tiled_matrix, small_tile>;

/// A tile is read before the pipeline has waited for it.
template <bool Early>
struct reads_a_tile_early {
  template <class Ctx>
  struct shared {
    xl::pipeline_state<2, Ctx> state;
    xl::shared_tile<int, small_tile> tile;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, memory m, tiled_data const& in) const {
    xl::pipeline pipe{ctx, s.state};
    pipe.acquire();
    pipe.copy_tile(s.tile, in, {0, 0});  // @reads_a_tile_early
    pipe.commit();
    if (!Early) pipe.wait();
    m.unwritten[ctx.thread_rank()] = s.tile.elements[ctx.thread_rank()];  // @reads_a_tile_early
    if (Early) pipe.wait();
  }
};
/// A tile is written while it is stored.
template <bool Early>
struct writes_a_stored_tile {
  struct shared {
    xl::shared_tile<int, small_tile> tile;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory, tiled_data const& out) const {
    unsigned const r = ctx.thread_rank();
    s.tile.elements[r] = int(r);
    xl::tile_stores stores{ctx};
    stores.store(s.tile, out, {8, 8});  // @writes_a_stored_tile
    stores.commit();
    if (!Early) stores.wait();
    s.tile.elements[r] = 7;  // @writes_a_stored_tile
    if (Early) stores.wait();
  }
};
/// The tensor is read where a tile is stored.
template <bool Early>
struct reads_a_stored_place {
  struct shared {
    xl::shared_tile<int, small_tile> tile;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m, tiled_data const& out) const {
    unsigned const r = ctx.thread_rank();
    s.tile.elements[r] = int(r);
    xl::tile_stores stores{ctx};
    stores.store(s.tile, out, {8, 8});  // @reads_a_stored_place
    stores.commit();
    if (!Early) stores.wait();
    m.unwritten[r] = m.data[(8 + r / 8) * 32 + 8 + r % 8];  // @reads_a_stored_place
    if (Early) stores.wait();
  }
};
/// A block reads a tile that another block of the cluster copies to it, before the wait.
template <bool Early>
struct reads_a_multicast_early {
  static constexpr auto cluster = xl::cluster_size<2>;
  template <class Ctx>
  struct shared {
    xl::pipeline_state<2, Ctx, true> state;
    xl::shared_tile<int, small_tile> tile;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, memory m, tiled_data const& in) const {
    xl::pipeline pipe{ctx, s.state};
    pipe.acquire();
    pipe.multicast_tile(s.tile, in, {0, 0}, 1);  // @reads_a_multicast_early
    pipe.commit();
    if (!Early) pipe.wait();
    int const value = s.tile.elements[ctx.thread_rank()];  // @reads_a_multicast_early
    if (Early) pipe.wait();
    m.unwritten[std::size_t(ctx.global_rank())] = value;
  }
};

}  // namespace corpus
