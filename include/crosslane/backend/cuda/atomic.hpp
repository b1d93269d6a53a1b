// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic operations on NVIDIA GPUs. Relaxed operations use the compiler's intrinsics, which become one instruction for the target's
/// address space. Objects of 8 and 16 bits are updated in their word, except that half and bfloat16 have an addition. Ordered operations
/// follow NVIDIA's "Atomics Application Binary Interface". In device memory they are one instruction with that order. In shared memory, for
/// which the ordered built-ins have no instruction, they are the relaxed instruction with fences around it.
#pragma once

#include <crosslane/backend/gpu/small_atomic.hpp>
#include <crosslane/backend/native/cuda/architecture.hpp>
#include <crosslane/core/functional.hpp>
#include <crosslane/core/number_format.hpp>
#include <crosslane/kernel/memory_order.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>
#include <crosslane/platform/annotations.hpp>
#include <crosslane/platform/bits.hpp>

#include <type_traits>

// The built-ins accept only literals for order and scope.
#define CROSSLANE_IN_SCOPE(order, function, ...)                                 \
  if constexpr (S == scope::system)                                              \
    return function(__VA_ARGS__, __NV_ATOMIC_##order, __NV_THREAD_SCOPE_SYSTEM); \
  else if constexpr (S == scope::device)                                         \
    return function(__VA_ARGS__, __NV_ATOMIC_##order, __NV_THREAD_SCOPE_DEVICE); \
  else                                                                           \
    return function(__VA_ARGS__, __NV_ATOMIC_##order, __NV_THREAD_SCOPE_BLOCK)
#define CROSSLANE_IN_ORDER(function, ...)                \
  if constexpr (std::is_same_v<Order, relaxed>) {        \
    CROSSLANE_IN_SCOPE(RELAXED, function, __VA_ARGS__);  \
  } else if constexpr (std::is_same_v<Order, acquire>) { \
    CROSSLANE_IN_SCOPE(ACQUIRE, function, __VA_ARGS__);  \
  } else if constexpr (std::is_same_v<Order, release>) { \
    CROSSLANE_IN_SCOPE(RELEASE, function, __VA_ARGS__);  \
  } else if constexpr (std::is_same_v<Order, acq_rel>) { \
    CROSSLANE_IN_SCOPE(ACQ_REL, function, __VA_ARGS__);  \
  } else {                                               \
    CROSSLANE_IN_SCOPE(SEQ_CST, function, __VA_ARGS__);  \
  }

namespace crosslane::backend {

struct cuda_atomic {
  template <scope S, class Order, class T>
  static CROSSLANE_DEVICE_FN T atomic_load(T const* target) {
    if (!__isShared(target)) return from_bits<T>(ordered_load<S, Order>(bits_at(const_cast<T*>(target))));
    if constexpr (std::is_same_v<Order, seq_cst>) fence<S, seq_cst>();
    bits<T> const value = *static_cast<bits<T> volatile*>(bits_at(const_cast<T*>(target)));
    if constexpr (detail::acquires<Order>) fence<S, acquire>();
    return from_bits<T>(value);
  }

  template <scope S, class Order, class T>
  static CROSSLANE_DEVICE_FN void atomic_store(T* target, T value) {
    if (!__isShared(target)) return ordered_store<S, Order>(bits_at(target), to_bits(value));
    if constexpr (detail::releases<Order>) fence<S, Order>();
    *static_cast<bits<T> volatile*>(bits_at(target)) = to_bits(value);
  }

  template <scope S, class Order, class T>
  static CROSSLANE_DEVICE_FN T atomic_exchange(T* target, T value) {
    if constexpr (sizeof(T) < 4)
      return part_of_word<T>{target}.template update<cuda_atomic, S, Order>([=](T) { return value; });
    else
      return from_bits<T>(by_order<S, Order>(
          bits_at(target), [=] { return relaxed_exchange<S>(bits_at(target), to_bits(value)); },
          [=] { return ordered_exchange<S, Order>(bits_at(target), to_bits(value)); }));
  }

  template <scope S, class Order, class T>
  static CROSSLANE_DEVICE_FN bool atomic_compare_exchange(T* target, T& expected, T desired) {
    if constexpr (sizeof(T) < 4) {
      return part_of_word<T>{target}.template compare_exchange<cuda_atomic, S, Order>(expected, desired);
    } else {
      bits<T> const wanted = to_bits(expected);
      bits<T> const found = by_order<S, Order>(
          bits_at(target), [=] { return relaxed_compare_exchange<S>(bits_at(target), wanted, to_bits(desired)); },
          [=] {
            bits<T> before = wanted;
            ordered_compare_exchange<S, Order>(bits_at(target), before, to_bits(desired));
            return before;
          });
      expected = from_bits<T>(found);
      return found == wanted;
    }
  }

  /// Computes *target = Op(*target, value) and returns the old value. Op is plus or, for integers, minimum, maximum, bit_and, bit_or,
  /// bit_xor.
  template <scope S, class Order, class Op, class T>
  static CROSSLANE_DEVICE_FN T atomic_fetch(T* target, T value) {
    if constexpr (std::is_same_v<Op, plus> && has_add_half<T>) {
      return from_bits<T>(by_fences<S, Order>([=] { return add_half<S, typename T::format>(bits_at(target), to_bits(value)); }));
    } else if constexpr (sizeof(T) < 4) {
      return part_of_word<T>{target}.template update<cuda_atomic, S, Order>([=](T before) { return Op{}(before, value); });
    } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, number<T>>) {
      return T(atomic_fetch<S, Order, Op>(reinterpret_cast<number<T>*>(target), number<T>(value)));
    } else if constexpr (std::is_same_v<T, long long> && !std::is_same_v<Op, minimum> && !std::is_same_v<Op, maximum>) {
      // There is no signed 64-bit addition; the unsigned one gives the same bits.
      return T(atomic_fetch<S, Order, Op>(bits_at(target), to_bits(value)));
    } else {
      return by_order<S, Order>(
          target, [=] { return relaxed_fetch<S, Op>(target, value); }, [=] { return ordered_fetch<S, Order, Op>(target, value); });
    }
  }

  template <scope S, class T>
  static CROSSLANE_DEVICE_FN T atomic_add_coarse_grained(T* target, T value) {
    return atomic_fetch<S, relaxed, plus>(target, value);
  }

  /// Two 16-bit numbers in a word: adds `value` to *target elementwise and returns the old word. Relaxed.
#if CROSSLANE_SM_HAS(ADD_BFLOAT16)
  template <class Format, scope>
  static constexpr bool has_atomic_add_pair = true;
#else
  template <class Format, scope>
  static constexpr bool has_atomic_add_pair = std::is_same_v<Format, half_format>;
#endif
  template <class Format>
  static constexpr bool has_atomic_add_pair_coarse_grained = false;  // the same as for other memory

  template <class Format, scope S>
  static CROSSLANE_DEVICE_FN std::uint32_t atomic_add_pair(std::uint32_t* target, std::uint32_t value) {
    std::uint32_t before;
#define CROSSLANE_ADD_PAIR(scope, type) \
  asm volatile("atom.relaxed." scope ".add.noftz." type " %0, [%1], %2;" : "=r"(before) : "l"(target), "r"(value) : "memory")
#define CROSSLANE_ADD_PAIR_IN_SCOPE(type) \
  if constexpr (S == scope::system)       \
    CROSSLANE_ADD_PAIR("sys", type);      \
  else if constexpr (S == scope::device)  \
    CROSSLANE_ADD_PAIR("gpu", type);      \
  else                                    \
    CROSSLANE_ADD_PAIR("cta", type)
    if constexpr (std::is_same_v<Format, half_format>) {
      CROSSLANE_ADD_PAIR_IN_SCOPE("f16x2");
    } else {
      CROSSLANE_ADD_PAIR_IN_SCOPE("bf16x2");
    }
#undef CROSSLANE_ADD_PAIR_IN_SCOPE
#undef CROSSLANE_ADD_PAIR
    return before;
  }

  template <scope S, class Order>
  static CROSSLANE_DEVICE_FN void fence() {
// One string per scope, since assembly text must be a literal.
#define CROSSLANE_FENCE(order)                         \
  if constexpr (S == scope::system)                    \
    asm volatile("fence." order ".sys;" ::: "memory"); \
  else if constexpr (S == scope::device)               \
    asm volatile("fence." order ".gpu;" ::: "memory"); \
  else                                                 \
    asm volatile("fence." order ".cta;" ::: "memory")
    if constexpr (std::is_same_v<Order, seq_cst>) {
      CROSSLANE_FENCE("sc");
    } else {
#if CROSSLANE_SM_HAS(ONE_SIDED_FENCE)
      if constexpr (std::is_same_v<Order, acquire>) {
        CROSSLANE_FENCE("acquire");
        return;
      } else if constexpr (std::is_same_v<Order, release>) {
        CROSSLANE_FENCE("release");
        return;
      }
#endif
      CROSSLANE_FENCE("acq_rel");
    }
#undef CROSSLANE_FENCE
  }

 private:
  template <class T>
  using bits = detail::bits_of_size<T>;
  /// The integer type of the same size and sign for which CUDA has overloads.
  template <class T>
  using number = std::conditional_t<sizeof(T) == 4, std::conditional_t<std::is_signed_v<T>, int, unsigned>,
                                    std::conditional_t<std::is_signed_v<T>, long long, unsigned long long>>;

  template <class T>
  static CROSSLANE_DEVICE_FN bits<T>* bits_at(T* target) {
    return reinterpret_cast<bits<T>*>(target);
  }
  template <class T>
  static CROSSLANE_DEVICE_FN bits<T> to_bits(T value) {
    bits<T> result;
    memcpy(&result, &value, sizeof result);
    return result;
  }
  template <class T>
  static CROSSLANE_DEVICE_FN T from_bits(bits<T> value) {
    T result;
    memcpy(&result, &value, sizeof result);
    return result;
  }

  template <scope S, class Order, class T, class Relaxed, class Ordered>
  static CROSSLANE_DEVICE_FN T by_order(T* target, Relaxed const& do_relaxed, Ordered const& do_ordered) {
    if constexpr (std::is_same_v<Order, relaxed>) {
      return do_relaxed();
    } else {
      if (!__isShared(target)) return do_ordered();  // a constant if the compiler knows the address space
      return by_fences<S, Order>(do_relaxed);
    }
  }
  template <scope S, class Order, class Relaxed>
  static CROSSLANE_DEVICE_FN auto by_fences(Relaxed const& do_relaxed) {
    if constexpr (std::is_same_v<Order, seq_cst>)
      fence<S, seq_cst>();
    else if constexpr (detail::releases<Order>)
      fence<S, release>();
    auto const before = do_relaxed();
    if constexpr (detail::acquires<Order>) fence<S, acquire>();
    return before;
  }

  /// Whether there is an instruction that adds a T of 16 bits.
  template <class T>
  static constexpr bool has_add_half =
      std::is_same_v<T, half> || (std::is_same_v<T, bfloat16> && has_atomic_add_pair<bfloat16_format, scope::device>);

  template <scope S, class Format>
  static CROSSLANE_DEVICE_FN std::uint16_t add_half(std::uint16_t* target, std::uint16_t value) {
    std::uint16_t before;
#define CROSSLANE_ADD(scope, type) \
  asm volatile("atom.relaxed." scope ".add.noftz." type " %0, [%1], %2;" : "=h"(before) : "l"(target), "h"(value) : "memory")
#define CROSSLANE_ADD_IN_SCOPE(type)     \
  if constexpr (S == scope::system)      \
    CROSSLANE_ADD("sys", type);          \
  else if constexpr (S == scope::device) \
    CROSSLANE_ADD("gpu", type);          \
  else                                   \
    CROSSLANE_ADD("cta", type)
    if constexpr (std::is_same_v<Format, half_format>) {
      CROSSLANE_ADD_IN_SCOPE("f16");
    } else {
      CROSSLANE_ADD_IN_SCOPE("bf16");
    }
#undef CROSSLANE_ADD_IN_SCOPE
#undef CROSSLANE_ADD
    return before;
  }

  template <scope S, class Bits>
  static CROSSLANE_DEVICE_FN Bits relaxed_exchange(Bits* target, Bits value) {
    if constexpr (S == scope::system)
      return atomicExch_system(target, value);
    else if constexpr (S == scope::device)
      return atomicExch(target, value);
    else
      return atomicExch_block(target, value);
  }
  template <scope S, class Bits>
  static CROSSLANE_DEVICE_FN Bits relaxed_compare_exchange(Bits* target, Bits expected, Bits desired) {
    if constexpr (S == scope::system)
      return atomicCAS_system(target, expected, desired);
    else if constexpr (S == scope::device)
      return atomicCAS(target, expected, desired);
    else
      return atomicCAS_block(target, expected, desired);
  }

  template <scope S, class Op, class T>
  static CROSSLANE_DEVICE_FN T relaxed_fetch(T* target, T value) {
#define CROSSLANE_FETCH(name)            \
  if constexpr (S == scope::system)      \
    return name##_system(target, value); \
  else if constexpr (S == scope::device) \
    return name(target, value);          \
  else                                   \
    return name##_block(target, value)
    if constexpr (std::is_same_v<Op, plus>) {
      CROSSLANE_FETCH(atomicAdd);
    } else if constexpr (std::is_same_v<Op, minimum>) {
      CROSSLANE_FETCH(atomicMin);
    } else if constexpr (std::is_same_v<Op, maximum>) {
      CROSSLANE_FETCH(atomicMax);
    } else if constexpr (std::is_same_v<Op, bit_and>) {
      CROSSLANE_FETCH(atomicAnd);
    } else if constexpr (std::is_same_v<Op, bit_or>) {
      CROSSLANE_FETCH(atomicOr);
    } else {
      static_assert(std::is_same_v<Op, bit_xor>);
      CROSSLANE_FETCH(atomicXor);
    }
#undef CROSSLANE_FETCH
  }

  template <scope S, class Order, class Bits>
  static CROSSLANE_DEVICE_FN Bits ordered_load(Bits* target) {
    CROSSLANE_IN_ORDER(__nv_atomic_load_n, target);
  }
  template <scope S, class Order, class Bits>
  static CROSSLANE_DEVICE_FN void ordered_store(Bits* target, Bits value) {
    CROSSLANE_IN_ORDER(__nv_atomic_store_n, target, value);
  }
  template <scope S, class Order, class Bits>
  static CROSSLANE_DEVICE_FN Bits ordered_exchange(Bits* target, Bits value) {
    CROSSLANE_IN_ORDER(__nv_atomic_exchange_n, target, value);
  }
  /// The instruction has its order whether or not it stores, so the order for a failure is ignored.
  template <scope S, class Order, class Bits>
  static CROSSLANE_DEVICE_FN bool ordered_compare_exchange(Bits* target, Bits& expected, Bits desired) {
#define CROSSLANE_COMPARE_EXCHANGE(target, expected, desired, order, scope) \
  __nv_atomic_compare_exchange_n(target, expected, desired, false, order, __NV_ATOMIC_RELAXED, scope)
    CROSSLANE_IN_ORDER(CROSSLANE_COMPARE_EXCHANGE, target, &expected, desired);
#undef CROSSLANE_COMPARE_EXCHANGE
  }
  template <scope S, class Order, class Op, class T>
  static CROSSLANE_DEVICE_FN T ordered_fetch(T* target, T value) {
    if constexpr (std::is_same_v<Op, plus>) {
      CROSSLANE_IN_ORDER(__nv_atomic_fetch_add, target, value);
    } else if constexpr (std::is_same_v<Op, minimum>) {
      CROSSLANE_IN_ORDER(__nv_atomic_fetch_min, target, value);
    } else if constexpr (std::is_same_v<Op, maximum>) {
      CROSSLANE_IN_ORDER(__nv_atomic_fetch_max, target, value);
    } else if constexpr (std::is_same_v<Op, bit_and>) {
      CROSSLANE_IN_ORDER(__nv_atomic_fetch_and, target, value);
    } else if constexpr (std::is_same_v<Op, bit_or>) {
      CROSSLANE_IN_ORDER(__nv_atomic_fetch_or, target, value);
    } else {
      CROSSLANE_IN_ORDER(__nv_atomic_fetch_xor, target, value);
    }
  }
};

#undef CROSSLANE_IN_ORDER
#undef CROSSLANE_IN_SCOPE

}  // namespace crosslane::backend
