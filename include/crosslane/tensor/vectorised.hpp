// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Views of the same elements as vectors, for wide accesses. Nothing is copied. The host and any thread of a kernel may call vectorised().
#pragma once

#include <crosslane/kernel/vec.hpp>
#include <crosslane/tensor/derived_layout.hpp>

namespace crosslane {
namespace detail {

template <class L, unsigned V>
struct vector_strides {
  L layout;
  template <class A>
  CROSSLANE_FN static constexpr std::int64_t fixed_stride() {
    constexpr std::int64_t s = L::template fixed_stride<A>();
    if constexpr (std::is_same_v<A, typename L::contiguous_axis>)
      return 1;
    else if constexpr (s == dynamic)
      return dynamic;
    else {
      static_assert(s % V == 0, "crosslane: vectorised<V>() needs strides that are multiples of V");
      return s / V;
    }
  }
  template <class A>
  CROSSLANE_FN constexpr auto stride() const {
    if constexpr (std::is_same_v<A, typename L::contiguous_axis>)
      return typename L::extents_type::index_type{1};
    else
      return typename L::extents_type::index_type(layout.template stride<A>() / int(V));
  }
};

template <class E, class A, unsigned V>
struct vector_dimension {
  static constexpr std::int64_t n = E::template fixed_extent<A>();
  static_assert(n == dynamic || n % V == 0, "crosslane: vectorised<V>() needs an extent of the contiguous axis that is a multiple of V");
  using type = std::conditional_t<n == dynamic, A, fixed<A, (n == dynamic ? 0 : n / V)>>;
};

template <unsigned V, class T, class L, class... A>
void check_vectorised(tensor_view<T, L> const& t, source_location where, axes<A...>) {
  using contiguous = typename L::contiguous_axis;
  if (t.template extent<contiguous>() % int(V) != 0)
    throw_error(errc::invalid_argument, where, "vectorised<%u>: the extent of axis %s is %lld but must be a multiple of %u", V,
                axis_name<contiguous>(), static_cast<long long>(t.template extent<contiguous>()), V);
  ((std::is_same_v<A, contiguous> || t.template extent<A>() <= 1 || t.template stride<A>() % int(V) == 0
        ? void()
        : throw_error(errc::invalid_argument, where, "vectorised<%u>: the stride of axis %s is %lld but must be a multiple of %u", V,
                      axis_name<A>(), static_cast<long long>(t.template stride<A>()), V)),
   ...);
  using vector = vec<std::remove_const_t<T>, V>;
  if (reinterpret_cast<std::uintptr_t>(t.data()) % alignof(vector) != 0)
    throw_error(errc::misaligned, where, "vectorised<%u>: the address %p of elements of %zu bytes must be a multiple of %zu", V,
                static_cast<void const*>(t.data()), sizeof(T), alignof(vector));
}

}  // namespace detail

/// Returns a view whose elements are vectors of V neighbours along the contiguous axis. The extent of this axis is divided by V. A layout
/// without a contiguous axis does not compile. On the host, throws invalid_argument if the extent or another stride is not a multiple of V.
/// Throws misaligned if the address is not a multiple of the vector's alignment. Kernels do not check this.
///
///   auto const quads = xl::vectorised<4>(images.view());
template <unsigned V, class T, strided_layout L>
CROSSLANE_FN auto vectorised(tensor_view<T, L> const& t, [[maybe_unused]] source_location where = source_location::current()) {
  using contiguous = typename L::contiguous_axis;
  static_assert(!std::is_same_v<contiguous, no_axis>, "crosslane: vectorised<V>() needs a layout with a contiguous axis");
  using E = typename L::extents_type;
#if !CROSSLANE_DEVICE_PASS()
  detail::check_vectorised<V>(t, where, typename L::order{});
#endif
  using vector = std::conditional_t<std::is_const_v<T>, vec<std::remove_const_t<T>, V> const, vec<std::remove_const_t<T>, V>>;
  using part = typename detail::replaced_dimension<E, contiguous, typename detail::vector_dimension<E, contiguous, V>::type>::type;
  detail::vector_strides<L, V> const s{t.layout()};
  return detail::make_view(
      reinterpret_cast<vector*>(t.data()),
      detail::make_part<detail::is_packed<L>, part, typename L::order>(
          detail::take_extents<part, contiguous>(t.extents(), t.template extent<contiguous>() / int(V), typename part::axes{}), s));
}

}  // namespace crosslane
