// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The requirements of a layout. A layout has extents and maps an index to an offset in memory. Any class that meets tensor_layout is one.
#pragma once

#include <crosslane/tensor/extents.hpp>

#include <concepts>

namespace crosslane {

/// A trivially copyable class that maps the indices of a tensor to offsets in memory. A layout has:
///  - `extents_type` and extents(): the extents, with the axes in the order in which a tensor is indexed;
///  - `order`: the same axes in the order of memory, the slowest first;
///  - `contiguous_axis`: the axis along which neighbours are adjacent in memory, or no_axis;
///  - offset(index): the offset of the element, in elements, less than span_size();
///  - span_size(): the number of elements of memory that the tensor needs, gaps included;
///  - `is_unique`: true if no two indices have the same offset.
template <class L>
concept tensor_layout = std::is_trivially_copyable_v<L> && detail::is_extents<typename L::extents_type> &&
                        detail::same_axes<typename L::order, typename L::extents_type::axes> &&
                        requires(L const& l, typename L::extents_type::multi_index const& i) {
                          typename L::contiguous_axis;
                          { l.extents() } -> std::convertible_to<typename L::extents_type>;
                          { l.offset(i) } -> std::same_as<typename L::extents_type::index_type>;
                          { l.span_size() } -> std::same_as<typename L::extents_type::index_type>;
                          { L::is_unique } -> std::convertible_to<bool>;
                        };

/// The contiguous axis of a layout that has none.
struct no_axis {};

/// A layout with a constant stride along each axis. stride<axis>() returns the stride. fixed_stride<axis>() is the stride at compile time,
/// or `dynamic`.
template <class L>
concept strided_layout = tensor_layout<L> && requires(L const& l) {
  l.template stride<axis_at<0, typename L::order>>();
  L::template fixed_stride<axis_at<0, typename L::order>>();
};

/// A layout without a contiguous axis whose elements lie in units: `unit` elements are adjacent along `unit_axis`, from each multiple of
/// `unit` on, and begin at a multiple of `unit` in memory. Fragments of matrices are loaded and stored in such pieces.
template <class L>
concept layout_in_units = tensor_layout<L> && requires {
  typename L::unit_axis;
  { L::unit } -> std::convertible_to<unsigned>;
};

/// A layout whose contiguous axis is `Axis`.
template <class L, class Axis>
concept layout_with_contiguous = tensor_layout<L> && std::same_as<typename L::contiguous_axis, Axis>;

namespace detail {

template <class E, class Index, class... Fixed>
struct changed_extents;
template <class Old, class... D, class Index>
struct changed_extents<extents<Old, D...>, Index> {
  using type = extents<Index, D...>;
};
template <class Old, class... D, class Index, class A, std::int64_t N, class... Rest>
struct changed_extents<extents<Old, D...>, Index, fixed<A, N>, Rest...>
    : changed_extents<extents<Old, std::conditional_t<std::is_same_v<typename dimension<D>::axis, A>, fixed<A, N>, D>...>, Index, Rest...> {
  static_assert(axes<typename dimension<D>::axis...>::template contains<A>, "crosslane: the tensor has no such axis");
};

/// The position of axis A in a multi_index of extents E.
template <class E, class A>
inline constexpr int position_of = E::axes::template position<A>();

}  // namespace detail

/// Layout L with some extents fixed: with_fixed<nhwc, fixed<axis::c, 3>>.
template <class L, class... Fixed>
using with_fixed = typename L::template with_extents<
    typename detail::changed_extents<typename L::extents_type, typename L::extents_type::index_type, Fixed...>::type>;

/// Layout L with another integer type for its offsets: with_index<nhwc, std::int64_t>.
template <class L, class Index>
using with_index = typename L::template with_extents<typename detail::changed_extents<typename L::extents_type, Index>::type>;

namespace detail {

/// Converts an index from extents From to extents To, axis by axis. Axes that From lacks get index 0.
template <class To, class From, class... A>
CROSSLANE_FN constexpr typename To::multi_index index_by_names(typename From::multi_index const& i, axes<A...>) {
  typename To::multi_index result{};
  [[maybe_unused]] auto const set = [&](auto tag) {
    using X = typename decltype(tag)::type;
    if constexpr (From::axes::template contains<X>)
      result[position_of<To, X>] = static_cast<typename To::index_type>(i[position_of<From, X>]);
  };
  (set(std::type_identity<A>{}), ...);
  return result;
}

/// Returns the names of the axes, separated by commas.
template <class... A>
error_text order_text(axes<A...>) noexcept {
  error_text t;
  char const* separator = "";
  ((t.append("%s%s", separator, axis_name<A>()), separator = ", "), ...);
  return t;
}

/// Returns the index of the k-th element in the order of memory.
template <class L, int... Position>
CROSSLANE_FN constexpr auto index_in_order(L const& layout, typename L::extents_type::index_type k,
                                           std::integer_sequence<int, Position...>) {
  using E = typename L::extents_type;
  typename E::multi_index result{};
  using order = typename L::order;
  constexpr int rank = E::rank;
  auto const& e = layout.extents();
  ((result[position_of<E, axis_at<rank - 1 - Position, order>>] =
        Position == rank - 1 ? k : k % e.template extent<axis_at<rank - 1 - Position, order>>(),
    k = Position == rank - 1 ? k : k / e.template extent<axis_at<rank - 1 - Position, order>>()),
   ...);
  return result;
}

}  // namespace detail

}  // namespace crosslane
