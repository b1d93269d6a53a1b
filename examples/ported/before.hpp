// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "heat.hpp"

namespace before {

/// Steps until no cell changes by more than the tolerance, at most `most_steps`, a multiple of steps_between_looks.
heat::solution solve(heat::plate const& plate, float tolerance, int most_steps);

}  // namespace before
