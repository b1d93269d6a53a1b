// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Indices of several dimensions, and the ranges of strided loops.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane {

/// A position or an extent in two dimensions, x fastest.
struct index2 {
  unsigned x;  ///< along the first axis
  unsigned y;  ///< along the second
};
/// A position or an extent in three dimensions, x fastest.
struct index3 {
  unsigned x;  ///< along the first axis
  unsigned y;  ///< along the second
  unsigned z;  ///< along the third
};

/// first, first + step, ... below `end`, for a range-based for. The counter is wide enough never to wrap.
template <class Index, class Counter>
class stride_range {
 public:
  /// Made by context::block_stride() and context::grid_stride().
  CROSSLANE_FN constexpr stride_range(Counter first, Counter step, Counter end) : first_{first}, step_{step}, end_{end} {}

  /// What an iterator is compared with: it has come to the end when its counter is not below.
  struct sentinel {
    Counter end;  ///< the first number behind the loop
  };
  /// The counter of a loop.
  class iterator {
   public:
    /// At `value`; each step adds `step`.
    CROSSLANE_FN constexpr iterator(Counter value, Counter step) : value_{value}, step_{step} {}
    CROSSLANE_FN constexpr Index operator*() const { return Index(value_); }  ///< the index
    /// The next index of this thread.
    CROSSLANE_FN constexpr iterator& operator++() {
      value_ += step_;
      return *this;
    }
    /// Whether there are more.
    CROSSLANE_FN friend constexpr bool operator!=(iterator const& i, sentinel s) { return i.value_ < s.end; }

   private:
    Counter value_, step_;
  };

  CROSSLANE_FN constexpr iterator begin() const { return {first_, step_}; }  ///< at the first index
  CROSSLANE_FN constexpr sentinel end() const { return {end_}; }             ///< behind the last

 private:
  Counter first_, step_, end_;
};

namespace detail {
/// A block's stride is at most 1024: below 2^31 - 1024 elements an unsigned counter cannot wrap, and any int count is.
template <class N>
using block_counter = std::conditional_t<(sizeof(N) < 4 || (sizeof(N) == 4 && std::is_signed_v<N>)), unsigned, std::uint64_t>;

template <class Counter, class N>
CROSSLANE_FN constexpr Counter count_of(N n) {
  if constexpr (std::is_signed_v<N>)
    return n < 0 ? Counter{0} : Counter(n);
  else
    return Counter(n);
}
}  // namespace detail

}  // namespace crosslane
