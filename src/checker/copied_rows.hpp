// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Rows of host memory that a queued copy reads or writes.
#pragma once

#include "place_history.hpp"

#include <crosslane/backend/host/launch_facts.hpp>

#include <cstddef>
#include <cstdint>

namespace crosslane::backend {

struct copied_rows {
  char const* begin;
  std::size_t pitch, width, height;
  std::uint64_t work;  ///< the copy
  access_class how;
  launch_facts facts;     ///< of the copy
  bool has_race = false;  ///< whether a race of it has been reported

  char const* end() const noexcept { return begin + (height - 1) * pitch + width; }
  bool overlaps(char const* p, std::size_t bytes) const noexcept {
    if (p + bytes <= begin || p >= end()) return false;
    std::size_t const in_row = p < begin ? 0 : std::size_t(p - begin) % pitch;
    return in_row < width || in_row + bytes > pitch;
  }
};

}  // namespace crosslane::backend
