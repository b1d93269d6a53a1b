// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The location of memory in DLPack's numbers, as backends state it. tensor/dlpack_abi.hpp has the rest of DLPack.
#pragma once

#include <cstdint>

namespace crosslane::dlpack {

/// A device: its type and its index.
struct device {
  std::int32_t device_type;  ///< a value of dlpack::device_type, or another of DLPack's numbers
  std::int32_t device_id;    ///< the index among devices of that type
};

/// The types of memory that the backends of this library access or allocate.
enum device_type : std::int32_t {
  cpu = 1,
  nvidia = 2,
  nvidia_pinned = 3,
  amd = 10,
  amd_pinned = 11,
  nvidia_managed = 13,
};

}  // namespace crosslane::dlpack
