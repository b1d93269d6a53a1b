// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Indices of several dimensions, and the ranges of strided loops.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane {

/// A position or an extent in two dimensions, x fastest.
struct index2 {
  unsigned x, y;
};
/// A position or an extent in three dimensions, x fastest.
struct index3 {
  unsigned x, y, z;
};

/// first, first + step, ... below `end`, for a range-based for. The counter is wide enough never to wrap.
template <class Index, class Counter>
class stride_range {
 public:
  CROSSLANE_FN constexpr stride_range(Counter first, Counter step, Counter end) : first_{first}, step_{step}, end_{end} {}

  struct sentinel {
    Counter end;
  };
  class iterator {
   public:
    CROSSLANE_FN constexpr iterator(Counter value, Counter step) : value_{value}, step_{step} {}
    CROSSLANE_FN constexpr Index operator*() const { return Index(value_); }
    CROSSLANE_FN constexpr iterator& operator++() {
      value_ += step_;
      return *this;
    }
    CROSSLANE_FN friend constexpr bool operator!=(iterator const& i, sentinel s) { return i.value_ < s.end; }

   private:
    Counter value_, step_;
  };

  CROSSLANE_FN constexpr iterator begin() const { return {first_, step_}; }
  CROSSLANE_FN constexpr sentinel end() const { return {end_}; }

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
