// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The largest difference between the results of a kernel and of the reference.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

namespace examples {

/// Returns the largest difference between two ranges of numbers, times `scale`. Returns infinity if a number is NaN or the lengths differ.
template <class A, class B>
[[nodiscard]] double largest_difference(A const& a, B const& b, double scale = 1) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double const difference = std::abs(double(a[i]) - double(b[i])) * scale;
    if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
    if (difference > largest) largest = difference;
  }
  return largest;
}

}  // namespace examples
