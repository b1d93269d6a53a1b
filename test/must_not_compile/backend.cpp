// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../backend/serial.hpp"

namespace xl = crosslane;

/// A copy of the serial backend without one part.
struct primitives : serial_backend::primitives {
#if CROSSLANE_TEST_WRONG == 1
  void fence() const = delete;
#endif
};
struct incomplete : serial_backend::serial {
  template <unsigned Width, class Shape>
  using context = xl::context<primitives, Width, Shape>;
#if CROSSLANE_TEST_WRONG == 2
  static void free_memory() = delete;
#endif
};

static_assert(crosslane_test::has_all_parts<incomplete>());
