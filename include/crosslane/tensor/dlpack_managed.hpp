// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The structures through which DLPack passes a tensor on: this library's or those of a program's own dlpack.h.
#pragma once

#include <crosslane/core/error.hpp>
#include <crosslane/tensor/dlpack_abi.hpp>

namespace crosslane {

/// A managed tensor of DLPack: dlpack::managed_tensor, dlpack::managed_tensor_versioned, or the same structures from a program's own
/// dlpack.h.
template <class M>
concept dlpack_managed = requires(M m) {
  m.dl_tensor.data;
  m.dl_tensor.device.device_type;
  m.dl_tensor.byte_offset;
  m.manager_ctx;
  m.deleter(&m);
};

namespace detail {

template <class M>
concept dlpack_versioned = dlpack_managed<M> && requires(M m) {
  m.version.major;
  m.flags;
};

/// Returns true if the members are where this library expects them. Another major version may move all members except the version and the
/// deleter.
template <dlpack_managed M>
bool is_readable([[maybe_unused]] M const& m) {
  if constexpr (dlpack_versioned<M>)
    return m.version.major == dlpack::current_version.major;
  else
    return true;
}

template <dlpack_managed M>
void require_dlpack_version([[maybe_unused]] M const& m, [[maybe_unused]] source_location where) {
  if constexpr (dlpack_versioned<M>)
    if (!is_readable(m))
      throw_error(errc::not_supported, where, "DLPack tensor of version %u.%u: only versions %u.x are supported", unsigned(m.version.major),
                  unsigned(m.version.minor), unsigned(dlpack::current_version.major));
}

}  // namespace detail
}  // namespace crosslane
