// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Views of parts of a tensor. Nothing is copied. Strides and extents that are known at compile time stay known. The functions take layouts
/// with strides. The host and any thread of a kernel may call them.
#pragma once

#include <crosslane/tensor/derived_layout.hpp>

namespace crosslane {
namespace detail {

template <class A, class Index>
CROSSLANE_FN constexpr void check_subrange([[maybe_unused]] tensor_index<A, Index> const& begin, [[maybe_unused]] std::int64_t count,
                                           [[maybe_unused]] std::int64_t extent) {
#if CROSSLANE_CONFIG_BOUNDS_CHECKS && !CROSSLANE_DEVICE_PASS()
  if (begin.value < 0 || count < 0 || begin.value > extent - count)
    throw_error(errc::out_of_bounds, begin.where, "subrange of %lld indices from index %lld is outside axis %s of extent %lld, at %s:%u",
                static_cast<long long>(count), static_cast<long long>(begin.value), axis_name<A>(), static_cast<long long>(extent),
                begin.where.file, begin.where.line);
#endif
}

}  // namespace detail

/// Returns a view of the part in which axis A has index i. The view lacks axis A. Throws out_of_bounds on the host if bounds are checked
/// and i is outside the extent.
///
///   auto const image = xl::fix<axis::n>(images.view(), 0);
template <tensor_axis A, class T, strided_layout L>
CROSSLANE_FN constexpr auto fix(tensor_view<T, L> const& t, detail::tensor_index<A, typename L::extents_type::index_type> i) {
  using E = typename L::extents_type;
  static_assert(E::rank > 1, "crosslane: this removes the only axis; a tensor has at least one axis");
  using order = typename detail::without_axis<typename L::order, A>::type;
  using part = detail::extents_of_axes<E, typename detail::without_axis<typename E::axes, A>::type>;
  detail::check_tensor_index(i, t.template extent<A>());
  constexpr bool outermost = detail::is_packed<L> && L::order::template position<A>() == 0;
  return detail::make_view(t.data() + static_cast<typename E::index_type>(i) * t.template stride<A>(),
                           detail::make_part<outermost, typename part::type, order>(part::take(t.extents()), t.layout()));
}

/// Returns a view of the part in which axis A has `count` indices from `begin` on. Throws out_of_bounds on the host if bounds are checked
/// and the range is not within the extent.
template <tensor_axis A, class T, strided_layout L>
CROSSLANE_FN constexpr auto subrange(tensor_view<T, L> const& t, detail::tensor_index<A, typename L::extents_type::index_type> begin,
                                     typename L::extents_type::index_type count) {
  using E = typename L::extents_type;
  using part = typename detail::replaced_dimension<E, A, A>::type;
  detail::check_subrange(begin, count, t.template extent<A>());
  constexpr bool outermost = detail::is_packed<L> && L::order::template position<A>() == 0;
  return detail::make_view(t.data() + static_cast<typename E::index_type>(begin) * t.template stride<A>(),
                           detail::make_part<outermost, part, typename L::order>(
                               detail::take_extents<part, A>(t.extents(), count, typename part::axes{}), t.layout()));
}

}  // namespace crosslane
