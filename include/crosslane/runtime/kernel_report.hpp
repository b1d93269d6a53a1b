// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reports of kernels: the registers and the memory that an instance needs, and what limits how many blocks run at once.
/// crosslane_report_kernels() of CMake prints what the compiler says when a program is built.
#pragma once

#include <crosslane/runtime/occupancy.hpp>

#include <cstdio>

namespace crosslane {

/// The needs of a kernel on a device, and its occupancy.
struct kernel_facts {
  char const* kernel = "";            ///< the name of the kernel's type
  char architecture[64] = {};         ///< of the device
  unsigned block = 0;                 ///< threads of a block
  kernel_resources needs;             ///< registers and memory
  unsigned blocks = 0;                ///< blocks that a multiprocessor holds at once
  unsigned waves = 0;                 ///< waves of these blocks
  unsigned max_waves = 0;             ///< waves that a multiprocessor can hold
  bool limited_by_threads = false;    ///< one more block would have too many threads
  bool limited_by_blocks = false;     ///< there can be no more blocks, however small
  bool limited_by_shared = false;     ///< one more block would need too much shared memory
  bool limited_by_registers = false;  ///< one more block would need too many registers. For AMD it means: none of the other limits

  /// Returns the share of the waves that a multiprocessor can hold, 0 to 1.
  [[nodiscard]] double occupancy() const noexcept { return max_waves == 0 ? 0 : double(waves) / max_waves; }

  /// Prints two lines.
  void print(std::FILE* to = stdout) const {
    std::fprintf(to, "%s (%s, block of %u): ", kernel, architecture, block);
    if (needs.registers != 0) std::fprintf(to, "%u registers, %zu bytes of local memory, ", needs.registers, needs.local_bytes);
    std::fprintf(to, "%zu + %zu bytes of static and dynamic shared memory\n", needs.static_shared, needs.dynamic_shared);
    std::fprintf(to, "  %u blocks, %u of %u waves on a multiprocessor: %.0f%%, limited by", blocks, waves, max_waves, 100 * occupancy());
    char const* separator = " ";
    auto const name = [&](bool limits, char const* what) {
      if (!limits) return;
      std::fprintf(to, "%s%s", separator, what);
      separator = ", ";
    };
    name(limited_by_threads, "threads");
    name(limited_by_blocks, "the number of blocks");
    name(limited_by_shared, "shared memory");
    name(limited_by_registers, "registers");
    std::fprintf(to, "\n");
  }
};

/// Returns the needs and the occupancy of the instance that launch() runs for these arguments. The arguments are those of
/// blocks_per_multiprocessor(). Costs some calls of the vendor's runtime.
///
///   xl::kernel_report(d, {.block = 256}, scale{}, x, 2.f).print();
template <runtime_backend B, class K, class... A>
[[nodiscard]] kernel_facts kernel_report(basic_device<B> on, launch_config config, K const& kernel, A&&... arguments) {
  kernel_facts facts;
  facts.kernel = type_name<K>();
  extent3 const block = detail::block_extent<K>(config);
  facts.blocks = blocks_per_multiprocessor(on, config, kernel, static_cast<A&&>(arguments)...);
  device_properties const& p = on.properties(config.where);
  std::snprintf(facts.architecture, sizeof facts.architecture, "%s", p.architecture);
  facts.block = unsigned(block.size());
  typename basic_device<B>::guard const current{on, config.where};
  detail::launch_geometry const g = detail::smallest_launch<K>(block, config);
  detail::with_instance<B, K, detail::kernel_argument_of<A>...>(on.index(), p, g, [&](auto width) {
    status const answer =
        B::template resources_of<width, K, detail::kernel_argument_of<A>...>(p, facts.block, config.dynamic_shared, facts.needs);
    detail::check<B>(answer, "kernel report", config.where,
                     [&](error_text& t) { t.append("%s on %s device %d", facts.kernel, B::name, on.index()); });
  });
  unsigned const waves = (facts.block + p.wave_size - 1) / p.wave_size;
  facts.waves = facts.blocks * waves;
  facts.max_waves = p.max_threads_per_multiprocessor / p.wave_size;
  facts.limited_by_threads = (facts.blocks + 1) * waves > facts.max_waves;
  facts.limited_by_blocks = p.max_blocks_per_multiprocessor != 0 && facts.blocks >= p.max_blocks_per_multiprocessor;
  // Shared memory is given in pieces of 128 bytes.
  std::size_t const shared = facts.needs.static_shared + facts.needs.dynamic_shared;
  std::size_t const of_block = (shared + facts.needs.reserved_shared + 127) / 128 * 128;
  facts.limited_by_shared = p.shared_per_multiprocessor != 0 && shared != 0 && (facts.blocks + 1) * of_block > p.shared_per_multiprocessor;
  bool const other = facts.limited_by_threads || facts.limited_by_blocks || facts.limited_by_shared;
  facts.limited_by_registers = facts.needs.blocks_by_registers != 0 ? facts.blocks >= facts.needs.blocks_by_registers : !other;
  return facts;
}

}  // namespace crosslane
