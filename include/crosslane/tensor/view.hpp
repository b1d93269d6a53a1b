// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Views of tensors: a pointer and a layout. What kernels take.
#pragma once

#include <crosslane/kernel/vec.hpp>
#include <crosslane/platform/config.hpp>
#include <crosslane/tensor/layout.hpp>

namespace crosslane {
namespace detail {

#if CROSSLANE_CONFIG_BOUNDS_CHECKS
/// An index along one axis that knows where it was used. As a parameter it also keeps apart the functions of objects that check and of
/// those that do not.
template <class Axis, class Index>
struct checked_tensor_index {
  template <std::integral N>
  CROSSLANE_FN constexpr checked_tensor_index(N i, source_location where_ = source_location::current())
      : value{static_cast<std::int64_t>(i)}, where{where_} {}
  CROSSLANE_FN constexpr operator Index() const { return Index(value); }
  std::int64_t value;
  source_location where;
};
template <class Axis, class Index>
using tensor_index = checked_tensor_index<Axis, Index>;

template <class Axis, class Index>
CROSSLANE_FN constexpr void check_tensor_index([[maybe_unused]] checked_tensor_index<Axis, Index> const& i,
                                               [[maybe_unused]] std::int64_t extent) {
#if !CROSSLANE_DEVICE_PASS()
  if (i.value < 0 || i.value >= extent)
    throw_error(errc::out_of_bounds, i.where, "index %lld of axis %s, which has %lld, at %s:%u", static_cast<long long>(i.value),
                axis_name<Axis>(), static_cast<long long>(extent), i.where.file, i.where.line);
#endif
}
#else
template <class Axis, class Index>
struct unchecked_tensor_index {
  template <std::integral N>
  CROSSLANE_FN constexpr unchecked_tensor_index(N i) : value{static_cast<Index>(i)} {}
  CROSSLANE_FN constexpr operator Index() const { return value; }
  Index value;
};
template <class Axis, class Index>
using tensor_index = unchecked_tensor_index<Axis, Index>;
template <class Axis, class Index>
CROSSLANE_FN constexpr void check_tensor_index(unchecked_tensor_index<Axis, Index> const&, Index) {}
#endif

/// Access by one index for each axis. Packs of a class, so that each parameter can convert and note its place.
template <class T, class L, class Axes>
class tensor_access;

template <class T, class Layout, class... A>
class tensor_access<T, Layout, axes<A...>> {
  using extents_type = typename Layout::extents_type;
  using index_type = typename extents_type::index_type;

 public:
  constexpr tensor_access() = default;
  CROSSLANE_FN constexpr tensor_access(T* data, Layout const& layout) : data_{data}, layout_{layout} {}

  /// The element, by indices in the order in which the tensor's axes are declared, whatever their order in memory. Bounds are checked on
  /// the host where CROSSLANE_CONFIG_BOUNDS_CHECKS is 1.
  CROSSLANE_FN constexpr T& operator()(tensor_index<A, index_type>... i) const {
    (check_tensor_index(i, layout_.extents().template extent<A>()), ...);
    return data_[layout_.offset(typename extents_type::multi_index{{index_type(i)...}})];
  }

  /// The same by names, in any order: t.template at<axis::h, axis::w, axis::c, axis::n>(y, x, channel, image).
  template <tensor_axis... Named>
  CROSSLANE_FN constexpr T& at(tensor_index<Named, index_type>... i) const {
    static_assert(same_axes<axes<Named...>, axes<A...>> && axes<Named...>::distinct,
                  "crosslane: at<...>() names each axis of the tensor once");
    (check_tensor_index(i, layout_.extents().template extent<Named>()), ...);
    typename extents_type::multi_index index{};
    ((index[position_of<extents_type, Named>] = index_type(i)), ...);
    return data_[layout_.offset(index)];
  }

 protected:
  T* data_ = nullptr;
  [[no_unique_address]] Layout layout_{};
};

/// The message of a failed assertion shows both layouts as template arguments.
template <class Have, class Want>
struct layouts_agree {
  static_assert(std::is_same_v<Have, Want>,
                "crosslane: a tensor of layout Have where one of layout Want is taken; see both in the arguments of layouts_agree. "
                "crosslane::convert(stream, source, destination) writes the one into the order of the other");
};

}  // namespace detail

/// Owns nothing; trivially copyable. `Layout` says how the indices become an offset. Kernels take it by value.
template <class T, tensor_layout Layout>
class tensor_view : public detail::tensor_access<T, Layout, typename Layout::extents_type::axes> {
  using base = detail::tensor_access<T, Layout, typename Layout::extents_type::axes>;
  static_assert(Layout::is_unique || std::is_const_v<T>, "crosslane: a layout that repeats elements is for views of constant elements");

 public:
  /// @{
  /// Of the elements, the layout, the extents and the indices.
  using element_type = T;
  using value_type = std::remove_cv_t<T>;
  using layout_type = Layout;
  using extents_type = typename Layout::extents_type;
  using index_type = typename extents_type::index_type;
  using multi_index = typename extents_type::multi_index;
  /// @}
  static constexpr int rank = extents_type::rank;  ///< how many axes

  constexpr tensor_view() = default;
  /// `data` points to layout.span_size() elements.
  CROSSLANE_FN constexpr tensor_view(T* data, Layout const& layout) : base{data, layout} {}

  /// A view of the same elements as constant ones.
  template <class U>
  requires(!std::same_as<U, T> && std::same_as<U const, T>)
  CROSSLANE_FN constexpr tensor_view(tensor_view<U, Layout> const& other) : base{other.data(), other.layout()} {}

  /// Does not compile: layouts do not convert by themselves.
  template <class U, class Other>
  requires(!std::same_as<Other, Layout> && std::same_as<std::remove_const_t<U>, std::remove_const_t<T>>)
  CROSSLANE_FN constexpr tensor_view(tensor_view<U, Other> const&) {
    (void)sizeof(detail::layouts_agree<Other, Layout>);
  }

  CROSSLANE_FN constexpr T* data() const { return this->data_; }                           ///< of the element whose offset is 0
  CROSSLANE_FN constexpr Layout const& layout() const { return this->layout_; }            ///< how indices become places
  CROSSLANE_FN constexpr extents_type extents() const { return this->layout_.extents(); }  ///< of all axes
  /// Of one axis.
  template <class A>
  CROSSLANE_FN constexpr index_type extent() const {
    return extents().template extent<A>();
  }
  /// Elements of memory from an index of axis A to the next.
  template <class A>
  CROSSLANE_FN constexpr index_type stride() const requires strided_layout<Layout> {
    return this->layout_.template stride<A>();
  }
  /// Elements of the tensor; the memory it spans may have more.
  CROSSLANE_FN constexpr index_type count() const { return extents().count(); }

  /// The element of an index that is within the extents.
  CROSSLANE_FN constexpr T& operator[](multi_index const& i) const { return data()[layout().offset(i)]; }
  /// The index that stands at position k, 0 to count() - 1, when all are visited in the order of memory:
  /// for (auto k : ctx.grid_stride(t.count())) t[t.memory_order(k)] = ...
  template <std::integral N>
  CROSSLANE_FN constexpr multi_index memory_order(N k) const {
    return detail::index_in_order(layout(), index_type(k), std::make_integer_sequence<int, rank>{});
  }
};

/// Of pointer and layout.
template <class T, class Layout>
tensor_view(T*, Layout const&) -> tensor_view<T, Layout>;

namespace detail {
template <class V>
inline constexpr bool is_tensor_view = false;
template <class T, class L>
inline constexpr bool is_tensor_view<tensor_view<T, L>> = true;
}  // namespace detail

}  // namespace crosslane
