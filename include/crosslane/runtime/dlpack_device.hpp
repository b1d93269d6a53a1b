// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Where memory is, by the numbers of DLPack: what a backend says of its own (tensor/dlpack_abi.hpp has the rest of DLPack).
#pragma once

#include <cstdint>

namespace crosslane::dlpack {

/// One of a kind of devices.
struct device {
  std::int32_t device_type;  ///< a number of dlpack::device_type, or another that DLPack has
  std::int32_t device_id;    ///< which of that kind
};

/// Kinds of memory that a backend of this library reaches or makes.
enum device_type : std::int32_t {
  cpu = 1,
  nvidia = 2,
  nvidia_pinned = 3,
  amd = 10,
  amd_pinned = 11,
  nvidia_managed = 13,
};

}  // namespace crosslane::dlpack
