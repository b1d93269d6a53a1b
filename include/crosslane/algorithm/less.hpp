// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The default order of algorithms: less.
#pragma once

#include <crosslane/core/functional.hpp>
#include <crosslane/kernel/radix_key.hpp>

#include <type_traits>

namespace crosslane {

/// The order of numbers: that of integers, or the total order of IEEE 754 for floating point. Other types are compared by their operator <.
struct less {
  /// Whether a is below b.
  template <class T>
  CROSSLANE_FN constexpr bool operator()(T const& a, T const& b) const {
    if constexpr (detail::is_number<T> && !std::is_integral_v<T>)
      return radix_key<T>::to_word(a) < radix_key<T>::to_word(b);
    else
      return a < b;
  }
};

}  // namespace crosslane
