// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Allocations and pools, shared by hip_memory.cpp, hip_copies.cpp and hip_pools.cpp. Guarded by Lock.
#pragma once
#include "hip_api.hpp"

namespace shim {
/// A memory pool. Sizes in bytes.
struct Pool {
  int dev = 0;
  size_t used = 0, used_high = 0, maxSize = 0;
  uint64_t threshold = 0;
  int reuse[4] = {0, 1, 1, 1};
  std::map<int, hipMemAccessFlags> peers;  ///< other devices whose kernels may access the pool's memory

  hipMemAccessFlags access_of(int device) const {
    if (device == dev) return hipMemAccessFlagsProtReadWrite;
    auto const found = peers.find(device);
    return found == peers.end() ? hipMemAccessFlagsProtNone : found->second;
  }
};

/// All allocations, by address.
std::map<uintptr_t, Block>& blocks();
/// Whether p is inside memory that was freed.
bool is_freed(void const* p);

/// Product and sum of sizes; SIZE_MAX if it is larger.
inline size_t product(size_t a, size_t b) {
  size_t r;
  return __builtin_mul_overflow(a, b, &r) ? SIZE_MAX : r;
}
inline size_t sum(size_t a, size_t b) {
  size_t r;
  return __builtin_add_overflow(a, b, &r) ? SIZE_MAX : r;
}
}  // namespace shim
