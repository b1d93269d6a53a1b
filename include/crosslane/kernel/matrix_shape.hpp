// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The sizes and types of a matrix product of one wave, and the form in which lanes share a matrix.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <type_traits>

namespace crosslane {

/// The role of a matrix in the product d = a * b + c. `accumulator` is that of c and d.
enum class matrix_use : unsigned char { a, b, accumulator };

/// A product of one instruction: a has M x K elements of type A, b has K x N of type B, c and d have M x N of type C.
template <unsigned M, unsigned N, unsigned K, class A, class B, class C>
struct matrix_shape {
  static constexpr unsigned m = M;  ///< rows of a, c and d
  static constexpr unsigned n = N;  ///< columns of b, c and d
  static constexpr unsigned k = K;  ///< columns of a and rows of b
  /// The type of the elements of a matrix.
  template <matrix_use Use>
  using element = std::conditional_t<Use == matrix_use::a, A, std::conditional_t<Use == matrix_use::b, B, C>>;
  /// The number of rows of a matrix.
  template <matrix_use Use>
  static constexpr unsigned rows = Use == matrix_use::b ? K : M;
  /// The number of columns of a matrix.
  template <matrix_use Use>
  static constexpr unsigned cols = Use == matrix_use::a ? K : N;
};

/// A list of shapes. The first one of a type is that of native_shape.
template <class... Shapes>
struct matrix_shapes {};

/// A position in a matrix.
struct matrix_position {
  unsigned row;  ///< counted from 0
  unsigned col;  ///< counted from 0
  /// True if the rows and the columns are equal.
  friend constexpr bool operator==(matrix_position const&, matrix_position const&) = default;
};

/// A place in the registers of a wave: an element of a lane.
struct matrix_place {
  unsigned lane;     ///< rank of the lane in its wave
  unsigned element;  ///< index into the elements that the lane has of the matrix
  /// True if the lanes and the elements are equal.
  friend constexpr bool operator==(matrix_place const&, matrix_place const&) = default;
};

/// The form in which the lanes of a wave share a matrix. One axis of the matrix is *along*, the other one *across*.
///
/// Along its axis, a lane has `neighbours` adjacent elements, then come those of the next lanes, `lanes_along` of them. The ranks of these
/// lanes differ by `along_stride`. Then the first lane follows again. Across it, adjacent elements belong to `lanes_across` lanes, whose
/// ranks differ by `across_stride`, and then the first lane follows again. A lane's elements are numbered along `neighbours`, then across,
/// then along. Lanes beyond lanes_along * lanes_across repeat the elements of the first ones.
struct fragment_map {
  bool along_columns;      ///< the column changes along the axis *along*, else the row
  unsigned neighbours;     ///< adjacent elements of a lane
  unsigned lanes_along;    ///< lanes that share a line
  unsigned along_stride;   ///< from the rank of such a lane to that of the next one
  unsigned lanes_across;   ///< lanes that have adjacent elements across
  unsigned across_stride;  ///< from the rank of such a lane to that of the next one

  /// Returns the number of elements of a lane.
  CROSSLANE_FN constexpr unsigned size(unsigned rows, unsigned cols) const { return rows * cols / (lanes_along * lanes_across); }

  /// Returns the position of an element of a lane in a matrix of so many rows and columns.
  CROSSLANE_FN constexpr matrix_position position(unsigned rows, unsigned cols, matrix_place p) const {
    unsigned const repeats = (along_columns ? rows : cols) / lanes_across, groups = p.element / neighbours;
    unsigned const across = p.lane / across_stride % lanes_across + groups % repeats * lanes_across;
    unsigned const along = (groups / repeats * lanes_along + p.lane / along_stride % lanes_along) * neighbours + p.element % neighbours;
    return along_columns ? matrix_position{across, along} : matrix_position{along, across};
  }

  /// Returns the place of a position of a matrix of so many rows and columns. If several lanes have it, it is that of the lowest rank.
  CROSSLANE_FN constexpr matrix_place place(unsigned rows, unsigned cols, matrix_position i) const {
    unsigned const along = along_columns ? i.col : i.row, across = along_columns ? i.row : i.col;
    unsigned const repeats = (along_columns ? rows : cols) / lanes_across, groups = along / neighbours;
    return {groups % lanes_along * along_stride + across % lanes_across * across_stride,
            along % neighbours + neighbours * (across / lanes_across + repeats * (groups / lanes_along))};
  }

  /// Returns the lowest rank of the lanes that have the same elements.
  CROSSLANE_FN constexpr unsigned first_copy(unsigned lane) const {
    return lane / along_stride % lanes_along * along_stride + lane / across_stride % lanes_across * across_stride;
  }
};

namespace detail {

template <class Shape, class List>
inline constexpr bool is_listed = false;
template <class Shape, class... Listed>
inline constexpr bool is_listed<Shape, matrix_shapes<Listed...>> = (std::is_same_v<Shape, Listed> || ... || false);

template <class List, class... More>
struct longer_list;
template <class... Shapes, class... More>
struct longer_list<matrix_shapes<Shapes...>, More...> {
  using type = matrix_shapes<Shapes..., More...>;
};

/// The shapes of a list whose `a` has elements of type T.
template <class T, class List, class Found = matrix_shapes<>>
struct shapes_of_type {
  using type = Found;
};
template <class T, class Next, class... Rest, class... Found>
struct shapes_of_type<T, matrix_shapes<Next, Rest...>, matrix_shapes<Found...>>
    : shapes_of_type<T, matrix_shapes<Rest...>,
                     std::conditional_t<std::is_same_v<typename Next::template element<matrix_use::a>, T>, matrix_shapes<Found..., Next>,
                                        matrix_shapes<Found...>>> {};

template <class List>
struct first_shape;
template <class First, class... Rest>
struct first_shape<matrix_shapes<First, Rest...>> {
  using type = First;
};

/// A failed assertion shows its arguments.
template <class Wanted, class Target, class Available>
struct target_has_shape {
  static_assert(
      is_listed<Wanted, typename Target::shapes>,
      "crosslane: the target has no such product of matrices. The compiler shows, as the arguments of target_has_shape, the shape "
      "Wanted, the target, and as Available the shapes that it has for this type of a");
};
template <class Wanted, class Target, class Available, bool Has>
struct target_has_type {
  static_assert(Has,
                "crosslane: the target has no product of matrices for elements of type Wanted. The compiler shows, as the arguments of "
                "target_has_type, the type, the target, and its shapes");
};

template <class T, class Target>
struct native_shape_of {
  using shapes = typename Target::shapes;
  using found = typename shapes_of_type<T, shapes>::type;
  static constexpr bool has = !std::is_same_v<found, matrix_shapes<>>;
  static_assert(sizeof(target_has_type<T, Target, shapes, has>) > 0);
  /// If there is none, any shape will do: the assertion above is then the only error.
  using type = typename first_shape<std::conditional_t<has, found, shapes>>::type;
};

}  // namespace detail

/// The shape that a target prefers for operands with elements of type T: xl::native_shape<xl::half, target>. Others are in the target's
/// list. If the target has none, it does not compile.
template <class T, class Target>
using native_shape = typename detail::native_shape_of<T, Target>::type;

}  // namespace crosslane
