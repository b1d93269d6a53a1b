// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Layouts made from the strides of another layout, for views of the same elements or of some of them. Strides and extents that are known
/// at compile time stay known.
#pragma once

#include <crosslane/tensor/packed.hpp>
#include <crosslane/tensor/strided.hpp>
#include <crosslane/tensor/view.hpp>

#include <cstdint>

namespace crosslane::detail {

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

}  // namespace crosslane::detail
