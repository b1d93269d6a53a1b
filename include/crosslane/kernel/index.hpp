// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Indices of two and three dimensions, and the ranges of strided loops.
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
/// A position in a grid of two dimensions. It has 64 bits because it can exceed 2^32.
struct global_index2 {
  std::uint64_t x;  ///< along the first axis
  std::uint64_t y;  ///< along the second
};
/// A position in a grid of three dimensions. It has 64 bits because it can exceed 2^32.
struct global_index3 {
  std::uint64_t x;  ///< along the first axis
  std::uint64_t y;  ///< along the second
  std::uint64_t z;  ///< along the third
};

/// The range first, first + step, ... of numbers below `end`, for a range-based for loop. The counter is wide enough that it cannot wrap
/// around.
template <class Index, class Counter>
class stride_range {
 public:
  /// Constructs the range. context::block_stride() and context::grid_stride() call it.
  CROSSLANE_FN constexpr stride_range(Counter first, Counter step, Counter end) : first_{first}, step_{step}, end_{end} {}

  /// The end of the range. An iterator has reached it when its counter is not below `end`.
  struct sentinel {
    Counter end;  ///< the first number beyond the loop
  };
  /// The iterator of the range.
  class iterator {
   public:
    /// Constructs an iterator at `value`. Each increment adds `step`.
    CROSSLANE_FN constexpr iterator(Counter value, Counter step) : value_{value}, step_{step} {}
    CROSSLANE_FN constexpr Index operator*() const { return Index(value_); }  ///< the current index
    /// Advances to the next index of the thread.
    CROSSLANE_FN constexpr iterator& operator++() {
      value_ += step_;
      return *this;
    }
    /// Returns whether the iterator is before the end.
    CROSSLANE_FN friend constexpr bool operator!=(iterator const& i, sentinel s) { return i.value_ < s.end; }

   private:
    Counter value_, step_;
  };

  CROSSLANE_FN constexpr iterator begin() const { return {first_, step_}; }  ///< the first index
  CROSSLANE_FN constexpr sentinel end() const { return {end_}; }             ///< the end

 private:
  Counter first_, step_, end_;
};

namespace detail {
/// The type of the counter of block_stride(). A block's stride is at most 1024, so an unsigned counter cannot wrap around below 2^31 - 1024
/// elements, nor with any count of type int.
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
