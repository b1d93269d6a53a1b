// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// to_string: the layouts of fragments as readable text. This header is not part of matrix.hpp, because it includes the standard library's
/// strings.
#pragma once

#include <crosslane/matrix/fragment_layout.hpp>
#include <crosslane/platform/type_name.hpp>

#include <string>

namespace crosslane {

/// Returns the matrix as text: for each element the lane and the index into the lane's elements, `lane:element`. Of several lanes with the
/// same elements, the first one stands for all, and the first line says how many there are.
///
///   16 x 8 elements, 32 lanes with 4 each
///    0:0  0:1  1:0  1:1  2:0  2:1  3:0  3:1
///    ...
template <matrix_use Use, class Shape, class Target>
std::string to_string(fragment_layout<Use, Shape, Target> const&) {
  using layout = fragment_layout<Use, Shape, Target>;
  auto const number = [](unsigned n) { return std::to_string(n); };
  auto const digits = [&](unsigned largest) { return number(largest).size(); };
  std::string result = number(layout::rows) + " x " + number(layout::cols) + " elements, " + number(layout::wave_size) + " lanes with " +
                       number(layout::size) + " each";
  if (layout::copies > 1) result += ", each element in " + number(layout::copies) + " lanes";
  result += '\n';
  for (unsigned row = 0; row < layout::rows; ++row) {
    for (unsigned col = 0; col < layout::cols; ++col) {
      auto const at = layout::place({row, col});
      std::string const lane = number(at.lane), element = number(at.element);
      result += std::string(digits(layout::wave_size - 1) - lane.size() + (col > 0 ? 2 : 0), ' ') + lane + ':';
      result += element;
      if (col + 1 < layout::cols) result += std::string(digits(layout::size - 1) - element.size(), ' ');
    }
    result += '\n';
  }
  return result;
}

}  // namespace crosslane
