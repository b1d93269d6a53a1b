// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic operations and fences.
#pragma once

#include <crosslane/core/functional.hpp>
#include <crosslane/kernel/context.hpp>
#include <crosslane/kernel/memory_order.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>
#include <crosslane/platform/bits.hpp>

#include <concepts>
#include <type_traits>

namespace crosslane {

template <class T, unsigned N>
struct vec;

/// The types with atomic operations: integers of 8 to 64 bits except bool, float, double, half and bfloat16.
template <class T>
concept atomic_value = (detail::whole_number<T> && !std::is_const_v<T> && !std::is_volatile_v<T>) || std::same_as<T, float> ||
                       std::same_as<T, double> || std::same_as<T, half> || std::same_as<T, bfloat16>;
/// The types of pairs that some hardware adds to memory by one instruction.
template <class T>
concept atomic_pair = std::same_as<T, vec<half, 2>> || std::same_as<T, vec<bfloat16, 2>>;

/// A reference to an object in shared or device memory, with operations that are atomic among the threads of a scope. atomic() returns it.
/// Any thread may call any operation. The order is relaxed by default, which is enough for a counter; on GPUs other orders cost fences. The
/// fetch_ operations store the new value and return the old one. Objects of 8 and 16 bits may share a word: bytes beside the target are
/// never changed. On GPUs operations on them that read and write are loops of compare-exchange, except additions of half and bfloat16 on
/// NVIDIA.
template <atomic_value T, scope Scope, class Ctx>
class atomic_ref {
 public:
  using value_type = T;  ///< the type of the target

  /// Constructs a reference to `target`; atomic() calls it. `target` lies in shared or device memory and is aligned to its size.
  CROSSLANE_FN atomic_ref(Ctx const& ctx, T& target) : native_{ctx.native()}, target_{&target} {}

  /// Returns the address of the target.
  CROSSLANE_FN T* address() const { return target_; }
  /// Returns the value of the target. The order is a load_order.
  template <load_order Order = relaxed>
  CROSSLANE_FN T load(Order = {}) const {
    return native_.template atomic_load<Scope, Order>(target_);
  }
  /// Waits until the target has other bits than `old`, and returns its value. The order is a load_order, of the load that returns. The
  /// thread that stores must be in another wave, or its store must not wait for this thread; a block that stores must be on the device at
  /// the same time: it has begun before, or the kernel is resident. A thread pauses between its loads on a GPU; on the host other threads
  /// run. A wait that never ends is a finding of the checker (`no-progress`).
  ///
  ///   xl::atomic(ctx, ready[block]).wait(0u);  // until another block has stored a number
  template <load_order Order = acquire>
  CROSSLANE_FN T wait(T old, Order order = {}) const {
    auto const is_old = [old](T value) { return __builtin_bit_cast(word, value) == __builtin_bit_cast(word, old); };
    T value;
    do {
      while (is_old(load())) native_.pause();  // acquires would invalidate caches in each round
      value = load(order);
    } while (is_old(value));
    return value;
  }
  /// Stores `value`. The order is a store_order.
  template <store_order Order = relaxed>
  CROSSLANE_FN void store(T value, Order = {}) const {
    native_.template atomic_store<Scope, Order>(target_, value);
  }
  /// Stores `value` and returns the old value.
  template <memory_order Order = relaxed>
  CROSSLANE_FN T exchange(T value, Order = {}) const {
    return native_.template atomic_exchange<Scope, Order>(target_, value);
  }
  /// Stores `desired` and returns true if the target has the same bits as `expected`. Otherwise it stores the value of the target in
  /// `expected` and returns false. It does not fail for other reasons. If it fails, its order is the given one without the release.
  template <memory_order Order = relaxed>
  CROSSLANE_FN bool compare_exchange(T& expected, T desired, Order = {}) const {
    return native_.template atomic_compare_exchange<Scope, Order>(target_, expected, desired);
  }

  /// Adds `value`. Integers wrap around. A floating-point sum is rounded at each addition, so it depends on the order of the threads.
  template <memory_order Order = relaxed>
  CROSSLANE_FN T fetch_add(T value, Order = {}) const {
    return fetch<Order, plus>(target_, value);
  }
  /// Subtracts `value`, with the rules of fetch_add().
  template <memory_order Order = relaxed>
  CROSSLANE_FN T fetch_sub(T value, Order order = {}) const {
    if constexpr (std::integral<T>)
      return fetch_add(static_cast<T>(std::make_unsigned_t<T>{0} - static_cast<std::make_unsigned_t<T>>(value)), order);
    else
      return fetch_add(-value, order);
  }

  /// Stores the smaller of the target and `value`. In floating point, a `value` that is NaN changes nothing. Otherwise the order is IEEE
  /// 754's total order: -0 is below +0. A NaN in the target is above infinity or, with its sign set, below minus infinity.
  template <memory_order Order = relaxed>
  CROSSLANE_FN T fetch_min(T value, Order = {}) const {
    if constexpr (std::integral<T>)
      return fetch<Order, minimum>(target_, value);
    else
      return fetch_by_bits<Order, minimum, maximum>(value, static_cast<word>(static_cast<word>(~word{0}) >> 1));
  }
  /// Stores the larger of the target and `value`, with the rules of fetch_min().
  template <memory_order Order = relaxed>
  CROSSLANE_FN T fetch_max(T value, Order = {}) const {
    if constexpr (std::integral<T>)
      return fetch<Order, maximum>(target_, value);
    else
      return fetch_by_bits<Order, maximum, minimum>(value, static_cast<word>(~word{0}));
  }

  /// @{
  /// Combines the bits of the target and `value`. Integers only.
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

  /// Adds `value` like a relaxed fetch_add(), to a target in a buffer<T>: the device's own memory, which AMD calls coarse-grained. Some AMD
  /// chips have an instruction for that memory only, where fetch_add() is a loop. In shared, pinned or managed memory additions are lost
  /// without an error. Subnormal operands and sums may count as zero. On other hardware it is the same as fetch_add().
  CROSSLANE_FN T fetch_add_coarse_grained(T value) const
      requires(std::floating_point<T> && (Scope == scope::block || Scope == scope::wave || Scope == scope::device)) {
    return native_.template atomic_add_coarse_grained<Scope>(target_, value);
  }

 private:
  // The integer by which floating-point values are ordered. The atomic built-ins assume nothing about the type of the target.
  using word = detail::bits_of_size<T>;
  using signed_word = std::make_signed_t<word>;

  template <class Order, class Op, class U>
  CROSSLANE_FN U fetch(U* target, U value) const {
    return native_.template atomic_fetch<Scope, Order, Op>(target, value);
  }

  /// Compares floating-point numbers by their bits, which gives IEEE 754's total order. A `value` without a sign is compared as a signed
  /// integer: numbers with a sign are then below those without, and those without are in order. A `value` with a sign is compared as an
  /// unsigned integer, by the opposite operation: numbers with a sign are then above those without, and in reverse order. `nothing` is a
  /// word that changes no target.
  template <class Order, class Op, class Opposite>
  CROSSLANE_FN T fetch_by_bits(T value, word nothing) const {
    word bits = __builtin_bit_cast(word, value);
    if (value != value) bits = nothing;
    if (signed_word(bits) >= 0)
      bits = word(fetch<Order, Op>(reinterpret_cast<signed_word*>(target_), signed_word(bits)));
    else
      bits = fetch<Order, Opposite>(reinterpret_cast<word*>(target_), bits);
    return __builtin_bit_cast(T, bits);
  }

  [[no_unique_address]] typename Ctx::native_type native_;
  T* target_;
};

/// Returns a reference with atomic operations to an object in shared or device memory, aligned to its size. Any thread may call it.
///
///   xl::atomic(ctx, count).fetch_add(1);
template <scope Scope = scope::device, kernel_context Ctx, atomic_value T>
CROSSLANE_FN atomic_ref<T, Scope, Ctx> atomic(Ctx const& ctx, T& target) {
  return {ctx, target};
}
/// Refuses other types with a static_assert.
template <scope Scope = scope::device, kernel_context Ctx, class T>
requires(!atomic_value<T> && !atomic_pair<T>) CROSSLANE_FN void atomic(Ctx const&, T&) {
  static_assert(atomic_value<T>,
                "crosslane: atomic operations are for integers of 8 to 64 bits (not bool), float, double, half, bfloat16, half2 and "
                "bfloat162 that are neither const nor volatile");
}

/// Orders the calling thread's accesses before the fence with those after it, as the threads of the scope see them. Any thread may call it.
/// It is not a barrier: it waits for no thread.
template <scope Scope = scope::device, kernel_context Ctx, fence_order Order = acq_rel>
CROSSLANE_FN void fence(Ctx const& ctx, Order = {}) {
  ctx.native().template fence<Scope, Order>();
}

}  // namespace crosslane
