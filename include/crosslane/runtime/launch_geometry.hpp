// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The geometry of a launch, as backends receive it.
#pragma once

#include <crosslane/core/extent.hpp>
#include <crosslane/platform/config.hpp>

#include <climits>
#include <cstddef>

namespace crosslane {

/// The priority of a launch that has the priority of its stream.
inline constexpr int stream_priority = INT_MIN;

}  // namespace crosslane

namespace crosslane::detail::inline CROSSLANE_CONFIGURATION {

struct launch_geometry {
  extent3 grid, block;
  std::size_t dynamic_shared;  ///< bytes
  source_location where;
  int priority = stream_priority;
};

}  // namespace crosslane::detail::inline CROSSLANE_CONFIGURATION
