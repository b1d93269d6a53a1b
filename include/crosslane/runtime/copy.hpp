// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies between buffers of every kind, spans of device memory, and contiguous ranges of the host, in any combination.
///
/// All copies run in stream order, asynchronously. Host memory must stay alive until the stream has finished the copy. Until then the host
/// must not write to a source and not access a destination. On a GPU a copy from or to pageable memory, such as that of a std::vector, may
/// block the host until it is done. Copies of page-locked memory do not: see pinned_buffer and basic_host_registration.
#pragma once

#include <crosslane/runtime/operands.hpp>
#include <crosslane/runtime/traced_work.hpp>

namespace crosslane {
namespace detail {

template <class R>
using element_of = std::remove_pointer_t<decltype(std::declval<R&>().data())>;

template <class R>
void require_valid([[maybe_unused]] R const& range, [[maybe_unused]] source_location where) {
  if constexpr (requires { range.require(where); }) range.require(where);
}

/// R is the type of a forwarding reference.
template <class R>
constexpr void check_stays() {
  static_assert(std::is_lvalue_reference_v<R> || is_span<std::remove_cvref_t<R>>,
                "crosslane: a copy is queued, and a temporary is destroyed before it runs: name the range, or pass a crosslane::span");
}

template <class R>
constexpr void check_contiguous() {
  static_assert(
      !has_layout<std::remove_reference_t<R>>,
      "crosslane: a copy takes contiguous elements and no tensor: crosslane::convert(stream, source, destination) copies a tensor, "
      "storage() is all memory of a tensor as a span");
}

template <class From, class To>
constexpr void check_copy_types() {
  using from = std::remove_cv_t<From>;
  static_assert(std::is_same_v<from, std::remove_cv_t<To>>,
                "crosslane: a copy does not convert: both sides must have the same element type");
  static_assert(!std::is_const_v<To>, "crosslane: the destination of a copy must not have constant elements");
  static_assert(std::is_trivially_copyable_v<from>, "crosslane: only trivially copyable elements can be copied between devices");
}

/// Checks a copy of all elements. Returns the number of bytes.
template <class From, class To>
std::size_t check_copy(char const* call, From const& from, To const& to, source_location where) {
  using T = std::remove_cv_t<element_of<std::remove_reference_t<From>>>;
  require_valid(from, where);
  require_valid(to, where);
  if (from.size() != to.size())
    throw_error(errc::size_mismatch, where, "%s of %zu elements to %zu elements of %zu bytes", call, std::size_t(from.size()),
                std::size_t(to.size()), sizeof(T));
  if (from.size() != 0) require_apart(call, to.data(), to.size() * sizeof(T), from.data(), from.size() * sizeof(T), where);
  return from.size() * sizeof(T);
}

/// Checks the types of both sides of a copy, which are types of forwarding references.
template <class From, class To>
constexpr void check_sides() {
  check_contiguous<From>();
  check_stays<From>();
  check_contiguous<To>();
  check_stays<To>();
  check_copy_types<std::remove_cv_t<element_of<std::remove_reference_t<From>>>, element_of<std::remove_reference_t<To>>>();
}

}  // namespace detail

/// Queues a copy of all elements of `from` to `to`. Buffers may belong to two devices, with or without peer access. For spans of two
/// devices the vendor's runtime decides whether the copy works. Throws size_mismatch unless both sides have the same number of elements,
/// and invalid_argument if they overlap.
///
///   std::vector<float> values(1000);
///   xl::buffer<float> b{q, values.size()};
///   xl::copy(q, values, b);  // to the device
///   xl::copy(q, b, values);  // and back
///   q.synchronize();         // now the host may use `values`
template <stream_like S, class From, class To>
void copy(S const& stream, From&& from, To&& to, source_location where = source_location::current()) {
  using B = typename S::backend;
  detail::check_sides<From, To>();
  auto const q = detail::ref_of(stream, where);
  std::size_t const bytes = detail::check_copy("copy", from, to, where);
  if (bytes == 0) return;
  auto const current = q.make_current("copy", where);
  int const source = detail::owning_device(from), destination = detail::owning_device(to);
  int const own = q.device().index();
  detail::traced_work<B> const traced{q, [&] { return detail::traced_call{"copy", "copy", where, bytes}; }};
  status const answer = source >= 0 && destination >= 0 && (source != own || destination != own)
                            ? B::copy_between(to.data(), destination, from.data(), source, bytes, q.native(), where)
                            : B::copy(to.data(), from.data(), bytes, q.native(), where);
  detail::check<B>(answer, "copy", where, [&](error_text& t) {
    t.append("%zu bytes from %p to %p on ", bytes, static_cast<void const*>(from.data()), static_cast<void const*>(to.data()));
    q.describe(t);
  });
}

/// Allocates a buffer on the stream's device and queues a copy of `values` to it. `values` is a contiguous range of the host or of device
/// memory; it must stay alive until the copy is done. Errors are those of basic_buffer and of copy().
///
///   xl::buffer<float> const weights = xl::make_buffer(q, values);  // values: std::vector<float>
template <stream_like S, class R>
[[nodiscard]] auto make_buffer(S const& stream, R&& values, source_location where = source_location::current()) {
  detail::check_contiguous<R>();
  detail::check_stays<R>();
  detail::require_valid(values, where);
  using T = std::remove_cv_t<detail::element_of<std::remove_reference_t<R>>>;
  basic_buffer<T, memory_kind::device, typename S::backend> buffer{stream, values.size(), where};
  copy(stream, values, buffer, where);
  return buffer;
}

/// The alignment in bytes of rows with the pitch of row_pitch(): a multiple of the cache lines of all supported devices. Buffers begin at
/// multiples of it.
inline constexpr std::size_t row_alignment = 256;

/// Returns the smallest pitch, in elements, with which rows of `width` elements begin at multiples of row_alignment bytes if the first row
/// does. It is the same on all devices. If sizeof(T) is not a power of two, the pitch is a multiple of more bytes: 768 for elements of 12.
/// Throws limit_exceeded if a row has more than 2^63 - 1 bytes.
///
///   std::size_t const pitch = xl::row_pitch<float>(width);
///   xl::buffer<float> b{q, pitch * height};
///   xl::copy_2d(q, xl::rows{image, width, width, height}, xl::rows{b, pitch, width, height});
template <class T>
[[nodiscard]] constexpr std::size_t row_pitch(std::size_t width, source_location where = source_location::current()) {
  // The largest power of two that divides sizeof(T) has this many bytes; `step` elements are the first multiple of the alignment.
  constexpr std::size_t power = sizeof(T) & (~sizeof(T) + 1), step = power < row_alignment ? row_alignment / power : 1;
  if (width > (~std::size_t{0} >> 1) / sizeof(T) - step)
    throw_error(errc::limit_exceeded, where, "row pitch: a row of %zu elements of %zu bytes: the limit is 2^63 - 1 bytes", width,
                sizeof(T));
  return (width + step - 1) / step * step;
}

/// A matrix of `height` rows of `width` elements inside a range. Rows begin `pitch` elements apart. The range may end with the last element
/// of the last row.
template <class T>
struct rows {
  span<T> data;        ///< the whole range
  std::size_t pitch;   ///< elements between the beginnings of two neighbouring rows
  std::size_t width;   ///< elements in a row
  std::size_t height;  ///< the number of rows

  /// Describes rows in any contiguous range: a buffer, a span, a vector. The copy checks the shape, not the constructor.
  template <class R>
  constexpr rows(R&& range, std::size_t pitch_, std::size_t width_, std::size_t height_)
      : data{view(range)}, pitch{pitch_}, width{width_}, height{height_} {
    detail::check_contiguous<R>();
    detail::check_stays<R>();
  }

 private:
  template <class R>
  static constexpr span<T> view(R& range) {
    return {range.data(), range.size()};
  }
};
/// Deduces the type of the elements from the range.
template <class R>
rows(R&&, std::size_t, std::size_t, std::size_t) -> rows<detail::element_of<std::remove_reference_t<R>>>;

/// Queues a copy of the elements of all rows. Elements between rows are not touched. Throws size_mismatch unless both shapes are equal, and
/// out_of_bounds if rows end outside their range. Throws invalid_argument if a pitch is below the width or rows of the two sides overlap.
template <stream_like S, class From, class To>
void copy_2d(S const& stream, rows<From> from, rows<To> to, source_location where = source_location::current()) {
  using B = typename S::backend;
  detail::check_copy_types<From, To>();
  auto const q = detail::ref_of(stream, where);
  if (from.width != to.width || from.height != to.height)
    throw_error(errc::size_mismatch, where, "copy of %zu rows of %zu elements to %zu rows of %zu", from.height, from.width, to.height,
                to.width);
  if (from.width == 0 || from.height == 0) return;
  auto const check_side = [&](char const* side, std::size_t pitch, std::size_t size) {
    if (pitch < from.width)
      throw_error(errc::invalid_argument, where, "copy_2d: the %s's pitch of %zu elements is below its width of %zu", side, pitch,
                  from.width);
    std::size_t last = 0;
    if (__builtin_mul_overflow(from.height - 1, pitch, &last) || __builtin_add_overflow(last, from.width, &last) || last > size)
      throw_error(errc::out_of_bounds, where, "copy_2d: %zu rows of %zu elements with a pitch of %zu exceed the %s of %zu elements",
                  from.height, from.width, pitch, side, size);
  };
  check_side("source", from.pitch, from.data.size());
  check_side("destination", to.pitch, to.data.size());
  detail::require_rows_apart(reinterpret_cast<char const*>(to.data.data()), to.pitch * sizeof(To),
                             reinterpret_cast<char const*>(from.data.data()), from.pitch * sizeof(From), from.width * sizeof(From),
                             from.height, where);
  auto const current = q.make_current("copy_2d", where);
  detail::traced_work<B> const traced{
      q, [&] { return detail::traced_call{"copy", "copy_2d", where, from.width * sizeof(From) * from.height}; }};
  detail::check<B>(B::copy_2d(to.data.data(), to.pitch * sizeof(To), from.data.data(), from.pitch * sizeof(To), from.width * sizeof(To),
                              from.height, q.native(), where),
                   "copy_2d", where, [&](error_text& t) {
                     t.append("%zu rows of %zu bytes on ", from.height, from.width * sizeof(To));
                     q.describe(t);
                   });
}

}  // namespace crosslane
