// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A view of contiguous elements: pointer and count, what buffers become when passed to a kernel.
#pragma once

#include <crosslane/platform/config.hpp>
#include <crosslane/runtime/error.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace crosslane {
namespace detail {

#if CROSSLANE_CONFIG_BOUNDS_CHECKS
/// An index that knows where it was used: operator[] cannot have a default argument. As a parameter it also keeps apart the functions
/// of objects that check and of those that do not.
struct span_index {
  template <std::convertible_to<std::size_t> N>
  CROSSLANE_FN constexpr span_index(N i, source_location where_ = source_location::current()) : value{std::size_t(i)}, where{where_} {}
  CROSSLANE_FN constexpr operator std::size_t() const { return value; }
  std::size_t value;
  source_location where;
};

CROSSLANE_FN constexpr void check_bounds([[maybe_unused]] span_index i, [[maybe_unused]] std::size_t size) {
#if !CROSSLANE_DEVICE_PASS()
  if (i.value >= size)
    throw_error(errc::out_of_bounds, i.where, "element %zu of a span of %zu at %s:%u", i.value, size, i.where.file, i.where.line);
#endif
}
CROSSLANE_FN constexpr void check_subspan([[maybe_unused]] span_index offset, [[maybe_unused]] std::size_t count,
                                          [[maybe_unused]] std::size_t size) {
#if !CROSSLANE_DEVICE_PASS()
  if (count != 0 && (offset.value >= size || count > size - offset.value))
    throw_error(errc::out_of_bounds, offset.where, "subspan of %zu from element %zu of a span of %zu at %s:%u", count, offset.value, size,
                offset.where.file, offset.where.line);
#endif
}
#else
using span_index = std::size_t;
#endif

/// What has data() and size() of elements convertible, without change of size, to T.
template <class R, class T>
concept contiguous_of = !std::is_reference_v<R> && requires(R& r) {
  { *r.data() } -> std::convertible_to<T&>;
  { r.size() } -> std::convertible_to<std::size_t>;
} && std::is_convertible_v<std::remove_pointer_t<decltype(std::declval<R&>().data())> (*)[], T (*)[]>;

}  // namespace detail

/// Trivially copyable; owns nothing. Bounds are checked on the host where CROSSLANE_CONFIG_BOUNDS_CHECKS is 1.
template <class T>
class span {
 public:
  using element_type = T;                  ///< constant where the elements are
  using value_type = std::remove_cv_t<T>;  ///< never constant

  /// No elements.
  constexpr span() = default;
  /// `size` elements from `data`. Nothing is checked.
  CROSSLANE_FN constexpr span(T* data, std::size_t size) noexcept : data_{data}, size_{size} {}

  /// All of an array, in shared memory too.
  template <std::size_t N>
  CROSSLANE_FN constexpr span(T (&array)[N]) noexcept : data_{array}, size_{N} {}

  /// From vectors, arrays, other spans.
  CROSSLANE_NO_EXEC_CHECK
  template <class R>
  requires(!std::same_as<std::remove_cvref_t<R>, span> && detail::contiguous_of<std::remove_reference_t<R>, T> &&
           (std::is_lvalue_reference_v<R> || std::is_const_v<T>))
  CROSSLANE_UNCHECKED_FN constexpr span(R&& range) noexcept(noexcept(range.data()) && noexcept(range.size()))
      : data_{range.data()}, size_{range.size()} {}

  CROSSLANE_FN constexpr T* data() const noexcept { return data_; }           ///< the first element
  CROSSLANE_FN constexpr std::size_t size() const noexcept { return size_; }  ///< elements
  CROSSLANE_FN constexpr bool empty() const noexcept { return size_ == 0; }   ///< no elements
  CROSSLANE_FN constexpr T* begin() const noexcept { return data_; }          ///< for a range-based for
  CROSSLANE_FN constexpr T* end() const noexcept { return data_ + size_; }    ///< behind the last element

  /// The element i, below size(). Out of bounds throws out_of_bounds on the host with the caller's line, where bounds are checked.
  CROSSLANE_FN constexpr T& operator[](detail::span_index i) const {
#if CROSSLANE_CONFIG_BOUNDS_CHECKS
    detail::check_bounds(i, size_);
#endif
    return data_[i];
  }

  /// `count` elements from `offset`.
  CROSSLANE_FN constexpr span subspan(detail::span_index offset, std::size_t count) const {
#if CROSSLANE_CONFIG_BOUNDS_CHECKS
    detail::check_subspan(offset, count, size_);
#endif
    return {data_ + offset, count};
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Of pointer and count.
template <class T>
span(T*, std::size_t) -> span<T>;
/// Of an array.
template <class T, std::size_t N>
span(T (&)[N]) -> span<T>;

namespace detail {
template <class R>
inline constexpr bool is_span = false;
template <class T>
inline constexpr bool is_span<span<T>> = true;
}  // namespace detail

}  // namespace crosslane
