// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Properties of a device in vendor-neutral terms.
#pragma once

#include <crosslane/core/extent.hpp>

#include <cstddef>
#include <cstdint>

namespace crosslane {

namespace detail {
inline constexpr int most_devices = 64;  ///< devices of a backend that the library knows, from 0 on
}

/// The properties of a device that Crosslane uses and that programs select by. Names and units are the same for all vendors.
struct device_properties {
  char name[256] = {};                                     ///< the vendor's name of the device
  char architecture[64] = {};                              ///< "sm_90", "gfx942", "x86-64"
  unsigned wave_size = 0;                                  ///< lanes in a wave: 32 or 64
  unsigned multiprocessors = 0;                            ///< SMs, compute units or cores
  unsigned simds_per_multiprocessor = 0;                   ///< schedulers among which the waves of a block are distributed
  unsigned max_threads_per_block = 0;                      ///< threads in one block
  unsigned max_threads_per_multiprocessor = 0;             ///< resident threads of all blocks
  unsigned max_blocks_per_multiprocessor = 0;              ///< resident blocks; 0 if unknown
  extent3 max_block;                                       ///< threads per dimension
  extent3 max_grid;                                        ///< blocks per dimension
  std::uint64_t max_threads_per_axis = ~std::uint64_t{0};  ///< blocks times threads along one axis of the grid
  std::size_t shared_per_block = 0;                        ///< bytes per block without opt-in
  std::size_t shared_per_block_optin = 0;                  ///< bytes per block with opt-in
  std::size_t shared_per_multiprocessor = 0;               ///< bytes for all resident blocks; 0 if unknown
  std::size_t memory = 0;                                  ///< bytes of device memory
  std::size_t l2 = 0;                                      ///< bytes of the last-level cache that all multiprocessors share
  unsigned clock_khz = 0;                                  ///< clock rate; 0 if unknown
  bool stream_ordered_memory = false;                      ///< whether buffers are allocated and freed in stream order
  bool managed_memory = false;                             ///< whether managed_buffer works
  bool concurrent_managed_access = false;  ///< whether managed memory can be prefetched, and be used by host and device at once
  bool cooperative_launch = false;         ///< whether kernels that state `cooperative` can be launched
  bool overlapping_launches = false;       ///< whether kernels that state `overlaps_previous` begin before the previous one ends
  unsigned max_cluster_blocks = 1;         ///< blocks of a cluster, at most; 1: the device has no clusters
};

}  // namespace crosslane
