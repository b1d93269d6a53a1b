// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Layouts without gaps, axis by axis.
#pragma once

#include <crosslane/tensor/layout.hpp>

namespace crosslane {

/// `Order` has the axes of `Extents` in the order of memory, the slowest first.
template <class Extents, class Order>
class packed {
 public:
  static_assert(detail::is_extents<Extents>);
  static_assert(detail::same_axes<Order, typename Extents::axes> && Order::distinct,
                "crosslane: the order of a layout has each axis of its extents once");

  /// @{
  /// As tensor_layout says.
  using extents_type = Extents;
  using index_type = typename Extents::index_type;
  using order = Order;
  using contiguous_axis = axis_at<Order::size - 1, Order>;
  static constexpr bool is_unique = true;
  /// @}
  /// Of other extents: for with_fixed and with_index.
  template <class E>
  using with_extents = packed<E, Order>;

  /// Extents that are not fixed are 0.
  constexpr packed() = default;
  /// Throws limit_exceeded where the index type cannot count the elements.
  CROSSLANE_FN constexpr explicit packed(Extents const& e, [[maybe_unused]] source_location where = source_location::current())
      : extents_{e} {
#if !CROSSLANE_DEVICE_PASS()
    std::uint64_t elements = 1;
    bool overflow = false;
    multiply(elements, overflow, Order{});
    detail::check_span_size("packed", e, overflow, elements, where);
#endif
  }

  CROSSLANE_FN constexpr Extents const& extents() const { return extents_; }        ///< of the tensor
  CROSSLANE_FN constexpr index_type span_size() const { return extents_.count(); }  ///< elements: there are no gaps

  /// In elements; `i` is within the extents.
  CROSSLANE_FN constexpr index_type offset(typename Extents::multi_index const& i) const { return offset_along(i, Order{}); }

  /// `dynamic` where it follows from extents that are not fixed.
  template <class A>
  CROSSLANE_FN static constexpr std::int64_t fixed_stride() {
    return fixed_stride_along<A>(Order{});
  }
  /// Elements of memory from an index of axis A to the next.
  template <class A>
  CROSSLANE_FN constexpr index_type stride() const {
    if constexpr (fixed_stride<A>() != dynamic)
      return index_type(fixed_stride<A>());
    else
      return stride_along<A>(Order{});
  }

  /// The same extents.
  friend constexpr bool operator==(packed const&, packed const&) = default;

 private:
  template <class... A>
  CROSSLANE_FN constexpr index_type offset_along(typename Extents::multi_index const& i, axes<A...>) const {
    index_type result = 0;
    ((result = result * extents_.template extent<A>() + i[detail::position_of<Extents, A>]), ...);
    return result;
  }
  template <class X, class... A>
  CROSSLANE_FN static constexpr std::int64_t fixed_stride_along(axes<A...>) {
    static_assert(Order::template contains<X>, "crosslane: the tensor has no such axis");
    std::int64_t result = 1;
    ((result = Order::template position<A>() <= Order::template position<X>()        ? result
               : result == dynamic || Extents::template fixed_extent<A>() == dynamic ? dynamic
                                                                                     : result * Extents::template fixed_extent<A>()),
     ...);
    return result;
  }
  template <class X, class... A>
  CROSSLANE_FN constexpr index_type stride_along(axes<A...>) const {
    index_type result = 1;
    ((result *= Order::template position<A>() > Order::template position<X>() ? extents_.template extent<A>() : 1), ...);
    return result;
  }
  /// An extent of 0 counts as 1: strides must not overflow either.
  template <class... A>
  constexpr void multiply(std::uint64_t& elements, bool& overflow, axes<A...>) const {
    ((overflow =
          !detail::multiply(elements, extents_.template extent<A>() == 0 ? 1 : std::uint64_t(extents_.template extent<A>())) || overflow),
     ...);
  }

  [[no_unique_address]] Extents extents_{};
};

/// Images: indexed (n, c, h, w), whatever their order in memory.
using image_extents = extents<std::int32_t, axis::n, axis::c, axis::h, axis::w>;
using nchw = packed<image_extents, axes<axis::n, axis::c, axis::h, axis::w>>;  ///< images, channel by channel
using nhwc = packed<image_extents, axes<axis::n, axis::h, axis::w, axis::c>>;  ///< images, pixel by pixel
using nhcw = packed<image_extents, axes<axis::n, axis::h, axis::c, axis::w>>;  ///< images, row by row, each channel by channel
using chwn = packed<image_extents, axes<axis::c, axis::h, axis::w, axis::n>>;  ///< channel by channel, in each pixel all images
using hwnc = packed<image_extents, axes<axis::h, axis::w, axis::n, axis::c>>;  ///< pixel by pixel, in each image by image

/// Matrices: indexed (row, column).
template <tensor_axis Row = axis::row, tensor_axis Col = axis::col>
using row_major = packed<extents<std::int32_t, Row, Col>, axes<Row, Col>>;
/// Matrices in memory column by column, indexed (row, column) all the same.
template <tensor_axis Row = axis::row, tensor_axis Col = axis::col>
using column_major = packed<extents<std::int32_t, Row, Col>, axes<Col, Row>>;

}  // namespace crosslane
