// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A program outside of the project.
#include <crosslane/crosslane.hpp>

#include <vector>

namespace xl = crosslane;

struct twice {
  CROSSLANE_FN int operator()(int x) const { return 2 * x; }
};

#if CROSSLANE_CONFIG_ACCESS_CHECKS
/// Stores the result of a function beyond the end. The checker must find this in every build type of the project.
struct stores_beyond {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const&, xl::half* x) const {
    x[8] = x[0] + x[1];
  }
};
bool is_found() {
  xl::stream q{xl::device{0}};
  xl::buffer<xl::half> b{q, 8};
  xl::fill(q, b, xl::half(1.f));
  xl::launch(q, {.grid = 1, .block = 1}, stores_beyond{}, b.data());
  try {
    q.synchronize();
  } catch (xl::error const& e) {
    return e.code() == xl::errc::out_of_bounds;
  }
  return false;
}
#endif

int main() {
  if (xl::device::count() == 0) return 77;
  xl::stream q{xl::device{0}};
  std::vector<int> numbers{1, 2, 3};
  xl::buffer<int> b{q, numbers.size()};
  xl::copy(q, numbers, b);
  xl::transform(q, b, b, twice{});
  xl::copy(q, b, numbers);
  q.synchronize();
#if CROSSLANE_CONFIG_ACCESS_CHECKS
  if (!is_found()) return 2;
#endif
  return numbers == std::vector{2, 4, 6} ? 0 : 1;
}
