// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Conversions between views of tensors and std::mdspan or similar classes, such as cuda::std::mdspan and Kokkos's. This header includes
/// none of them. It accepts any class with extents(), mapping() and data_handle(). Axis i of the mdspan is the i-th axis that the tensor
/// declares.
#pragma once

#include <crosslane/tensor/packed.hpp>
#include <crosslane/tensor/strided.hpp>
#include <crosslane/tensor/view.hpp>

namespace crosslane {

/// A class with the members of std::mdspan.
template <class M>
concept mdspan_like = requires(M const& m) {
  typename M::element_type;
  typename M::extents_type;
  typename M::mapping_type;
  { m.data_handle() } -> std::convertible_to<typename M::element_type*>;
  m.extents().extent(0);
  m.mapping().stride(0);
  M::rank();
};

namespace detail {

/// True if the accessor gives references to the elements. A view would lose another accessor, such as that of std::linalg's scaled() and
/// conjugated().
template <class M>
struct plain_accessor {
  static constexpr bool value = [] {
    if constexpr (requires { typename M::reference; })
      return std::is_same_v<typename M::reference, typename M::element_type&>;
    else
      return true;
  }();
  static_assert(
      value,
      "crosslane: the mdspan's accessor does not give references to its elements, so a tensor view would lose it (as for scaled or "
      "conjugated ones): pass the mdspan of the elements, and apply the function with crosslane::transform");
};

/// Throws invalid_argument if the stride of an axis with more than one index differs from the layout's.
template <class L, class M, class... A>
void check_mdspan_strides(L const& layout, M const& mapping, char const* what, source_location where, axes<A...>) {
  unsigned r = 0;
  (((layout.extents().template extent<A>() > 1 && std::int64_t(mapping.stride(r)) != std::int64_t{layout.template stride<A>()})
        ? throw_error(errc::invalid_argument, where, "%s: the stride of axis %s is %lld in the mdspan and %lld in the tensor's layout",
                      what, axis_name<A>(), static_cast<long long>(mapping.stride(r)), static_cast<long long>(layout.template stride<A>()))
        : void(),
    ++r),
   ...);
}

template <class Index>
inline constexpr std::uint64_t largest_index = ~std::uint64_t{0} >> (64 - 8 * sizeof(Index) + std::is_signed_v<Index>);

/// Returns the stride as an Index. If it does not fit, returns 1 for an axis of at most one index, else throws limit_exceeded.
template <class Index>
Index narrow_stride(char const* what, char const* axis, std::int64_t extent, std::int64_t stride, source_location where) {
  Index const result = static_cast<Index>(stride);
  if (static_cast<std::int64_t>(result) == stride) return result;
  if (extent > 1)
    throw_error(errc::limit_exceeded, where, "%s: the stride of axis %s is %lld, the limit of its %zu-bit index is %llu", what, axis,
                static_cast<long long>(stride), 8 * sizeof(Index), static_cast<unsigned long long>(largest_index<Index>));
  return 1;
}
/// Returns the stride of axis A. For an axis of at most one index, this is the layout's fixed stride if there is one.
template <class L, class A>
typename L::index_type stride_from_mdspan(std::int64_t extent, std::int64_t stride, source_location where) {
  constexpr std::int64_t fixed = L::template fixed_stride<A>();
  if (fixed != dynamic && extent <= 1) return static_cast<typename L::index_type>(fixed);
  return narrow_stride<typename L::index_type>("from_mdspan", axis_name<A>(), extent, stride, where);
}

/// Returns the offset of the first element: mapping(0, ...), or 0 if the mapping cannot be called.
template <class Mapping, class... A>
std::ptrdiff_t first_offset([[maybe_unused]] Mapping const& mapping, axes<A...>) {
  if constexpr (requires { mapping((static_cast<void>(sizeof(A)), 0)...); })
    return static_cast<std::ptrdiff_t>(mapping((static_cast<void>(sizeof(A)), 0)...));
  else
    return 0;
}

template <class L, class M, class... A>
L layout_of_mdspan(M const& m, source_location where, axes<A...>) {
  using E = typename L::extents_type;
  E const e{std::int64_t(m.extents().extent(unsigned(position_of<E, A>)))..., where};
  if constexpr (is_packed<L>) {
    L const layout{e, where};
    if (e.size() != 0) check_mdspan_strides(layout, m.mapping(), "from_mdspan", where, axes<A...>{});
    return layout;
  } else {
    typename E::multi_index const strides{
        {stride_from_mdspan<L, A>(e.template extent<A>(), std::int64_t(m.mapping().stride(unsigned(position_of<E, A>))), where)...}};
    return L{e, strides, where};
  }
}

}  // namespace detail

/// Returns a view of an mdspan's elements with layout L: from_mdspan<nhwc>(m). L is packed or strided, and the mdspan must have its order
/// in memory. The mdspan's accessor must give references to the elements, like the default accessor; else the call does not compile. Throws
/// invalid_argument if extents or strides differ from those that L fixes or that its order requires. Throws limit_exceeded if the index
/// type of L is too narrow.
template <strided_layout L, mdspan_like M>
tensor_view<typename M::element_type, L> from_mdspan(M const& m, source_location where = source_location::current()) {
  static_assert(int(M::rank()) == L::extents_type::rank, "crosslane: the mdspan and the layout have different numbers of axes");
  (void)sizeof(detail::plain_accessor<M>);
  if constexpr (requires { m.mapping().is_strided(); })
    if (!m.mapping().is_strided()) throw_error(errc::invalid_argument, where, "from_mdspan: the mapping of the mdspan is not strided");
  L const layout = detail::layout_of_mdspan<L>(m, where, typename L::extents_type::axes{});
  typename M::element_type* const data = m.data_handle();
  return {layout.extents().size() == 0 ? data : data + detail::first_offset(m.mapping(), typename L::extents_type::axes{}), layout};
}

namespace detail {

template <class M, class T, class L, class... A>
M make_mdspan(tensor_view<T, L> const& t, source_location where, axes<A...>) {
  using E = typename M::extents_type;
  using index = typename E::index_type;
  unsigned r = 0;
  ((E::static_extent(r) != static_cast<decltype(E::static_extent(0))>(-1) && std::int64_t(E::static_extent(r)) != t.template extent<A>()
        ? throw_error(errc::invalid_argument, where, "to_mdspan: the extent of axis %s is %lld, the mdspan fixes %lld", axis_name<A>(),
                      static_cast<long long>(t.template extent<A>()), static_cast<long long>(E::static_extent(r)))
        : void(),
    ++r),
   ...);
  constexpr std::uint64_t largest = largest_index<index>;
  ((std::uint64_t(t.template extent<A>()) > largest
        ? throw_error(errc::limit_exceeded, where,
                      "to_mdspan: the extent of axis %s is %lld, the limit of the mdspan's %zu-bit index is %llu", axis_name<A>(),
                      static_cast<long long>(t.template extent<A>()), 8 * sizeof(index), static_cast<unsigned long long>(largest))
        : void()),
   ...);
  if (std::uint64_t(t.layout().span_size()) > largest)
    throw_error(errc::limit_exceeded, where, "to_mdspan: %lld elements, the limit of the mdspan's %zu-bit index is %llu",
                static_cast<long long>(t.layout().span_size()), 8 * sizeof(index), static_cast<unsigned long long>(largest));
  E const e(static_cast<index>(t.template extent<A>())...);
  using mapping = typename M::mapping_type;
  if constexpr (requires(mapping const& m) { mapping(e, m.strides()); }) {
    using strides = decltype(std::declval<mapping const&>().strides());
    return M(t.data(), mapping(e, strides{narrow_stride<index>("to_mdspan", axis_name<A>(), std::int64_t{t.template extent<A>()},
                                                               std::int64_t{t.template stride<A>()}, where)...}));
  } else {
    mapping const result(e);
    if (t.size() != 0) check_mdspan_strides(t.layout(), result, "to_mdspan", where, axes<A...>{});
    return M(t.data(), result);
  }
}

}  // namespace detail

/// Returns the view as an mdspan of type M. An mdspan of layout_stride takes every strided layout. An mdspan of another layout,
/// such as layout_right, takes a view whose strides are those that it computes itself. Throws invalid_argument if strides or extents differ
/// from those of M, and limit_exceeded if the index type of M is too narrow.
template <mdspan_like M, class T, strided_layout L>
M to_mdspan(tensor_view<T, L> const& t, source_location where = source_location::current()) {
  static_assert(int(M::rank()) == L::extents_type::rank, "crosslane: the mdspan and the layout have different numbers of axes");
  (void)sizeof(detail::plain_accessor<M>);
  static_assert(std::is_convertible_v<T(*)[], typename M::element_type(*)[]>,
                "crosslane: the element type of the mdspan must be that of the tensor, and constant if the tensor's elements are constant");
  return detail::make_mdspan<M>(t, where, typename L::extents_type::axes{});
}

}  // namespace crosslane
