// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies of tiles between tensors and shared memory: layouts, edges, pipelines, stores, several blocks of a cluster.
#include <support/target.hpp>

#include <crosslane/tensor.hpp>

#include <string>

namespace xl = crosslane;
using namespace crosslane_test;
namespace axis = xl::axis;

namespace {

using index = std::int32_t;
using rows_first = xl::axes<axis::row, axis::col>;
using matrix = xl::packed<xl::extents<index, axis::row, axis::col>, rows_first>;
using padded_matrix = xl::padded<xl::extents<index, axis::row, axis::col>, rows_first>;
template <int Rows, int Columns>
using plain_tile = xl::packed<xl::extents<index, xl::fixed<axis::row, Rows>, xl::fixed<axis::col, Columns>>, rows_first>;
template <class T, int Rows, int Columns, unsigned Unit>
using swizzled_tile =
    xl::swizzled<xl::extents<index, xl::fixed<axis::row, Rows>, xl::fixed<axis::col, Columns>>, rows_first, sizeof(T), Unit>;

template <class T>
T number(std::int64_t i) {
  return T(i * 7 % 251 + 1);  // never 0
}

/// A place of a tile.
struct place {
  int row, column;
};

/// out[block] = the elements of the tile at places[block], row by row. Half of the kernels use a pipeline, the others a thread's own
/// copies.
template <class T, class Layout, class Tile, bool Pipeline>
struct load_tiles {
  using tiled = xl::tiled_view<T const, Layout, Tile>;
  static constexpr unsigned rows = Tile::extents_type::template fixed_extent<axis::row>();
  static constexpr unsigned columns = Tile::extents_type::template fixed_extent<axis::col>();
  template <class Ctx>
  struct shared {
    xl::pipeline_state<2, Ctx> state;
    xl::shared_tile<T, Tile> tile;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, tiled const& in, xl::span<place const> places, xl::span<T> out) const {
    place const at = places[ctx.block_index()];
    if constexpr (Pipeline) {
      xl::pipeline pipe{ctx, s.state};
      pipe.acquire();
      pipe.copy_tile(s.tile, in, {at.row, at.column});
      pipe.commit();
      pipe.wait();
    } else {
      xl::async_copies copies{ctx};
      copies.copy_tile(s.tile, in, {at.row, at.column});
      copies.commit();
      copies.wait();
      ctx.sync_block();
    }
    auto const tile = s.tile.view();
    for (auto i : ctx.block_stride(rows * columns))
      out[ctx.block_index() * std::size_t(rows * columns) + i] = tile(int(i / columns), int(i % columns));
  }
};

template <class T, class Tile, class Layout = matrix>
void check_loads(xl::device d, Layout const& layout) {
  constexpr int rows = Tile::extents_type::template fixed_extent<axis::row>();
  constexpr int columns = Tile::extents_type::template fixed_extent<axis::col>();
  int const height = layout.extents().template extent<axis::row>(), width = layout.extents().template extent<axis::col>();
  xl::stream const q{d};
  // Whole units of 16 bytes, as the copy engine reads them.
  std::vector<T> elements(xl::cover(std::size_t(layout.span_size()) * sizeof(T), 16) * 16 / sizeof(T), T(99));
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) elements[std::size_t(layout.offset({{y, x}}))] = number<T>(y * 1000 + x);
  auto const input = upload(q, elements);
  xl::tensor_view<T const, Layout> const view{input.data(), layout};
  std::vector<place> const places = {{0, 0},          {rows, columns}, {height - rows / 2, width - columns + 3},
                                     {-3, -5},        {1, 1},          {-rows, 0},
                                     {height, width}, {2, 4},          {5, 2},
                                     {3, -columns},   {height - 1, 0}, {-rows + 1, -columns + 1}};
  auto const at = upload(q, places);
  std::vector<T> expected;
  for (place const p : places)
    for (int y = p.row; y < p.row + rows; ++y)
      for (int x = p.column; x < p.column + columns; ++x)
        expected.push_back(y >= 0 && y < height && x >= 0 && x < width ? number<T>(y * 1000 + x) : T{});
  auto const tiled = xl::make_tiled<Tile>(q, view);
  xl::buffer<T> out{q, expected.size()};
  for (unsigned const block : {64u, 100u}) {
    xl::launch(q, {.grid = unsigned(places.size()), .block = block}, load_tiles<T, Layout, Tile, true>{}, tiled, at, out);
    CROSSLANE_CHECK_SAME(read(q, out), expected);
  }
  xl::launch(q, {.grid = unsigned(places.size()), .block = 64}, load_tiles<T, Layout, Tile, false>{}, tiled, at, out);
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

CROSSLANE_TEST(tiled_view, packed_tiles) {
  check_loads<float, plain_tile<16, 32>>(d, matrix{{50, 44}});
  check_loads<unsigned short, plain_tile<8, 24>>(d, matrix{{19, 40}});
  if constexpr (all_combinations) {
    check_loads<double, plain_tile<7, 10>>(d, matrix{{23, 30}});
    check_loads<unsigned char, plain_tile<32, 16>>(d, matrix{{64, 48}});
    check_loads<float, plain_tile<5, 3>>(d, matrix{{10, 12}});  // rows of 12 bytes: threads copy
  }
}

CROSSLANE_TEST(tiled_view, swizzled_tiles) {
  check_loads<float, swizzled_tile<float, 16, 32, 16>>(d, matrix{{50, 44}});  // the engine's permutation
  check_loads<float, swizzled_tile<float, 32, 16, 4>>(d, matrix{{50, 44}});
  if constexpr (all_combinations) {
    check_loads<unsigned short, swizzled_tile<unsigned short, 8, 64, 16>>(d, matrix{{19, 80}});
    check_loads<unsigned short, swizzled_tile<unsigned short, 8, 32, 16>>(d, matrix{{19, 80}});
    check_loads<float, swizzled_tile<float, 8, 64, 16>>(d, matrix{{19, 80}});
  }
}

CROSSLANE_TEST(tiled_view, padded_tensors) {
  check_loads<float, plain_tile<16, 16>>(d, xl::make_padded<rows_first>(xl::extents<index, axis::row, axis::col>{21, 37}, 40));
}

/// A tensor of four axes whose tiles have three, with one image for each.
using images = xl::packed<xl::extents<index, axis::n, axis::c, axis::h, axis::w>, xl::axes<axis::n, axis::h, axis::w, axis::c>>;
using image_tile = xl::packed<xl::extents<index, xl::fixed<axis::h, 3>, xl::fixed<axis::w, 5>, xl::fixed<axis::c, 8>>,
                              xl::axes<axis::h, axis::w, axis::c>>;

struct load_image_tiles {
  template <class Ctx>
  struct shared {
    xl::pipeline_state<2, Ctx> state;
    xl::shared_tile<float, image_tile> tile[2];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tiled_view<float const, images, image_tile> const& in,
                               xl::span<float> out) const {
    xl::pipeline pipe{ctx, s.state};
    for (unsigned half = 0; half < 2; ++half) {
      unsigned const stage = pipe.acquire();
      pipe.copy_tile(s.tile[stage], in, {int(ctx.block_index()), 8 * int(half), -1, 2});
      pipe.commit();
      auto const tile = s.tile[pipe.wait()].view();
      for (auto i : ctx.block_stride(3 * 5 * 8))
        out[(ctx.block_index() * 2 + half) * std::size_t{3 * 5 * 8} + std::size_t(i)] = tile(int(i / 40), int(i / 8 % 5), int(i % 8));
    }
  }
};

CROSSLANE_TEST(tiled_view, tiles_of_three_axes) {
  constexpr int n = 3, c = 12, h = 6, w = 6;
  xl::stream const q{d};
  std::vector<float> elements(n * c * h * w), expected;
  for (std::size_t i = 0; i < elements.size(); ++i) elements[i] = number<float>(std::int64_t(i));
  xl::tensor<float, images> t{q, {n, c, h, w}};
  xl::copy(q, elements, t.storage());
  xl::buffer<float> out{q, n * 2 * 120};
  xl::launch(q, {.grid = n, .block = 64}, load_image_tiles{}, xl::make_tiled<image_tile>(q, std::as_const(t)), out);
  for (int image = 0; image < n; ++image)
    for (int first : {0, 8})
      for (int y = -1; y < 2; ++y)
        for (int x = 2; x < 7; ++x)
          for (int channel = first; channel < first + 8; ++channel)
            expected.push_back(y >= 0 && x < w && channel < c ? elements[std::size_t(((image * h + y) * w + x) * c + channel)] : 0.f);
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

/// out = 2 * in, tile by tile, each block along its rows: loads by a pipeline, stores of tiles. The first tile begins `shift` columns
/// before the tensor.
template <class T, class Tile, class Layout>
struct double_by_tiles {
  static constexpr int rows = Tile::extents_type::template fixed_extent<axis::row>();
  static constexpr int columns = Tile::extents_type::template fixed_extent<axis::col>();
  template <class Ctx>
  struct shared {
    xl::pipeline_state<3, Ctx> state;
    xl::shared_tile<T, Tile> in[3], out[2];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tiled_view<T const, Layout, Tile> const& in,
                               xl::tiled_view<T, Layout, Tile> const& out, int shift) const {
    int const row = int(ctx.block_index()) * rows;
    int const tiles = (in.view().template extent<axis::col>() + shift + columns - 1) / columns;
    xl::pipeline pipe{ctx, s.state};
    xl::tile_stores stores{ctx};
    auto const fetch = [&](int t) {
      unsigned const stage = pipe.acquire();
      if (t < tiles) pipe.copy_tile(s.in[stage], in, {row, t * columns - shift});
      pipe.commit();
    };
    fetch(0);
    fetch(1);
    for (int t = 0; t < tiles; ++t) {
      auto const from = s.in[pipe.wait()].view();
      fetch(t + 2);
      auto const to = s.out[t % 2].view();
      for (auto i : ctx.block_stride(rows * columns)) to(i / columns, i % columns) = T(2 * from(i / columns, i % columns));
      stores.store(s.out[t % 2], out, {row, t * columns - shift});
      stores.commit();
      stores.template wait<1>();
    }
    for (int left = 0; left < 2; ++left) pipe.wait();
    stores.wait();
  }
};

template <class T, class Tile, class Layout = matrix>
void check_stores(xl::device d, Layout const& layout) {
  using kernel = double_by_tiles<T, Tile, Layout>;
  int const height = layout.extents().template extent<axis::row>(), width = layout.extents().template extent<axis::col>();
  xl::stream const q{d};
  // Whole rows, with what is behind them: no store may change it.
  std::size_t const pitch = std::size_t(layout.template stride<axis::row>()), size = std::size_t(height) * pitch;
  std::vector<T> elements(size), expected(size, T(77));
  for (std::size_t i = 0; i < size; ++i) {
    elements[i] = number<T>(std::int64_t(i) % 100);
    if (i % pitch < std::size_t(width)) expected[i] = T(2 * elements[i]);
  }
  auto const input = upload(q, elements);
  xl::buffer<T> out{q, size};
  auto const from = xl::make_tiled<Tile>(q, xl::tensor_view<T const, Layout>{input.data(), layout});
  auto const to = xl::make_tiled<Tile>(q, xl::tensor_view<T, Layout>{out.data(), layout});
  unsigned const blocks = unsigned((height + kernel::rows - 1) / kernel::rows);
  for (int const shift : {0, 3}) {  // a copy engine needs multiples of 16 bytes
    xl::fill(q, out, T(77));
    xl::launch(q, {.grid = blocks, .block = 96}, kernel{}, from, to, shift);
    CROSSLANE_CHECK_SAME(read(q, out), expected);
  }
}

CROSSLANE_TEST(tiled_view, stores) {
  check_stores<float, swizzled_tile<float, 16, 32, 16>>(d, matrix{{40, 100}});
  check_stores<float, swizzled_tile<float, 8, 32, 4>>(d, matrix{{13, 36}});
  check_stores<float, plain_tile<8, 16>>(d, xl::make_padded<rows_first>(xl::extents<index, axis::row, axis::col>{21, 37}, 40));
  if constexpr (all_combinations) {
    check_stores<unsigned short, plain_tile<8, 16>>(d, matrix{{20, 40}});
    check_stores<float, plain_tile<8, 20>>(d, matrix{{20, 44}});
  }
}

/// Each block of a cluster gets the tiles of all: out[block] = the sum over the tiles of the cluster's row, element by element. The blocks
/// take turns to copy. The first tile begins `shift` columns before the tensor.
template <class Tile>
struct shares_tiles {
  static constexpr auto cluster = xl::cluster_size < xl::default_backend::max_cluster_blocks >= 4 ? 4 : 1 > ;
  static constexpr int rows = Tile::extents_type::template fixed_extent<axis::row>();
  static constexpr int columns = Tile::extents_type::template fixed_extent<axis::col>();
  template <class Ctx>
  struct shared {
    xl::pipeline_state<3, Ctx, true> state;
    xl::shared_tile<float, Tile> tile[3];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tiled_view<float const, matrix, Tile> const& in, bool pairs, int shift,
                               xl::span<float> out) const {
    auto const blocks = ctx.cluster();
    int const row = int(ctx.block_index() / blocks.size()) * rows;
    int const tiles = (in.view().template extent<axis::col>() + shift + columns - 1) / columns;
    xl::pipeline pipe{ctx, s.state};
    auto const fetch = [&](int t) {
      unsigned const stage = pipe.acquire();
      if (t < tiles && !pairs) pipe.multicast_tile(s.tile[stage], in, {row, t * columns - shift}, unsigned(t) % blocks.size());
      if (t < tiles && pairs) {  // each half of the cluster for itself
        unsigned const half = blocks.size() / 2, first = half == 0 ? 0 : blocks.rank() / half * half, count = half == 0 ? 1 : half;
        pipe.multicast_tile(s.tile[stage], in, {row, t * columns - shift}, first + unsigned(t) % count, ((1u << count) - 1) << first);
      }
      pipe.commit();
    };
    fetch(0);
    fetch(1);
    float sum[4] = {};
    for (int t = 0; t < tiles; ++t) {
      auto const tile = s.tile[pipe.wait()].view();
      fetch(t + 2);
      int k = 0;
      for (auto i : ctx.block_stride(rows * columns)) sum[k++] += tile(i / columns, i % columns);
    }
    for (int left = 0; left < 2; ++left) pipe.wait();
    int k = 0;
    for (auto i : ctx.block_stride(rows * columns)) out[ctx.block_index() * std::size_t(rows * columns) + std::size_t(i)] = sum[k++];
  }
};

template <class Tile>
void check_multicast(xl::device d) {
  using kernel = shares_tiles<Tile>;
  constexpr unsigned blocks = kernel::cluster.blocks;
  constexpr int height = 3 * kernel::rows - 2, width = 5 * kernel::columns - 4;
  xl::stream const q{d};
  std::vector<float> elements(std::size_t(height * width));
  for (std::size_t i = 0; i < elements.size(); ++i) elements[i] = number<float>(std::int64_t(i));
  xl::tensor<float, matrix> in{q, {height, width}};
  xl::copy(q, elements, in.storage());
  for (int const shift : {0, 3}) {  // a copy engine needs multiples of 16 bytes
    std::vector<float> expected;
    for (unsigned block = 0; block < 3 * blocks; ++block)
      for (int y = 0; y < kernel::rows; ++y)
        for (int x = 0; x < kernel::columns; ++x) {
          float sum = 0;
          int const row = int(block / blocks) * kernel::rows + y;
          for (int column = x - shift; row < height && column < width; column += kernel::columns)
            if (column >= 0) sum += elements[std::size_t(row * width + column)];
          expected.push_back(sum);
        }
    xl::buffer<float> out{q, expected.size()};
    for (bool const pairs : {false, true}) {
      xl::launch(q, {.grid = 3 * blocks, .block = 128}, kernel{}, xl::make_tiled<Tile>(q, std::as_const(in)), pairs, shift, out);
      CROSSLANE_CHECK_SAME(read(q, out), expected);
    }
  }
}

CROSSLANE_TEST(tiled_view, multicast) {
  if (d.properties().max_cluster_blocks < xl::default_backend::max_cluster_blocks) skip("no clusters");
  check_multicast<swizzled_tile<float, 16, 32, 16>>(d);
  check_multicast<plain_tile<8, 20>>(d);
}

CROSSLANE_TEST(tiled_view, errors) {
  xl::stream const q{d};
  xl::tensor<float, matrix> odd{q, {8, 6}}, even{q, {8, 16}}, empty{q, {0, 16}};
  using tile = plain_tile<4, 4>;
  expect_error(xl::errc::misaligned, {"the stride of axis row is 24 bytes but must be a multiple of 16", "make_padded"},
               [&] { (void)xl::make_tiled<tile>(q, odd); });
  expect_error(xl::errc::misaligned, {"the address must be a multiple of 16"},
               [&] { (void)xl::make_tiled<tile>(q, xl::tensor_view{even.data() + 1, matrix{{7, 16}}}); });
  expect_error(xl::errc::invalid_argument, {"the extent of axis row is 0"}, [&] { (void)xl::make_tiled<tile>(q, empty); });
  xl::tensor<float, matrix> const one_row{q, {1, 6}};
  (void)xl::make_tiled<tile>(q, one_row);
}

}  // namespace
