// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Exchange of tensors with other libraries (PyTorch, NumPy, CuPy, JAX …) through DLPack, in both directions. Nothing is copied.
#pragma once

#include <crosslane/tensor/dlpack_export.hpp>
#include <crosslane/tensor/dlpack_fit.hpp>
#include <crosslane/tensor/dlpack_managed.hpp>
#include <crosslane/tensor/tensor.hpp>

namespace crosslane {

/// Returns a view of another library's tensor. Called on the host. L is a packed or strided layout. The axes of its extents are those of
/// the tensor's shape, in the same order. `on` is the device that uses the view. `managed` must outlive the view. The streams that use the
/// view must be ordered after the work that writes the data. Python's __dlpack__ has its stream argument for this.
///
/// Does not change `managed`. Throws:
///  - invalid_argument if the element type differs, if the strides do not fit the layout, if there is no data, or if the tensor is
///    read-only and T is not constant. Strides of an axis of one index and of an empty tensor are ignored;
///  - size_mismatch if the number of axes or a fixed extent differs;
///  - limit_exceeded if the layout's index type cannot count the elements;
///  - invalid_device if `on` cannot access the memory;
///  - misaligned if the address is not a multiple of the alignment of T;
///  - not_supported if the major version of DLPack differs.
///
///   auto const pixels = xl::dlpack_view<float const, xl::nhwc>(device, *managed);
template <class T, tensor_layout L, runtime_backend B, dlpack_managed M>
[[nodiscard]] tensor_view<T, L> dlpack_view(basic_device<B> on, M const& managed, source_location where = source_location::current()) {
  detail::require_dlpack_version(managed, where);
  return detail::view_dlpack<T, L>(on, detail::dlpack_facts_of(managed), where);
}

/// Returns true if version, element type, shape and strides of the tensor fit dlpack_view<T, L>(). Use it to choose a layout. If several
/// layouts fit, as for images of one channel, their offsets are equal.
template <class T, tensor_layout L, dlpack_managed M>
[[nodiscard]] bool dlpack_matches(M const& managed) {
  (void)sizeof(detail::dlpack_layout<L>);
  if (!detail::is_readable(managed)) return false;
  std::int64_t strides[L::extents_type::rank];
  return detail::dlpack_fits<T, L>(detail::dlpack_facts_of(managed), strides, nullptr, typename L::order{});
}

/// An owner of another library's tensor. The destructor returns the tensor by calling its deleter. Work on the tensor must be done by then.
/// It is move-only. A kernel gets a tensor_view.
template <class T, tensor_layout L, runtime_backend B>
class dlpack_tensor {
 public:
  using value_type = std::remove_const_t<T>;  ///< the type of an element
  using element_type = T;                     ///< the same, const if the elements are constant
  using layout_type = L;                      ///< the layout
  using backend = B;                          ///< the backend of the device that accesses the tensor

  /// Takes ownership of `managed`. See from_dlpack().
  template <dlpack_managed M>
  dlpack_tensor(basic_device<B> on, tensor_view<T, L> const& view, M* managed) noexcept
      : device_{on}, view_{view}, managed_{managed}, release_{[](void* m) noexcept {
          auto* const taken = static_cast<M*>(m);
          if (taken->deleter != nullptr) taken->deleter(taken);
        }} {}
  /// Takes the tensor of `other`, which is then moved from.
  dlpack_tensor(dlpack_tensor&& other) noexcept
      : device_{other.device_}, view_{other.view_}, managed_{other.managed_}, release_{other.release_} {
    other.managed_ = nullptr;
  }
  /// Returns the tensor that this object had, then takes that of `other`, which is then moved from.
  dlpack_tensor& operator=(dlpack_tensor&& other) noexcept {
    if (this != &other) {
      release();
      device_ = other.device_;
      view_ = other.view_;
      managed_ = other.managed_;
      release_ = other.release_;
      other.managed_ = nullptr;
    }
    return *this;
  }
  ~dlpack_tensor() { release(); }

  [[nodiscard]] T* data() const noexcept { return view_.data(); }            ///< the first element
  [[nodiscard]] L const& layout() const noexcept { return view_.layout(); }  ///< the layout with extents and strides
  [[nodiscard]] tensor_view<T, L> view() const noexcept { return view_; }    ///< valid as long as this object owns the tensor
  [[nodiscard]] basic_device<B> device() const noexcept { return device_; }  ///< the device for which from_dlpack() took the tensor
  /// Throws invalid_handle if the object is moved from.
  void require(source_location where) const {
    if (managed_ == nullptr) throw_error(errc::invalid_handle, where, "DLPack tensor: moved from");
  }

 private:
  void release() noexcept {
    if (managed_ != nullptr) release_(managed_);
    managed_ = nullptr;
  }

  basic_device<B> device_;
  tensor_view<T, L> view_;
  void* managed_;
  void (*release_)(void*) noexcept;
};

/// Takes ownership of a tensor of another library. Checks and throws like dlpack_view(), and throws invalid_argument if `managed` is null.
/// If it throws, `managed` stays the caller's.
///
///   auto const taken = xl::from_dlpack<float, xl::nhwc>(device, managed);
template <class T, tensor_layout L, runtime_backend B, dlpack_managed M>
[[nodiscard]] dlpack_tensor<T, L, B> from_dlpack(basic_device<B> on, M* managed, source_location where = source_location::current()) {
  if (managed == nullptr) throw_error(errc::invalid_argument, where, "DLPack tensor: null");
  return {on, dlpack_view<T, L>(on, *managed, where), managed};
}

/// Gives a tensor to another library, which frees it with one call of `deleter`. M is the structure to return, by default the versioned
/// one. Work queued on the tensor must be done, or the receiver's stream must wait for it. Throws invalid_handle if the tensor is moved
/// from.
///
///   DLManagedTensorVersioned* const out = xl::to_dlpack<DLManagedTensorVersioned>(std::move(tensor));
template <dlpack_managed M = dlpack::managed_tensor_versioned, class T, tensor_layout L, memory_kind Kind, runtime_backend B>
[[nodiscard]] M* to_dlpack(basic_tensor<T, L, Kind, B>&& tensor, source_location where = source_location::current()) {
  tensor.require(where);
  auto const place = B::place_in_dlpack(Kind, tensor.device().index());
  auto const view = tensor.view();
  detail::share_memory<B>(view.data(), std::size_t(view.layout().span_size()) * sizeof(T));
  return detail::export_dlpack<M>(place, view, static_cast<basic_tensor<T, L, Kind, B>&&>(tensor), typename L::extents_type::axes{});
}

/// Gives another library a view of device memory. The tensor is read-only if the elements are constant. `owner` keeps the memory alive, for
/// example a std::shared_ptr. It is moved into the returned structure and destroyed by the deleter.
template <dlpack_managed M = dlpack::managed_tensor_versioned, class T, tensor_layout L, runtime_backend B, class Owner>
[[nodiscard]] M* to_dlpack(basic_device<B> on, tensor_view<T, L> const& view, Owner owner) {
  detail::share_memory<B>(view.data(), std::size_t(view.layout().span_size()) * sizeof(T));
  return detail::export_dlpack<M>(B::place_in_dlpack(memory_kind::device, on.index()), view, static_cast<Owner&&>(owner),
                                  typename L::extents_type::axes{});
}

}  // namespace crosslane
