// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Views of parts of a tensor, and views of the same elements with other axes. Nothing is copied. Strides and extents that are known at
/// compile time stay known. The functions take layouts with strides. The host and any thread of a kernel may call them.
#pragma once

#include <crosslane/tensor/packed.hpp>
#include <crosslane/tensor/strided.hpp>
#include <crosslane/tensor/view.hpp>

#include <cstdint>

namespace crosslane {
namespace detail {

template <class L>
inline constexpr bool is_packed = false;
template <class E, class Order>
inline constexpr bool is_packed<packed<E, Order>> = true;

template <class E, class A, class D>
struct replaced_dimension;
template <class Index, class... Old, class A, class D>
struct replaced_dimension<extents<Index, Old...>, A, D> {
  using type = extents<Index, std::conditional_t<std::is_same_v<typename dimension<Old>::axis, A>, D, Old>...>;
};
template <class E, class D>
struct prepended_dimension;
template <class Index, class... Old, class D>
struct prepended_dimension<extents<Index, Old...>, D> {
  using type = extents<Index, D, Old...>;
};

/// Returns extents E. Axis `Given` has the extent `given`; the other extents come from `from`.
template <class E, class Given, class From, class... A>
CROSSLANE_FN constexpr E take_extents(From const& from, std::int64_t given, axes<A...>,
                                      source_location where = source_location::current()) {
  auto const get = [&](auto tag) -> std::int64_t {
    using X = typename decltype(tag)::type;
    if constexpr (std::is_same_v<X, Given>)
      return given;
    else
      return from.template extent<X>();
  };
  return E{get(std::type_identity<A>{})..., where};
}

/// Makes a strided layout of extents E and order `Order` with the strides that L has along the axes of E.
template <class E, class Order, class L, class List>
struct with_strides_of;
template <class E, class Order, class L, class... A>
struct with_strides_of<E, Order, L, axes<A...>> {
  using type = strided<E, Order, strides<L::template fixed_stride<A>()...>>;
  CROSSLANE_FN static constexpr type make(E const& e, L const& l, source_location where) {
    return {e, typename E::multi_index{{typename E::index_type(l.template stride<A>())...}}, where};
  }
};
/// Makes a packed layout if `Packed` is true, else the strided layout above.
template <bool Packed, class E, class Order, class L>
CROSSLANE_FN constexpr auto make_part([[maybe_unused]] E const& e, [[maybe_unused]] L const& l,
                                      source_location where = source_location::current()) {
  if constexpr (Packed)
    return packed<E, Order>{e, where};
  else
    return with_strides_of<E, Order, L, typename E::axes>::make(e, l, where);
}

template <class T, class L>
CROSSLANE_FN constexpr tensor_view<T, L> make_view(T* data, L const& layout) {
  return {data, layout};
}

/// The strides of L, with the stride of axis From under the name To.
template <class L, class From, class To>
struct strides_by_name {
  template <class A>
  using old = std::conditional_t<std::is_same_v<A, To>, From, A>;

  template <class A>
  CROSSLANE_FN static constexpr std::int64_t fixed_stride() {
    return L::template fixed_stride<old<A>>();
  }
  template <class A>
  CROSSLANE_FN constexpr auto stride() const {
    return layout.template stride<old<A>>();
  }
  L layout;
};

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

template <class A, class Index>
CROSSLANE_FN constexpr void check_subrange([[maybe_unused]] tensor_index<A, Index> const& begin, [[maybe_unused]] std::int64_t count,
                                           [[maybe_unused]] std::int64_t extent) {
#if CROSSLANE_CONFIG_BOUNDS_CHECKS && !CROSSLANE_DEVICE_PASS()
  if (begin.value < 0 || count < 0 || begin.value > extent - count)
    throw_error(errc::out_of_bounds, begin.where, "subrange from %lld over %lld of axis %s, which has %lld, at %s:%u",
                static_cast<long long>(begin.value), static_cast<long long>(count), axis_name<A>(), static_cast<long long>(extent),
                begin.where.file, begin.where.line);
#endif
}

}  // namespace detail

/// Returns a view of the part in which axis A has index i. The view lacks axis A. Throws out_of_bounds on the host if bounds are checked
/// and i is outside the extent.
///
///   auto const image = xl::fix<axis::n>(images.view(), 0);
template <tensor_axis A, class T, strided_layout L>
CROSSLANE_FN constexpr auto fix(tensor_view<T, L> const& t, detail::tensor_index<A, typename L::extents_type::index_type> i) {
  using E = typename L::extents_type;
  static_assert(E::rank > 1, "crosslane: a tensor has at least one axis");
  using order = typename detail::without_axis<typename L::order, A>::type;
  using part = detail::extents_of_axes<E, typename detail::without_axis<typename E::axes, A>::type>;
  detail::check_tensor_index(i, t.template extent<A>());
  constexpr bool outermost = detail::is_packed<L> && L::order::template position<A>() == 0;
  return detail::make_view(t.data() + static_cast<typename E::index_type>(i) * t.template stride<A>(),
                           detail::make_part<outermost, typename part::type, order>(part::take(t.extents()), t.layout()));
}

/// Returns a view of the part in which axis A has `count` indices from `begin` on. Throws out_of_bounds on the host if bounds are checked
/// and the range is not within the extent.
template <tensor_axis A, class T, strided_layout L>
CROSSLANE_FN constexpr auto subrange(tensor_view<T, L> const& t, detail::tensor_index<A, typename L::extents_type::index_type> begin,
                                     typename L::extents_type::index_type count) {
  using E = typename L::extents_type;
  using part = typename detail::replaced_dimension<E, A, A>::type;
  detail::check_subrange(begin, count, t.template extent<A>());
  constexpr bool outermost = detail::is_packed<L> && L::order::template position<A>() == 0;
  return detail::make_view(t.data() + static_cast<typename E::index_type>(begin) * t.template stride<A>(),
                           detail::make_part<outermost, part, typename L::order>(
                               detail::take_extents<part, A>(t.extents(), count, typename part::axes{}), t.layout()));
}

/// Returns a view of the same elements with the axes declared in the order A...: permute<axis::w, axis::h>(t)(x, y) is t(y, x).
template <tensor_axis... A, class T, strided_layout L>
CROSSLANE_FN constexpr auto permute(tensor_view<T, L> const& t) {
  using E = typename L::extents_type;
  static_assert(detail::same_axes<axes<A...>, typename E::axes> && axes<A...>::distinct,
                "crosslane: permute<...>() names each axis of the tensor once");
  using part = detail::extents_of_axes<E, axes<A...>>;
  return detail::make_view(
      t.data(), detail::make_part<detail::is_packed<L>, typename part::type, typename L::order>(part::take(t.extents()), t.layout()));
}

/// Returns a view of the same elements with axis From renamed to To. The columns of one matrix product can become the rows of the next.
template <tensor_axis From, tensor_axis To, class T, strided_layout L>
CROSSLANE_FN constexpr auto rename(tensor_view<T, L> const& t) {
  static_assert(!L::order::template contains<To>, "crosslane: the tensor has an axis of the new name already");
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
  static_assert(!L::order::template contains<A>, "crosslane: the tensor has that axis already");
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
                "crosslane: merge<Outer, Inner, To>() takes two axes that follow each other in memory");
  static_assert(!L::order::template contains<To> || std::is_same_v<To, Outer> || std::is_same_v<To, Inner>,
                "crosslane: the tensor has an axis of the new name already");
  using shorter = typename detail::extents_of_axes<E, typename detail::without_axis<typename E::axes, Inner>::type>::type;
  using part = typename detail::replaced_dimension<shorter, Outer, detail::merged_dimension<E, Outer, Inner, To>>::type;
  using order = typename detail::replaced_axis<typename detail::without_axis<typename L::order, Inner>::type, Outer, To>::type;
  auto const inner = std::int64_t{t.template extent<Inner>()}, outer = std::int64_t{t.template extent<Outer>()};
#if !CROSSLANE_DEVICE_PASS()
  if (outer > 1 && inner > 0 && t.template stride<Outer>() != inner * t.template stride<Inner>())
    throw_error(errc::invalid_argument, where, "merge of axes %s and %s: a stride of %lld, not %lld x %lld", axis_name<Outer>(),
                axis_name<Inner>(), static_cast<long long>(t.template stride<Outer>()), static_cast<long long>(inner),
                static_cast<long long>(t.template stride<Inner>()));
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
                "crosslane: the tensor has an axis of the new name already");
  constexpr std::int64_t whole = E::template fixed_extent<A>(), step = dimension<Inner>::extent;
  static_assert(step != 0 && (whole == dynamic || step == dynamic || whole % (step == 0 ? 1 : step) == 0),
                "crosslane: split<A, Outer, Inner>() needs an extent of A that is a multiple of Inner's");
#if !CROSSLANE_DEVICE_PASS()
  if (inner <= 0 || t.template extent<A>() % inner != 0)
    throw_error(errc::invalid_argument, where, "split of axis %s: it has %lld, no multiple of %lld", axis_name<A>(),
                static_cast<long long>(t.template extent<A>()), static_cast<long long>(inner));
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

namespace detail {

template <class L, unsigned V>
struct vector_strides {
  L layout;
  template <class A>
  CROSSLANE_FN static constexpr std::int64_t fixed_stride() {
    constexpr std::int64_t s = L::template fixed_stride<A>();
    if constexpr (std::is_same_v<A, typename L::contiguous_axis>)
      return 1;
    else if constexpr (s == dynamic)
      return dynamic;
    else {
      static_assert(s % V == 0, "crosslane: vectorised<V>() needs strides that are multiples of V");
      return s / V;
    }
  }
  template <class A>
  CROSSLANE_FN constexpr auto stride() const {
    if constexpr (std::is_same_v<A, typename L::contiguous_axis>)
      return typename L::extents_type::index_type{1};
    else
      return typename L::extents_type::index_type(layout.template stride<A>() / int(V));
  }
};

template <class E, class A, unsigned V>
struct vector_dimension {
  static constexpr std::int64_t n = E::template fixed_extent<A>();
  static_assert(n == dynamic || n % V == 0, "crosslane: vectorised<V>() needs an extent of the contiguous axis that is a multiple of V");
  using type = std::conditional_t<n == dynamic, A, fixed<A, (n == dynamic ? 0 : n / V)>>;
};

template <unsigned V, class T, class L, class... A>
void check_vectorised(tensor_view<T, L> const& t, source_location where, axes<A...>) {
  using contiguous = typename L::contiguous_axis;
  if (t.template extent<contiguous>() % int(V) != 0)
    throw_error(errc::invalid_argument, where, "vectorised<%u>: axis %s has %lld, no multiple of it", V, axis_name<contiguous>(),
                static_cast<long long>(t.template extent<contiguous>()));
  ((std::is_same_v<A, contiguous> || t.template extent<A>() <= 1 || t.template stride<A>() % int(V) == 0
        ? void()
        : throw_error(errc::invalid_argument, where, "vectorised<%u>: the stride of axis %s is %lld, no multiple of it", V, axis_name<A>(),
                      static_cast<long long>(t.template stride<A>()))),
   ...);
  using vector = vec<std::remove_const_t<T>, V>;
  if (reinterpret_cast<std::uintptr_t>(t.data()) % alignof(vector) != 0)
    throw_error(errc::misaligned, where, "vectorised<%u>: elements of %zu bytes at %p, vectors need a multiple of %zu", V, sizeof(T),
                static_cast<void const*>(t.data()), alignof(vector));
}

}  // namespace detail

/// Returns a view whose elements are vectors of V neighbours along the contiguous axis. The extent of this axis is divided by V. A layout
/// without a contiguous axis does not compile. On the host, throws invalid_argument if the extent or another stride is not a multiple of V.
/// Throws misaligned if the address is not a multiple of the vector's alignment. Kernels do not check this.
///
///   auto const quads = xl::vectorised<4>(images.view());
template <unsigned V, class T, strided_layout L>
CROSSLANE_FN auto vectorised(tensor_view<T, L> const& t, [[maybe_unused]] source_location where = source_location::current()) {
  using contiguous = typename L::contiguous_axis;
  static_assert(!std::is_same_v<contiguous, no_axis>, "crosslane: vectorised<V>() needs a layout with a contiguous axis");
  using E = typename L::extents_type;
#if !CROSSLANE_DEVICE_PASS()
  detail::check_vectorised<V>(t, where, typename L::order{});
#endif
  using vector = std::conditional_t<std::is_const_v<T>, vec<std::remove_const_t<T>, V> const, vec<std::remove_const_t<T>, V>>;
  using part = typename detail::replaced_dimension<E, contiguous, typename detail::vector_dimension<E, contiguous, V>::type>::type;
  detail::vector_strides<L, V> const s{t.layout()};
  return detail::make_view(
      reinterpret_cast<vector*>(t.data()),
      detail::make_part<detail::is_packed<L>, part, typename L::order>(
          detail::take_extents<part, contiguous>(t.extents(), t.template extent<contiguous>() / int(V), typename part::axes{}), s));
}

}  // namespace crosslane
