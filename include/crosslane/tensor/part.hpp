// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// fix() and subrange() for tensors whose layouts have no strides: blocked, swizzled and user-defined ones. The layout of a part stores the
/// layout of the whole tensor and adds the missing index to each access. One case keeps its kind of layout: a blocked layout whose
/// outermost axis is fixed or cut, if that axis has no blocks.
#pragma once

#include <crosslane/tensor/blocked.hpp>
#include <crosslane/tensor/slice.hpp>

namespace crosslane {

/// The layout of a part of L in which axis A has one index. The part lacks axis A.
template <tensor_layout L, tensor_axis A>
class fixed_part {
  using whole_extents = typename L::extents_type;
  using selected = detail::extents_of_axes<whole_extents, typename detail::without_axis<typename whole_extents::axes, A>::type>;

 public:
  /// @{
  /// See tensor_layout.
  using extents_type = typename selected::type;
  using index_type = typename extents_type::index_type;
  using multi_index = typename extents_type::multi_index;
  using order = typename detail::without_axis<typename L::order, A>::type;
  using contiguous_axis = no_axis;
  static constexpr bool is_unique = L::is_unique;
  /// @}

  /// Makes the part at index 0 of a default-constructed layout.
  constexpr fixed_part() = default;
  /// Makes the part at index `at`. Precondition: `at` is less than the extent of A.
  CROSSLANE_FN constexpr fixed_part(L const& whole, index_type at) : whole_{whole}, at_{at} {}

  CROSSLANE_FN constexpr extents_type extents() const { return selected::take(whole_.extents()); }  ///< the extents of the part
  CROSSLANE_FN constexpr index_type span_size() const { return whole_.span_size(); }                ///< the elements of the whole tensor
  /// Returns the offset from the whole tensor's data, in elements. Precondition: `i` is within the extents.
  CROSSLANE_FN constexpr index_type offset(multi_index const& i) const {
    auto all = detail::index_by_names<whole_extents, extents_type>(i, typename whole_extents::axes{});
    all[detail::position_of<whole_extents, A>] = at_;
    return whole_.offset(all);
  }

 private:
  [[no_unique_address]] L whole_{};
  index_type at_ = 0;
};

/// The layout of a part of L in which axis A has a range of indices.
template <tensor_layout L, tensor_axis A>
class range_part {
 public:
  /// @{
  /// See tensor_layout.
  using extents_type = typename detail::replaced_dimension<typename L::extents_type, A, A>::type;
  using index_type = typename extents_type::index_type;
  using multi_index = typename extents_type::multi_index;
  using order = typename L::order;
  using contiguous_axis = no_axis;
  static constexpr bool is_unique = L::is_unique;
  /// @}

  /// Makes an empty range of a default-constructed layout.
  constexpr range_part() = default;
  /// Makes the part of `count` indices from `begin` on. Precondition: the indices are within the extent of A.
  CROSSLANE_FN constexpr range_part(L const& whole, index_type begin, index_type count) : whole_{whole}, begin_{begin}, count_{count} {}

  /// Returns the extents of the part.
  CROSSLANE_FN constexpr extents_type extents() const {
    return detail::take_extents<extents_type, A>(whole_.extents(), count_, typename extents_type::axes{});
  }
  CROSSLANE_FN constexpr index_type span_size() const { return whole_.span_size(); }  ///< the elements of the whole tensor
  /// Returns the offset from the whole tensor's data, in elements. Precondition: `i` is within the extents.
  CROSSLANE_FN constexpr index_type offset(multi_index i) const {
    i[detail::position_of<extents_type, A>] += begin_;
    return whole_.offset(i);
  }

 private:
  [[no_unique_address]] L whole_{};
  index_type begin_ = 0, count_ = 0;
};

namespace detail {

template <class L, class A>
struct outermost_of_blocks {
  static constexpr bool value = false;
};
template <class E, class First, class... Order, class... Blocks, class A>
struct outermost_of_blocks<blocked<E, axes<First, Order...>, Blocks...>, A> {
  static constexpr bool value = std::is_same_v<First, A> && !(std::is_same_v<typename dimension<Blocks>::axis, A> || ... || false);
  template <class Part>
  using fixed = blocked<Part, axes<Order...>, Blocks...>;
  template <class Part>
  using range = blocked<Part, axes<First, Order...>, Blocks...>;
};

}  // namespace detail

/// Returns a view of the part in which axis A has index i. The view lacks axis A. Throws out_of_bounds on the host if bounds are checked
/// and i is outside the extent.
template <tensor_axis A, class T, tensor_layout L>
requires(!strided_layout<L>)
CROSSLANE_FN constexpr auto fix(tensor_view<T, L> const& t, detail::tensor_index<A, typename L::extents_type::index_type> i) {
  using E = typename L::extents_type;
  using index = typename E::index_type;
  static_assert(E::rank > 1, "crosslane: a tensor has at least one axis");
  detail::check_tensor_index(i, t.template extent<A>());
  using outermost = detail::outermost_of_blocks<L, A>;
  if constexpr (outermost::value) {
    using part = detail::extents_of_axes<E, typename detail::without_axis<typename E::axes, A>::type>;
    typename outermost::template fixed<typename part::type> const layout{part::take(t.extents())};
    return detail::make_view(t.data() + static_cast<index>(i) * layout.span_size(), layout);
  } else {
    return detail::make_view(t.data(), fixed_part<L, A>{t.layout(), static_cast<index>(i)});
  }
}

/// Returns a view of the part in which axis A has `count` indices from `begin` on. The range need not begin or end at a block's boundary.
/// Throws out_of_bounds on the host if bounds are checked and the range is not within the extent.
template <tensor_axis A, class T, tensor_layout L>
requires(!strided_layout<L>)
CROSSLANE_FN constexpr auto subrange(tensor_view<T, L> const& t, detail::tensor_index<A, typename L::extents_type::index_type> begin,
                                     typename L::extents_type::index_type count) {
  using E = typename L::extents_type;
  using index = typename E::index_type;
  detail::check_subrange(begin, count, t.template extent<A>());
  using outermost = detail::outermost_of_blocks<L, A>;
  if constexpr (outermost::value) {
    using part = typename detail::replaced_dimension<E, A, A>::type;
    typename outermost::template range<part> const layout{detail::take_extents<part, A>(t.extents(), count, typename part::axes{})};
    index const whole = t.template extent<A>();
    return detail::make_view(t.data() + (whole == 0 ? 0 : t.layout().span_size() / whole * static_cast<index>(begin)), layout);
  } else {
    return detail::make_view(t.data(), range_part<L, A>{t.layout(), static_cast<index>(begin), count});
  }
}

}  // namespace crosslane
