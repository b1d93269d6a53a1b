// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The problem that both programs solve: the temperatures of a plate whose border stays constant.
#pragma once

#include <vector>

namespace heat {

struct plate {
  int width, height;
  std::vector<float> cells;  ///< row by row
};

struct solution {
  std::vector<float> cells;
  int steps;           ///< steps that were taken
  float change;        ///< the largest change of a cell in the last step
  float milliseconds;  ///< device time of all steps
};

/// The number of steps between two looks at the change.
constexpr int steps_between_looks = 32;

}  // namespace heat
