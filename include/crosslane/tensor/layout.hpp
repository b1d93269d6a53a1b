// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What a layout is: extents, and where in memory the element of an index lies. Any class that meets tensor_layout is one.
#pragma once

#include <crosslane/tensor/extents.hpp>

#include <concepts>

namespace crosslane {

/// A layout has
///  - `extents_type` and extents(): its axes, in the order in which a tensor is indexed;
///  - `order`: the same axes in the order of memory, the slowest first;
///  - `contiguous_axis`: the axis whose neighbours are neighbours in memory, or no_axis;
///  - offset(index): the element's place, counted in elements; below span_size();
///  - span_size(): how many elements of memory it needs;
///  - `is_unique`: whether each index has a place of its own.
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

/// Stands for the contiguous axis of a layout that has none.
struct no_axis {};

/// A layout that goes a constant step along each axis: stride<axis>(); fixed_stride<axis>() is it at compile time, or `dynamic`.
template <class L>
concept strided_layout = tensor_layout<L> && requires(L const& l) {
  l.template stride<axis_at<0, typename L::order>>();
  L::template fixed_stride<axis_at<0, typename L::order>>();
};

/// A layout whose elements along an axis are neighbours in memory.
template <class L, class Axis>
concept layout_with_contiguous = tensor_layout<L> && std::same_as<typename L::contiguous_axis, Axis>;

namespace detail {

template <class L>
struct layout_with_extents;

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

/// The element of index `i` of axis A.
template <class E, class A>
inline constexpr int position_of = E::axes::template position<A>();

}  // namespace detail

/// The layout with some extents fixed: with_fixed<nhwc, fixed<axis::c, 3>>.
template <class L, class... Fixed>
using with_fixed = typename L::template with_extents<
    typename detail::changed_extents<typename L::extents_type, typename L::extents_type::index_type, Fixed...>::type>;

/// The layout with offsets computed in another type: with_index<nhwc, std::int64_t>.
template <class L, class Index>
using with_index = typename L::template with_extents<typename detail::changed_extents<typename L::extents_type, Index>::type>;

namespace detail {

/// The index of the same place by the axes of extents To: 0 along those that From lacks.
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

/// Names of axes, in the order of memory.
template <class... A>
error_text order_text(axes<A...>) noexcept {
  error_text t;
  char const* separator = "";
  ((t.append("%s%s", separator, axis_name<A>()), separator = ", "), ...);
  return t;
}

/// The index of position k when all elements are counted in the order of memory.
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
