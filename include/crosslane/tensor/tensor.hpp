// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tensors that own their memory.
#pragma once

#include <crosslane/backend/select.hpp>
#include <crosslane/runtime/buffer.hpp>
#include <crosslane/tensor/view.hpp>

namespace crosslane {

/// A buffer with a layout: elements are not initialised, move-only, allocated and freed as basic_buffer says. Passed to a kernel it becomes
/// a tensor_view.
template <class T, tensor_layout Layout, memory_kind Kind, runtime_backend B>
class basic_tensor {
  static_assert(Layout::is_unique, "crosslane: a layout that repeats elements is for views");

 public:
  /// @{
  /// Of the elements, the layout and the extents.
  using value_type = T;
  using element_type = T;
  using layout_type = Layout;
  using extents_type = typename Layout::extents_type;
  using index_type = typename extents_type::index_type;
  /// @}
  using backend = B;                                                    ///< the backend whose memory it is
  static constexpr memory_kind kind = Kind;                             ///< where the memory lies
  static constexpr bool host_accessible = Kind != memory_kind::device;  ///< whether the program may touch the elements itself

  /// No memory; assign a tensor to it later.
  constexpr basic_tensor() = default;

  /// One extent for each axis, as they are declared: tensor<float, nhwc> t{stream, {n, c, h, w}}. Throws as Layout and basic_buffer do.
  template <stream_like S>
  requires std::same_as<typename S::backend, B>
  basic_tensor(S const& q, extents_type const& e, source_location where = source_location::current())
      : basic_tensor{q, Layout{e, where}, where} {}
  /// With a layout that is more than its extents: padded or strided.
  template <stream_like S>
  requires std::same_as<typename S::backend, B>
  basic_tensor(S const& q, Layout const& layout, source_location where = source_location::current())
      : layout_{layout}, memory_{q, layout.span_size(), where} {}

  /// @{
  /// The memory; the program may read and write it only where host_accessible.
  [[nodiscard]] T* data() noexcept { return memory_.data(); }
  [[nodiscard]] T const* data() const noexcept { return memory_.data(); }
  /// @}
  [[nodiscard]] Layout const& layout() const noexcept { return layout_; }            ///< how indices become places
  [[nodiscard]] extents_type extents() const noexcept { return layout_.extents(); }  ///< of all axes
  /// Of one axis.
  template <class A>
  [[nodiscard]] index_type extent() const noexcept {
    return extents().template extent<A>();
  }
  [[nodiscard]] index_type count() const noexcept { return extents().count(); }  ///< elements of the tensor; its memory may have more

  /// @{
  /// A view, as a kernel receives it.
  [[nodiscard]] tensor_view<T, Layout> view() noexcept { return {data(), layout_}; }
  [[nodiscard]] tensor_view<T const, Layout> view() const noexcept { return {data(), layout_}; }
  /// @}
  /// All memory, in its order, gaps included: copy(stream, t.storage(), elements).
  [[nodiscard]] span<T> storage() noexcept { return memory_.view(); }
  [[nodiscard]] span<T const> storage() const noexcept { return memory_.view(); }  ///< the same, to read

  /// As basic_buffer says.
  [[nodiscard]] int device_index() const noexcept { return memory_.device_index(); }

  /// Throws invalid_handle for a moved-from tensor.
  void require(source_location where) const { memory_.require(where); }

 private:
  Layout layout_{};
  basic_buffer<T, Kind, B> memory_;
};

/// A tensor in device memory: xl::tensor<float, xl::nhwc> t{q, {n, c, h, w}}.
template <class T, tensor_layout Layout>
using tensor = basic_tensor<T, Layout, memory_kind::device, default_backend>;
/// A tensor in locked memory of the program.
template <class T, tensor_layout Layout>
using pinned_tensor = basic_tensor<T, Layout, memory_kind::pinned, default_backend>;
/// A tensor in memory that moves to whoever touches it.
template <class T, tensor_layout Layout>
using managed_tensor = basic_tensor<T, Layout, memory_kind::managed, default_backend>;

}  // namespace crosslane
