// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tensors that own their memory.
#pragma once

#include <crosslane/backend/select.hpp>
#include <crosslane/runtime/buffer.hpp>
#include <crosslane/tensor/view.hpp>

namespace crosslane {

/// A tensor that owns its memory: a buffer with a layout. It is move-only. Its elements are not initialised. It allocates and frees memory
/// as basic_buffer does. A kernel gets a tensor_view.
template <class T, tensor_layout Layout, memory_kind Kind, runtime_backend B>
class basic_tensor {
  static_assert(Layout::is_unique, "crosslane: a layout that repeats elements cannot own memory; it is for views only");

 public:
  /// @{
  /// The types of the elements, the layout and the extents.
  using value_type = T;
  using element_type = T;
  using layout_type = Layout;
  using extents_type = typename Layout::extents_type;
  using index_type = typename extents_type::index_type;
  using size_type = typename extents_type::size_type;
  /// @}
  using backend = B;                                                    ///< the backend that allocates the memory
  static constexpr memory_kind kind = Kind;                             ///< the kind of memory
  static constexpr bool host_accessible = Kind != memory_kind::device;  ///< true if the host may access the elements

  /// Makes a tensor without memory. Another tensor can be assigned to it later.
  constexpr basic_tensor() = default;

  /// Allocates a tensor. `e` has one extent for each axis, in the order of declaration: tensor<float, nhwc> t{stream, {n, c, h, w}}. Throws
  /// what the constructors of Layout and basic_buffer throw.
  template <stream_like S>
  requires std::same_as<typename S::backend, B>
  basic_tensor(S const& q, extents_type const& e, source_location where = source_location::current())
      : basic_tensor{q, Layout{e, where}, where} {}
  /// Allocates a tensor with a layout that has more than extents: a padded or a strided one.
  template <stream_like S>
  requires std::same_as<typename S::backend, B>
  basic_tensor(S const& q, Layout const& layout, source_location where = source_location::current())
      : layout_{layout}, memory_{q, layout.span_size(), where} {}
  /// @{
  /// The same with memory of a memory resource, which must outlive the tensor.
  template <stream_like S>
  requires std::same_as<typename S::backend, B> basic_tensor(S const& q, extents_type const& e, basic_memory_resource<Kind, B>& resource,
                                                             source_location where = source_location::current())
      : basic_tensor{q, Layout{e, where}, resource, where} {}
  template <stream_like S>
  requires std::same_as<typename S::backend, B> basic_tensor(S const& q, Layout const& layout, basic_memory_resource<Kind, B>& resource,
                                                             source_location where = source_location::current())
      : layout_{layout}, memory_{q, layout.span_size(), resource, where} {}
  /// @}

  /// @{
  /// Returns the memory. The host may access it only if host_accessible is true.
  [[nodiscard]] T* data() noexcept { return memory_.data(); }
  [[nodiscard]] T const* data() const noexcept { return memory_.data(); }
  /// @}
  [[nodiscard]] Layout const& layout() const noexcept { return layout_; }            ///< maps indices to offsets
  [[nodiscard]] extents_type extents() const noexcept { return layout_.extents(); }  ///< the extents of all axes
  /// Returns the extent of axis A.
  template <class A>
  [[nodiscard]] index_type extent() const noexcept {
    return extents().template extent<A>();
  }
  [[nodiscard]] size_type size() const noexcept { return extents().size(); }  ///< elements of the tensor; its memory may have more

  /// @{
  /// Returns a view, as a kernel receives it.
  [[nodiscard]] tensor_view<T, Layout> view() noexcept { return {data(), layout_}; }
  [[nodiscard]] tensor_view<T const, Layout> view() const noexcept { return {data(), layout_}; }
  /// @}
  /// Returns all memory in its order, gaps included: copy(stream, t.storage(), elements).
  [[nodiscard]] span<T> storage() noexcept { return memory_.view(); }
  [[nodiscard]] span<T const> storage() const noexcept { return memory_.view(); }  ///< the same, read-only

  /// Returns the device of the stream that allocated the tensor, or device 0 if the tensor was made without a stream.
  [[nodiscard]] basic_device<B> device() const noexcept { return memory_.device(); }

  /// Throws invalid_handle if the tensor is moved from.
  void require(source_location where) const { memory_.require(where); }

 private:
  Layout layout_{};
  basic_buffer<T, Kind, B> memory_;
};

/// A tensor in device memory: xl::tensor<float, xl::nhwc> t{q, {n, c, h, w}}.
template <class T, tensor_layout Layout>
using tensor = basic_tensor<T, Layout, memory_kind::device, default_backend>;
/// A tensor in pinned host memory.
template <class T, tensor_layout Layout>
using pinned_tensor = basic_tensor<T, Layout, memory_kind::pinned, default_backend>;
/// A tensor in managed memory, which migrates to the processor that accesses it.
template <class T, tensor_layout Layout>
using managed_tensor = basic_tensor<T, Layout, memory_kind::managed, default_backend>;

}  // namespace crosslane
