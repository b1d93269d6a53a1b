// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The functions that the compiler calls for each access, and for casts, shifts, indices and addresses. Part of checker.cpp.
#pragma once

#include "running_thread.hpp"
#include "sanitizer_types.hpp"

using namespace crosslane::backend;

extern "C" {

/// Called by -fsanitize=float-cast-overflow. Weak: a program with the undefined-behaviour sanitizer has its own definition.
[[gnu::weak]] void __ubsan_handle_float_cast_overflow(void* data, std::uintptr_t value) {
  if (active_block == nullptr) return;
  unseen const self;
  sanitizer_cast const& cast = *static_cast<sanitizer_cast const*>(data);
  self.block()->checker->report_cast(*self.block(), value_of(*cast.from, value), cast.from->name, cast.to->name,
                                     reinterpret_cast<std::uintptr_t>(CROSSLANE_CALLER));
}

/// Called by -fsanitize=shift-exponent. Weak for the same reason.
[[gnu::weak]] void __ubsan_handle_shift_out_of_bounds(void* data, std::uintptr_t, std::uintptr_t amount) {
  if (active_block == nullptr) return;
  unseen const self;
  sanitizer_cast const& shift = *static_cast<sanitizer_cast const*>(data);  // the types of both operands
  self.block()->checker->report_shift(*self.block(), integer_of(*shift.to, amount), shift.from->name, 1u << (shift.from->bits >> 1),
                                      reinterpret_cast<std::uintptr_t>(CROSSLANE_CALLER));
}

/// Called by -fsanitize=bounds, for an index of an array whose size its type has. Weak for the same reason.
[[gnu::weak]] void __ubsan_handle_out_of_bounds(void* data, std::uintptr_t index) {
  if (active_block == nullptr) return;
  unseen const self;
  sanitizer_index const& use = *static_cast<sanitizer_index const*>(data);
  self.block()->checker->report_index(*self.block(), integer_of(*use.index, index), use.array->name,
                                      reinterpret_cast<std::uintptr_t>(CROSSLANE_CALLER));
}

/// Called by -fsanitize=alignment. Weak for the same reason.
[[gnu::weak]] void __ubsan_handle_type_mismatch_v1(void* data, std::uintptr_t address) {
  if (active_block == nullptr) return;
  unseen const self;
  sanitizer_access const& access = *static_cast<sanitizer_access const*>(data);
  self.block()->checker->report_misaligned(*self.block(), reinterpret_cast<void const*>(address), access.type->name,
                                           std::size_t{1} << access.log_alignment, reinterpret_cast<std::uintptr_t>(CROSSLANE_CALLER));
}

/// Called by clang's -fsanitize=alignment. Weak for the same reason. The address minus the offset should be a multiple of the alignment.
[[gnu::weak]] void __ubsan_handle_alignment_assumption(void* data, std::uintptr_t address, std::uintptr_t alignment,
                                                       std::uintptr_t offset) {
  if (active_block == nullptr) return;
  unseen const self;
  sanitizer_assumption const& said = *static_cast<sanitizer_assumption const*>(data);
  self.block()->checker->report_misaligned(*self.block(), reinterpret_cast<void const*>(address - offset), said.type->name, alignment,
                                           reinterpret_cast<std::uintptr_t>(CROSSLANE_CALLER));
}

void __tsan_init() {}
CROSSLANE_HOOK_CODE void __tsan_func_entry(void* from) {
  if (access_monitor::block_state* const b = active_block; b != nullptr)
    b->calls.enter(reinterpret_cast<std::uintptr_t>(from), reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
}
CROSSLANE_HOOK_CODE void __tsan_func_exit() {
  if (access_monitor::block_state* const b = active_block; b != nullptr)
    b->calls.leave(reinterpret_cast<std::uintptr_t>(CROSSLANE_CALLER), reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
}

#define CROSSLANE_HOOK(name, bytes, flags) \
  CROSSLANE_HOOK_CODE [[gnu::flatten]] void __tsan_##name(void* p) { see(p, bytes, flags, CROSSLANE_CALLER); }
#define CROSSLANE_HOOKS(bytes)                                                               \
  CROSSLANE_HOOK(read##bytes, bytes, access_reads | access_is_aligned)                       \
  CROSSLANE_HOOK(write##bytes, bytes, access_writes | access_is_aligned)                     \
  CROSSLANE_HOOK(read_write##bytes, bytes, access_reads | access_writes | access_is_aligned) \
  CROSSLANE_HOOK(unaligned_read##bytes, bytes, access_reads)                                 \
  CROSSLANE_HOOK(unaligned_write##bytes, bytes, access_writes)                               \
  CROSSLANE_HOOK(unaligned_read_write##bytes, bytes, access_reads | access_writes)           \
  CROSSLANE_HOOK(volatile_read##bytes, bytes, access_reads | access_is_aligned)              \
  CROSSLANE_HOOK(volatile_write##bytes, bytes, access_writes | access_is_aligned)
CROSSLANE_HOOKS(1)
CROSSLANE_HOOKS(2)
CROSSLANE_HOOKS(4)
CROSSLANE_HOOKS(8)
CROSSLANE_HOOKS(16)

void __tsan_read_range(void* p, unsigned long bytes) { see(p, bytes, access_reads, CROSSLANE_CALLER); }
void __tsan_write_range(void* p, unsigned long bytes) { see(p, bytes, access_writes, CROSSLANE_CALLER); }
void __tsan_vptr_read(void** p) { see(p, sizeof *p, access_reads, CROSSLANE_CALLER); }
void __tsan_vptr_update(void** p, void*) { see(p, sizeof *p, access_writes, CROSSLANE_CALLER); }

// Compilers leave some accesses to functions of the C library. Since clang 15 they call these names; before that the linker redirects the
// calls (--wrap) in the target crosslane::checked.
#define CROSSLANE_COPY_HOOK(name, real)                       \
  void* name(void* to, void const* from, std::size_t bytes) { \
    see(from, bytes, access_reads, CROSSLANE_CALLER);         \
    see(to, bytes, access_writes, CROSSLANE_CALLER);          \
    copying const here{CROSSLANE_CALLER};                     \
    return real(to, from, bytes);                             \
  }
#define CROSSLANE_SET_HOOK(name)                       \
  void* name(void* to, int value, std::size_t bytes) { \
    see(to, bytes, access_writes, CROSSLANE_CALLER);   \
    copying const here{CROSSLANE_CALLER};              \
    return __real_memset(to, value, bytes);            \
  }
CROSSLANE_COPY_HOOK(__tsan_memcpy, __real_memcpy)
CROSSLANE_COPY_HOOK(__wrap_memcpy, __real_memcpy)
CROSSLANE_COPY_HOOK(__tsan_memmove, __real_memmove)
CROSSLANE_COPY_HOOK(__wrap_memmove, __real_memmove)
CROSSLANE_SET_HOOK(__tsan_memset)
CROSSLANE_SET_HOOK(__wrap_memset)

#define CROSSLANE_FETCH_HOOK(bits, name)                                                                                          \
  std::uint##bits##_t __tsan_atomic##bits##_fetch_##name(std::uint##bits##_t volatile* p, std::uint##bits##_t value, int order) { \
    return see_atomic(p, access_reads | access_writes, order, order, CROSSLANE_CALLER,                                            \
                      [=] { return __atomic_fetch_##name(p, value, __ATOMIC_SEQ_CST); });                                         \
  }
#define CROSSLANE_COMPARE_HOOK(bits, name, T)                                                                              \
  int __tsan_atomic##bits##_compare_exchange_##name(T volatile* p, T* expected, T desired, int order, int failure) {       \
    return see_atomic(                                                                                                     \
        p, access_reads | access_writes, order, failure, CROSSLANE_CALLER,                                                 \
        [=] { return int(__atomic_compare_exchange_n(p, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)); }, \
        [=] { return __atomic_load_n(p, __ATOMIC_SEQ_CST) == *expected; }, [](int same) { return same != 0; });            \
  }
#define CROSSLANE_ATOMIC_HOOKS(bits, T)                                                                                            \
  T __tsan_atomic##bits##_load(T const volatile* p, int order) {                                                                   \
    return see_atomic(p, access_reads, order, order, CROSSLANE_CALLER, [=] { return __atomic_load_n(p, __ATOMIC_SEQ_CST); });      \
  }                                                                                                                                \
  void __tsan_atomic##bits##_store(T volatile* p, T value, int order) {                                                            \
    see_atomic(p, access_writes, order, order, CROSSLANE_CALLER, [=] { return __atomic_store_n(p, value, __ATOMIC_SEQ_CST), 0; }); \
  }                                                                                                                                \
  T __tsan_atomic##bits##_exchange(T volatile* p, T value, int order) {                                                            \
    return see_atomic(p, access_reads | access_writes, order, order, CROSSLANE_CALLER,                                             \
                      [=] { return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST); });                                            \
  }                                                                                                                                \
  CROSSLANE_FETCH_HOOK(bits, add)                                                                                                  \
  CROSSLANE_FETCH_HOOK(bits, sub)                                                                                                  \
  CROSSLANE_FETCH_HOOK(bits, and)                                                                                                  \
  CROSSLANE_FETCH_HOOK(bits, or)                                                                                                   \
  CROSSLANE_FETCH_HOOK(bits, xor)                                                                                                  \
  CROSSLANE_FETCH_HOOK(bits, nand)                                                                                                 \
  CROSSLANE_COMPARE_HOOK(bits, strong, T)                                                                                          \
  CROSSLANE_COMPARE_HOOK(bits, weak, T)                                                                                            \
  T __tsan_atomic##bits##_compare_exchange_val(T volatile* p, T expected, T desired, int order, int failure) {                     \
    return see_atomic(                                                                                                             \
        p, access_reads | access_writes, order, failure, CROSSLANE_CALLER,                                                         \
        [=] {                                                                                                                      \
          T seen = expected;                                                                                                       \
          __atomic_compare_exchange_n(p, &seen, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                               \
          return seen;                                                                                                             \
        },                                                                                                                         \
        [=] { return __atomic_load_n(p, __ATOMIC_SEQ_CST) == expected; }, [=](T seen) { return seen == expected; });               \
  }
CROSSLANE_ATOMIC_HOOKS(8, std::uint8_t)
CROSSLANE_ATOMIC_HOOKS(16, std::uint16_t)
CROSSLANE_ATOMIC_HOOKS(32, std::uint32_t)
CROSSLANE_ATOMIC_HOOKS(64, std::uint64_t)

void __tsan_atomic_thread_fence(int order) { atomic_fence(crosslane::scope::system, order); }
void __tsan_atomic_signal_fence(int) {}

}  // extern "C"
