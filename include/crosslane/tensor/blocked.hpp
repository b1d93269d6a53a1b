// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Layouts that store blocks of neighbouring elements together: groups of channels, tiles of matrices.
#pragma once

#include <crosslane/tensor/packed.hpp>

namespace crosslane {
namespace detail {

template <class... Blocks>
struct last_block {
  using axis = no_axis;
  static constexpr std::int64_t extent = 1;
};
template <class First, class... Rest>
struct last_block<First, Rest...> : last_block<Rest...> {};
template <class Last>
struct last_block<Last> {
  using axis = typename dimension<Last>::axis;
  static constexpr std::int64_t extent = dimension<Last>::extent;
};

}  // namespace detail

/// A layout that stores the tensor block by block. The blocks lie one after another in `Order`. `Blocks` lists fixed<axis, N>: a block has
/// N indices of that axis. The elements of a block lie in the order of `Blocks`, the last one fastest.
///
/// An axis that occurs twice in `Blocks` has blocks within blocks. fixed<row, 2>, fixed<col, 2>, fixed<row, 4>, fixed<col, 4> are 2 x 2
/// tiles of 4 x 4 elements. The last block of an axis is a whole block, too. Its elements beyond the extent are gaps.
template <class Extents, class Order, class... Blocks>
class blocked {
 public:
  static_assert(detail::is_extents<Extents>);
  static_assert(detail::same_axes<Order, typename Extents::axes> && Order::distinct,
                "crosslane: the order of a layout must list each axis of its extents once");
  static_assert((Order::template contains<typename detail::dimension<Blocks>::axis> && ...) &&
                    ((detail::dimension<Blocks>::extent > 0) && ...),
                "crosslane: each block must be fixed<axis, n> with an axis of the tensor and n > 0");

  /// @{
  /// See tensor_layout.
  using extents_type = Extents;
  using index_type = typename Extents::index_type;
  using multi_index = typename Extents::multi_index;
  using order = Order;
  using contiguous_axis = no_axis;  // the neighbour of a block's last element is in another block
  static constexpr bool is_unique = true;
  /// @}
  /// @{
  /// See layout_in_units: the innermost axis of a block, and its indices there.
  using unit_axis = typename detail::last_block<Blocks...>::axis;
  static constexpr unsigned unit = unsigned(detail::last_block<Blocks...>::extent);
  /// @}
  /// The same layout with extents of type E, for with_fixed and with_index.
  template <class E>
  using with_extents = blocked<E, Order, Blocks...>;

  /// The number of elements of a block.
  static constexpr std::int64_t volume = (detail::dimension<Blocks>::extent * ... * 1);
  /// Returns the number of indices of axis A in a block.
  template <class A>
  CROSSLANE_FN static constexpr std::int64_t block_extent() {
    return block_extent_after<A>(-1);
  }
  /// Returns the product of the extents of axis A in `Blocks` after position i. If position i is one of axis A, this is the number of
  /// indices in one step of it.
  template <class A>
  CROSSLANE_FN static constexpr std::int64_t block_extent_after(int i) {
    std::int64_t result = 1;
    int at = 0;
    ((at++ > i && std::is_same_v<typename detail::dimension<Blocks>::axis, A> ? void(result *= detail::dimension<Blocks>::extent) : void()),
     ...);
    return result;
  }

  /// Sets the extents that are not fixed to 0.
  constexpr blocked() = default;
  /// On the host, throws limit_exceeded if the index type cannot count the elements, gaps included.
  CROSSLANE_FN constexpr explicit blocked(Extents const& e, [[maybe_unused]] source_location where = source_location::current())
      : extents_{e} {
#if !CROSSLANE_DEVICE_PASS()
    check(where, Order{});
#endif
  }

  CROSSLANE_FN constexpr Extents const& extents() const { return extents_; }  ///< the extents of the tensor
  /// Returns the number of elements of whole blocks, gaps included.
  CROSSLANE_FN constexpr index_type span_size() const { return blocks_along(Order{}) * index_type(volume); }
  /// Returns the offset of index `i`, in elements. Precondition: `i` is within the extents.
  CROSSLANE_FN constexpr index_type offset(multi_index const& i) const { return offset_along(i, Order{}); }

  /// True if the extents are equal.
  friend constexpr bool operator==(blocked const&, blocked const&) = default;

 private:
  template <class A>
  CROSSLANE_FN constexpr index_type blocks() const {
    constexpr auto n = index_type(block_extent<A>());
    index_type const e = extents_.template extent<A>();
    return e / n + (e % n != 0);
  }
  template <class... A>
  CROSSLANE_FN constexpr index_type blocks_along(axes<A...>) const {
    return (blocks<A>() * ...);
  }
  // Indices are not negative: without signs a division by a power of two is one shift.
  using unsigned_index = std::make_unsigned_t<index_type>;
  template <class... A>
  CROSSLANE_FN constexpr index_type offset_along(multi_index const& i, axes<A...>) const {
    unsigned_index block = 0;
    ((block = block * unsigned_index(blocks<A>()) + unsigned_index(i[detail::position_of<Extents, A>]) / unsigned_index(block_extent<A>())),
     ...);
    return index_type(block * unsigned_index(volume) + offset_inside(i, std::make_integer_sequence<int, int(sizeof...(Blocks))>{}));
  }
  template <int... B>
  CROSSLANE_FN static constexpr unsigned_index offset_inside([[maybe_unused]] multi_index const& i, std::integer_sequence<int, B...>) {
    unsigned_index inside = 0;
    ((inside = inside * unsigned_index(detail::dimension<Blocks>::extent) +
               unsigned_index(i[detail::position_of<Extents, typename detail::dimension<Blocks>::axis>]) /
                   unsigned_index(block_extent_after<typename detail::dimension<Blocks>::axis>(B)) %
                   unsigned_index(detail::dimension<Blocks>::extent)),
     ...);
    return inside;
  }
  template <class... A>
  constexpr void check(source_location where, axes<A...>) const {
    std::uint64_t elements = std::uint64_t(volume);
    bool overflow = false;
    ((overflow = !detail::multiply(elements, blocks<A>() == 0 ? 1 : std::uint64_t(blocks<A>())) || overflow), ...);
    detail::check_span_size("blocked", extents_, overflow, elements, where);
  }

  [[no_unique_address]] Extents extents_{};
};

namespace detail {
template <class L>
inline constexpr bool is_blocked = false;
template <class E, class Order, class... Blocks>
inline constexpr bool is_blocked<blocked<E, Order, Blocks...>> = true;
template <class L>
inline constexpr int number_of_blocks = 0;
template <class E, class Order, class... Blocks>
inline constexpr int number_of_blocks<blocked<E, Order, Blocks...>> = sizeof...(Blocks);
}  // namespace detail

/// Images with blocks of N channels. Indexed (n, c, h, w), in memory order n, c / N, h, w, c % N.
template <std::int64_t N>
using nchw_c = blocked<image_extents, axes<axis::n, axis::c, axis::h, axis::w>, fixed<axis::c, N>>;

/// Matrices of tiles. The tiles lie row by row, and so do the elements of a tile.
template <std::int64_t TileRows, std::int64_t TileCols, tensor_axis Row = axis::row, tensor_axis Col = axis::col>
using tiled = blocked<extents<std::int32_t, Row, Col>, axes<Row, Col>, fixed<Row, TileRows>, fixed<Col, TileCols>>;

/// Matrices of tiles of OuterRows x OuterCols elements, each of which consists of tiles of TileRows x TileCols elements.
template <std::int64_t OuterRows, std::int64_t OuterCols, std::int64_t TileRows, std::int64_t TileCols, tensor_axis Row = axis::row,
          tensor_axis Col = axis::col>
requires(OuterRows % TileRows == 0 && OuterCols % TileCols == 0)
using nested_tiled = blocked<extents<std::int32_t, Row, Col>, axes<Row, Col>, fixed<Row, OuterRows / TileRows>,
                             fixed<Col, OuterCols / TileCols>, fixed<Row, TileRows>, fixed<Col, TileCols>>;

}  // namespace crosslane
