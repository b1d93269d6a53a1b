// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The geometry of a launch, as backends receive it.
#pragma once

#include <crosslane/core/extent.hpp>
#include <crosslane/platform/config.hpp>

#include <cstddef>

namespace crosslane::detail::inline CROSSLANE_CONFIGURATION {

struct launch_geometry {
  extent3 grid, block;
  std::size_t dynamic_shared;  ///< bytes
  source_location where;
};

}  // namespace crosslane::detail::inline CROSSLANE_CONFIGURATION
