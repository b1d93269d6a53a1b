// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Whether a program computes the same whatever the width of waves.
#pragma once

#include <crosslane/host.hpp>

#include <string>
#include <type_traits>

namespace crosslane::checks {

/// Where the results at 32 and at 64 lanes first differ.
struct width_comparison {
  bool same = true;
  std::size_t index = 0;
  std::string text;  ///< sizes, or index and both values
  explicit operator bool() const noexcept { return same; }
};

/// Compares the results of run(stream), a std::vector or its like, on the host's device of 32 and on that of 64 lanes. They are the same
/// where all elements are: by their bytes, or for floating point, where a tolerance above 0 is given, where
/// |a - b| <= tolerance * max(1, |a|, |b|).
template <class Run>
width_comparison same_at_all_widths(Run const& run, double tolerance = 0) {
  auto const at = [&run](int device) {
    basic_stream<host> const q{basic_device<host>{device}};
    auto result = run(q);
    q.synchronize();
    return result;
  };
  auto const narrow = at(0), wide = at(1);
  using T = std::remove_cvref_t<decltype(narrow[0])>;
  static_assert(std::is_trivially_copyable_v<T>, "crosslane: elements are compared by their bytes");
  width_comparison result;
  if (narrow.size() != wide.size()) {
    result.same = false;
    result.text = std::to_string(narrow.size()) + " elements at 32 lanes, " + std::to_string(wide.size()) + " at 64";
    return result;
  }
  for (std::size_t i = 0; i < narrow.size(); ++i) {
    T const a = narrow[i], b = wide[i];
    bool same = __builtin_memcmp(&a, &b, sizeof(T)) == 0;
    if constexpr (std::is_floating_point_v<T>) {
      auto const magnitude = [](T x) { return double(x < 0 ? -x : x); };
      double const largest = magnitude(a) > magnitude(b) ? magnitude(a) : magnitude(b);
      if (tolerance > 0 && !same) same = magnitude(a - b) <= tolerance * (largest > 1 ? largest : 1);
    }
    if (same) continue;
    result.same = false;
    result.index = i;
    result.text = "element " + std::to_string(i) + " of " + std::to_string(narrow.size());
    if constexpr (std::is_arithmetic_v<T>) result.text += " is " + std::to_string(a) + " at 32 lanes, " + std::to_string(b) + " at 64";
    return result;
  }
  return result;
}

}  // namespace crosslane::checks
