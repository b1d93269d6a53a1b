// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Layouts with one stride for each axis: padded rows, parts of other tensors, broadcasts.
#pragma once

#include <crosslane/tensor/layout.hpp>

namespace crosslane {

/// The strides of a layout, in elements, in the order in which the extents declare their axes. `dynamic` stands for a stride that is known
/// only at run time.
template <std::int64_t... S>
struct strides {
  static_assert(((S >= 0 || S == dynamic) && ...), "crosslane: a fixed stride must not be negative");
};

template <class Extents, class Order, class Strides>
class strided;

/// A layout with one stride for each axis. `Order` lists the axes in the order of memory, the slowest first. Strides that are set at run
/// time must follow this order. A fixed stride of 0 repeats one element along its axis. Such a layout is not unique, and its views have
/// constant elements.
template <class Extents, class Order, std::int64_t... S>
class strided<Extents, Order, strides<S...>> {
 public:
  static_assert(detail::is_extents<Extents>);
  static_assert(detail::same_axes<Order, typename Extents::axes> && Order::distinct,
                "crosslane: the order of a layout must list each axis of its extents once");
  static_assert(sizeof...(S) == Extents::rank, "crosslane: a strided layout must state one stride for each axis");

  /// @{
  /// See tensor_layout.
  using extents_type = Extents;
  using index_type = typename Extents::index_type;
  using multi_index = typename Extents::multi_index;
  using order = Order;
  /// @}

  static constexpr bool is_unique = ((S != 0) && ...);  ///< true if no fixed stride is 0
  /// The same layout with extents of type E, for with_fixed and with_index.
  template <class E>
  using with_extents = strided<E, Order, strides<S...>>;

  /// Returns the fixed stride of axis A, or `dynamic` if the type fixes none.
  template <class A>
  CROSSLANE_FN static constexpr std::int64_t fixed_stride() {
    static_assert(Order::template contains<A>, "crosslane: the tensor has no such axis");
    constexpr std::int64_t all[] = {S...};
    return all[Extents::axes::template position<A>()];
  }
  /// The last axis of `order` if its stride is fixed at 1, else no_axis.
  using contiguous_axis =
      std::conditional_t<fixed_stride<axis_at<Order::size - 1, Order>>() == 1, axis_at<Order::size - 1, Order>, no_axis>;

  /// Sets the extents and strides that are not fixed to 0.
  constexpr strided() = default;

  /// Takes the strides of all axes, in elements, in the order in which the extents declare the axes. On the host, throws invalid_argument
  /// if elements would overlap, if the strides do not follow `Order`, or if a stride differs from a fixed one. Throws limit_exceeded if the
  /// index type cannot hold an offset or count the elements, repeated ones included.
  CROSSLANE_FN constexpr strided(Extents const& e, multi_index const& s,
                                 [[maybe_unused]] source_location where = source_location::current())
      : extents_{e} {
    int at = 0, from = 0;
    ((S == dynamic ? set(at++, s[from]) : void(), ++from), ...);
#if !CROSSLANE_DEVICE_PASS()
    check(s, where, Order{});
#endif
  }
  /// Takes the extents only. For layouts whose strides are all fixed.
  CROSSLANE_FN constexpr explicit strided(Extents const& e, source_location where = source_location::current())
      requires((S != dynamic) && ...)
      : strided{e, multi_index{{index_type(S)...}}, where} {}

  CROSSLANE_FN constexpr Extents const& extents() const { return extents_; }  ///< the extents of the tensor

  /// Returns the stride of axis A, in elements.
  template <class A>
  CROSSLANE_FN constexpr index_type stride() const {
    if constexpr (fixed_stride<A>() != dynamic)
      return index_type(fixed_stride<A>());
    else
      return dynamic_[dynamic_position(Extents::axes::template position<A>())];
  }

  /// Returns the offset of index `i`, in elements. Precondition: `i` is within the extents.
  CROSSLANE_FN constexpr index_type offset(multi_index const& i) const { return offset_along(i, Order{}); }

  /// Returns one more than the largest offset, or 0 if there are no elements.
  CROSSLANE_FN constexpr index_type span_size() const { return extents_.size() == 0 ? 0 : last_along(Order{}) + 1; }

  /// True if the extents and the strides are equal.
  CROSSLANE_FN friend constexpr bool operator==(strided const& a, strided const& b) {
    return a.extents_ == b.extents_ && a.same(b, Order{});
  }

 private:
  static constexpr int dynamic_count = ((S == dynamic) + ...);

  CROSSLANE_FN static constexpr int dynamic_position(int position) {
    constexpr std::int64_t all[] = {S...};
    int result = 0;
    for (int i = 0; i < position; ++i) result += all[i] == dynamic;
    return result;
  }
  CROSSLANE_FN constexpr void set([[maybe_unused]] int at, [[maybe_unused]] index_type value) {
    if constexpr (dynamic_count != 0) dynamic_[at] = value;
  }
  template <class... A>
  CROSSLANE_FN constexpr index_type offset_along(multi_index const& i, axes<A...>) const {
    return ((i[detail::position_of<Extents, A>] * stride<A>()) + ...);
  }
  template <class... A>
  CROSSLANE_FN constexpr index_type last_along(axes<A...>) const {
    return (((extents_.template extent<A>() - 1) * stride<A>()) + ...);
  }
  template <class... A>
  CROSSLANE_FN constexpr bool same(strided const& b, axes<A...>) const {
    return ((stride<A>() == b.template stride<A>()) && ...);
  }

  template <class... A>
  constexpr void check(multi_index const& s, source_location where, axes<A...>) const {
    char const* const names[] = {axis_name<A>()...};
    std::int64_t const lengths[] = {std::int64_t{extents_.template extent<A>()}...};
    std::int64_t const steps[] = {std::int64_t{s[detail::position_of<Extents, A>]}...};
    std::int64_t const fixed[] = {fixed_stride<A>()...};
    bool const empty = ((extents_.template extent<A>() == 0) || ...);
    std::uint64_t span = 1;  // elements that the faster axes span
    bool overflow = false;
    for (int i = Extents::rank - 1; i >= 0; --i) {
      if (fixed[i] != dynamic && fixed[i] != steps[i])
        throw_error(errc::invalid_argument, where, "the stride of axis %s is %lld, the type fixes %lld", names[i],
                    static_cast<long long>(steps[i]), static_cast<long long>(fixed[i]));
      if (lengths[i] <= 1 || fixed[i] == 0 || empty) continue;
      if (steps[i] < 0 || std::uint64_t(steps[i]) < span)
        throw_error(
            errc::invalid_argument, where,
            "the stride of axis %s is %lld but must be at least %llu: the axes that follow it in the memory order span that many elements",
            names[i], static_cast<long long>(steps[i]), static_cast<unsigned long long>(span));
      std::uint64_t reach = std::uint64_t(lengths[i] - 1);
      overflow = !detail::multiply(reach, std::uint64_t(steps[i])) || reach > (~std::uint64_t{0} >> 1) - span || overflow;
      if (overflow) break;
      span += reach;
    }
    std::uint64_t count = 1;
    for (std::int64_t const n : lengths) overflow = !detail::multiply(count, n == 0 ? 1 : std::uint64_t(n)) || overflow;
    detail::check_span_size("strided", extents_, overflow, span < count ? count : span, where);
  }

  [[no_unique_address]] Extents extents_{};
  [[no_unique_address]] detail::numbers<index_type, dynamic_count, strided> dynamic_{};
};

namespace detail {

template <class Extents, class Order, std::int64_t Pitch, class... A>
strided<Extents, Order,
        strides<(Order::template position<A>() == Order::size - 1   ? 1
                 : Order::template position<A>() == Order::size - 2 ? Pitch
                                                                    : dynamic)...>>
    padded_type(axes<A...>);

}  // namespace detail

/// A strided layout with padded rows. Rows run along the last axis of `Order`. They begin `Pitch` elements apart, a constant or `dynamic`.
/// make_padded() makes a layout with a pitch that is set at run time.
template <class Extents, class Order, std::int64_t Pitch = dynamic>
using padded = decltype(detail::padded_type<Extents, Order, Pitch>(typename Extents::axes{}));

namespace detail {

template <class L, class... A>
constexpr L fill_padded(typename L::extents_type const& e, std::int64_t pitch, source_location where, axes<A...>) {
  using E = typename L::extents_type;
  int const positions[] = {position_of<E, A>...};
  std::int64_t const lengths[] = {std::int64_t{e.template extent<A>()}...};
  typename E::multi_index s{};
  std::uint64_t step = 1;
  bool overflow = false;
  for (int i = E::rank - 1; i >= 0; --i) {
    s[positions[i]] = typename E::index_type(step);
    overflow = !multiply(step, std::uint64_t(i == E::rank - 1 ? pitch : lengths[i] == 0 ? 1 : lengths[i])) || overflow;
  }
  check_span_size("padded", e, overflow, step, where);
  return L{e, s, where};
}

}  // namespace detail

/// Returns a layout whose rows begin `pitch` elements apart. Throws invalid_argument if the pitch is less than the extent of the contiguous
/// axis, and limit_exceeded if the index type cannot count the elements.
template <class Order, class Extents>
constexpr padded<Extents, Order> make_padded(Extents const& e, std::int64_t pitch, source_location where = source_location::current()) {
  static_assert(Order::size >= 2, "crosslane: a padded layout has at least two axes");
  using last = axis_at<Order::size - 1, Order>;
  if (pitch < e.template extent<last>())
    throw_error(errc::invalid_argument, where, "padded layout: the pitch of %lld elements is below the extent %lld of axis %s",
                static_cast<long long>(pitch), static_cast<long long>(e.template extent<last>()), axis_name<last>());
  return detail::fill_padded<padded<Extents, Order>>(e, pitch, where, Order{});
}

namespace detail {

template <class L>
inline constexpr bool is_strided = false;
template <class E, class Order, class S>
inline constexpr bool is_strided<strided<E, Order, S>> = true;

template <class A>
inline constexpr std::int64_t dynamic_stride = dynamic;

template <class L, class List>
struct dynamic_strides_of;
template <class L, class... A>
struct dynamic_strides_of<L, axes<A...>> {
  using type = strided<typename L::extents_type, typename L::order, strides<dynamic_stride<A>...>>;
};

}  // namespace detail

/// Layout L with a run-time stride for each axis, in the same order of memory. A part of a larger tensor of another library has such a
/// layout. with_strides<nchw> takes rows, channels and images with gaps.
template <class L>
using with_strides = typename detail::dynamic_strides_of<L, typename L::extents_type::axes>::type;

}  // namespace crosslane
