// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A layout for tiles in shared memory that are written along one axis and read along the other.
#pragma once

#include <crosslane/tensor/layout.hpp>

namespace crosslane {

/// A layout of a two-dimensional tile that avoids bank conflicts along rows and along columns. A row has a fixed length, a power of two.
/// `UnitBytes` is the size of the vectors that are read and written, at least 4 bytes. The elements of a unit stay together. The layout
/// permutes units: the place of a unit is the exclusive or of its number and the number of its row. If rows are shorter than 128 bytes,
/// it uses the number of the unit's line of 128 bytes instead of the row's.
///
/// Shared memory has 32 banks of 4 bytes on all GPUs, with waves of 32 or of 64 lanes. The hardware serves 128 bytes of a wave's access at
/// a time. Accesses are free of conflicts within these 128 bytes.
template <class Extents, class Order, unsigned ElementBytes, unsigned UnitBytes = (ElementBytes < 4 ? 4 : ElementBytes)>
class swizzled {
  static constexpr unsigned line = 128 / UnitBytes;  ///< units in all banks

 public:
  static_assert(detail::is_extents<Extents> && Extents::rank == 2 && detail::same_axes<Order, typename Extents::axes>,
                "crosslane: a swizzled layout must have two axes, both in its order");

  using extents_type = Extents;                               ///< see tensor_layout
  using index_type = typename Extents::index_type;            ///< see tensor_layout
  using multi_index = typename Extents::multi_index;          ///< see tensor_layout
  using order = Order;                                        ///< see tensor_layout
  using contiguous_axis = no_axis;                            ///< see tensor_layout
  static constexpr bool is_unique = true;                     ///< see tensor_layout
  using unit_axis = axis_at<1, Order>;                        ///< see layout_in_units
  static constexpr unsigned unit = UnitBytes / ElementBytes;  ///< elements in a unit, see layout_in_units

  static constexpr std::int64_t rows = Extents::template fixed_extent<axis_at<0, Order>>();    ///< rows of the tile
  static constexpr std::int64_t length = Extents::template fixed_extent<axis_at<1, Order>>();  ///< elements of a row
  static_assert(rows > 0 && length > 0 && (length & (length - 1)) == 0,
                "crosslane: a swizzled layout must have fixed extents, and the elements of a row must be a power of two");
  static_assert(
      ElementBytes > 0 && UnitBytes % ElementBytes == 0 && 128 % UnitBytes == 0 && UnitBytes >= 4 && length >= unit,
      "crosslane: UnitBytes of a swizzled layout must be a power of two of 4 to 128, a multiple of the element size, and at most a row");

  /// Makes the layout. All extents are fixed.
  constexpr swizzled() = default;
  /// Makes the layout. The argument has no effect, because the type fixes all extents.
  CROSSLANE_FN constexpr explicit swizzled(Extents const&, source_location = source_location::current()) {}

  CROSSLANE_FN constexpr Extents extents() const { return {}; }  ///< the extents of the tile
  /// Returns the number of elements, rounded up to whole lines of 128 bytes.
  CROSSLANE_FN constexpr index_type span_size() const {
    constexpr std::int64_t all = line * unit;
    return index_type((rows * length + all - 1) / all * all);
  }
  /// Returns the offset of index `i`, in elements. Precondition: `i` is within the extents. Costs a few integer operations.
  CROSSLANE_FN constexpr index_type offset(multi_index const& i) const {
    unsigned const element = unsigned(i[detail::position_of<Extents, axis_at<0, Order>>]) * unsigned(length) +
                             unsigned(i[detail::position_of<Extents, axis_at<1, Order>>]);
    constexpr unsigned row_units = unsigned(length) / unit;
    constexpr unsigned period = row_units > line ? row_units : line;  // units after which a column returns to the same bank
    unsigned const whole = element / unit;
    return index_type((whole ^ (whole / period) % line) * unit + element % unit);
  }

  /// Returns true: all layouts of one type are equal.
  friend constexpr bool operator==(swizzled const&, swizzled const&) = default;
};

}  // namespace crosslane
