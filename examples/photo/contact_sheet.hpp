// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Several pictures on one sheet.
#pragma once

#include "image.hpp"

#include <array>

namespace photo {

/// Returns a white sheet with two rows of two pictures: original, blurred, edges and equalised. All have the same size. Each is shrunk to
/// at most 640 pixels a side, never enlarged. Runs on the CPU, because it is not part of the demo.
[[nodiscard]] image contact_sheet(std::array<image const*, 4> const& pictures);

}  // namespace photo
