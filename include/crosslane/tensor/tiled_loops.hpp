// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The work of walk.hpp's kernels as plain loops that the compiler vectorises. For backends that run element-wise work without lanes.
#pragma once

#include <crosslane/tensor/walk.hpp>

#include <bit>
#include <utility>

namespace crosslane::detail {

inline namespace CROSSLANE_CONFIGURATION {

/// Iterates over the positions of a plan, from `first` on. Only the constructor divides.
template <int Operands>
class plan_cursor {
 public:
  plan_cursor(walk_plan<Operands> const& p, std::uint64_t first) : plan_{p} {
    for (int i = p.rank - 1; i >= 0; --i) {
      std::uint64_t index = first;
      first = divide(index, std::uint64_t(p.axis[i].extent));
      index_[i] = std::int64_t(index);
      for (int j = 0; j < Operands; ++j) at_.at[j] += index_[i] * p.axis[i].stride[j];
    }
  }

  walk_offsets<Operands> const& offsets() const { return at_; }
  std::int64_t index(int axis) const { return index_[axis]; }

  /// Goes to the next position. The last one is followed by the first.
  void next() {
    for (int i = plan_.rank - 1; i >= 0; --i) {
      walk_axis<Operands> const& a = plan_.axis[i];
      bool const within = ++index_[i] < a.extent;
      for (int j = 0; j < Operands; ++j) at_.at[j] += within ? a.stride[j] : a.stride[j] * (1 - a.extent);
      if (within) return;
      index_[i] = 0;
    }
  }

 private:
  walk_plan<Operands> const& plan_;
  std::int64_t index_[8] = {};
  walk_offsets<Operands> at_{};
};

/// A plan divided into tiles of two axes. Rows run along `along`. Rows of a tile share the cache lines that they load.
template <int Operands>
struct tiled_loops {
  static constexpr std::int64_t tile = 4096;  ///< elements

  explicit tiled_loops(walk_plan<Operands> p) {
    for (; p.rank < 2; ++p.rank) p.axis[p.rank] = {1, {}};
    choose_axes(p);
    along = p.axis[along_axis];
    across = p.axis[across_axis];
    auto const rounded = [](std::int64_t n) { return n >= tile ? tile : std::int64_t(std::bit_ceil(std::uint64_t(n))); };
    std::int64_t const edge = square ? 64 : tile, most_along = rounded(along.extent), most_across = rounded(across.extent);
    tile_along = most_along < edge ? most_along : edge;
    if (square && most_across < edge && tile / most_across > tile_along) tile_along = tile / most_across;
    tile_across = tile / tile_along;
    count_in_tiles(p.axis[along_axis], tile_along);
    count_in_tiles(p.axis[across_axis], tile_across);
    tiles = p;
  }

  /// Returns the number of elements of whole tiles.
  std::uint64_t elements() const { return std::uint64_t(tiles.size() * tile); }

  /// Calls visit(offsets, rows, n) for each tile of `rows` rows of n elements. `begin` and `end` count the elements of whole tiles.
  template <class Visit>
  void for_each_tile(std::uint64_t begin, std::uint64_t end, Visit const& visit) const {
    plan_cursor<Operands> cursor{tiles, begin / tile};
    for (; begin < end; begin += tile, cursor.next()) {
      std::int64_t const left_across = across.extent - cursor.index(across_axis) * tile_across;
      std::int64_t const left_along = along.extent - cursor.index(along_axis) * tile_along;
      visit(cursor.offsets(), left_across < tile_across ? left_across : tile_across, left_along < tile_along ? left_along : tile_along);
    }
  }

  walk_plan<Operands> tiles;
  walk_axis<Operands> along, across;
  int along_axis, across_axis;
  std::int64_t tile_along, tile_across;
  bool square = false;  ///< tiles are as long as wide, if the axes are long enough

 private:
  void choose_axes(walk_plan<Operands> const& p) {
    walk_axis<Operands> const(&axis)[8] = p.axis;
    along_axis = p.rank - 1;
    across_axis = p.rank - 2;
    // The output is contiguous along the last axis. An input may be contiguous along another axis.
    for (int j = 1; j < Operands; ++j)
      for (int i = 0; i < along_axis; ++i)
        if (axis[i].stride[j] == 1 && axis[along_axis].stride[j] > 1) across_axis = i, square = true;
    // The tiles of small planes would be small, so the longest other axis goes across.
    if (!square && axis[along_axis].extent * axis[across_axis].extent < tile / 8)
      for (int i = 0; i < along_axis; ++i)
        if (axis[i].extent > axis[across_axis].extent) across_axis = i;
    constexpr std::int64_t shortest = 8;  // a shorter axis is too short for the inner loop
    if (axis[along_axis].extent < shortest && axis[across_axis].extent > axis[along_axis].extent) std::swap(along_axis, across_axis);
  }
  static void count_in_tiles(walk_axis<Operands>& a, std::int64_t n) {
    a.extent = (a.extent + n - 1) / n;
    for (std::int64_t& stride : a.stride) stride *= n;
  }
};

/// The elements of an input along a row. They are `Step` apart: 1, 0 for a repeated element, or `dynamic`.
template <class In, std::int64_t Step>
struct row_input {
  row_input(In data_, std::int64_t at, std::int64_t step_) : data{data_ + at}, step{step_} {}
  decltype(auto) operator[](std::int64_t i) const { return read_at(data, i * (Step == dynamic ? step : Step)); }
  In data;
  std::int64_t step;
};
template <class In>
struct row_input<In, 0> {
  row_input(In data, std::int64_t at, std::int64_t) : value{read_at(data, at)} {}
  auto const& operator[](std::int64_t) const { return value; }
  std::remove_cvref_t<decltype(read_at(std::declval<In>(), 0))> value;
};

template <class F, class U, class... In>
void write_row(F const& f, std::int64_t n, U* to, std::int64_t step, In const... in) {
  CROSSLANE_INDEPENDENT_ITERATIONS
  for (std::int64_t i = 0; i < n; ++i) to[i * step] = element_cast<U>(f(in[i]...));
}

template <std::int64_t ToStep, std::int64_t... Step, int... J, int Operands, class F, class U, class... In>
void write_rows(std::integer_sequence<std::int64_t, ToStep, Step...>, std::integer_sequence<int, J...>, tiled_loops<Operands> const& loops,
                std::uint64_t begin, std::uint64_t end, F const& f, U* to, In... from) {
  F const own = f;  // a copy, so that no write can change it
  walk_axis<Operands> const along = loops.along, across = loops.across;
  loops.for_each_tile(begin, end, [&](walk_offsets<Operands> const& at, std::int64_t rows, std::int64_t n) {
    for (std::int64_t r = 0; r < rows; ++r)
      write_row(own, n, to + (at.at[0] + r * across.stride[0]), ToStep == dynamic ? along.stride[0] : ToStep,
                row_input<In, Step>{from, at.at[1 + J] + r * across.stride[1 + J], along.stride[1 + J]}...);
  });
}

/// A row in which the elements of every operand are adjacent has a loop of its own. With at most this many inputs, a row in which inputs
/// repeat an element has one, too.
inline constexpr int most_inputs_that_repeat = 3;

/// Computes output = f(inputs...) for elements `begin` to `end` of the tiles. Pointers point to the start of the plan. `Step` lists the
/// steps of the operands decided so far. After the first `dynamic` step, all are `dynamic`.
template <std::int64_t... Step, int Operands, class F, class U, class... In>
void write_tiles(tiled_loops<Operands> const& loops, std::uint64_t begin, std::uint64_t end, F const& f, U* to, In... from) {
  constexpr int decided = int(sizeof...(Step));
  [[maybe_unused]] auto const& step = loops.along.stride;
  if constexpr (decided == Operands) {
    write_rows(std::integer_sequence<std::int64_t, Step...>{}, std::make_integer_sequence<int, Operands - 1>{}, loops, begin, end, f, to,
               from...);
  } else if constexpr (((Step == dynamic) || ...)) {
    write_tiles<Step..., dynamic>(loops, begin, end, f, to, from...);
  } else {
    constexpr bool may_repeat = Operands - 1 <= most_inputs_that_repeat;
    bool known = true;
    for (int j = decided; j < Operands; ++j) known = known && (step[j] == 1 || (may_repeat && j > 0 && step[j] == 0));
    if (decided == 0 ? step[0] == 1 : known) {
      if constexpr (decided > 0 && may_repeat)
        if (step[decided] == 0) return write_tiles<Step..., 0>(loops, begin, end, f, to, from...);
      write_tiles<Step..., 1>(loops, begin, end, f, to, from...);
    } else if constexpr (decided <= 1) {
      write_tiles<Step..., dynamic>(loops, begin, end, f, to, from...);
    }
  }
}

/// Advances `i` to the next index in the given order.
template <class E, class... A>
void to_next_index(typename E::multi_index& i, E const& e, axes<A...>) {
  constexpr int positions[] = {position_of<E, A>...};
  typename E::index_type const lengths[] = {e.template extent<A>()...};
  for (int k = int(sizeof...(A)) - 1; k >= 0; --k) {
    if (++i[positions[k]] < lengths[k]) return;
    i[positions[k]] = 0;
  }
}

/// Writes outputs of layouts without strides. `begin` and `end` count in the order of the output's memory. Each layout maps every index.
template <class F, class To, class... From>
void write_places(std::uint64_t begin, std::uint64_t end, F const& f, To const& to, From const&... from) {
  static_assert(check_function<F, decltype(read_at(from.data(), 0))...>::ok);
  auto i = to.memory_order(begin);
  for (; begin < end; ++begin) {
    to[i] = element_cast<typename To::value_type>(f(read_at(
        from.data(), std::int64_t{from.layout().offset(index_by_names<typename From::layout_type::extents_type, typename To::extents_type>(
                         i, typename From::layout_type::extents_type::axes{}))})...));
    to_next_index(i, to.extents(), typename To::layout_type::order{});
  }
}

template <loop_backend B, int Operands, class F, class U, class... In>
void run_tiled_loops(basic_stream_ref<B> q, walk_plan<Operands> const& p, F const& f, source_location where, U* to, In... from) {
  static_assert(check_function<F, decltype(read_at(from, 0))...>::ok);
  tiled_loops<Operands> const loops{p};
  run_loops<F>(
      q, loops.elements(), [=](std::uint64_t begin, std::uint64_t end) { write_tiles(loops, begin, end, f, to, from...); }, where,
      std::uint64_t(tiled_loops<Operands>::tile));
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
