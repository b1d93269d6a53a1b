// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The layout of a fragment: which lane and which of its elements hold each element of a matrix.
#pragma once

#include <crosslane/kernel/matrix_target.hpp>
#include <crosslane/tensor/layout.hpp>

namespace crosslane {

/// The layout of a matrix in the registers of a wave. It is a tensor_layout with the axes `row` and `col`, all of whose extents are fixed.
/// The offset of an index is `lane * size + element`, so that a tensor_view of an array with all lanes' elements shows the matrix.
///
/// If several lanes have the same elements, the offset is that of the lowest lane, and the other ones are gaps.
template <matrix_use Use, class Shape, class Target>
class fragment_layout {
  static_assert(sizeof(detail::target_has_shape<
                       Shape, Target,
                       typename detail::shapes_of_type<typename Shape::template element<matrix_use::a>, typename Target::shapes>::type>) >
                0);

 public:
  static constexpr unsigned rows = Shape::template rows<Use>;                           ///< rows of the matrix
  static constexpr unsigned cols = Shape::template cols<Use>;                           ///< columns of the matrix
  static constexpr unsigned wave_size = Target::wave_size;                              ///< lanes of a wave
  static constexpr fragment_map map = Target::template map<Use, Shape>();               ///< the form in which the lanes share the matrix
  static constexpr unsigned size = map.size(rows, cols);                                ///< elements of a lane
  static constexpr unsigned copies = wave_size / (map.lanes_along * map.lanes_across);  ///< lanes that have the same elements

  /// @{
  /// See tensor_layout.
  using extents_type = crosslane::extents<std::int32_t, fixed<axis::row, rows>, fixed<axis::col, cols>>;
  using index_type = typename extents_type::index_type;
  using multi_index = typename extents_type::multi_index;
  using order = crosslane::axes<axis::row, axis::col>;
  using contiguous_axis = no_axis;
  static constexpr bool is_unique = true;
  /// @}

  CROSSLANE_FN constexpr extents_type extents() const { return {}; }                            ///< rows and columns of the matrix
  CROSSLANE_FN constexpr index_type span_size() const { return index_type(wave_size * size); }  ///< the elements of all lanes
  /// Returns `lane * size + element` of an index. Precondition: `i` is within the extents.
  CROSSLANE_FN constexpr index_type offset(multi_index const& i) const {
    auto const p = place({unsigned(i[0]), unsigned(i[1])});
    return index_type(p.lane * size + p.element);
  }

  /// Returns the position of element `element` of lane `lane`. Preconditions: lane < wave_size, element < size.
  CROSSLANE_FN static constexpr matrix_position position(unsigned lane, unsigned element) {
    constexpr fragment_map m = Target::template map<Use, Shape>();
    return m.position(rows, cols, {lane, element});
  }
  /// Returns the place of a position, in the lowest lane that has it. Precondition: the position is within the matrix.
  CROSSLANE_FN static constexpr matrix_place place(matrix_position i) {
    constexpr fragment_map m = Target::template map<Use, Shape>();
    return m.place(rows, cols, i);
  }
  /// Returns whether no lower lane has the same elements as a lane.
  CROSSLANE_FN static constexpr bool is_first_copy([[maybe_unused]] unsigned lane) {
    constexpr fragment_map m = Target::template map<Use, Shape>();
    if constexpr (copies == 1)
      return true;
    else
      return m.first_copy(lane) == lane;
  }

  /// Returns true: all layouts of one type are equal.
  friend constexpr bool operator==(fragment_layout const&, fragment_layout const&) = default;
};

}  // namespace crosslane
