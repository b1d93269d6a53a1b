// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The DLPack structure that describes a view and owns its memory.
#pragma once

#include <crosslane/tensor/dlpack_fit.hpp>
#include <crosslane/tensor/dlpack_managed.hpp>
#include <crosslane/tensor/dlpack_type.hpp>
#include <crosslane/tensor/view.hpp>

namespace crosslane::detail {

/// A DLPack structure with everything it points to, and the owner of the memory.
template <class M, class Owner, int Rank>
struct dlpack_export {
  M managed;
  std::int64_t shape[std::size_t(Rank)];
  std::int64_t strides[std::size_t(Rank)];
  Owner owner;

  static void destroy(M* m) { delete static_cast<dlpack_export*>(m->manager_ctx); }
};

template <class M, class T, class L, class Owner, class... A>
M* export_dlpack(dlpack::device place, tensor_view<T, L> const& view, Owner&& owner, axes<A...>) {
  (void)sizeof(dlpack_layout<L>);
  static_assert(dlpack_versioned<M> || !std::is_const_v<T>,
                "crosslane: DLPack's structure without a version cannot say that elements are constant");
  using holder = dlpack_export<M, std::remove_cvref_t<Owner>, L::extents_type::rank>;
  auto* const h = new holder{
      {}, {std::int64_t{view.template extent<A>()}...}, {std::int64_t{view.template stride<A>()}...}, static_cast<Owner&&>(owner)};
  auto& t = h->managed.dl_tensor;
  t.data = view.size() == 0 ? nullptr : const_cast<std::remove_const_t<T>*>(view.data());
  t.device.device_type = static_cast<decltype(t.device.device_type)>(place.device_type);
  t.device.device_id = place.device_id;
  t.ndim = L::extents_type::rank;
  constexpr dlpack::data_type type = dlpack_type<std::remove_const_t<T>>();
  t.dtype.code = type.code;
  t.dtype.bits = type.bits;
  t.dtype.lanes = type.lanes;
  t.shape = h->shape;
  t.strides = h->strides;
  t.byte_offset = 0;
  h->managed.manager_ctx = h;
  h->managed.deleter = &holder::destroy;
  if constexpr (dlpack_versioned<M>) {
    h->managed.version.major = dlpack::current_version.major;
    h->managed.version.minor = dlpack::current_version.minor;
    h->managed.flags = std::is_const_v<T> ? dlpack::read_only : 0;
  }
  return &h->managed;
}

}  // namespace crosslane::detail
