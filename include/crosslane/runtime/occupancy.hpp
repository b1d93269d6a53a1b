// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Occupancy: how many blocks of a kernel a device runs at once. Each function takes the arguments of the launch, with the device in place
/// of the stream. A kernel is compiled for the types of its arguments; their values and `config.grid` do not matter. The kernel's shared
/// struct, its registers and `config.dynamic_shared` are counted.
///
/// On the host, a core counts as a multiprocessor of 2048 threads and at most 32 blocks, whatever memory the blocks use.
#pragma once

#include <crosslane/runtime/launch.hpp>

namespace crosslane {
namespace detail {

/// Returns the smallest launch of the kernel with this block: one cluster.
template <class K>
launch_geometry smallest_launch(extent3 block, launch_config const& config) {
  using cluster = typename kernel_shape_of<K>::cluster;
  return {{cluster::x, cluster::y, cluster::z}, block, config.dynamic_shared, config.where};
}

/// Returns how many blocks a multiprocessor of the device holds at once. The device need not be the current one. A... are the types that
/// the kernel receives.
template <class B, class K, class... A>
unsigned resident_blocks_on(basic_device<B> device, extent3 block, launch_config const& config) {
  if (block.size() == 0)
    throw_error(errc::invalid_argument, config.where, "blocks of %s on a multiprocessor: the block has 0 threads but must have at least 1",
                type_name<K>());
  launch_geometry const g = smallest_launch<K>(block, config);
  device_properties const& p = device.properties(config.where);
  typename basic_device<B>::guard const current{device, config.where};
  unsigned blocks = 0;
  with_instance<B, K, A...>(device.index(), p, g, [&](auto width) { blocks = resident_blocks<B, width, K, A...>(device.index(), p, g); });
  return blocks;
}

template <class A>
using kernel_argument_of = decltype(kernel_argument(std::declval<A>(), source_location{}));

}  // namespace detail

/// Returns how many blocks of the kernel a multiprocessor holds at once; 0 if not even one fits. Throws if the kernel or the device does
/// not support the block.
template <runtime_backend B, class K, class... A>
[[nodiscard]] unsigned blocks_per_multiprocessor(basic_device<B> on, launch_config config, K const&, A&&...) {
  return detail::resident_blocks_on<B, K, detail::kernel_argument_of<A>...>(on, detail::block_extent<K>(config), config);
}

/// Returns the largest grid, in blocks, with which a resident or cooperative kernel can be launched on an otherwise idle device. Returns 0
/// if the device has no cooperative launches.
template <runtime_backend B, class K, class... A>
[[nodiscard]] unsigned max_cooperative_blocks(basic_device<B> on, launch_config config, K const& kernel, A&&... arguments) {
  static_assert(detail::kernel_resident<K>(),
                "crosslane: max_cooperative_blocks() needs a kernel that states 'static constexpr bool cooperative = true;' or 'resident'");
  device_properties const& p = on.properties(config.where);
  unsigned const resident = blocks_per_multiprocessor(on, config, kernel, static_cast<A&&>(arguments)...);
  return p.cooperative_launch ? resident * p.multiprocessors : 0;
}

/// Returns the block size, in threads of one dimension, with which the most threads of the kernel are resident at once. If several
/// sizes reach this number, it returns the largest. If the kernel fixes its block, it returns that size. `config.block` does not matter.
/// Throws limit_exceeded if no block fits.
///
///   unsigned const block = xl::suggested_block_size(d, {}, scale{}, x, 2.f);
///   xl::launch(q, {.grid = xl::cover(n, block), .block = block}, scale{}, x, 2.f);
template <runtime_backend B, class K, class... A>
[[nodiscard]] unsigned suggested_block_size(basic_device<B> on, launch_config config, K const&, A&&...) {
  if constexpr (kernel_shape_of<K>::fixed) {
    return kernel_shape_of<K>::threads;
  } else {
    device_properties const& p = on.properties(config.where);
    unsigned const stated = kernel_max_threads<K>();
    unsigned const most = stated != 0 && stated < p.max_threads_per_block ? stated : p.max_threads_per_block;
    unsigned best = 0, best_threads = 0;
    for (unsigned waves = (most + p.wave_size - 1) / p.wave_size; waves != 0; --waves) {
      unsigned const block = waves * p.wave_size < most ? waves * p.wave_size : most;
      unsigned const threads = block * detail::resident_blocks_on<B, K, detail::kernel_argument_of<A>...>(on, block, config);
      if (threads > best_threads) {
        best = block;
        best_threads = threads;
      }
    }
    if (best == 0)
      throw_error(errc::limit_exceeded, config.where,
                  "%s: no block with %zu bytes of dynamic shared memory fits a multiprocessor of %s device %d", type_name<K>(),
                  config.dynamic_shared, B::name, on.index());
    return best;
  }
}

}  // namespace crosslane
