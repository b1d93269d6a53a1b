// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Views of the same elements with other axes. Nothing is copied. Strides and extents that are known at compile time stay known. The
/// functions take layouts with strides. The host and any thread of a kernel may call them.
#pragma once

#include <crosslane/tensor/derived_layout.hpp>

namespace crosslane {

/// Returns a view of the same elements with the axes declared in the order A...: permute<axis::w, axis::h>(t)(x, y) is t(y, x).
template <tensor_axis... A, class T, strided_layout L>
CROSSLANE_FN constexpr auto permute(tensor_view<T, L> const& t) {
  using E = typename L::extents_type;
  static_assert(detail::same_axes<axes<A...>, typename E::axes> && axes<A...>::distinct,
                "crosslane: permute<...>() must name each axis of the tensor once");
  using part = detail::extents_of_axes<E, axes<A...>>;
  return detail::make_view(
      t.data(), detail::make_part<detail::is_packed<L>, typename part::type, typename L::order>(part::take(t.extents()), t.layout()));
}

namespace detail {

/// The extents and strides of L, with axis From renamed to To.
template <class L, class From, class To>
struct renamed : strides_by_name<L, From, To> {
  using E = typename L::extents_type;
  using extents_type = typename replaced_dimension<
      E, From,
      std::conditional_t<E::template fixed_extent<From>() == dynamic, To,
                         fixed<To, (E::template fixed_extent<From>() == dynamic ? 0 : E::template fixed_extent<From>())>>>::type;
  using order = typename replaced_axis<typename L::order, From, To>::type;

  template <class... A>
  CROSSLANE_FN constexpr extents_type extents(axes<A...>) const {
    return extents_type{this->layout.extents().template extent<typename renamed::template old<A>>()...};
  }
};

}  // namespace detail

/// Returns a view of the same elements with axis From renamed to To. The columns of one matrix product can become the rows of the next.
template <tensor_axis From, tensor_axis To, class T, strided_layout L>
CROSSLANE_FN constexpr auto rename(tensor_view<T, L> const& t) {
  static_assert(!L::order::template contains<To>, "crosslane: the new axis name is already an axis of the tensor");
  using other = detail::renamed<L, From, To>;
  other const by_new_name{{t.layout()}};
  using E = typename other::extents_type;
  return detail::make_view(
      t.data(), detail::make_part<detail::is_packed<L>, E, typename other::order>(by_new_name.extents(typename E::axes{}), by_new_name));
}

namespace detail {

/// The strides of L and a stride of 0 along the axis New.
template <class L, class New>
struct broadcast_strides {
  L layout;
  template <class A>
  CROSSLANE_FN static constexpr std::int64_t fixed_stride() {
    if constexpr (std::is_same_v<A, New>)
      return 0;
    else
      return L::template fixed_stride<A>();
  }
  template <class A>
  CROSSLANE_FN constexpr auto stride() const {
    if constexpr (std::is_same_v<A, New>)
      return typename L::extents_type::index_type{0};
    else
      return layout.template stride<A>();
  }
};

/// The dimension To of the merged axes Outer and Inner. Its extent is fixed if both extents are.
template <class E, class Outer, class Inner, class To>
using merged_dimension =
    std::conditional_t<E::template fixed_extent<Outer>() == dynamic || E::template fixed_extent<Inner>() == dynamic, To,
                       fixed<To, (E::template fixed_extent<Outer>() == dynamic || E::template fixed_extent<Inner>() == dynamic
                                      ? 0
                                      : E::template fixed_extent<Outer>() * E::template fixed_extent<Inner>())>>;

}  // namespace detail

/// Returns a view that repeats the tensor `count` times along a new axis A, which is declared first. The elements are constant. On the
/// host, throws limit_exceeded if the index type cannot count the elements.
template <tensor_axis A, class T, strided_layout L>
CROSSLANE_FN constexpr auto broadcast(tensor_view<T, L> const& t, typename L::extents_type::index_type count,
                                      source_location where = source_location::current()) {
  static_assert(!L::order::template contains<A>, "crosslane: the tensor already has this axis");
  using E = typename detail::prepended_dimension<typename L::extents_type, A>::type;
  using order = typename detail::prepended_axis<A, typename L::order>::type;
  detail::broadcast_strides<L, A> const s{t.layout()};
  return detail::make_view<T const>(
      t.data(), detail::make_part<false, E, order>(detail::take_extents<E, A>(t.extents(), count, typename E::axes{}, where), s, where));
}

/// Returns a view in which the axes Outer and Inner are one axis To, declared in the place of Outer. Inner must directly follow Outer in
/// the order of memory; else the call does not compile. On the host, throws invalid_argument if the stride of Outer is not the extent times
/// the stride of Inner.
template <tensor_axis Outer, tensor_axis Inner, tensor_axis To, class T, strided_layout L>
CROSSLANE_FN constexpr auto merge(tensor_view<T, L> const& t, [[maybe_unused]] source_location where = source_location::current()) {
  using E = typename L::extents_type;
  static_assert(L::order::template position<Outer>() + 1 == L::order::template position<Inner>(),
                "crosslane: merge<Outer, Inner, To>() needs Inner directly after Outer in the memory order");
  static_assert(!L::order::template contains<To> || std::is_same_v<To, Outer> || std::is_same_v<To, Inner>,
                "crosslane: the new axis name is already an axis of the tensor");
  using shorter = typename detail::extents_of_axes<E, typename detail::without_axis<typename E::axes, Inner>::type>::type;
  using part = typename detail::replaced_dimension<shorter, Outer, detail::merged_dimension<E, Outer, Inner, To>>::type;
  using order = typename detail::replaced_axis<typename detail::without_axis<typename L::order, Inner>::type, Outer, To>::type;
  auto const inner = std::int64_t{t.template extent<Inner>()}, outer = std::int64_t{t.template extent<Outer>()};
#if !CROSSLANE_DEVICE_PASS()
  if (outer > 1 && inner > 0 && t.template stride<Outer>() != inner * t.template stride<Inner>())
    throw_error(errc::invalid_argument, where,
                "merge of axes %s and %s: the stride of axis %s is %lld but must be %lld x %lld, the extent times the stride of axis %s",
                axis_name<Outer>(), axis_name<Inner>(), axis_name<Outer>(), static_cast<long long>(t.template stride<Outer>()),
                static_cast<long long>(inner), static_cast<long long>(t.template stride<Inner>()), axis_name<Inner>());
#endif
  detail::strides_by_name<L, Inner, To> const s{t.layout()};
  return detail::make_view(t.data(), detail::make_part<detail::is_packed<L>, part, order>(
                                         detail::take_extents<part, To>(t.extents(), inner * outer, typename part::axes{}), s));
}

namespace detail {

template <class... D>
struct dimension_list {
  using axes = crosslane::axes<typename dimension<D>::axis...>;
  template <class Index>
  using extents = crosslane::extents<Index, D...>;
};
template <class... Lists>
struct joined_dimensions;
template <class... D>
struct joined_dimensions<dimension_list<D...>> {
  using type = dimension_list<D...>;
};
template <class... D, class... Next, class... Rest>
struct joined_dimensions<dimension_list<D...>, dimension_list<Next...>, Rest...>
    : joined_dimensions<dimension_list<D..., Next...>, Rest...> {};

/// Replaces axis A of extents or of an order by two dimensions.
template <class List, class A, class Outer, class Inner>
struct split_dimensions;
template <class Index, class... D, class A, class Outer, class Inner>
struct split_dimensions<extents<Index, D...>, A, Outer, Inner>
    : joined_dimensions<dimension_list<>, std::conditional_t<std::is_same_v<typename dimension<D>::axis, A>, dimension_list<Outer, Inner>,
                                                             dimension_list<D>>...> {};
template <class... X, class A, class Outer, class Inner>
struct split_dimensions<axes<X...>, A, Outer, Inner>
    : joined_dimensions<dimension_list<>, std::conditional_t<std::is_same_v<X, A>, dimension_list<Outer, Inner>, dimension_list<X>>...> {};

/// The strides of L after a split of axis A. Inner has the stride of A, and Outer has `length` times that stride.
template <class L, class A, class Outer, class Inner>
struct split_strides {
  using index = typename L::extents_type::index_type;
  using inner_axis = typename dimension<Inner>::axis;
  template <class X>
  CROSSLANE_FN static constexpr std::int64_t fixed_stride() {
    if constexpr (std::is_same_v<X, inner_axis>) {
      return L::template fixed_stride<A>();
    } else if constexpr (std::is_same_v<X, Outer>) {
      constexpr std::int64_t s = L::template fixed_stride<A>(), n = dimension<Inner>::extent;
      return s == 0 ? 0 : s == dynamic || n == dynamic ? dynamic : s * n;
    } else {
      return L::template fixed_stride<X>();
    }
  }
  template <class X>
  CROSSLANE_FN constexpr index stride() const {
    if constexpr (std::is_same_v<X, inner_axis>)
      return layout.template stride<A>();
    else if constexpr (std::is_same_v<X, Outer>)  // unsigned: it may overflow if Outer has one index
      return index(std::uint64_t(layout.template stride<A>()) * std::uint64_t(length));
    else
      return layout.template stride<X>();
  }
  L layout;
  index length;
};

/// Returns extents E. The extents of Outer and Inner are given; the others come from `from`.
template <class E, class Outer, class Inner, class From, class... A>
CROSSLANE_FN constexpr E take_split_extents(From const& from, std::int64_t outer, std::int64_t inner, axes<A...>) {
  auto const get = [&](auto tag) -> std::int64_t {
    using X = typename decltype(tag)::type;
    if constexpr (std::is_same_v<X, Outer>)
      return outer;
    else if constexpr (std::is_same_v<X, Inner>)
      return inner;
    else
      return from.template extent<X>();
  };
  return E{get(std::type_identity<A>{})...};
}

template <class A, class Outer, class Inner, class T, class L>
CROSSLANE_FN constexpr auto split_axis(tensor_view<T, L> const& t, std::int64_t inner, [[maybe_unused]] source_location where) {
  using E = typename L::extents_type;
  using inner_axis = typename dimension<Inner>::axis;
  static_assert((!L::order::template contains<Outer> || std::is_same_v<Outer, A>) &&
                    (!L::order::template contains<inner_axis> || std::is_same_v<inner_axis, A>) && !std::is_same_v<Outer, inner_axis>,
                "crosslane: the new axis name is already an axis of the tensor");
  constexpr std::int64_t whole = E::template fixed_extent<A>(), step = dimension<Inner>::extent;
  static_assert(step != 0 && (whole == dynamic || step == dynamic || whole % (step == 0 ? 1 : step) == 0),
                "crosslane: split<A, Outer, Inner>() needs an extent of A that is a multiple of the extent of Inner");
#if !CROSSLANE_DEVICE_PASS()
  if (inner <= 0 || t.template extent<A>() % inner != 0)
    throw_error(errc::invalid_argument, where, "split of axis %s: its extent %lld is not a multiple of the inner extent %lld",
                axis_name<A>(), static_cast<long long>(t.template extent<A>()), static_cast<long long>(inner));
#endif
  constexpr bool known = whole != dynamic && step != dynamic;
  using outer_dimension = std::conditional_t<known, fixed<Outer, (known ? whole / (step < 1 ? 1 : step) : 0)>, Outer>;
  using part = typename split_dimensions<E, A, outer_dimension, Inner>::type::template extents<typename E::index_type>;
  using order = typename split_dimensions<typename L::order, A, Outer, inner_axis>::type::axes;
  split_strides<L, A, Outer, Inner> const s{t.layout(), typename E::index_type(inner)};
  return make_view(t.data(), make_part<is_packed<L>, part, order>(
                                 take_split_extents<part, Outer, inner_axis>(t.extents(), std::int64_t{t.template extent<A>()} / inner,
                                                                             inner, typename part::axes{}),
                                 s));
}

}  // namespace detail

/// Returns a view in which axis A is split in two axes, declared in its place. Index i of A becomes index i / n of Outer and i % n of
/// Inner. On the host, throws invalid_argument if n is less than 1 or the extent of A is not a multiple of n. Kernels do not check this.
/// merge() is the inverse.
template <tensor_axis A, tensor_axis Outer, tensor_axis Inner, class T, strided_layout L>
CROSSLANE_FN constexpr auto split(tensor_view<T, L> const& t, typename L::extents_type::index_type n,
                                  source_location where = source_location::current()) {
  return detail::split_axis<A, Outer, Inner>(t, n, where);
}
/// The same with an n that is known at compile time: split<axis::c, group, fixed<axis::c, 8>>(t). Strides that follow from n are constants.
template <tensor_axis A, tensor_axis Outer, class Inner, class T, strided_layout L>
requires(!tensor_axis<Inner>)
CROSSLANE_FN constexpr auto split(tensor_view<T, L> const& t, source_location where = source_location::current()) {
  return detail::split_axis<A, Outer, Inner>(t, detail::dimension<Inner>::extent, where);
}

}  // namespace crosslane
