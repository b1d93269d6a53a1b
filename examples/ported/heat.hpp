// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What both programs solve: the temperatures of a plate whose border is kept as it is.
#pragma once

#include <vector>

namespace heat {

struct plate {
  int width, height;
  std::vector<float> cells;  ///< row by row
};

struct solution {
  std::vector<float> cells;
  int steps;           ///< that were taken
  float change;        ///< the largest of a cell in the last step
  float milliseconds;  ///< of device time for all steps
};

/// The change is looked at after so many steps.
constexpr int steps_between_looks = 32;

}  // namespace heat
