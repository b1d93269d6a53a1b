// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic operations on the CPU. They are atomic for every scope, since other blocks run on other cores. Not marked for host and device,
/// because nvcc treats these built-ins as host functions.
#pragma once

#include <crosslane/backend/host/access_monitor.hpp>
#include <crosslane/core/functional.hpp>
#include <crosslane/kernel/memory_order.hpp>
#include <crosslane/platform/config.hpp>

#include <type_traits>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

#if CROSSLANE_SANITIZE_THREAD()
/// The thread sanitizer does not support fences. Accessing one object in all fences orders at least as much.
inline int all_fences = 0;
#endif

/// Self is the intrinsics of a thread. Its block counts operations, so that a thread that waits in a loop lets others run.
template <class Self>
class host_atomic {
 public:
  /// Tells the access checker the scope of the next operation.
  template <scope S>
  static void note_scope() {
#if CROSSLANE_CONFIG_ACCESS_CHECKS
    set_atomic_scope(S);
#endif
  }

  template <scope S, class Order, class T>
  T atomic_load(T const* target) const {
    note_scope<S>();
    T value;
    __atomic_load(target, &value, Order::value);
    done<S>(target, false);
    return value;
  }
  template <scope S, class Order, class T>
  void atomic_store(T* target, T value) const {
    note_scope<S>();
    __atomic_store(target, &value, Order::value);
    done<S>(target, true);
  }
  template <scope S, class Order, class T>
  T atomic_exchange(T* target, T value) const {
    note_scope<S>();
    T before;
    __atomic_exchange(target, &value, &before, Order::value);
    bool const changed = !same_bits(before, value);
    done<S>(target, changed, changed);
    return before;
  }
  template <scope S, class Order, class T>
  bool atomic_compare_exchange(T* target, T& expected, T desired) const {
    note_scope<S>();
    T const before = expected;
    bool const stored = __atomic_compare_exchange(target, &expected, &desired, false, Order::value, detail::failure_order<Order>::value);
    bool const changed = stored && !same_bits(before, desired);
    done<S>(target, changed, changed);
    return stored;
  }

  /// Computes *target = Op(*target, value) and returns the old value. Op is plus or, for integers, minimum, maximum, bit_and, bit_or,
  /// bit_xor.
  template <scope S, class Order, class Op, class T>
  T atomic_fetch(T* target, T value) const {
    T const before = fetch<S, Order, Op>(target, value);
    if constexpr (std::is_integral_v<T> && std::is_same_v<Op, plus>)
      done<S>(target, value != 0);
    else
      done<S>(target, !same_bits(before, Op{}(before, value)));
    return before;
  }

  template <scope S, class T>
  T atomic_add_coarse_grained(T* target, T value) const {
    return atomic_fetch<S, relaxed, plus>(target, value);
  }

  template <class Format, scope>
  static constexpr bool has_atomic_add_pair = false;
  template <class Format>
  static constexpr bool has_atomic_add_pair_coarse_grained = false;

  template <scope S, class Order>
  static void fence() {
#if CROSSLANE_CONFIG_ACCESS_CHECKS
    atomic_fence(S, Order::value);
#elif CROSSLANE_SANITIZE_THREAD()
    __atomic_fetch_add(&all_fences, 0, __ATOMIC_SEQ_CST);
#else
    __atomic_thread_fence(Order::value);
#endif
  }

 private:
  template <scope S>
  [[gnu::always_inline]] void done(void const* target, bool changed, bool exchanged = false) const {
    Self const& self = static_cast<Self const&>(*this);
    self.block().atomic_done(self.rank(), target, S, changed, exchanged);
  }
  template <class T>
  static bool same_bits(T const& a, T const& b) noexcept {
    return __builtin_memcmp(&a, &b, sizeof(T)) == 0;
  }

  template <scope S, class Order, class Op, class T>
  static T fetch(T* target, T value) {
    note_scope<S>();
    if constexpr (std::is_integral_v<T> && std::is_same_v<Op, plus>) {
      return __atomic_fetch_add(target, value, Order::value);
    } else if constexpr (std::is_same_v<Op, bit_and>) {
      return __atomic_fetch_and(target, value, Order::value);
    } else if constexpr (std::is_same_v<Op, bit_or>) {
      return __atomic_fetch_or(target, value, Order::value);
    } else if constexpr (std::is_same_v<Op, bit_xor>) {
      return __atomic_fetch_xor(target, value, Order::value);
    } else {
      T before, after;
      __atomic_load(target, &before, __ATOMIC_RELAXED);
      do {
        after = Op{}(before, value);
        note_scope<S>();
      } while (!__atomic_compare_exchange(target, &before, &after, true, Order::value, __ATOMIC_RELAXED));
      return before;
    }
  }
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
