// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// An access as the compiler's calls report it.
#pragma once

#include <crosslane/kernel/memory_order.hpp>

#include <cstddef>
#include <cstdint>

namespace crosslane::backend {

enum access_flags : unsigned {
  access_reads = 1,
  access_writes = 2,
  access_is_atomic = 4,
  access_scope_shift = 3,   ///< two bits
  access_is_aligned = 256,  ///< the type needs an address that is a multiple of its size
  access_size_shift = 5,    ///< three bits: the logarithm of the size to base 2 up to 4; access_other_size; access_no_value
};
inline constexpr unsigned access_other_size = 5, access_no_value = 7;

constexpr scope scope_of(unsigned flags) noexcept { return scope((flags >> access_scope_shift) & 3); }

struct seen_access {
  char const* at;
  std::size_t bytes;
  unsigned flags;       ///< access_flags
  std::uintptr_t from;  ///< the address of the code, to which the compiler's call returns

  bool reads() const noexcept { return (flags & access_reads) != 0; }
  bool writes() const noexcept { return (flags & access_writes) != 0; }
  /// The alignment that all types of this size have for which compilers report such an access.
  std::size_t alignment() const noexcept { return (flags & access_is_aligned) == 0 ? 1 : bytes < 8 ? bytes : 8; }
  bool is_atomic() const noexcept { return (flags & access_is_atomic) != 0; }
  bool operator==(seen_access const&) const = default;
};

}  // namespace crosslane::backend
