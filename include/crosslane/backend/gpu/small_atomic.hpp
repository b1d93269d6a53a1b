// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic operations on objects of 8 and 16 bits by compare-exchange of the aligned 32-bit word that contains them. The other bytes of the
/// word keep what other threads store there: if they change in between, the exchange fails and is tried again.
#pragma once

#include <crosslane/kernel/memory_order.hpp>
#include <crosslane/platform/annotations.hpp>
#include <crosslane/platform/bits.hpp>

#include <cstdint>

namespace crosslane::backend {

/// An object of 8 or 16 bits within its word.
template <class T>
class part_of_word {
 public:
  CROSSLANE_DEVICE_FN explicit part_of_word(T* target) {
    auto const offset = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(target) % 4);
    word_ = reinterpret_cast<std::uint32_t*>(reinterpret_cast<char*>(target) - offset);  // the compiler still knows the address space
    shift_ = 8 * offset;
  }

  /// Replaces the object by next(old value) and returns the old value. `Atomic` has the operations on words.
  template <class Atomic, scope S, class Order, class F>
  CROSSLANE_DEVICE_FN T update(F const& next) const {
    std::uint32_t word = Atomic::template atomic_load<S, relaxed>(word_);
    for (;;) {
      T const before = part(word);
      if (Atomic::template atomic_compare_exchange<S, Order>(word_, word, with_part(word, next(before)))) return before;
    }
  }
  /// Replaces the object by `desired` if it has the bits of `expected`; else stores its value in `expected` and returns false.
  template <class Atomic, scope S, class Order>
  CROSSLANE_DEVICE_FN bool compare_exchange(T& expected, T desired) const {
    std::uint32_t word = Atomic::template atomic_load<S, detail::failure_order<Order>>(word_);
    auto const wanted = to_bits(expected);
    // Each result has its own exit. If the loop sets a bool, clang 19 for AMD loses the value of lanes that leave the loop early.
    for (;;) {
      if (bits(word) != wanted) {
        expected = part(word);
        return false;
      }
      if (Atomic::template atomic_compare_exchange<S, Order>(word_, word, with_part(word, desired))) return true;
    }
  }

 private:
  using small = detail::bits_of_size<T>;

  CROSSLANE_DEVICE_FN static small to_bits(T value) { return __builtin_bit_cast(small, value); }
  CROSSLANE_DEVICE_FN small bits(std::uint32_t word) const { return static_cast<small>(word >> shift_); }
  CROSSLANE_DEVICE_FN T part(std::uint32_t word) const { return __builtin_bit_cast(T, bits(word)); }
  CROSSLANE_DEVICE_FN std::uint32_t with_part(std::uint32_t word, T value) const {
    std::uint32_t const mask = std::uint32_t{static_cast<small>(~small{0})} << shift_;
    return (word & ~mask) | std::uint32_t{to_bits(value)} << shift_;
  }

  std::uint32_t* word_;
  unsigned shift_;
};

}  // namespace crosslane::backend
