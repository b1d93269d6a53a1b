// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Layouts without gaps.
#pragma once

#include <crosslane/tensor/layout.hpp>

namespace crosslane {

/// A layout without gaps. `Order` lists the axes of `Extents` in the order of memory, the slowest first.
template <class Extents, class Order>
class packed {
 public:
  static_assert(detail::is_extents<Extents>);
  static_assert(detail::same_axes<Order, typename Extents::axes> && Order::distinct,
                "crosslane: the order of a layout must list each axis of its extents once");

  /// @{
  /// See tensor_layout.
  using extents_type = Extents;
  using index_type = typename Extents::index_type;
  using order = Order;
  using contiguous_axis = axis_at<Order::size - 1, Order>;
  static constexpr bool is_unique = true;
  /// @}
  /// The same layout with extents of type E, for with_fixed and with_index.
  template <class E>
  using with_extents = packed<E, Order>;

  /// Sets the extents that are not fixed to 0.
  constexpr packed() = default;
  /// On the host, throws limit_exceeded if the index type cannot count the elements.
  CROSSLANE_FN constexpr explicit packed(Extents const& e, [[maybe_unused]] source_location where = source_location::current())
      : extents_{e} {
#if !CROSSLANE_DEVICE_PASS()
    std::uint64_t elements = 1;
    bool overflow = false;
    multiply(elements, overflow, Order{});
    detail::check_span_size("packed", e, overflow, elements, where);
#endif
  }

  CROSSLANE_FN constexpr Extents const& extents() const { return extents_; }                   ///< the extents of the tensor
  CROSSLANE_FN constexpr index_type span_size() const { return index_type(extents_.size()); }  ///< the number of elements

  /// Returns the offset of index `i`, in elements. Precondition: `i` is within the extents.
  CROSSLANE_FN constexpr index_type offset(typename Extents::multi_index const& i) const { return offset_along(i, Order{}); }

  /// Returns the stride of axis A if it is known at compile time, else `dynamic`. It is known if all faster axes have fixed extents.
  template <class A>
  CROSSLANE_FN static constexpr std::int64_t fixed_stride() {
    return fixed_stride_along<A>(Order{});
  }
  /// Returns the stride of axis A, in elements.
  template <class A>
  CROSSLANE_FN constexpr index_type stride() const {
    if constexpr (fixed_stride<A>() != dynamic)
      return index_type(fixed_stride<A>());
    else
      return stride_along<A>(Order{});
  }

  /// True if the extents are equal.
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
  /// Multiplies the extents. Counts an extent of 0 as 1, because the strides must not overflow either.
  template <class... A>
  constexpr void multiply(std::uint64_t& elements, bool& overflow, axes<A...>) const {
    ((overflow =
          !detail::multiply(elements, extents_.template extent<A>() == 0 ? 1 : std::uint64_t(extents_.template extent<A>())) || overflow),
     ...);
  }

  [[no_unique_address]] Extents extents_{};
};

namespace detail {

template <class L>
inline constexpr bool is_packed = false;
template <class E, class Order>
inline constexpr bool is_packed<packed<E, Order>> = true;

}  // namespace detail

/// The extents of images, indexed (n, c, h, w). The layouts of images below differ only in the order of memory.
using image_extents = extents<std::int32_t, axis::n, axis::c, axis::h, axis::w>;
using nchw = packed<image_extents, axes<axis::n, axis::c, axis::h, axis::w>>;  ///< images; each channel is a plane
using nhwc = packed<image_extents, axes<axis::n, axis::h, axis::w, axis::c>>;  ///< images; the channels of a pixel are adjacent
using nhcw = packed<image_extents, axes<axis::n, axis::h, axis::c, axis::w>>;  ///< images; each row has its channels one after another
using chwn = packed<image_extents, axes<axis::c, axis::h, axis::w, axis::n>>;  ///< images; the same pixel of all images is adjacent
using hwnc = packed<image_extents, axes<axis::h, axis::w, axis::n, axis::c>>;  ///< images; each pixel has its images one after another

/// Row-major matrices, indexed (row, column).
template <tensor_axis Row = axis::row, tensor_axis Col = axis::col>
using row_major = packed<extents<std::int32_t, Row, Col>, axes<Row, Col>>;
/// Column-major matrices, indexed (row, column).
template <tensor_axis Row = axis::row, tensor_axis Col = axis::col>
using column_major = packed<extents<std::int32_t, Row, Col>, axes<Col, Row>>;

}  // namespace crosslane
