// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Conversion of numbers to integers, with a defined result for numbers that the integer type cannot represent.
#pragma once

#include <crosslane/backend/native/select.hpp>
#include <crosslane/core/number_format.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace crosslane {

template <class Format>
class small_float;

namespace detail {

/// The integers that convert. bool is excluded; character types are not, because the language does not tell them from integers.
template <class Integer>
concept whole_number = std::integral<Integer> && !std::same_as<Integer, bool> && sizeof(Integer) <= 8;

template <class T>
inline constexpr bool is_small_float = false;
template <class F>
inline constexpr bool is_small_float<small_float<F>> = true;

/// The floating-point types of the library and of the hardware. long double is excluded: it exists on the host only.
template <class S>
concept floating_number = std::same_as<S, float> || std::same_as<S, double> || is_small_float<S>;

/// Limits of integers. The header <limits> would otherwise have to be included everywhere.
template <whole_number Integer>
inline constexpr int digits_of = 8 * int(sizeof(Integer)) - std::is_signed_v<Integer>;
template <whole_number Integer>
inline constexpr Integer largest_of = Integer(~std::uint64_t{0} >> (64 - digits_of<Integer>));
template <whole_number Integer>
inline constexpr Integer lowest_of = Integer(~largest_of<Integer>);

/// Computes saturate_cast() if the hardware has no instruction for it.
template <class Integer, class S>
CROSSLANE_FN constexpr Integer truncate(S x) {
  constexpr S end = S(std::uint64_t{1} << (digits_of<Integer> - 1)) * 2, low = std::is_signed_v<Integer> ? -end : S(0);
  if constexpr (sizeof(S) > 4 || sizeof(Integer) > 4) {
    if (x >= low && x < end) return static_cast<Integer>(x);
    return x >= end ? largest_of<Integer> : x < low ? lowest_of<Integer> : Integer{0};
  } else {  // without branches, so that compilers vectorise a loop of it
    bool const below = x < low, above = x >= end;
    std::int32_t const bits = select((x >= low) & !above, __builtin_bit_cast(std::int32_t, x), 0);
    auto const inside = static_cast<std::int32_t>(static_cast<Integer>(__builtin_bit_cast(S, bits)));
    return static_cast<Integer>(select(above, static_cast<std::int32_t>(largest_of<Integer>),
                                       select(below, static_cast<std::int32_t>(lowest_of<Integer>), inside)));
  }
}

}  // namespace detail

/// Returns x as an Integer, with the same result on every target. A floating-point number is rounded towards zero. Numbers beyond the
/// limits of Integer, infinities included, become the nearer limit. NaN becomes 0. A `static_cast` of such numbers is undefined: compilers
/// and GPUs differ.
///
/// Cost on GPUs: a conversion from float to at most 32 bits is one instruction, as with `static_cast`. On AMD, integers of 8 and 16 bits
/// cost one instruction more. Conversions from double and to integers of 64 bits cost a comparison and a selection more on NVIDIA. On AMD,
/// where such a conversion is a sequence of instructions, they cost two to three of each more.
template <detail::whole_number Integer, class T>
requires detail::floating_number<T> || detail::whole_number<T> CROSSLANE_FN constexpr Integer saturate_cast(T x) {
  if constexpr (detail::whole_number<T>) {
    if constexpr (std::is_signed_v<T> && !std::is_signed_v<Integer>) {
      if (x < 0) return 0;
      return crosslane::saturate_cast<Integer>(static_cast<std::make_unsigned_t<T>>(x));
    } else {
      // The wider type can represent both limits of the narrower one.
      if constexpr (detail::digits_of<T> > detail::digits_of<Integer>) {
        if (x > static_cast<T>(detail::largest_of<Integer>)) return detail::largest_of<Integer>;
        if constexpr (std::is_signed_v<T>)
          if (x < static_cast<T>(detail::lowest_of<Integer>)) return detail::lowest_of<Integer>;
      }
      return static_cast<Integer>(x);
    }
  } else if constexpr (detail::is_small_float<T>) {
    return crosslane::saturate_cast<Integer>(static_cast<float>(x));
  } else {
    if constexpr (backend::native_numeric::has_truncate<Integer, T>)
      if (!__builtin_is_constant_evaluated()) return backend::native_numeric::truncate<Integer>(x);
    return detail::truncate<Integer>(x);
  }
}

namespace detail {

/// Returns x as a U, as the library converts elements: floating-point numbers to integers by saturate_cast(), all others by static_cast.
template <class U, class T>
CROSSLANE_FN constexpr U element_cast(T const& x) {
  if constexpr (whole_number<U> && floating_number<T>)
    return saturate_cast<U>(x);
  else
    return static_cast<U>(x);
}

}  // namespace detail
}  // namespace crosslane
