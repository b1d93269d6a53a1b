// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Values and an operator for which the order of operands matters.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>

namespace crosslane_test {

/// x -> a * x + b, `Count` of them. Composition is associative but not commutative, so it shows operands in the wrong order.
template <unsigned Count>
struct maps {
  std::uint32_t a[Count], b[Count];
  friend bool operator==(maps const&, maps const&) = default;
};
struct compose {
  template <unsigned Count>
  CROSSLANE_FN maps<Count> operator()(maps<Count> const& f, maps<Count> const& g) const {
    maps<Count> result{};
    for (unsigned i = 0; i < Count; ++i) {
      result.a[i] = f.a[i] * g.a[i];
      result.b[i] = f.b[i] * g.a[i] + g.b[i];
    }
    return result;
  }
};
using map = maps<1>;

}  // namespace crosslane_test
