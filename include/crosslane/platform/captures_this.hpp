// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Whether a lambda of a kernel captures `this`.
#pragma once

#include <type_traits>

namespace crosslane::detail {

template <class Function>
struct class_of_member {
  template <class>
  static constexpr bool is_this = false;
};
template <class R, class C>
struct class_of_member<R C::*> {
  template <class T>
  static constexpr bool is_this = std::is_same_v<T, C* const> || std::is_same_v<T, C const* const>;
};

/// In its pass for the program nvcc makes of a lambda for device code an object wrapper<tag<function type, function, number>, captured
/// types...>, where `this` alone is constant: of the function's class. A constant local variable of such a type is taken for it.
template <class F>
inline constexpr bool captures_this = false;
template <template <class, class...> class Wrapper, template <class Type, Type, unsigned> class Tag, class Type, Type Function,
          unsigned Number, class... Captured>
inline constexpr bool captures_this<Wrapper<Tag<Type, Function, Number>, Captured...>> =
    (class_of_member<Type>::template is_this<Captured> || ...);
/// Likewise of a lambda that states its return type.
template <template <class, class...> class Wrapper, template <class Type, Type, class, unsigned> class Tag, class Type, Type Function,
          class Return, unsigned Number, class... Captured>
inline constexpr bool captures_this<Wrapper<Tag<Type, Function, Return, Number>, Captured...>> =
    (class_of_member<Type>::template is_this<Captured> || ...);

}  // namespace crosslane::detail
