// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic operations on AMD GPUs: clang's built-ins, which know AMD's memory model. Floating-point addition is the instruction where
/// it is right for every kind of memory, else a compare-and-swap loop.
#pragma once

#include <hip/hip_runtime.h>

#include <crosslane/kernel/functional.hpp>
#include <crosslane/kernel/memory_order.hpp>

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
  template <scope S>
  static constexpr int builtin_scope = S == scope::system   ? __HIP_MEMORY_SCOPE_SYSTEM
                                       : S == scope::device ? __HIP_MEMORY_SCOPE_AGENT
                                       : S == scope::block  ? __HIP_MEMORY_SCOPE_WORKGROUP
                                                            : __HIP_MEMORY_SCOPE_WAVEFRONT;
};

}  // namespace crosslane::backend
