// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A set of lanes of a wave.
#pragma once

#include <crosslane/platform/bits.hpp>

#include <concepts>

namespace crosslane {

/// A set of lanes of a wave of W lanes, with one bit for each: bit i for lane i. Only from_word() and to_word() convert it from and to an
/// integer, so code cannot use a mask of 32 lanes as one of 64.
template <unsigned W>
class lane_mask {
  static_assert(W == 32 || W == 64, "crosslane: a wave has 32 or 64 lanes");

 public:
  using word = std::conditional_t<W == 32, std::uint32_t, std::uint64_t>;  ///< an unsigned integer of W bits
  static constexpr unsigned width = W;                                     ///< number of lanes of the wave

  /// Constructs the empty set.
  constexpr lane_mask() = default;

  /// Returns the set of the lanes whose bits are 1 in a word. The type of the word must be `word`.
  template <std::same_as<word> Word>
  CROSSLANE_FN static constexpr lane_mask from_word(Word bits) {
    return lane_mask{bits};
  }
  /// Refuses a word of another type with a static_assert.
  template <class Word>
  static constexpr lane_mask from_word(Word) {
    static_assert(std::same_as<Word, word>,
                  "crosslane: a lane_mask<32> is made from a std::uint32_t, a lane_mask<64> from a std::uint64_t");
    return {};
  }
  CROSSLANE_FN constexpr word to_word() const { return bits_; }  ///< bit i for lane i

  CROSSLANE_FN static constexpr lane_mask none() { return {}; }                                               ///< no lane
  CROSSLANE_FN static constexpr lane_mask all() { return lane_mask{word(~word{0})}; }                         ///< all W lanes
  CROSSLANE_FN static constexpr lane_mask single(unsigned lane) { return lane_mask{word(word{1} << lane)}; }  ///< one lane, below W
  /// Returns lanes 0 ... n-1. Precondition: n <= W.
  CROSSLANE_FN static constexpr lane_mask first_lanes(unsigned n) { return n >= W ? all() : lane_mask{word((word{1} << n) - 1)}; }
  /// Returns the lanes below a lane.
  CROSSLANE_FN static constexpr lane_mask below(unsigned lane) { return lane_mask{word((word{1} << lane) - 1)}; }

  /// Returns the number of lanes in the set.
  CROSSLANE_FN constexpr unsigned count() const { return detail::count_bits(bits_); }
  CROSSLANE_FN constexpr bool test(unsigned lane) const { return (bits_ >> lane & 1) != 0; }  ///< whether a lane is in the set
  CROSSLANE_FN constexpr bool empty() const { return bits_ == 0; }                            ///< whether the set is empty
  /// Returns the lowest lane. Precondition: the set is not empty.
  CROSSLANE_FN constexpr unsigned first() const { return detail::lowest_bit(bits_); }
  /// Returns the highest lane. Precondition: the set is not empty.
  CROSSLANE_FN constexpr unsigned last() const { return detail::highest_bit(bits_); }
  /// Returns how many lanes of the set are below a lane.
  CROSSLANE_FN constexpr unsigned rank(unsigned lane) const { return (*this & below(lane)).count(); }
  /// Returns the lane of the set that has `n` lanes of the set below it: the inverse of rank(). Precondition: n < count().
  CROSSLANE_FN constexpr unsigned nth(unsigned n) const {
    word rest = bits_;
    unsigned lane = 0;
    for (unsigned step = W / 2; step > 0; step /= 2) {
      unsigned const here = detail::count_bits(word(rest & ((word{1} << step) - 1)));
      if (n >= here) {
        n -= here;
        lane += step;
        rest >>= step;
      }
    }
    return lane;
  }

  /// Adds a lane to the set.
  CROSSLANE_FN constexpr lane_mask& set(unsigned lane) { return bits_ |= word{1} << lane, *this; }
  /// Removes a lane from the set.
  CROSSLANE_FN constexpr lane_mask& reset(unsigned lane) { return bits_ &= ~(word{1} << lane), *this; }

  /// @{
  /// Union (|), intersection (&), symmetric difference (^), complement (~) and equality of sets.
  CROSSLANE_FN friend constexpr lane_mask operator|(lane_mask a, lane_mask b) { return lane_mask{word(a.bits_ | b.bits_)}; }
  CROSSLANE_FN friend constexpr lane_mask operator&(lane_mask a, lane_mask b) { return lane_mask{word(a.bits_ & b.bits_)}; }
  CROSSLANE_FN friend constexpr lane_mask operator^(lane_mask a, lane_mask b) { return lane_mask{word(a.bits_ ^ b.bits_)}; }
  CROSSLANE_FN friend constexpr lane_mask operator~(lane_mask a) { return lane_mask{word(~a.bits_)}; }
  CROSSLANE_FN constexpr lane_mask& operator|=(lane_mask b) { return *this = *this | b; }
  CROSSLANE_FN constexpr lane_mask& operator&=(lane_mask b) { return *this = *this & b; }
  CROSSLANE_FN constexpr lane_mask& operator^=(lane_mask b) { return *this = *this ^ b; }
  CROSSLANE_FN friend constexpr bool operator==(lane_mask a, lane_mask b) { return a.bits_ == b.bits_; }
  /// @}

  /// An iterator over the lanes in ascending order: `for (unsigned lane : mask)`.
  class iterator {
   public:
    /// Constructs an iterator at the lowest lane of `rest`.
    CROSSLANE_FN constexpr explicit iterator(word rest) : rest_{rest} {}
    CROSSLANE_FN constexpr unsigned operator*() const { return detail::lowest_bit(rest_); }  ///< the current lane
    /// Advances to the next lane.
    CROSSLANE_FN constexpr iterator& operator++() { return rest_ &= rest_ - 1, *this; }
    /// Returns whether two iterators are at different lanes.
    CROSSLANE_FN friend constexpr bool operator!=(iterator a, iterator b) { return a.rest_ != b.rest_; }

   private:
    word rest_;
  };
  CROSSLANE_FN constexpr iterator begin() const { return iterator{bits_}; }  ///< at the lowest lane
  CROSSLANE_FN constexpr iterator end() const { return iterator{0}; }        ///< the end

 private:
  CROSSLANE_FN constexpr explicit lane_mask(word bits) : bits_{bits} {}
  word bits_ = 0;
};

}  // namespace crosslane
