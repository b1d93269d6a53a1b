// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic operations on AMD GPUs: clang's built-ins, which know AMD's memory model. Floating-point addition is the instruction where
/// it is right for every kind of memory, else a compare-and-swap loop.
#pragma once

#include <hip/hip_runtime.h>

#include <crosslane/kernel/functional.hpp>
#include <crosslane/kernel/memory_order.hpp>
#include <crosslane/kernel/numeric/format.hpp>

#include <type_traits>

namespace crosslane::backend {

struct hip_atomic {
  template <scope S, class Order, class T>
  static CROSSLANE_DEVICE_FN T atomic_load(T const* target) {
    return __hip_atomic_load(target, Order::value, builtin_scope<S>);
  }
  template <scope S, class Order, class T>
  static CROSSLANE_DEVICE_FN void atomic_store(T* target, T value) {
    __hip_atomic_store(target, value, Order::value, builtin_scope<S>);
  }
  template <scope S, class Order, class T>
  static CROSSLANE_DEVICE_FN T atomic_exchange(T* target, T value) {
    return __hip_atomic_exchange(target, value, Order::value, builtin_scope<S>);
  }
  template <scope S, class Order, class T>
  static CROSSLANE_DEVICE_FN bool atomic_compare_exchange(T* target, T& expected, T desired) {
    return __hip_atomic_compare_exchange_strong(target, &expected, desired, Order::value, detail::failure_order<Order>::value,
                                                builtin_scope<S>);
  }

  /// *target = Op(*target, value), the value before. Op is plus or, for integers, minimum, maximum, bit_and, bit_or, bit_xor.
  template <scope S, class Order, class Op, class T>
  static CROSSLANE_DEVICE_FN T atomic_fetch(T* target, T value) {
    if constexpr (std::is_same_v<Op, plus>) {
      return __hip_atomic_fetch_add(target, value, Order::value, builtin_scope<S>);
    } else if constexpr (std::is_same_v<Op, minimum>) {
      return __hip_atomic_fetch_min(target, value, Order::value, builtin_scope<S>);
    } else if constexpr (std::is_same_v<Op, maximum>) {
      return __hip_atomic_fetch_max(target, value, Order::value, builtin_scope<S>);
    } else if constexpr (std::is_same_v<Op, bit_and>) {
      return __hip_atomic_fetch_and(target, value, Order::value, builtin_scope<S>);
    } else if constexpr (std::is_same_v<Op, bit_or>) {
      return __hip_atomic_fetch_or(target, value, Order::value, builtin_scope<S>);
    } else {
      static_assert(std::is_same_v<Op, bit_xor>);
      return __hip_atomic_fetch_xor(target, value, Order::value, builtin_scope<S>);
    }
  }

  /// By the instruction on the chips where that is right in coarse-grained memory alone.
  template <scope S, class T>
  static CROSSLANE_DEVICE_FN T atomic_add_coarse_grained(T* target, T value) {
#if defined(__gfx90a__) || defined(__GFX11__)
    if constexpr (std::is_same_v<T, float>)
      return __builtin_amdgcn_global_atomic_fadd_f32((float __attribute__((address_space(1)))*)target, value);
#endif
#if defined(__gfx90a__)
    if constexpr (std::is_same_v<T, double>)
      return __builtin_amdgcn_global_atomic_fadd_f64((double __attribute__((address_space(1)))*)target, value);
#endif
    return atomic_fetch<S, relaxed, plus>(target, value);
  }

  /// Two numbers of 16 bits in a word: *target += value for each, the word before. Relaxed. By the instruction on the chips where that is
  /// right in all memory that the device reaches, and in shared memory.
#if defined(__gfx942__) || defined(__gfx950__) || defined(__gfx1200__) || defined(__gfx1201__)
  template <class Format, scope S>
  static constexpr bool has_atomic_add_pair = S != scope::system;

  template <class Format, scope S>
  static CROSSLANE_DEVICE_FN std::uint32_t atomic_add_pair(std::uint32_t* target, std::uint32_t value) {
    if constexpr (std::is_same_v<Format, half_format>)
      return __builtin_bit_cast(std::uint32_t, __builtin_amdgcn_flat_atomic_fadd_v2f16(reinterpret_cast<pair_of_half*>(target),
                                                                                       __builtin_bit_cast(pair_of_half, value)));
    else
      return __builtin_bit_cast(std::uint32_t, __builtin_amdgcn_flat_atomic_fadd_v2bf16(reinterpret_cast<pair_of_short*>(target),
                                                                                        __builtin_bit_cast(pair_of_short, value)));
  }
#else
  template <class Format, scope>
  static constexpr bool has_atomic_add_pair = false;
#endif

  /// Where it is right in coarse-grained memory alone.
#if defined(__gfx90a__)
  template <class Format>
  static constexpr bool has_atomic_add_pair_coarse_grained = std::is_same_v<Format, half_format>;

  template <class Format>
  static CROSSLANE_DEVICE_FN std::uint32_t atomic_add_pair_coarse_grained(std::uint32_t* target, std::uint32_t value) {
    return __builtin_bit_cast(std::uint32_t,
                              __builtin_amdgcn_global_atomic_fadd_v2f16((pair_of_half __attribute__((address_space(1)))*)target,
                                                                        __builtin_bit_cast(pair_of_half, value)));
  }
#else
  template <class Format>
  static constexpr bool has_atomic_add_pair_coarse_grained = false;
#endif

  template <scope S, class Order>
  static CROSSLANE_DEVICE_FN void fence() {
    if constexpr (S == scope::system)
      __builtin_amdgcn_fence(Order::value, "");
    else if constexpr (S == scope::device)
      __builtin_amdgcn_fence(Order::value, "agent");
    else if constexpr (S == scope::block)
      __builtin_amdgcn_fence(Order::value, "workgroup");
    else
      __builtin_amdgcn_fence(Order::value, "wavefront");
  }

 private:
  typedef _Float16 pair_of_half __attribute__((ext_vector_type(2)));
  typedef short pair_of_short __attribute__((ext_vector_type(2)));

  template <scope S>
  static constexpr int builtin_scope = S == scope::system   ? __HIP_MEMORY_SCOPE_SYSTEM
                                       : S == scope::device ? __HIP_MEMORY_SCOPE_AGENT
                                       : S == scope::block  ? __HIP_MEMORY_SCOPE_WORKGROUP
                                                            : __HIP_MEMORY_SCOPE_WAVEFRONT;
};

}  // namespace crosslane::backend
