// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Small floating-point types convert only explicitly, and only those of 16 bits have arithmetic.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

int which(xl::half);
int which(xl::bfloat16);

float use(xl::half h, [[maybe_unused]] xl::bfloat16 b, xl::fp8_e4m3 f, [[maybe_unused]] xl::span<float> s) {
#if CROSSLANE_TEST_WRONG == 1
  float const x = h;  // exact, and still a conversion
  return x;
#elif CROSSLANE_TEST_WRONG == 2
  xl::half const x = 1.5f;
  return float(x);
#elif CROSSLANE_TEST_WRONG == 3
  return float(h + b);  // to which of the two?
#elif CROSSLANE_TEST_WRONG == 4
  return float(h * 2.0f);
#elif CROSSLANE_TEST_WRONG == 5
  return float(f + f);  // for storage: convert first
#elif CROSSLANE_TEST_WRONG == 6
  xl::half const x = b;
  return float(x);
#elif CROSSLANE_TEST_WRONG == 7
  return float((xl::vec<xl::fp8_e4m3, 2>{{f, f}} + xl::vec<xl::fp8_e4m3, 2>{{f, f}})[0]);
#elif CROSSLANE_TEST_WRONG == 8
  return xl::vec<float, 5>{}[0];
#elif CROSSLANE_TEST_WRONG == 9
  xl::store_vec<xl::access::read_only>(s, 0, xl::vec{1.f, 2.f});
#elif CROSSLANE_TEST_WRONG == 10
  return float(which(1.0f));  // neither is meant
#endif
  return float(h + xl::half(b)) + float(xl::half(f)) + float(which(h));
}
