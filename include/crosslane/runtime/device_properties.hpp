// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A device in neutral terms.
#pragma once

#include <crosslane/runtime/extent.hpp>

#include <cstddef>
#include <cstdint>

namespace crosslane {

/// What Crosslane itself asks a device, and programs choose by. The same names and units for all vendors.
struct device_properties {
  char name[256] = {};                                     ///< as the vendor has it
  char architecture[64] = {};                              ///< "sm_90", "gfx942", "x86-64"
  unsigned wave_size = 0;                                  ///< lanes of a wave: 32 or 64
  unsigned multiprocessors = 0;                            ///< SMs, compute units, cores
  unsigned simds_per_multiprocessor = 0;                   ///< schedulers a block's waves are spread over
  unsigned max_threads_per_block = 0;                      ///< of one block
  unsigned max_threads_per_multiprocessor = 0;             ///< resident at once, of all its blocks
  extent3 max_block;                                       ///< per dimension
  extent3 max_grid;                                        ///< per dimension, in blocks
  std::uint64_t max_threads_per_axis = ~std::uint64_t{0};  ///< of the grid, blocks times threads
  std::size_t shared_per_block = 0;                        ///< bytes a block has without asking
  std::size_t shared_per_block_optin = 0;                  ///< bytes a block can have at most
  std::size_t memory = 0;                                  ///< bytes
  std::size_t l2 = 0;                                      ///< bytes of the last cache that all multiprocessors share
  unsigned clock_khz = 0;                                  ///< 0 where unknown
  bool stream_ordered_memory = false;                      ///< buffers are allocated and freed in stream order
  bool managed_memory = false;                             ///< managed_buffer works
  bool cooperative_launch = false;                         ///< kernels that state `cooperative` can be launched
};

}  // namespace crosslane
