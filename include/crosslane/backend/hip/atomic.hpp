// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic operations on AMD GPUs: clang's relaxed built-ins with fences before and after them. The orders of HIP's built-ins are not
/// sufficient. In clang up to 19 they order only accesses to the operation's own address space. A flag in shared memory would not publish
/// data in device memory. Floating-point addition is one instruction where that is correct for every kind of memory, otherwise a
/// compare-and-swap loop. Objects of 8 and 16 bits are updated in their word.
#pragma once

#include <hip/hip_runtime.h>

#include <crosslane/backend/gpu/small_atomic.hpp>
#include <crosslane/backend/native/hip/architecture.hpp>
#include <crosslane/core/functional.hpp>
#include <crosslane/core/number_format.hpp>
#include <crosslane/kernel/memory_order.hpp>
#include <crosslane/platform/bits.hpp>

#include <type_traits>

namespace crosslane::backend {

struct hip_atomic {
  template <scope S, class Order, class T>
  static CROSSLANE_DEVICE_FN T atomic_load(T const* target) {
    if constexpr (!std::is_arithmetic_v<T>)
      return __builtin_bit_cast(T, atomic_load<S, Order>(reinterpret_cast<detail::bits_of_size<T> const*>(target)));
    else if constexpr (std::is_same_v<Order, seq_cst>) {  // orders all address spaces, and avoids the write-back of a preceding fence
      T const value = __hip_atomic_load(target, __ATOMIC_SEQ_CST, builtin_scope<S>);
      if constexpr (waits_for_itself<S>) wait_for_memory();
      return value;
    } else {
      T const value = __hip_atomic_load(target, __ATOMIC_RELAXED, builtin_scope<S>);
      acquire_behind<S, Order>();
      return value;
    }
  }
  template <scope S, class Order, class T>
  static CROSSLANE_DEVICE_FN void atomic_store(T* target, T value) {
    if constexpr (!std::is_arithmetic_v<T>) {
      using bits = detail::bits_of_size<T>;
      atomic_store<S, Order>(reinterpret_cast<bits*>(target), __builtin_bit_cast(bits, value));
    } else {
      release_before<S, Order>();
      __hip_atomic_store(target, value, __ATOMIC_RELAXED, builtin_scope<S>);
    }
  }
  template <scope S, class Order, class T>
  static CROSSLANE_DEVICE_FN T atomic_exchange(T* target, T value) {
    release_before<S, Order>();
    T const before = relaxed_exchange<S>(target, value);
    acquire_behind<S, Order>();
    return before;
  }
  template <scope S, class Order, class T>
  static CROSSLANE_DEVICE_FN bool atomic_compare_exchange(T* target, T& expected, T desired) {
    release_before<S, Order>();
    bool const same = relaxed_compare_exchange<S>(target, expected, desired);
    acquire_behind<S, Order>();
    return same;
  }

  /// Computes *target = Op(*target, value) and returns the old value. Op is plus or, for integers, minimum, maximum, bit_and, bit_or,
  /// bit_xor.
  template <scope S, class Order, class Op, class T>
  static CROSSLANE_DEVICE_FN T atomic_fetch(T* target, T value) {
    release_before<S, Order>();
    T const before = relaxed_fetch<S, Op>(target, value);
    acquire_behind<S, Order>();
    return before;
  }

  /// Adds to coarse-grained memory. Uses the instruction on chips where it is correct only there.
  template <scope S, class T>
  static CROSSLANE_DEVICE_FN T atomic_add_coarse_grained(T* target, T value) {
#if CROSSLANE_GFX_HAS(ADD_FLOAT)
    if constexpr (std::is_same_v<T, float>) return __builtin_amdgcn_global_atomic_fadd_f32(global_pointer<float>(target), value);
#endif
#if CROSSLANE_GFX_HAS(ADD_DOUBLE)
    if constexpr (std::is_same_v<T, double>) return __builtin_amdgcn_global_atomic_fadd_f64(global_pointer<double>(target), value);
#endif
    return atomic_fetch<S, relaxed, plus>(target, value);
  }

  /// Two 16-bit numbers in a word: adds `value` to *target elementwise and returns the old word. Relaxed. Available on chips whose
  /// instruction is correct in shared memory and in all memory that the device can access.
#if CROSSLANE_GFX_HAS(ADD_PAIR)
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

  /// The same on chips whose instruction is correct in coarse-grained memory only.
#if CROSSLANE_GFX_HAS(ADD_HALVES)
  template <class Format>
  static constexpr bool has_atomic_add_pair_coarse_grained = std::is_same_v<Format, half_format>;

  template <class Format>
  static CROSSLANE_DEVICE_FN std::uint32_t atomic_add_pair_coarse_grained(std::uint32_t* target, std::uint32_t value) {
    return __builtin_bit_cast(std::uint32_t, __builtin_amdgcn_global_atomic_fadd_v2f16(global_pointer<pair_of_half>(target),
                                                                                       __builtin_bit_cast(pair_of_half, value)));
  }
#else
  template <class Format>
  static constexpr bool has_atomic_add_pair_coarse_grained = false;
#endif

  template <scope S, class Order>
  static CROSSLANE_DEVICE_FN void fence() {
    constexpr bool only_acquires = std::is_same_v<Order, acquire>;
    if constexpr (waits_for_itself<S> && only_acquires) wait_for_memory();
    builtin_fence<S, Order>();
    if constexpr (waits_for_itself<S> && !only_acquires)
      wait_for_memory();
    else if constexpr (S != scope::wave && !only_acquires)
      wait_for_shared_memory();
  }

 protected:
  /// A barrier of the block. Unlike HIP's own barrier it allows one thread to release, after the barrier, what other threads of the block
  /// wrote before it: see waits_for_itself.
  static CROSSLANE_DEVICE_FN void block_barrier() {
    fence<scope::block, release>();
    __builtin_amdgcn_s_barrier();
    builtin_fence<scope::block, acquire>();
  }

 private:
  typedef _Float16 pair_of_half __attribute__((ext_vector_type(2)));
  template <class T>
  using global_pointer = T __attribute__((address_space(1)))*;
  typedef short pair_of_short __attribute__((ext_vector_type(2)));

  template <scope S, class T>
  static CROSSLANE_DEVICE_FN T relaxed_exchange(T* target, T value) {
    if constexpr (sizeof(T) < 4)
      return part_of_word<T>{target}.template update<hip_atomic, S, relaxed>([=](T) { return value; });
    else
      return __hip_atomic_exchange(target, value, __ATOMIC_RELAXED, builtin_scope<S>);
  }
  template <scope S, class T>
  static CROSSLANE_DEVICE_FN bool relaxed_compare_exchange(T* target, T& expected, T desired) {
    if constexpr (sizeof(T) < 4)
      return part_of_word<T>{target}.template compare_exchange<hip_atomic, S, relaxed>(expected, desired);
    else
      return __hip_atomic_compare_exchange_strong(target, &expected, desired, __ATOMIC_RELAXED, __ATOMIC_RELAXED, builtin_scope<S>);
  }
  template <scope S, class Op, class T>
  static CROSSLANE_DEVICE_FN T relaxed_fetch(T* target, T value) {
    if constexpr (sizeof(T) < 4) {
      return part_of_word<T>{target}.template update<hip_atomic, S, relaxed>([=](T before) { return Op{}(before, value); });
    } else if constexpr (std::is_same_v<Op, plus>) {
      return __hip_atomic_fetch_add(target, value, __ATOMIC_RELAXED, builtin_scope<S>);
    } else if constexpr (std::is_same_v<Op, minimum>) {
      return __hip_atomic_fetch_min(target, value, __ATOMIC_RELAXED, builtin_scope<S>);
    } else if constexpr (std::is_same_v<Op, maximum>) {
      return __hip_atomic_fetch_max(target, value, __ATOMIC_RELAXED, builtin_scope<S>);
    } else if constexpr (std::is_same_v<Op, bit_and>) {
      return __hip_atomic_fetch_and(target, value, __ATOMIC_RELAXED, builtin_scope<S>);
    } else if constexpr (std::is_same_v<Op, bit_or>) {
      return __hip_atomic_fetch_or(target, value, __ATOMIC_RELAXED, builtin_scope<S>);
    } else {
      static_assert(std::is_same_v<Op, bit_xor>);
      return __hip_atomic_fetch_xor(target, value, __ATOMIC_RELAXED, builtin_scope<S>);
    }
  }

  template <scope S, class Order>
  static CROSSLANE_DEVICE_FN void release_before() {
    if constexpr (std::is_same_v<Order, seq_cst>)
      fence<S, seq_cst>();
    else if constexpr (detail::releases<Order>)
      fence<S, release>();
  }
  template <scope S, class Order>
  static CROSSLANE_DEVICE_FN void acquire_behind() {
    if constexpr (detail::acquires<Order>) fence<S, acquire>();
  }

  /// clang's fence, which orders the accesses to all address spaces.
  template <scope S, class Order>
  static CROSSLANE_DEVICE_FN void builtin_fence() {
    if constexpr (S == scope::system)
      __builtin_amdgcn_fence(Order::value, "");
    else if constexpr (S == scope::device)
      __builtin_amdgcn_fence(Order::value, "agent");
    else if constexpr (S == scope::block)
      __builtin_amdgcn_fence(Order::value, "workgroup");
    else
      __builtin_amdgcn_fence(Order::value, "wavefront");
  }

  /// Whether a fence of this scope must wait for the wave's accesses to device memory although clang omits the wait:
  /// - `block`, if a block runs on one compute unit (gfx9; later chips in CU mode). Its waves see each other's accesses to device memory in
  ///   order there, without a wait. But a wave that then releases to the device waits only for its own accesses, not for those that it has
  ///   acquired. Accesses to shared memory also overtake those to device memory.
  /// - scopes whose release writes back L2. clang (seen in 19) omits the wait for the write-back if the wave has no access in flight.
  template <scope S>
#if CROSSLANE_GFX_HAS(GFX9)
  static constexpr bool waits_for_itself = S != scope::wave;
#elif defined(__AMDGCN_CUMODE__) && __AMDGCN_CUMODE__
  static constexpr bool waits_for_itself = S == scope::block || S == scope::system;
#elif CROSSLANE_GFX_HAS(GFX12)
  static constexpr bool waits_for_itself = S == scope::system;
#else
  static constexpr bool waits_for_itself = false;
#endif

  /// Waits until the wave's accesses to shared and device memory and its write-backs are complete.
  static CROSSLANE_DEVICE_FN void wait_for_memory() {
#if CROSSLANE_GFX_HAS(GFX9)
    __builtin_amdgcn_s_waitcnt(0x0070);  // vmcnt(0) lgkmcnt(0); clang merges it with its own waits
#elif CROSSLANE_GFX_HAS(GFX12)
    asm volatile("s_wait_loadcnt_dscnt 0x0\n\ts_wait_storecnt 0x0" ::: "memory");
#elif CROSSLANE_GFX_HAS(GFX10) || CROSSLANE_GFX_HAS(GFX11)
    asm volatile("s_waitcnt vmcnt(0) lgkmcnt(0)\n\ts_waitcnt_vscnt null, 0x0" ::: "memory");
#endif
  }

  /// Waits until the wave's accesses to shared memory are complete. At the beginning of a loop, clang omits this wait of a fence if the
  /// accesses are at the loop's end: clang 18 and later, until LLVM's pull request 220357 of September 2026.
  static CROSSLANE_DEVICE_FN void wait_for_shared_memory() {
#if CROSSLANE_GFX_HAS(GFX12)
    asm volatile("s_wait_dscnt 0x0" ::: "memory");
#elif CROSSLANE_GFX_HAS(GFX11)
    __builtin_amdgcn_s_waitcnt(0xfc07);  // lgkmcnt(0); clang merges it with its own waits
#elif CROSSLANE_GFX_HAS(GFX10)
    __builtin_amdgcn_s_waitcnt(0xc07f);
#endif
  }

  template <scope S>
  static constexpr int builtin_scope = S == scope::system   ? __HIP_MEMORY_SCOPE_SYSTEM
                                       : S == scope::device ? __HIP_MEMORY_SCOPE_AGENT
                                       : S == scope::block  ? __HIP_MEMORY_SCOPE_WORKGROUP
                                                            : __HIP_MEMORY_SCOPE_WAVEFRONT;
};

}  // namespace crosslane::backend
