// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Detects lambdas of kernels that capture `this` or a std::complex.
#pragma once

#include <crosslane/platform/type_name.hpp>

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

/// In its host pass nvcc replaces a lambda for device code by an object wrapper<tag<function type, function, number>, captured types...>.
/// Only a captured `this` has the type of a constant pointer to the function's class there. A constant local variable of the same type is
/// therefore also taken for `this`.
template <class F>
inline constexpr bool captures_this = false;
template <template <class, class...> class Wrapper, template <class Type, Type, unsigned> class Tag, class Type, Type Function,
          unsigned Number, class... Captured>
inline constexpr bool captures_this<Wrapper<Tag<Type, Function, Number>, Captured...>> =
    (class_of_member<Type>::template is_this<Captured> || ...);
/// The same for a lambda that states its return type.
template <template <class, class...> class Wrapper, template <class Type, Type, class, unsigned> class Tag, class Type, Type Function,
          class Return, unsigned Number, class... Captured>
inline constexpr bool captures_this<Wrapper<Tag<Type, Function, Return, Number>, Captured...>> =
    (class_of_member<Type>::template is_this<Captured> || ...);

/// Whether the name of T contains std::complex. For a lambda only the captured types count, because the name of nvcc's object for it also
/// contains the enclosing function.
template <class T>
inline constexpr bool names_std_complex = type_name_has<T>("std::complex<");
template <template <class, class...> class Wrapper, template <class Type, Type, unsigned> class Tag, class Type, Type Function,
          unsigned Number, class... Captured>
inline constexpr bool names_std_complex<Wrapper<Tag<Type, Function, Number>, Captured...>> = (names_std_complex<Captured> || ...);
template <template <class, class...> class Wrapper, template <class Type, Type, class, unsigned> class Tag, class Type, Type Function,
          class Return, unsigned Number, class... Captured>
inline constexpr bool names_std_complex<Wrapper<Tag<Type, Function, Return, Number>, Captured...>> = (names_std_complex<Captured> || ...);

}  // namespace crosslane::detail
