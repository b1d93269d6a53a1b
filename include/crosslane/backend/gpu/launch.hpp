// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Entry points of kernels and their launch, for CUDA and HIP.
#pragma once

#include <crosslane/backend/contract.hpp>
#include <crosslane/kernel/context.hpp>
#include <crosslane/runtime/launch_geometry.hpp>

#include <utility>

namespace crosslane::backend {

/// A shared struct above the vendors' limit for static shared memory lies in the dynamic memory of the launch, which is then its alone.
template <class Backend, class K, class Ctx>
inline constexpr bool shared_is_dynamic = has_shared<K, Ctx> && sizeof(kernel_shared<K, Ctx>) > Backend::max_static_shared_bytes;

template <class Backend, unsigned Width, class K, class... A>
CROSSLANE_DEVICE_FN CROSSLANE_INLINE void run_kernel(K const& kernel, A const&... arguments) {
  using ctx = typename Backend::template context<Width, kernel_shape_of<K>>;
  if constexpr (!Backend::template is_device_width<Width>) {
    Backend::intrinsics::trap();  // waves have another width on this architecture, and the launch never picks this instance there
  } else if constexpr (!has_shared<K, ctx>) {
    kernel(ctx{{}}, arguments...);
  } else {
    using shared = kernel_shared<K, ctx>;
    if constexpr (shared_is_dynamic<Backend, K, ctx>) {
      static_assert(alignof(shared) <= 16, "crosslane: a shared struct of this size can be aligned to at most 16 bytes");
      kernel(ctx{{}}, *static_cast<shared*>(Backend::intrinsics::dynamic_shared()), arguments...);
    } else {
      __shared__ shared memory;
      kernel(ctx{{}}, memory, arguments...);
    }
  }
}

/// The kernel object comes last, so that the arguments lie where those of a hand-written kernel do.
template <class Backend, unsigned Width, class K, class... A>
__global__ void entry(A... arguments, K kernel) {
  run_kernel<Backend, Width>(kernel, arguments...);
}

template <class Backend, unsigned Width, class K, class... A>
__global__ void CROSSLANE_GPU_BOUNDS(Width, kernel_max_threads<K>(), kernel_min_blocks<K>(), kernel_shape_of<K>::fixed)
    bounded_entry(A... arguments, K kernel) {
  run_kernel<Backend, Width>(kernel, arguments...);
}

/// The host side's handle of the instance.
template <class Backend, unsigned Width, class K, class... A>
constexpr auto entry_of() {
  if constexpr (kernel_max_threads<K>() != 0)
    return &bounded_entry<Backend, Width, K, A...>;
  else
    return &entry<Backend, Width, K, A...>;
}

template <class Backend, unsigned Width, class K, class... A>
status launch_entry(typename Backend::stream_handle stream, device_properties const& p, detail::launch_geometry const& g, K const& kernel,
                    A const&... arguments) {
  using ctx = typename Backend::template context<Width, kernel_shape_of<K>>;
  void const* const function = reinterpret_cast<void const*>(entry_of<Backend, Width, K, A...>());
  std::size_t dynamic = g.dynamic_shared, fixed = 0;
  if constexpr (shared_is_dynamic<Backend, K, ctx>)
    dynamic = sizeof(kernel_shared<K, ctx>);
  else if constexpr (has_shared<K, ctx>)
    fixed = sizeof(kernel_shared<K, ctx>);
  if (fixed + dynamic > p.shared_per_block) {
    if (status const s = Backend::allow_dynamic_shared(function, p.shared_per_block_optin - fixed); s.code != 0) return s;
  }
  void* pointers[] = {const_cast<void*>(static_cast<void const*>(&arguments))..., const_cast<void*>(static_cast<void const*>(&kernel))};
  return Backend::from(CROSSLANE_GPU(LaunchKernel)(function, dim3{g.grid.x, g.grid.y, g.grid.z}, dim3{g.block.x, g.block.y, g.block.z},
                                                   pointers, dynamic, stream));
}

}  // namespace crosslane::backend
