// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// convert: copies a tensor into a tensor of another layout or element type.
#pragma once

#include <crosslane/algorithm/fill.hpp>
#include <crosslane/kernel/math.hpp>
#include <crosslane/tensor/blocked.hpp>
#include <crosslane/tensor/transform.hpp>

namespace crosslane {
namespace detail {

/// Returns float(x) * scale as a U. An integer result is rounded to the nearest, ties to even, and saturates.
template <class U>
struct scale_to {
  float scale;
  template <class T>
  CROSSLANE_FN U operator()(T const& x) const {
    float const y = static_cast<float>(x) * scale;
    if constexpr (std::is_integral_v<U>) {
      static_assert(sizeof(U) <= 2, "crosslane: convert_scaled() writes integers of 8 or 16 bits only, which float holds exactly");
      return saturate_cast<U>(crosslane::rint(y));
    } else {
      return static_cast<U>(y);
    }
  }
};

/// A failed assertion shows both layouts as template arguments.
template <class From, class To>
struct convertible_layouts {
  static_assert(same_axes<typename From::extents_type::axes, typename To::extents_type::axes>,
                "crosslane: the source and the destination of convert() must have the same axes; see From and To of convertible_layouts. "
                "crosslane::rename, merge and fix make views with other axes");
  static_assert(To::is_unique, "crosslane: the layout of the destination of convert() must not repeat elements");
};

inline namespace CROSSLANE_CONFIGURATION {

template <runtime_backend B, class T, class From, class U, class To, class F>
void convert_views(basic_stream_ref<B> q, tensor_view<T, From> const& from, tensor_view<U, To> const& to, F const& f,
                   source_location where) {
  (void)sizeof(convertible_layouts<From, To>);
  static_assert(!std::is_const_v<U>, "crosslane: the destination of convert() must not have constant elements");
  check_same_extents(from, to, typename To::extents_type::axes{}, [&](char const* axis, long long n, long long m) {
    throw_error(errc::size_mismatch, where, "convert: the extent of axis %s is %lld in the source and %lld in the destination", axis, n, m);
  });
  if (to.size() == 0) return;
  require_views_apart("convert", to, from, where);
  if constexpr (is_blocked<To>)
    if (!fills_its_memory(to) && !is_in_place(to, from)) fill(q, span{to.data(), std::size_t(to.layout().span_size())}, U{}, where);
  transform_operands(q, where, f, to, from);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues `destination(index) = source(index)` for every index. Called on the host. Both are tensors or views of memory that the device can
/// access. They have the same axes and extents, in any two layouts. Axes match by name, in any order of declaration. Elements are converted
/// as by vec_cast(): from floating-point numbers to integers as by saturate_cast().
///
/// Gaps of a blocked destination become zero. Gaps of other destinations keep their values. Source and destination must not overlap,
/// unless they are the same elements at the same places. Throws size_mismatch if the extents of an axis differ, and invalid_argument if the
/// two overlap. If a tensor has gaps, only its first element is checked for overlap.
///
///   xl::tensor<float, xl::nchw> planes{q, {n, c, h, w}};
///   xl::tensor<xl::half, xl::nhwc> pixels{q, {n, c, h, w}};
///   xl::convert(q, planes, pixels);
template <stream_like S, class Source, class Destination>
void convert(S const& stream, Source&& source, Destination&& destination, source_location where = source_location::current()) {
  auto const from = detail::tensor_argument(source, where);
  auto const to = detail::tensor_argument(destination, where);
  using U = typename std::remove_const_t<decltype(to)>::value_type;
  auto const q = detail::ref_of(stream, where);
  detail::require_on_device(q, "convert", where, source, destination);
  detail::convert_views(q, from, to, detail::cast_to<U>{}, where);
}

/// Queues `destination(index) = source(index) * scale` for every index. Otherwise like convert(). The product is computed in float. Integer
/// results are rounded to the nearest, ties to even, and saturate. Integer destinations have 8 or 16 bits.
///
///   xl::convert_scaled(q, weights, quantised, 1 / step);  // float to int8
///   xl::convert_scaled(q, quantised, weights, step);      // and back
template <stream_like S, class Source, class Destination>
void convert_scaled(S const& stream, Source&& source, Destination&& destination, float scale,
                    source_location where = source_location::current()) {
  auto const from = detail::tensor_argument(source, where);
  auto const to = detail::tensor_argument(destination, where);
  using U = typename std::remove_const_t<decltype(to)>::value_type;
  auto const q = detail::ref_of(stream, where);
  detail::require_on_device(q, "convert", where, source, destination);
  detail::convert_views(q, from, to, detail::scale_to<U>{scale}, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
