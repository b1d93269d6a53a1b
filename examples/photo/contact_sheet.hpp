// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Several pictures on one sheet.
#pragma once

#include "image.hpp"

#include <array>

namespace photo {

/// Original, blurred, edges and equalised, all of one size, as two rows of two on a white sheet; each shrunk to at most 640 pixels
/// a side, never enlarged. Done on the CPU: it is no part of the demo.
[[nodiscard]] image contact_sheet(std::array<image const*, 4> const& pictures);

}  // namespace photo
