// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads and stores of fragments in matrices of every kind of layout, inside them and at their edges; conversions of fragments.
#include <matrix/matrix_targets.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using use = xl::matrix_use;
namespace axis = xl::axis;

constexpr int side = 64;  ///< rows and columns of the matrices

template <class T>
using memory_type = std::conditional_t<std::is_same_v<T, xl::tf32>, float, T>;

using row_major = xl::row_major<>;
using column_major = xl::column_major<>;
using fixed_row_major = xl::with_fixed<row_major, xl::fixed<axis::row, side>, xl::fixed<axis::col, side>>;
using fixed_extents = typename fixed_row_major::extents_type;
/// Layouts of tiles in shared memory, by rows and by columns.
struct swizzled_tiles {
  template <unsigned Bytes>
  using by_rows = xl::swizzled<fixed_extents, xl::axes<axis::row, axis::col>, Bytes, 16>;
  template <unsigned Bytes>
  using by_columns = xl::swizzled<fixed_extents, xl::axes<axis::col, axis::row>, Bytes, 16>;
};
/// 16 bytes of a row or of a column are together, those of the next row or column follow.
struct blocked_tiles {
  template <unsigned Bytes>
  using by_rows = xl::blocked<fixed_extents, xl::axes<axis::col, axis::row>, xl::fixed<axis::col, 16 / Bytes>>;
  template <unsigned Bytes>
  using by_columns = xl::blocked<fixed_extents, xl::axes<axis::row, axis::col>, xl::fixed<axis::row, 16 / Bytes>>;
};
static_assert(xl::layout_in_units<swizzled_tiles::by_rows<2>> && swizzled_tiles::by_rows<2>::unit == 8);
static_assert(xl::layout_in_units<blocked_tiles::by_columns<4>> && blocked_tiles::by_columns<4>::unit == 4);
static_assert(std::is_same_v<blocked_tiles::by_columns<4>::unit_axis, axis::row> && !xl::layout_in_units<row_major>);

template <class L>
CROSSLANE_FN constexpr L make_layout() {
  return L{typename L::extents_type{side, side}};
}

struct position {
  int row, col;
  bool partial;
};

/// What a kernel has done.
struct outcome {
  int rows, cols;  ///< of the fragment; 0 if the target has none
  int nonzero;     ///< elements outside the matrix that were not zero
};

/// Calls f.operator()<F>() with the fragment F of a use that a target has for operands T, if there is one. F is for elements of type M.
template <class Target, class T, class M, class Ctx, class F>
CROSSLANE_FN void with_fragment(Ctx const&, use u, F const& f) {
  if constexpr (runs_here<Target, Ctx>) {
    using target = target_in<Target, Ctx>;
    if constexpr (!std::is_same_v<typename xl::detail::shapes_of_type<T, typename target::shapes>::type, xl::matrix_shapes<>>) {
      using shape = xl::native_shape<T, target>;
      if constexpr (std::is_same_v<M, memory_type<T>>)
        u == use::a ? f(xl::fragment<use::a, shape, target>{}) : f(xl::fragment<use::b, shape, target>{});
      else
        f(xl::fragment<use::accumulator, shape, target>{});
    }
  }
}

/// Loads a fragment and stores it to a matrix of another order, and from there back to one of the first order, all in device memory.
template <class Target, class T>
struct move_fragment {
  template <xl::kernel_context Ctx, class M>
  CROSSLANE_FN void operator()(Ctx const& ctx, M const* from, M* middle, M* to, use u, position p, outcome* out) const {
    xl::tensor_view<M const, row_major> const source{from, make_layout<row_major>()};
    xl::tensor_view<M, column_major> const by_columns{middle, make_layout<column_major>()};
    xl::tensor_view<M, fixed_row_major> const destination{to, make_layout<fixed_row_major>()};
    with_fragment<Target, T, M>(ctx, u, [&](auto f) {
      using F = decltype(f);
      if (p.partial) {
        f = xl::load_partial_fragment<F>(ctx, source, p.row, p.col);
        bool outside = false;
        f.for_each(ctx, [&](unsigned row, unsigned col, typename F::value_type const& x) {
          if (p.row + int(row) >= side || p.col + int(col) >= side) outside = outside || double(x) != 0;
        });
        if (xl::wave(ctx).any(outside) && ctx.thread_rank() == 0) out->nonzero = 1;
        xl::store_partial_fragment(ctx, by_columns, p.row, p.col, f);
        xl::wave(ctx).sync();
        xl::store_partial_fragment(ctx, destination, p.row, p.col, xl::load_partial_fragment<F>(ctx, by_columns, p.row, p.col));
      } else {
        xl::store_fragment(ctx, by_columns, p.row, p.col, xl::load_fragment<F>(ctx, source, p.row, p.col));
        xl::wave(ctx).sync();
        xl::store_fragment(ctx, destination, p.row, p.col, xl::load_fragment<F>(ctx, by_columns, p.row, p.col));
      }
      if (ctx.thread_rank() == 0) {
        out->rows = F::rows;
        out->cols = F::cols;
      }
    });
  }
};

/// The same through tiles in shared memory.
template <class Target, class T, class M, class Tiles>
struct move_through_tile {
  template <class Ctx>
  struct shared {
    alignas(16) M tile[side * side];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, M const* from, M*, M* to, use u, position p, outcome* out) const {
    using by_rows = typename Tiles::template by_rows<sizeof(M)>;
    using by_columns = typename Tiles::template by_columns<sizeof(M)>;
    xl::tensor_view<M, by_rows> const rows{s.tile, make_layout<by_rows>()};
    xl::tensor_view<M, by_columns> const columns{s.tile, make_layout<by_columns>()};
    xl::tensor_view<M, fixed_row_major> const destination{to, make_layout<fixed_row_major>()};
    with_fragment<Target, T, M>(ctx, u, [&](auto f) {
      using F = decltype(f);
      for (int i : ctx.block_stride(side * side)) rows(i / side, i % side) = from[i];
      ctx.sync_block();
      f = xl::load_fragment<F>(ctx, rows, p.row, p.col);
      ctx.sync_block();
      xl::store_fragment(ctx, columns, p.row, p.col, f);
      ctx.sync_block();
      f = xl::load_fragment<F>(ctx, columns, p.row, p.col);
      ctx.sync_block();
      xl::store_fragment(ctx, rows, p.row, p.col, f);
      ctx.sync_block();
      xl::store_fragment(ctx, destination, p.row, p.col, xl::load_fragment<F>(ctx, rows, p.row, p.col));
      if (ctx.thread_rank() == 0) {
        out->rows = F::rows;
        out->cols = F::cols;
      }
    });
  }
};

template <class T>
T value(int i) {
  return T(sizeof(T) == 1 ? i % 251 - 125 : i % 2039 - 1000);
}

/// Launches the kernel and checks that the fragment, and nothing else, has arrived. Returns false if the target has no such fragment.
template <class M, class K>
bool check_move(xl::device d, K const& kernel, use u, position p) {
  xl::stream const q{d};
  std::vector<M> elements(side * side);
  for (int i = 0; i < side * side; ++i) elements[std::size_t(i)] = value<M>(i);
  auto const from = upload(q, elements);
  auto middle = upload(q, std::vector<M>(side * side, M(5))), to = upload(q, std::vector<M>(side * side, M(3)));
  auto out = upload(q, std::vector<outcome>(1));
  xl::launch(q, {.grid = 1, .block = unsigned(d.properties().wave_size)}, kernel, from.data(), middle.data(), to.data(), u, p, out.data());
  outcome const done = read(q, out)[0];
  auto const got = read(q, to);
  if (done.rows == 0) return false;
  CROSSLANE_CHECK_EQ(done.nonzero, 0);
  int wrong = 0;
  for (int i = 0; i < side * side; ++i) {
    int const row = i / side, col = i % side;
    bool const moved = row >= p.row && row < p.row + done.rows && col >= p.col && col < p.col + done.cols;
    wrong += double(got[std::size_t(i)]) != double(moved ? value<M>(i) : M(3));
  }
  if (wrong != 0)
    fail(std::string(xl::type_name<K>()) + ", at " + std::to_string(p.row) + ", " + std::to_string(p.col) + ": " + std::to_string(wrong) +
             " elements are wrong",
         xl::source_location::current());
  return true;
}

/// Moves operands of type T, or if M is not their type in memory, accumulators. Returns false if the target has none.
template <class Target, class T, class M = memory_type<T>>
bool check_moves(xl::device d, use u) {
  bool found = false;
  for (position const p : {position{0, 0, false}, position{16, 32, false}, position{3, 5, true}, position{side - 5, side - 3, true},
                           position{side, 0, true}, position{8, 16, true}})
    found = check_move<M>(d, move_fragment<Target, T>{}, u, p);
  return found;
}
template <class T, class M = memory_type<T>>
bool check_tiles(xl::device d, use u) {
  bool found = false;
  for (position const p : {position{0, 0, false}, position{16, 32, false}, position{32, 16, false}})
    found = check_move<M>(d, move_through_tile<native_target, T, M, swizzled_tiles>{}, u, p);
  if constexpr (std::is_same_v<M, xl::half> || (std::is_same_v<M, float> && std::is_same_v<T, xl::half>))
    check_move<M>(d, move_through_tile<native_target, T, M, blocked_tiles>{}, u, {16, 32, false});
  return found;
}

/// Makes operands of accumulators that lie side by side, and from `b` an accumulator where their sizes agree.
template <class Target>
struct convert_fragments {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, int* wrong) const {
    if constexpr (runs_here<Target, Ctx>) {
      using T = target_in<Target, Ctx>;
      using shape = xl::native_shape<xl::half, T>;
      check<xl::fragment<use::a, shape, T>, xl::fragment<use::accumulator, shape, T, xl::half>, 0>(ctx, wrong);
      check<xl::fragment<use::a, shape, T>, xl::fragment<use::accumulator, shape, T, xl::half>, shape::n>(ctx, wrong + 1);
      check<xl::fragment<use::a, shape, T>, xl::fragment<use::accumulator, shape, T, xl::half>, 4>(ctx, wrong + 2);
      check<xl::fragment<use::accumulator, shape, T, int>, xl::fragment<use::a, shape, T, int>, 0>(ctx, wrong + 3);
      if constexpr (shape::m == shape::k)
        check<xl::fragment<use::accumulator, shape, T, double>, xl::fragment<use::b, shape, T, double>, 0>(ctx, wrong + 4);
    }
  }

  template <class To, class From, unsigned Column, class Ctx>
  CROSSLANE_FN void check(Ctx const& ctx, int* wrong) const {
    constexpr unsigned count = (Column + To::cols + From::cols - 1) / From::cols;
    using value_type = typename From::value_type;
    From from[count];
    for (unsigned i = 0; i < count; ++i)
      from[i].for_each(ctx, [&](unsigned row, unsigned col, value_type& x) { x = value_type(int(row * 61 + i * From::cols + col)); });
    auto const to = xl::convert_fragment<To, Column>(ctx, from);
    bool same = true;
    to.for_each(ctx,
                [&](unsigned row, unsigned col, value_type const& x) { same = same && x == value_type(int(row * 61 + Column + col)); });
    if (!xl::wave(ctx).all(same) && ctx.thread_rank() == 0) *wrong = 1;
  }
};

}  // namespace

CROSSLANE_TEST(fragment_memory, moves) {
  CROSSLANE_CHECK((check_moves<native_target, xl::half, float>(d, use::accumulator)));
  for (use const u : {use::a, use::b}) {
    CROSSLANE_CHECK((check_moves<native_target, xl::half>(d, u)));
    CROSSLANE_CHECK((check_moves<native_target, std::int8_t>(d, u)));
    check_moves<native_target, xl::tf32>(d, u);
    check_moves<native_target, double>(d, u);
    // A target whose lanes repeat elements.
    if constexpr (host_build) CROSSLANE_CHECK((check_moves<target::gfx11, xl::half>(d, u) == (d.properties().wave_size == 32)));
  }
}

CROSSLANE_TEST(fragment_memory, tiles) {
  CROSSLANE_CHECK((check_tiles<xl::half, float>(d, use::accumulator)));
  for (use const u : {use::a, use::b}) {
    CROSSLANE_CHECK((check_tiles<xl::half>(d, u)));
    CROSSLANE_CHECK((check_tiles<std::int8_t>(d, u)));
  }
}

CROSSLANE_TEST(fragment_memory, conversions) {
  for_each_target(d, [&]<class Target>() {
    xl::stream const q{d};
    auto wrong = upload(q, std::vector<int>(5, 0));
    xl::launch(q, {.grid = 1, .block = unsigned(d.properties().wave_size)}, convert_fragments<Target>{}, wrong.data());
    for (int w : read(q, wrong)) CROSSLANE_CHECK_EQ(w, 0);
  });
}
