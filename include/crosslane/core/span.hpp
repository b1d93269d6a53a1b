// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A view of contiguous elements: a pointer and a count. A buffer becomes a span when it is passed to a kernel.
#pragma once

#include <crosslane/core/error.hpp>
#include <crosslane/platform/config.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace crosslane {
namespace detail {

#if CROSSLANE_CONFIG_BOUNDS_CHECKS
/// An index with the source location of its use, which operator[] cannot take as a default argument. Functions with this
/// parameter also have other symbols, so object files with and without bounds checks do not share them.
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
    throw_error(errc::out_of_bounds, i.where, "index %zu is outside a span of %zu elements, at %s:%u", i.value, size, i.where.file,
                i.where.line);
#endif
}
CROSSLANE_FN constexpr void check_subspan([[maybe_unused]] span_index offset, [[maybe_unused]] std::size_t count,
                                          [[maybe_unused]] std::size_t size) {
#if !CROSSLANE_DEVICE_PASS()
  if (count != 0 && (offset.value >= size || count > size - offset.value))
    throw_error(errc::out_of_bounds, offset.where, "subspan of %zu elements from index %zu is outside a span of %zu elements, at %s:%u",
                count, offset.value, size, offset.where.file, offset.where.line);
#endif
}
#else
using span_index = std::size_t;
#endif

/// A tensor or a view of one. Its size() elements need not be contiguous at data().
template <class R>
concept has_layout = requires(R& r) { r.layout(); };

/// A type whose data() and size() give contiguous elements that convert to T without a change of size.
template <class R, class T>
concept contiguous_of = !std::is_reference_v<R> && !has_layout<R> && requires(R& r) {
  { *r.data() } -> std::convertible_to<T&>;
  { r.size() } -> std::convertible_to<std::size_t>;
} && std::is_convertible_v<std::remove_pointer_t<decltype(std::declval<R&>().data())> (*)[], T (*)[]>;

}  // namespace detail

/// A view of `size` contiguous elements. It is trivially copyable and owns nothing. The host checks bounds if
/// CROSSLANE_CONFIG_BOUNDS_CHECKS is 1.
template <class T>
class span {
 public:
  using element_type = T;                  ///< the type of an element, const if the elements are
  using value_type = std::remove_cv_t<T>;  ///< the type of an element without const

  /// Constructs an empty view.
  constexpr span() = default;
  /// Constructs a view of `size` elements from `data`. Nothing is checked.
  CROSSLANE_FN constexpr span(T* data, std::size_t size) noexcept : data_{data}, size_{size} {}

  /// Constructs a view of a whole array. The array may lie in shared memory.
  template <std::size_t N>
  CROSSLANE_FN constexpr span(T (&array)[N]) noexcept : data_{array}, size_{N} {}

  /// Constructs a view of the elements of a vector, an array or another span.
  CROSSLANE_NO_EXEC_CHECK
  template <class R>
  requires(!std::same_as<std::remove_cvref_t<R>, span> && detail::contiguous_of<std::remove_reference_t<R>, T> &&
           (std::is_lvalue_reference_v<R> || std::is_const_v<T>))
  CROSSLANE_NO_EXEC_CHECK_FN constexpr span(R&& range) noexcept(noexcept(range.data()) && noexcept(range.size()))
      : data_{range.data()}, size_{range.size()} {}

  CROSSLANE_FN constexpr T* data() const noexcept { return data_; }           ///< pointer to the first element
  CROSSLANE_FN constexpr std::size_t size() const noexcept { return size_; }  ///< number of elements
  CROSSLANE_FN constexpr bool empty() const noexcept { return size_ == 0; }   ///< whether there is no element
  CROSSLANE_FN constexpr T* begin() const noexcept { return data_; }          ///< start of the range
  CROSSLANE_FN constexpr T* end() const noexcept { return data_ + size_; }    ///< end of the range

  /// Returns element i. Precondition: i < size(). Otherwise the host throws out_of_bounds with the caller's line, if bounds are checked.
  CROSSLANE_FN constexpr T& operator[](detail::span_index i) const {
#if CROSSLANE_CONFIG_BOUNDS_CHECKS
    detail::check_bounds(i, size_);
#endif
    return data_[i];
  }

  /// Returns a view of `count` elements from element `offset`. Precondition: they are elements of this span; if `count` is 0, `offset` may
  /// have any value. Otherwise the host throws out_of_bounds with the caller's line, if bounds are checked.
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

/// Deduces T from a pointer and a count.
template <class T>
span(T*, std::size_t) -> span<T>;
/// Deduces T from an array.
template <class T, std::size_t N>
span(T (&)[N]) -> span<T>;

/// Deduces T from a buffer, a vector or another range with data() and size(): const if its elements are.
template <class R>
requires requires(R& r) {
  *r.data();
  r.size();
} span(R&&) -> span<std::remove_pointer_t<decltype(std::declval<R&>().data())>>;

namespace detail {
template <class R>
inline constexpr bool is_span = false;
template <class T>
inline constexpr bool is_span<span<T>> = true;
}  // namespace detail

}  // namespace crosslane
