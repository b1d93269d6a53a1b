// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Views of tensors. A view is a pointer and a layout. Kernels take tensors as views.
#pragma once

#include <crosslane/kernel/vec.hpp>
#include <crosslane/platform/config.hpp>
#include <crosslane/tensor/layout.hpp>

namespace crosslane {
namespace detail {

#if CROSSLANE_CONFIG_BOUNDS_CHECKS
/// An index along one axis, with the source location of its use. Its type also gives functions of object files with and without
/// bounds checks different names.
template <class Axis, class Index>
struct located_tensor_index {
  template <std::integral N>
  CROSSLANE_FN constexpr located_tensor_index(N i, source_location where_ = source_location::current())
      : value{static_cast<std::int64_t>(i)}, where{where_} {}
  CROSSLANE_FN constexpr operator Index() const { return Index(value); }
  std::int64_t value;
  source_location where;
};
template <class Axis, class Index>
using tensor_index = located_tensor_index<Axis, Index>;

template <class Axis, class Index>
CROSSLANE_FN constexpr void check_tensor_index([[maybe_unused]] located_tensor_index<Axis, Index> const& i,
                                               [[maybe_unused]] std::int64_t extent) {
#if !CROSSLANE_DEVICE_PASS()
  if (i.value < 0 || i.value >= extent)
    throw_error(errc::out_of_bounds, i.where, "index %lld is outside axis %s of extent %lld, at %s:%u", static_cast<long long>(i.value),
                axis_name<Axis>(), static_cast<long long>(extent), i.where.file, i.where.line);
#endif
}
#else
template <class Axis, class Index>
struct plain_tensor_index {
  template <std::integral N>
  CROSSLANE_FN constexpr plain_tensor_index(N i) : value{static_cast<Index>(i)} {}
  CROSSLANE_FN constexpr operator Index() const { return value; }
  Index value;
};
template <class Axis, class Index>
using tensor_index = plain_tensor_index<Axis, Index>;
template <class Axis, class Index>
CROSSLANE_FN constexpr void check_tensor_index(plain_tensor_index<Axis, Index> const&, Index) {}
#endif

/// Element access with one index for each axis. The axes are a pack of the class, so that each parameter converts its argument and records
/// its source location.
template <class T, class L, class Axes>
class tensor_access;

template <class T, class Layout, class... A>
class tensor_access<T, Layout, axes<A...>> {
  using extents_type = typename Layout::extents_type;
  using index_type = typename extents_type::index_type;

 public:
  constexpr tensor_access() = default;
  CROSSLANE_FN constexpr tensor_access(T* data, Layout const& layout) : data_{data}, layout_{layout} {}

  /// Returns the element at an index. The arguments are in the order in which the tensor declares its axes, not in the order of memory.
  /// On the host, throws out_of_bounds if CROSSLANE_CONFIG_BOUNDS_CHECKS is 1 and an index is outside the extents.
  CROSSLANE_FN constexpr T& operator()(tensor_index<A, index_type>... i) const {
    (check_tensor_index(i, layout_.extents().template extent<A>()), ...);
    return data_[layout_.offset(typename extents_type::multi_index{{index_type(i)...}})];
  }

  /// Returns the element at an index whose axes are named, in any order: t.template at<axis::h, axis::w, axis::c, axis::n>(y, x, channel,
  /// image). Bounds are checked as by operator().
  template <tensor_axis... Named>
  CROSSLANE_FN constexpr T& at(tensor_index<Named, index_type>... i) const {
    static_assert(same_axes<axes<Named...>, axes<A...>> && axes<Named...>::distinct,
                  "crosslane: at<...>() must name each axis of the tensor once");
    (check_tensor_index(i, layout_.extents().template extent<Named>()), ...);
    typename extents_type::multi_index index{};
    ((index[position_of<extents_type, Named>] = index_type(i)), ...);
    return data_[layout_.offset(index)];
  }

 protected:
  T* data_ = nullptr;
  [[no_unique_address]] Layout layout_{};
};

/// A failed assertion shows both layouts as template arguments.
template <class Have, class Want>
struct layouts_agree {
  static_assert(
      std::is_same_v<Have, Want>,
      "crosslane: the tensor has layout Have, the parameter takes layout Want; the compiler shows both as the arguments of layouts_agree. "
      "crosslane::convert(stream, source, destination) writes the elements in the other layout");
};

}  // namespace detail

/// A view of a tensor: a pointer and a layout. It owns nothing and is trivially copyable. `Layout` maps indices to offsets. Kernels take
/// views by value.
template <class T, tensor_layout Layout>
class tensor_view : public detail::tensor_access<T, Layout, typename Layout::extents_type::axes> {
  using base = detail::tensor_access<T, Layout, typename Layout::extents_type::axes>;
  static_assert(Layout::is_unique || std::is_const_v<T>, "crosslane: a view whose layout repeats elements must have constant elements");

 public:
  /// @{
  /// The types of the elements, the layout, the extents and the indices.
  using element_type = T;
  using value_type = std::remove_cv_t<T>;
  using layout_type = Layout;
  using extents_type = typename Layout::extents_type;
  using index_type = typename extents_type::index_type;
  using size_type = typename extents_type::size_type;
  using multi_index = typename extents_type::multi_index;
  /// @}
  static constexpr int rank = extents_type::rank;  ///< the number of axes

  constexpr tensor_view() = default;
  /// Makes a view of the memory at `data`. Precondition: `data` points to layout.span_size() elements.
  CROSSLANE_FN constexpr tensor_view(T* data, Layout const& layout) : base{data, layout} {}

  /// Makes a view with constant elements from a view of the same elements.
  template <class U>
  requires(!std::same_as<U, T> && std::same_as<U const, T>)
  CROSSLANE_FN constexpr tensor_view(tensor_view<U, Layout> const& other) : base{other.data(), other.layout()} {}

  /// Does not compile: a view does not convert to another layout. See convert().
  template <class U, class Other>
  requires(!std::same_as<Other, Layout> && std::same_as<std::remove_const_t<U>, std::remove_const_t<T>>)
  CROSSLANE_FN constexpr tensor_view(tensor_view<U, Other> const&) {
    (void)sizeof(detail::layouts_agree<Other, Layout>);
  }

  CROSSLANE_FN constexpr T* data() const { return this->data_; }                           ///< the element at offset 0
  CROSSLANE_FN constexpr Layout const& layout() const { return this->layout_; }            ///< maps indices to offsets
  CROSSLANE_FN constexpr extents_type extents() const { return this->layout_.extents(); }  ///< the extents of all axes
  /// Returns the extent of axis A.
  template <class A>
  CROSSLANE_FN constexpr index_type extent() const {
    return extents().template extent<A>();
  }
  /// Returns the stride of axis A, in elements.
  template <class A>
  CROSSLANE_FN constexpr index_type stride() const requires strided_layout<Layout> {
    return this->layout_.template stride<A>();
  }
  /// Returns the number of elements of the tensor. The memory that the tensor spans may have more.
  CROSSLANE_FN constexpr size_type size() const { return extents().size(); }

  /// Returns the element at index `i`. Precondition: `i` is within the extents. Bounds are not checked.
  CROSSLANE_FN constexpr T& operator[](multi_index const& i) const { return data()[layout().offset(i)]; }
  /// Returns the index of the k-th element in the order of memory. Precondition: k is 0 to size() - 1.
  ///
  ///   for (auto k : ctx.grid_stride(t.size())) t[t.memory_order(k)] = 0;
  template <std::integral N>
  CROSSLANE_FN constexpr multi_index memory_order(N k) const {
    return detail::index_in_order(layout(), index_type(k), std::make_integer_sequence<int, rank>{});
  }
};

/// A view of a pointer and a layout.
template <class T, class Layout>
tensor_view(T*, Layout const&) -> tensor_view<T, Layout>;

namespace detail {
template <class V>
inline constexpr bool is_tensor_view = false;
template <class T, class L>
inline constexpr bool is_tensor_view<tensor_view<T, L>> = true;
}  // namespace detail

}  // namespace crosslane
