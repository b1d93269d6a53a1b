// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Bits and bytes of integers, wide products and saturating sums. Types have 32 or 64 bits, and no argument is converted.
#pragma once

#include <crosslane/backend/native/select.hpp>
#include <crosslane/platform/bits.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace crosslane {
namespace detail {

template <class T>
concept word_integer = std::integral<T> && !std::same_as<T, bool> && (sizeof(T) == 4 || sizeof(T) == 8);
template <class T>
concept unsigned_word = word_integer<T> && std::unsigned_integral<T>;

/// The type in which functions compute. It is one type for long and long long.
template <class T>
using sized = std::conditional_t<sizeof(T) == 4, std::conditional_t<std::is_signed_v<T>, std::int32_t, std::uint32_t>,
                                 std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;

__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;

template <class U>
inline constexpr unsigned width = 8 * sizeof(U);

}  // namespace detail

/// Returns the number of bits of x that are 1.
template <detail::unsigned_word U>
CROSSLANE_FN constexpr unsigned popcount(U x) {
  return detail::count_bits(detail::sized<U>{x});
}
/// Returns the number of zeros above the highest bit that is 1, or the width of U if x is 0.
template <detail::unsigned_word U>
CROSSLANE_FN constexpr unsigned count_leading_zeros(U x) {
  return x == 0 ? detail::width<U> : detail::width<U> - 1 - detail::highest_bit(detail::sized<U>{x});
}
/// Returns the number of zeros below the lowest bit that is 1, or the width of U if x is 0.
template <detail::unsigned_word U>
CROSSLANE_FN constexpr unsigned count_trailing_zeros(U x) {
  return x == 0 ? detail::width<U> : detail::lowest_bit(detail::sized<U>{x});
}
/// Returns the position of the lowest bit that is 1, counted from 1, or 0 if x is 0.
template <detail::unsigned_word U>
CROSSLANE_FN constexpr unsigned find_first_set(U x) {
  return x == 0 ? 0 : 1 + detail::lowest_bit(detail::sized<U>{x});
}

/// Returns x with its bits in reverse order.
template <detail::unsigned_word U>
CROSSLANE_FN constexpr U reverse_bits(U x) {
  if constexpr (backend::native_math::has_reverse_bits<detail::sized<U>>)
    if (!__builtin_is_constant_evaluated()) return backend::native_math::reverse_bits(detail::sized<U>{x});
  // Each step exchanges neighbouring groups of bits, from half of the width down to single bits.
  U mask = ~U{0};
  for (unsigned step = detail::width<U> / 2; step > 0; step /= 2) {
    mask ^= mask << step;
    x = ((x >> step) & mask) | ((x << step) & ~mask);
  }
  return x;
}

/// Returns four bytes selected from eight. Bytes 0 to 3 are those of `low`, bytes 4 to 7 those of `high`. Hexadecimal digit i of
/// `selector`, counted from the lowest, selects byte i of the result: it is the number of the byte, modulo 8.
CROSSLANE_FN constexpr std::uint32_t byte_permute(std::uint32_t low, std::uint32_t high, std::uint32_t selector) {
  if constexpr (backend::native_math::has_byte_permute)
    if (!__builtin_is_constant_evaluated()) return backend::native_math::byte_permute(low, high, selector);
  std::uint64_t const bytes = std::uint64_t{high} << 32 | low;
  std::uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) result |= std::uint32_t(bytes >> 8 * (selector >> 4 * i & 7) & 0xff) << 8 * i;
  return result;
}

/// Shifts the double-width number high:low left by n modulo the width of U. Returns the upper half.
template <detail::unsigned_word U>
CROSSLANE_FN constexpr U funnel_shift_left(U low, U high, unsigned n) {
  if constexpr (backend::native_math::has_funnel_shift && sizeof(U) == 4)
    if (!__builtin_is_constant_evaluated()) return backend::native_math::funnel_shift_left(low, high, n);
  n %= detail::width<U>;
  if constexpr (sizeof(U) == 4)
    return U((std::uint64_t{high} << 32 | low) << n >> 32);
  else
    return n == 0 ? high : high << n | low >> (detail::width<U> - n);
}
/// Shifts the double-width number high:low right by n modulo the width of U. Returns the lower half.
template <detail::unsigned_word U>
CROSSLANE_FN constexpr U funnel_shift_right(U low, U high, unsigned n) {
  if constexpr (backend::native_math::has_funnel_shift && sizeof(U) == 4)
    if (!__builtin_is_constant_evaluated()) return backend::native_math::funnel_shift_right(low, high, n);
  n %= detail::width<U>;
  if constexpr (sizeof(U) == 4)
    return U((std::uint64_t{high} << 32 | low) >> n);
  else
    return n == 0 ? low : low >> n | high << (detail::width<U> - n);
}

/// Returns the upper half of the product a * b.
template <detail::word_integer T>
CROSSLANE_FN constexpr T multiply_high(T a, T b) {
  using S = detail::sized<T>;
  if constexpr (std::same_as<S, std::uint32_t>) {
    return detail::multiply_high(S{a}, S{b});
  } else if constexpr (std::same_as<S, std::int32_t>) {
    return T(std::int64_t{a} * b >> 32);
  } else if constexpr (std::is_signed_v<T>) {
    return T(detail::int128{a} * b >> 64);
  } else {
    return T(detail::uint128{a} * b >> 64);
  }
}

/// Returns a + b, or the nearest limit of T if the sum is out of range.
template <detail::word_integer T>
CROSSLANE_FN constexpr T saturating_add(T a, T b) {
  using S = detail::sized<T>;
  if constexpr (backend::native_math::has_saturating<S>)
    if (!__builtin_is_constant_evaluated()) return T(backend::native_math::saturating_add(S{a}, S{b}));
  using U = std::make_unsigned_t<T>;
  U const sum = U(a) + U(b);
  if constexpr (std::is_signed_v<T>) {
    U const limit = (U(a) >> (detail::width<U> - 1)) + (~U{0} >> 1);  // the highest number, or 1 more, which is the lowest
    return T(((U(a) ^ sum) & (U(b) ^ sum)) >> (detail::width<U> - 1) != 0 ? limit : sum);
  } else {
    return sum < a ? ~U{0} : sum;
  }
}
/// Returns a - b, or the nearest limit of T if the difference is out of range.
template <detail::word_integer T>
CROSSLANE_FN constexpr T saturating_subtract(T a, T b) {
  using S = detail::sized<T>;
  if constexpr (backend::native_math::has_saturating<S>)
    if (!__builtin_is_constant_evaluated()) return T(backend::native_math::saturating_subtract(S{a}, S{b}));
  using U = std::make_unsigned_t<T>;
  U const difference = U(a) - U(b);
  if constexpr (std::is_signed_v<T>) {
    U const limit = (U(a) >> (detail::width<U> - 1)) + (~U{0} >> 1);
    return T(((U(a) ^ U(b)) & (U(a) ^ difference)) >> (detail::width<U> - 1) != 0 ? limit : difference);
  } else {
    return a < b ? U{0} : difference;
  }
}

/// Returns c plus the sum of the products of the four bytes of a and b, modulo 2^32. The bytes are signed if T is signed.
template <class T>
requires std::same_as<T, std::int32_t> || std::same_as<T, std::uint32_t> CROSSLANE_FN constexpr T dot4(T a, T b, T c) {
  if constexpr (backend::native_math::has_dot4<T>)
    if (!__builtin_is_constant_evaluated()) return backend::native_math::dot4(a, b, c);
  using byte = std::conditional_t<std::is_signed_v<T>, std::int8_t, std::uint8_t>;
  std::uint32_t sum = std::uint32_t(c);
  for (unsigned i = 0; i < 4; ++i) sum += std::uint32_t(byte(a >> 8 * i) * byte(b >> 8 * i));
  return T(sum);
}

}  // namespace crosslane
