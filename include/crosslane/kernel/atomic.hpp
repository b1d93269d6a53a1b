// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic operations and fences.
#pragma once

#include <crosslane/kernel/context.hpp>
#include <crosslane/kernel/functional.hpp>
#include <crosslane/kernel/memory_order.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace crosslane {

/// What can be accessed atomically: integers of 32 and 64 bits, float, double.
template <class T>
concept atomic_value = (std::integral<T> && (sizeof(T) == 4 || sizeof(T) == 8) && !std::is_const_v<T> && !std::is_volatile_v<T>) ||
                       std::same_as<T, float> || std::same_as<T, double>;

/// An object in shared or device memory, for atomic operations among the threads of a scope; made by atomic(). Any thread may call any
/// operation. Orders are relaxed unless given: a counter needs no more, and on GPUs the others cost fences. fetch_ operations store the
/// new value and return the old one.
template <atomic_value T, scope Scope, class Ctx>
class atomic_ref {
 public:
  using value_type = T;  ///< of the target

  /// Made by atomic(). `target` lies in shared or device memory, aligned to its size.
  CROSSLANE_FN atomic_ref(Ctx const& ctx, T& target) : native_{ctx.native()}, target_{&target} {}

  /// What is there. The order is a load_order.
  template <load_order Order = relaxed>
  CROSSLANE_FN T load(Order = {}) const {
    return native_.template atomic_load<Scope, Order>(target_);
  }
  /// Writes `value`. The order is a store_order.
  template <store_order Order = relaxed>
  CROSSLANE_FN void store(T value, Order = {}) const {
    native_.template atomic_store<Scope, Order>(target_, value);
  }
  /// Writes `value`; what was there before.
  template <memory_order Order = relaxed>
  CROSSLANE_FN T exchange(T value, Order = {}) const {
    return native_.template atomic_exchange<Scope, Order>(target_, value);
  }
  /// Stores `desired` if the target's bits are those of `expected`, and says whether; if not, `expected` gets what was there instead.
  /// It does not fail for other reasons. A failure has the order without its release.
  template <memory_order Order = relaxed>
  CROSSLANE_FN bool compare_exchange(T& expected, T desired, Order = {}) const {
    return native_.template atomic_compare_exchange<Scope, Order>(target_, expected, desired);
  }

  /// Integers wrap around. Floating point is rounded at each addition, so sums depend on the order in which threads come.
  template <memory_order Order = relaxed>
  CROSSLANE_FN T fetch_add(T value, Order = {}) const {
    return fetch<Order, plus>(target_, value);
  }
  /// Subtracts, as fetch_add.
  template <memory_order Order = relaxed>
  CROSSLANE_FN T fetch_sub(T value, Order order = {}) const {
    if constexpr (std::integral<T>)
      return fetch_add(static_cast<T>(std::make_unsigned_t<T>{0} - static_cast<std::make_unsigned_t<T>>(value)), order);
    else
      return fetch_add(-value, order);
  }

  /// The smaller of both. Floating point: a value that is NaN changes nothing; all else is in IEEE 754's total order, in which -0 is
  /// below +0, and a NaN in the target above infinity or, with its sign set, below minus infinity.
  template <memory_order Order = relaxed>
  CROSSLANE_FN T fetch_min(T value, Order = {}) const {
    if constexpr (std::integral<T>)
      return fetch<Order, minimum>(target_, value);
    else
      return fetch_by_bits<Order, minimum, maximum>(value, ~word{0} >> 1);
  }
  /// The larger of both, likewise.
  template <memory_order Order = relaxed>
  CROSSLANE_FN T fetch_max(T value, Order = {}) const {
    if constexpr (std::integral<T>)
      return fetch<Order, maximum>(target_, value);
    else
      return fetch_by_bits<Order, maximum, minimum>(value, ~word{0});
  }

  /// @{
  /// The bits combined. Integers only.
  template <memory_order Order = relaxed>
  CROSSLANE_FN T fetch_and(T value, Order = {}) const requires std::integral<T> {
    return fetch<Order, bit_and>(target_, value);
  }
  template <memory_order Order = relaxed>
  CROSSLANE_FN T fetch_or(T value, Order = {}) const requires std::integral<T> {
    return fetch<Order, bit_or>(target_, value);
  }
  template <memory_order Order = relaxed>
  CROSSLANE_FN T fetch_xor(T value, Order = {}) const requires std::integral<T> {
    return fetch<Order, bit_xor>(target_, value);
  }
  /// @}

  /// fetch_add, relaxed, for a target in a buffer<T>, the device's own memory, which AMD calls coarse-grained: there, and only there,
  /// some AMD chips have an instruction where fetch_add is a loop. In shared, pinned or managed memory additions are lost without a
  /// sign. Subnormal operands and sums may count as zero. Elsewhere the same as fetch_add.
  CROSSLANE_FN T fetch_add_coarse_grained(T value) const
      requires(std::floating_point<T> && (Scope == scope::block || Scope == scope::wave || Scope == scope::device)) {
    return native_.template atomic_add_coarse_grained<Scope>(target_, value);
  }

 private:
  // Of the size of T, to order its bits. Atomic built-ins assume nothing about the type of what lies in memory.
  using word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  using signed_word = std::make_signed_t<word>;

  template <class Order, class Op, class U>
  CROSSLANE_FN U fetch(U* target, U value) const {
    return native_.template atomic_fetch<Scope, Order, Op>(target, value);
  }

  /// Numbers without a sign are ordered as their bits are as signed integers, in which those with a sign are below; numbers with one
  /// against the order of their bits as unsigned integers, in which those without are below. `nothing` changes no target.
  template <class Order, class Op, class Opposite>
  CROSSLANE_FN T fetch_by_bits(T value, word nothing) const {
    word bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    if (value != value) bits = nothing;
    if (signed_word(bits) >= 0)
      bits = word(fetch<Order, Op>(reinterpret_cast<signed_word*>(target_), signed_word(bits)));
    else
      bits = fetch<Order, Opposite>(reinterpret_cast<word*>(target_), bits);
    T before;
    __builtin_memcpy(&before, &bits, sizeof before);
    return before;
  }

  [[no_unique_address]] typename Ctx::native_type native_;
  T* target_;
};

/// The object as one for atomic operations: xl::atomic(ctx, count).fetch_add(1). It lies in shared or device memory, aligned to its
/// size.
template <scope Scope = scope::device, kernel_context Ctx, atomic_value T>
CROSSLANE_FN atomic_ref<T, Scope, Ctx> atomic(Ctx const& ctx, T& target) {
  return {ctx, target};
}

/// Orders the caller's accesses before it against those after it, for the threads of the scope. No barrier: it waits for nobody.
template <scope Scope = scope::device, kernel_context Ctx, fence_order Order = acq_rel>
CROSSLANE_FN void fence(Ctx const& ctx, Order = {}) {
  ctx.native().template fence<Scope, Order>();
}

}  // namespace crosslane
