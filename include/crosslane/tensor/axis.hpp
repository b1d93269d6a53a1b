// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The axes of tensors. Each axis is a type, so that code with a wrong axis does not compile. A program adds an axis as a struct:
///
///   struct head : xl::axis_tag {};
#pragma once

#include <crosslane/platform/annotations.hpp>
#include <crosslane/platform/type_name.hpp>

#include <type_traits>

namespace crosslane {

/// The base of every axis.
struct axis_tag {};

template <class A>
concept tensor_axis = std::is_base_of_v<axis_tag, A>;

namespace axis {
struct n : axis_tag {};         ///< images or sequences of a batch
struct c : axis_tag {};         ///< channels
struct d : axis_tag {};         ///< depth
struct h : axis_tag {};         ///< height
struct w : axis_tag {};         ///< width
struct k : axis_tag {};         ///< output channels of a convolution; the summed axis of a matrix product
struct m : axis_tag {};         ///< rows of a matrix product
struct row : axis_tag {};       ///< rows of a matrix
struct col : axis_tag {};       ///< columns of a matrix
struct head : axis_tag {};      ///< heads of attention
struct position : axis_tag {};  ///< positions of a sequence
}  // namespace axis

namespace detail {

/// Returns the part of a name after the last colon. It is a copy, because g++ warns of a text without an end for a pointer into the name.
constexpr type_name_text after_last_colon(char const* name) {
  for (char const* p = name; *p != 0; ++p)
    if (*p == ':') name = p + 1;
  type_name_text result;
  for (unsigned i = 0; name[i] != 0; ++i) result.data[i] = name[i];
  return result;
}

template <class A>
inline constexpr type_name_text axis_name_storage = after_last_colon(type_name<A>());

}  // namespace detail

/// Returns the last part of the axis's type name for messages: "c" for axis::c.
template <tensor_axis A>
constexpr char const* axis_name() noexcept {
  return detail::axis_name_storage<A>.data;
}

/// A list of different axes.
template <tensor_axis... A>
struct axes {
  static constexpr int size = int(sizeof...(A));  ///< the number of axes

  /// Returns the position of X, or `size` if X is not in the list.
  template <class X>
  CROSSLANE_FN static constexpr int position() {
    int i = 0;
    (void)((std::is_same_v<X, A> || (++i, false)) || ... || false);
    return i;
  }
  template <class X>
  /// True if X is in the list.
  static constexpr bool contains = (std::is_same_v<X, A> || ... || false);

  /// True if no axis occurs twice.
  static constexpr bool distinct = [] {
    bool result = true;
    int i = 0;
    ((result = result && position<A>() == i, ++i), ...);
    return result;
  }();
};

namespace detail {

template <int Position, class First, class... Rest>
struct axis_of_pack {
  using type = typename axis_of_pack<Position - 1, Rest...>::type;
};
template <class First, class... Rest>
struct axis_of_pack<0, First, Rest...> {
  using type = First;
};

template <int Position, class List>
struct axis_at_position;
template <int Position, class... A>
struct axis_at_position<Position, axes<A...>> : axis_of_pack<Position, A...> {};

/// True if both lists have the same axes, in any order.
template <class A, class B>
inline constexpr bool same_axes = false;
template <class... A, class... B>
inline constexpr bool same_axes<axes<A...>, axes<B...>> = sizeof...(A) == sizeof...(B) && (axes<B...>::template contains<A> && ... && true);

template <class List, class X>
struct without_axis;
template <class... A, class X>
struct without_axis<axes<A...>, X> {
  template <class... Kept>
  struct append {
    template <class Next>
    using with = std::conditional_t<std::is_same_v<Next, X>, append<Kept...>, append<Kept..., Next>>;
    using type = axes<Kept...>;
  };
  template <class State, class... Rest>
  struct run {
    using type = typename State::type;
  };
  template <class State, class Next, class... Rest>
  struct run<State, Next, Rest...> : run<typename State::template with<Next>, Rest...> {};
  using type = typename run<append<>, A...>::type;
};

template <class List, class From, class To>
struct replaced_axis;
template <class... A, class From, class To>
struct replaced_axis<axes<A...>, From, To> {
  using type = axes<std::conditional_t<std::is_same_v<A, From>, To, A>...>;
};

template <class X, class List>
struct prepended_axis;
template <class X, class... A>
struct prepended_axis<X, axes<A...>> {
  using type = axes<X, A...>;
};

}  // namespace detail

/// The axis at position `Position` of a list, counted from 0.
template <int Position, class List>
using axis_at = typename detail::axis_at_position<Position, List>::type;

}  // namespace crosslane
