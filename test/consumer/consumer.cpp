// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A program outside of the project.
#include <crosslane/crosslane.hpp>

#include <vector>

namespace xl = crosslane;

struct twice {
  CROSSLANE_FN int operator()(int x) const { return 2 * x; }
};

int main() {
  if (xl::device::count() == 0) return 77;
  xl::stream q{xl::device{0}};
  std::vector<int> numbers{1, 2, 3};
  xl::buffer<int> b{q, numbers.size()};
  xl::copy(q, numbers, b);
  xl::transform(q, b, twice{}, b);
  xl::copy(q, b, numbers);
  q.synchronize();
  return numbers == std::vector{2, 4, 6} ? 0 : 1;
}
