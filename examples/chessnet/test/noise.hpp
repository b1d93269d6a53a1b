// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Pseudo-random numbers for tests of kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace chessnet_test {

class noise {
 public:
  /// Returns numbers in [-spread, spread).
  template <class T = float>
  std::vector<T> operator()(std::size_t count, float spread = 1) {
    std::vector<T> result(count);
    for (auto& x : result) x = static_cast<T>((float(random_() >> 8) / (1 << 23) - 1) * spread);
    return result;
  }
  std::uint64_t bits() { return std::uint64_t{random_()} << 32 | random_(); }

 private:
  std::mt19937 random_{1};
};

}  // namespace chessnet_test
