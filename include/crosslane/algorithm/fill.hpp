// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// fill(): one value for all elements of a buffer or span.
///
///   xl::fill(q, sums, 0.0f);
///
/// The host calls it, and it does not wait. Elements are trivially copyable. An empty range is allowed. If all bytes of the value are the
/// same, it costs a fill of bytes, otherwise a kernel. Throws invalid_argument if a buffer is of another device than
/// the stream.
#pragma once

#include <crosslane/algorithm/transform.hpp>

#include <cstring>

namespace crosslane {
namespace detail {

template <class T>
struct constant_value {
  T value;
  CROSSLANE_FN T operator()() const { return value; }
};

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues a store of `value` to every element of a buffer, or of a span of memory that the device can access.
template <stream_like S, class R>
void fill(S const& stream, R&& range, typename std::remove_cvref_t<R>::value_type const& value,
          source_location where = source_location::current()) {
  using B = typename S::backend;
  using T = typename std::remove_cvref_t<R>::value_type;
  static_assert(std::is_trivially_copyable_v<T>, "crosslane: the elements of fill() must be trivially copyable");
  auto const q = detail::ref_of(stream, where);
  detail::check_device_range<R>();
  detail::require_on_device(q, "fill", where, range);
  auto const view = detail::kernel_argument(range, where);
  static_assert(!std::is_const_v<std::remove_pointer_t<decltype(view.data())>>, "crosslane: constant elements cannot be filled");
  if (view.size() == 0) return;
  unsigned char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  bool same = true;
  for (unsigned char const b : bytes) same = same && b == bytes[0];
  if (same) {
    auto const current = q.make_current("fill", where);
    detail::traced_work<B> const traced{q, [&] { return detail::traced_call{"fill", "fill", where, view.size() * sizeof(T)}; }};
    detail::check<B>(B::fill_bytes(view.data(), bytes[0], view.size() * sizeof(T), q.native(), where), "fill", where, [&](error_text& t) {
      t.append("%zu bytes at %p on ", view.size() * sizeof(T), static_cast<void const*>(view.data()));
      q.describe(t);
    });
  } else {
    detail::transform_views(q, where, detail::constant_value<T>{value}, span{view.data(), view.size()});
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
