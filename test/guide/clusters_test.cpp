// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The code of docs/guide/clusters.md, with tests of it.
#include <support/target.hpp>

#include <crosslane/tensor.hpp>

#include <utility>

namespace xl = crosslane;
using namespace crosslane_test;

// [cluster]
/// out = each row of a row-major [rows x cols] matrix, divided by its sum. A cluster of blocks works on one row: each block sums a part of
/// it, and reads the sums of the others in their shared memory.
struct normalise_rows {
  // 4 blocks where the target has clusters, else 1
  static constexpr auto cluster = xl::cluster_size < xl::default_backend::max_cluster_blocks >= 4 ? 4 : 1 > ;
  template <class Ctx>
  struct shared {
    xl::block_scratch<float, Ctx> reduce;
    float sum;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> in, unsigned cols, xl::span<float> out) const {
    auto const blocks = ctx.cluster();
    unsigned const row = ctx.block_index() / blocks.size(), part = cols / blocks.size();
    std::size_t const first = std::size_t{row} * cols + blocks.rank() * part;
    float sum = 0;
    for (auto i : ctx.block_stride(part)) sum += in[first + i];
    sum = xl::block_reduce(ctx, s.reduce, sum, xl::plus{});
    if (ctx.thread_rank() == 0) s.sum = sum;

    blocks.sync();  // the sums of all blocks are there
    float total = 0;
    for (unsigned b = 0; b < blocks.size(); ++b) total += blocks.peer(s.sum, b);
    blocks.sync();  // all have read: blocks may end

    for (auto i : ctx.block_stride(part)) out[first + i] = in[first + i] / total;
  }
};

void normalise(xl::stream const& q, xl::span<float const> in, unsigned rows, unsigned cols, xl::span<float> out) {
  xl::launch(q, {.grid = rows * normalise_rows::cluster.blocks, .block = 128}, normalise_rows{}, in, cols, out);
}
// [cluster]

CROSSLANE_TEST(guide, clusters) {
  if (d.properties().max_cluster_blocks < xl::default_backend::max_cluster_blocks) skip("no clusters");
  xl::stream const q{d};
  unsigned const rows = 5, cols = 1024;
  std::vector<float> in(rows * cols), expected(rows * cols);
  for (unsigned i = 0; i < in.size(); ++i) {
    in[i] = float(i / cols % 2 + 1);  // the sum of a row is a power of two
    expected[i] = 1.f / cols;
  }
  auto const from = upload(q, in);
  xl::buffer<float> out{q, in.size()};
  normalise(q, from, rows, cols, out);
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

// [tiles]
using matrix = xl::packed<xl::extents<int, xl::axis::row, xl::axis::col>, xl::axes<xl::axis::row, xl::axis::col>>;
using tile = xl::swizzled<xl::extents<int, xl::fixed<xl::axis::row, 32>, xl::fixed<xl::axis::col, 32>>, matrix::order, sizeof(float), 16>;

/// out = in transposed, in tiles of 32 x 32 elements. Neither copy needs a test of the edges: what is outside is read as 0 and not written.
struct transpose_tiles {
  static constexpr auto block = xl::block_size<256>;
  template <class Ctx>
  struct shared {
    xl::pipeline_state<2, Ctx> state;
    xl::shared_tile<float, tile> in, out;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tiled_view<float const, matrix, tile> const& in,
                               xl::tiled_view<float, matrix, tile> const& out) const {
    int const tiles = (in.view().template extent<xl::axis::col>() + 31) / 32;  // in a row
    int const row = int(ctx.block_index()) / tiles * 32, col = int(ctx.block_index()) % tiles * 32;
    xl::pipeline pipe{ctx, s.state};
    pipe.acquire();
    pipe.copy_tile(s.in, in, {row, col});
    pipe.commit();
    pipe.wait();

    auto const from = s.in.view();
    auto const to = s.out.view();
    for (int i : ctx.block_stride(32 * 32)) to(i / 32, i % 32) = from(i % 32, i / 32);

    xl::tile_stores stores{ctx};
    stores.store(s.out, out, {col, row});  // begins with a barrier
    stores.commit();
    stores.wait();
  }
};

void transpose_by_tiles(xl::stream const& q, xl::tensor<float, matrix> const& in, xl::tensor<float, matrix>& out) {
  unsigned const rows = unsigned(in.extent<xl::axis::row>()), cols = unsigned(in.extent<xl::axis::col>());
  xl::launch(q, {.grid = xl::cover(rows, 32) * xl::cover(cols, 32)}, transpose_tiles{}, xl::make_tiled<tile>(q, in),
             xl::make_tiled<tile>(q, out));
}
// [tiles]

CROSSLANE_TEST(guide, tiles) {
  xl::stream const q{d};
  int const rows = 52, cols = 100;
  std::vector<float> elements(std::size_t(rows * cols)), expected(elements.size());
  for (int y = 0; y < rows; ++y)
    for (int x = 0; x < cols; ++x) {
      elements[std::size_t(y * cols + x)] = float(y * cols + x);
      expected[std::size_t(x * rows + y)] = float(y * cols + x);
    }
  xl::tensor<float, matrix> in{q, {rows, cols}}, out{q, {cols, rows}};
  xl::copy(q, elements, in.storage());
  transpose_by_tiles(q, in, out);
  CROSSLANE_CHECK_SAME(read(q, out.storage()), expected);
}

namespace {

// [multicast]
/// Sums of tiles that all blocks of a cluster need: each tile is read once for the cluster. The blocks take turns to copy for all.
struct sum_shared_tiles {
  static constexpr auto cluster = xl::cluster_size < xl::default_backend::max_cluster_blocks >= 2 ? 2 : 1 > ;
  static constexpr auto block = xl::block_size<256>;
  template <class Ctx>
  struct shared {
    xl::pipeline_state<3, Ctx, true> state;  // true: other blocks of the cluster fill its stages too
    xl::shared_tile<float, tile> tiles[3];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tiled_view<float const, matrix, tile> const& in, int count,
                               xl::span<float> sums) const {
    auto const blocks = ctx.cluster();
    xl::pipeline pipe{ctx, s.state};
    auto const fetch = [&](int t) {
      unsigned const stage = pipe.acquire();
      if (t < count) pipe.multicast_tile(s.tiles[stage], in, {0, 32 * t}, unsigned(t) % blocks.size());
      pipe.commit();
    };
    fetch(0);
    fetch(1);
    float sum = 0;
    for (int t = 0; t < count; ++t) {
      auto const from = s.tiles[pipe.wait()].view();  // a barrier of the cluster
      fetch(t + 2);
      for (int i : ctx.block_stride(32 * 32)) sum += from(i / 32, i % 32) * float(blocks.rank() + 1);
    }
    pipe.wait();
    pipe.wait();
    sums[std::size_t(ctx.global_rank())] = sum;
  }
};
// [multicast]

CROSSLANE_TEST(guide, multicast) {
  if (d.properties().max_cluster_blocks < xl::default_backend::max_cluster_blocks) skip("no clusters");
  xl::stream const q{d};
  constexpr unsigned blocks = sum_shared_tiles::cluster.blocks;
  xl::tensor<float, matrix> in{q, {32, 160}};
  xl::fill(q, in.storage(), 2.f);
  xl::buffer<float> sums{q, blocks * 256};
  xl::launch(q, {.grid = blocks}, sum_shared_tiles{}, xl::make_tiled<tile>(q, std::as_const(in)), 5, sums);
  std::vector<float> const got = read(q, sums);
  for (unsigned i = 0; i < got.size(); ++i) CROSSLANE_CHECK_EQ(got[i], 2.f * 5 * 4 * float(i / 256 + 1));
}

}  // namespace
