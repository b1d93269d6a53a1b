// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Layouts that keep blocks of neighbours together: channels in groups, tiles of matrices.
#pragma once

#include <crosslane/tensor/packed.hpp>

namespace crosslane {

/// Whole blocks lie in `Order`, one after another. Within each, which has N indices of every fixed<axis, N> in `Blocks`, elements lie in
/// the order of `Blocks`, the last fastest. An axis that stands there twice has blocks within blocks: fixed<row, 2>, fixed<col, 2>,
/// fixed<row, 4>, fixed<col, 4> are 2 x 2 tiles of 4 x 4. The last block of an axis is whole too: its elements beyond the extent are gaps.
template <class Extents, class Order, class... Blocks>
class blocked {
 public:
  static_assert(detail::is_extents<Extents>);
  static_assert(detail::same_axes<Order, typename Extents::axes> && Order::distinct,
                "crosslane: the order of a layout has each axis of its extents once");
  static_assert((Order::template contains<typename detail::dimension<Blocks>::axis> && ...) &&
                    ((detail::dimension<Blocks>::extent > 0) && ...),
                "crosslane: blocks are fixed<axis, n> of axes of the tensor, n > 0");

  /// @{
  /// As tensor_layout says.
  using extents_type = Extents;
  using index_type = typename Extents::index_type;
  using multi_index = typename Extents::multi_index;
  using order = Order;
  using contiguous_axis = no_axis;  // at the end of a block the next element is elsewhere
  static constexpr bool is_unique = true;
  /// @}
  /// Of other extents: for with_fixed and with_index.
  template <class E>
  using with_extents = blocked<E, Order, Blocks...>;

  /// Elements of a block.
  static constexpr std::int64_t volume = (detail::dimension<Blocks>::extent * ... * 1);
  /// Indices of axis A in a block.
  template <class A>
  CROSSLANE_FN static constexpr std::int64_t block_extent() {
    return block_extent_after<A>(-1);
  }
  /// The same of those blocks that stand after the i-th of `Blocks`: what is within a step of the i-th, if that is one of axis A.
  template <class A>
  CROSSLANE_FN static constexpr std::int64_t block_extent_after(int i) {
    std::int64_t result = 1;
    int at = 0;
    ((at++ > i && std::is_same_v<typename detail::dimension<Blocks>::axis, A> ? void(result *= detail::dimension<Blocks>::extent) : void()),
     ...);
    return result;
  }

  /// Extents that are not fixed are 0.
  constexpr blocked() = default;
  /// Throws limit_exceeded where the index type cannot count the elements, gaps included.
  CROSSLANE_FN constexpr explicit blocked(Extents const& e, [[maybe_unused]] source_location where = source_location::current())
      : extents_{e} {
#if !CROSSLANE_DEVICE_PASS()
    check(where, Order{});
#endif
  }

  CROSSLANE_FN constexpr Extents const& extents() const { return extents_; }  ///< of the tensor
  /// Elements of whole blocks, gaps included.
  CROSSLANE_FN constexpr index_type span_size() const { return blocks_along(Order{}) * index_type(volume); }
  /// In elements; `i` is within the extents.
  CROSSLANE_FN constexpr index_type offset(multi_index const& i) const { return offset_along(i, Order{}); }

  /// The same extents.
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
  template <class... A>
  CROSSLANE_FN constexpr index_type offset_along(multi_index const& i, axes<A...>) const {
    index_type block = 0;
    ((block = block * blocks<A>() + i[detail::position_of<Extents, A>] / index_type(block_extent<A>())), ...);
    return block * index_type(volume) + offset_inside(i, std::make_integer_sequence<int, int(sizeof...(Blocks))>{});
  }
  template <int... B>
  CROSSLANE_FN static constexpr index_type offset_inside(multi_index const& i, std::integer_sequence<int, B...>) {
    index_type inside = 0;
    ((inside = inside * index_type(detail::dimension<Blocks>::extent) +
               i[detail::position_of<Extents, typename detail::dimension<Blocks>::axis>] /
                   index_type(block_extent_after<typename detail::dimension<Blocks>::axis>(B)) %
                   index_type(detail::dimension<Blocks>::extent)),
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

/// Images with N channels together: indexed (n, c, h, w), in memory n, c / N, h, w, c % N.
template <std::int64_t N>
using nchw_c = blocked<image_extents, axes<axis::n, axis::c, axis::h, axis::w>, fixed<axis::c, N>>;

/// Matrices of row-major tiles, which lie row by row too.
template <std::int64_t TileRows, std::int64_t TileCols, tensor_axis Row = axis::row, tensor_axis Col = axis::col>
using tiled = blocked<extents<std::int32_t, Row, Col>, axes<Row, Col>, fixed<Row, TileRows>, fixed<Col, TileCols>>;

/// The same of tiles of OuterRows x OuterCols that are made of tiles of TileRows x TileCols.
template <std::int64_t OuterRows, std::int64_t OuterCols, std::int64_t TileRows, std::int64_t TileCols, tensor_axis Row = axis::row,
          tensor_axis Col = axis::col>
requires(OuterRows % TileRows == 0 && OuterCols % TileCols == 0)
using nested_tiled = blocked<extents<std::int32_t, Row, Col>, axes<Row, Col>, fixed<Row, OuterRows / TileRows>,
                             fixed<Col, OuterCols / TileCols>, fixed<Row, TileRows>, fixed<Col, TileCols>>;

}  // namespace crosslane
