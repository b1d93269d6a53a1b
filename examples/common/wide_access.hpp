// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Several neighbouring elements in one access.
#pragma once

#include <crosslane/crosslane.hpp>

#include <cstddef>

namespace examples {

namespace xl = crosslane;

/// Elements at ... at + N - 1 in one access. `at` is a multiple of N, and the span begins where such an access may.
template <unsigned N, class T>
CROSSLANE_FN xl::vec<T, N> load_wide(xl::span<T const> from, std::size_t at) {
  return *reinterpret_cast<xl::vec<T, N> const*>(from.subspan(at, N).data());
}
template <unsigned N, class T>
CROSSLANE_FN void store_wide(xl::span<T> to, std::size_t at, xl::vec<T, N> const& value) {
  *reinterpret_cast<xl::vec<T, N>*>(to.subspan(at, N).data()) = value;
}

}  // namespace examples
