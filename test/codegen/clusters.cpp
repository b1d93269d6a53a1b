// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Clusters and copies of tiles: kernels and what their code must hold. See waves.cpp.
#include <crosslane/tensor.hpp>

namespace xl = crosslane;
namespace axis = xl::axis;

using matrix = xl::packed<xl::extents<int, axis::row, axis::col>, xl::axes<axis::row, axis::col>>;
using wide = xl::packed<xl::extents<int, axis::row, xl::fixed<axis::col, 128>>, matrix::order>;
using plain = xl::packed<xl::extents<int, xl::fixed<axis::row, 32>, xl::fixed<axis::col, 32>>, matrix::order>;
using permuted = xl::swizzled<xl::extents<int, xl::fixed<axis::row, 32>, xl::fixed<axis::col, 32>>, matrix::order, 4, 16>;
using permuted_by_words = xl::swizzled<xl::extents<int, xl::fixed<axis::row, 32>, xl::fixed<axis::col, 32>>, matrix::order, 4>;
using volume = xl::packed<xl::extents<int, axis::d, axis::h, axis::w>, xl::axes<axis::d, axis::h, axis::w>>;
using cube = xl::packed<xl::extents<int, xl::fixed<axis::d, 8>, xl::fixed<axis::h, 8>, xl::fixed<axis::w, 8>>, volume::order>;

constexpr unsigned two = xl::default_backend::max_cluster_blocks >= 2 ? 2 : 1;

// sm_90: 2 barrier.cluster.arrive.aligned, 2 barrier.cluster.wait.aligned, 1 mapa.u64, 1 ld.u32, 0 bar.sync
// sm_90: st.shared then barrier.cluster.a then barrier.cluster.w then mapa then ld.u32 then barrier.cluster.a then barrier.cluster.w
// gfx90a: 2 s_barrier, 1 ds_read_b32
// gfx1030: 2 s_barrier, 1 ds_read_b32
struct reads_a_peer {
  static constexpr auto cluster = xl::cluster_size<two>;
  static constexpr auto block = xl::block_size<256>;
  struct shared {
    int value[256];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, int* out) const {
    auto const blocks = ctx.cluster();
    unsigned const t = ctx.thread_rank();
    s.value[t] = int(t);
    blocks.sync();
    int const other = blocks.peer(s.value, (blocks.rank() + 1) % blocks.size())[255 - t];
    blocks.sync();
    out[t] = other;
  }
};

// sm_90: 0 barrier.cluster, 0 mapa, 1 bar.sync, 1 ld.shared
struct reads_a_cluster_of_one {
  static constexpr auto block = xl::block_size<256>;
  struct shared {
    int value[256];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, int* out) const {
    unsigned const t = ctx.thread_rank();
    s.value[t] = int(t);
    ctx.cluster().sync();
    out[t] = ctx.cluster().peer(s.value, 0)[255 - t];
  }
};

template <class Tile, bool AcrossCluster = false>
struct one_tile {
  static constexpr auto block = xl::block_size<256>;
  template <class Ctx>
  struct shared {
    xl::pipeline_state<2, Ctx, AcrossCluster> state;
    xl::shared_tile<float, Tile> tile;
  };

 protected:
  template <class Ctx, class Tiled>
  CROSSLANE_FN static void copy(Ctx const& ctx, shared<Ctx>& s, Tiled const& in, typename Tiled::multi_index at, float* out) {
    xl::pipeline pipe{ctx, s.state};
    pipe.acquire();
    if constexpr (AcrossCluster)
      pipe.multicast_tile(s.tile, in, at, 0);
    else
      pipe.copy_tile(s.tile, in, at);
    pipe.commit();
    pipe.wait();
    out[ctx.thread_rank()] = s.tile.elements[ctx.thread_rank() ^ 1];
  }
};

// sm_90: 1 cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes, 0 cp.async.cg, 1 mbarrier.expect_tx, 1 cvta.param
// sm_90: fence then bar then mbarrier.expect then cp.async.bulk then mbarrier.a then mbarrier.t then fence then bar
struct copies_a_tile : one_tile<permuted> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tiled_view<float const, matrix, permuted> const& in, float* out) const {
    copy(ctx, s, in, {int(ctx.block_index()) * 32, 64}, out);
  }
};

// sm_90: 1 cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes, 0 cp.async.cg
struct copies_a_cube : one_tile<cube> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tiled_view<float const, volume, cube> const& in, float* out) const {
    copy(ctx, s, in, {0, 0, int(ctx.block_index()) * 8}, out);
  }
};

// sm_90: 0 cp.async.bulk, 1 cp.async.ca.shared.global
struct copies_a_tile_of_words : one_tile<permuted_by_words> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tiled_view<float const, matrix, permuted_by_words> const& in,
                               float* out) const {
    copy(ctx, s, in, {int(ctx.block_index()) * 32, 64}, out);
  }
};

// sm_90: 1 cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster, 1 mbarrier.expect_tx, 0 bar.sync
// sm_90: 1 fence.mbarrier_init.release.cluster, 2 fence.proxy.async.shared::cluster, 2 barrier.cluster.arrive.aligned
struct copies_for_a_cluster : one_tile<plain, true> {
  static constexpr auto cluster = xl::cluster_size<two>;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tiled_view<float const, matrix, plain> const& in, float* out) const {
    copy(ctx, s, in, {int(ctx.block_index() / two) * 32, 64}, out);
  }
};

// sm_90: 1 cp.async.bulk.tensor.2d.global.shared::cta.bulk_group, 1 cp.async.bulk.commit_group, 1 cp.async.bulk.wait_group, 0 st.global
// sm_90: st.shared then fence then bar then cp.async.bulk.t then cp.async.bulk.c then cp.async.bulk.w then bar
struct stores_a_tile {
  static constexpr auto block = xl::block_size<1024>;
  struct shared {
    xl::shared_tile<float, permuted> tile;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::tiled_view<float, wide, permuted> const& out) const {
    s.tile.elements[ctx.thread_rank()] = 1;
    xl::tile_stores stores{ctx};
    stores.store(s.tile, out, {int(ctx.block_index()) * 32, 64});
    stores.commit();
    stores.wait();
  }
};

void launch_all(xl::stream const& q, xl::tensor<float, matrix>& t, xl::tensor<float, wide>& w, xl::tensor<float, volume> const& v,
                int* numbers, float* out) {
  xl::launch(q, {.grid = 2}, reads_a_peer{}, numbers);
  xl::launch(q, {.grid = 2}, reads_a_cluster_of_one{}, numbers);
  xl::launch(q, {.grid = 2}, copies_a_tile{}, xl::make_tiled<permuted>(q, std::as_const(t)), out);
  xl::launch(q, {.grid = 2}, copies_a_cube{}, xl::make_tiled<cube>(q, v), out);
  xl::launch(q, {.grid = 2}, copies_a_tile_of_words{}, xl::make_tiled<permuted_by_words>(q, std::as_const(t)), out);
  xl::launch(q, {.grid = 2}, copies_for_a_cluster{}, xl::make_tiled<plain>(q, std::as_const(t)), out);
  xl::launch(q, {.grid = 2}, stores_a_tile{}, xl::make_tiled<permuted>(q, w));
}
