// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A layout for tiles in shared memory that are written along one axis and read along the other.
#pragma once

#include <crosslane/tensor/layout.hpp>

namespace crosslane {

/// Rows of fixed length, a power of two, whose pieces change places by exclusive or with the row's number, so that neither the elements of
/// a row nor those of a column share a bank. Shared memory has 32 banks of 4 bytes on all GPUs of either width; a wave's access is served
/// 128 bytes at a time, and those pieces are what is free of conflicts. `UnitBytes` is what stays together: the size of the vectors that
/// are read and written, 4 bytes at least.
template <class Extents, class Order, unsigned ElementBytes, unsigned UnitBytes = (ElementBytes < 4 ? 4 : ElementBytes)>
class swizzled {
  static constexpr unsigned line = 128 / UnitBytes;           ///< units in all banks
  static constexpr unsigned unit = UnitBytes / ElementBytes;  ///< elements in a unit

 public:
  static_assert(detail::is_extents<Extents> && Extents::rank == 2 && detail::same_axes<Order, typename Extents::axes>,
                "crosslane: a swizzled layout has two axes");

  using extents_type = Extents;                       ///< as tensor_layout says
  using index_type = typename Extents::index_type;    ///< as tensor_layout says
  using multi_index = typename Extents::multi_index;  ///< as tensor_layout says
  using order = Order;                                ///< as tensor_layout says
  using contiguous_axis = no_axis;                    ///< as tensor_layout says
  static constexpr bool is_unique = true;             ///< as tensor_layout says

  static constexpr std::int64_t rows = Extents::template fixed_extent<axis_at<0, Order>>();    ///< of the tile
  static constexpr std::int64_t length = Extents::template fixed_extent<axis_at<1, Order>>();  ///< elements of a row
  static_assert(rows > 0 && length > 0 && (length & (length - 1)) == 0,
                "crosslane: a swizzled layout has fixed extents; rows have a power of two of elements");
  static_assert(ElementBytes > 0 && UnitBytes % ElementBytes == 0 && 128 % UnitBytes == 0 && UnitBytes >= 4 && length >= unit,
                "crosslane: units of a swizzled layout are 4 to 128 bytes, a power of two, whole elements, and fit a row");

  /// All is fixed.
  constexpr swizzled() = default;
  /// The extents are those of the type.
  CROSSLANE_FN constexpr explicit swizzled(Extents const&, source_location = source_location::current()) {}

  CROSSLANE_FN constexpr Extents extents() const { return {}; }  ///< of the tile
  /// Elements, up to whole lines of the banks.
  CROSSLANE_FN constexpr index_type span_size() const {
    constexpr std::int64_t all = line * unit;
    return index_type((rows * length + all - 1) / all * all);
  }
  /// In elements; `i` is within the extents. A few integer operations.
  CROSSLANE_FN constexpr index_type offset(multi_index const& i) const {
    unsigned const element = unsigned(i[detail::position_of<Extents, axis_at<0, Order>>]) * unsigned(length) +
                             unsigned(i[detail::position_of<Extents, axis_at<1, Order>>]);
    constexpr unsigned row_units = unsigned(length) / unit;
    constexpr unsigned period = row_units > line ? row_units : line;  // units after which a column meets the same bank again
    unsigned const whole = element / unit;
    return index_type((whole ^ (whole / period) % line) * unit + element % unit);
  }

  /// Of one type all are.
  friend constexpr bool operator==(swizzled const&, swizzled const&) = default;
};

}  // namespace crosslane
