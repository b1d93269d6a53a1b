// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Functions of the C library whose calls the linker redirects (--wrap) in the target crosslane::checked. Part of checker.cpp.
#pragma once

#include "running_thread.hpp"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

using namespace crosslane::backend;

extern "C" {

// A failed assertion ends the thread of a kernel, not the process.
[[noreturn]] void __real_abort();
[[noreturn]] void __real___assert_fail(char const*, char const*, unsigned, char const*);

[[noreturn]] void __wrap_abort() {
  if (active_block != nullptr) end_thread("abort() was called", CROSSLANE_CALLER);
  __real_abort();
}
[[noreturn]] void __wrap___assert_fail(char const* condition, char const* file, unsigned line, char const* function) {
  if (active_block != nullptr) {
    crosslane::error_text cause;
    cause.append("the assertion '%s' does not hold", condition);
    end_thread(cause.c_str(), CROSSLANE_CALLER);
  }
  __real___assert_fail(condition, file, line, function);
}

// Memory that a thread of a kernel allocates is its own, and so is the exception that it throws.
#define CROSSLANE_WRAP_ALLOCATION(name, bytes, parameters, arguments) \
  void* __real_##name parameters;                                     \
  void* __wrap_##name parameters { return allocated(__real_##name arguments, bytes); }
CROSSLANE_WRAP_ALLOCATION(malloc, bytes, (std::size_t bytes), (bytes))
CROSSLANE_WRAP_ALLOCATION(calloc, count* each, (std::size_t count, std::size_t each), (count, each))
CROSSLANE_WRAP_ALLOCATION(aligned_alloc, bytes, (std::size_t alignment, std::size_t bytes), (alignment, bytes))
CROSSLANE_WRAP_ALLOCATION(__cxa_allocate_exception, bytes, (std::size_t bytes), (bytes))
CROSSLANE_WRAP_ALLOCATION(_Znwm, bytes, (std::size_t bytes), (bytes))
CROSSLANE_WRAP_ALLOCATION(_Znam, bytes, (std::size_t bytes), (bytes))
CROSSLANE_WRAP_ALLOCATION(_ZnwmRKSt9nothrow_t, bytes, (std::size_t bytes, void const* nothrow), (bytes, nothrow))
CROSSLANE_WRAP_ALLOCATION(_ZnamRKSt9nothrow_t, bytes, (std::size_t bytes, void const* nothrow), (bytes, nothrow))
CROSSLANE_WRAP_ALLOCATION(_ZnwmSt11align_val_t, bytes, (std::size_t bytes, std::size_t alignment), (bytes, alignment))
CROSSLANE_WRAP_ALLOCATION(_ZnamSt11align_val_t, bytes, (std::size_t bytes, std::size_t alignment), (bytes, alignment))
CROSSLANE_WRAP_ALLOCATION(_ZnwmSt11align_val_tRKSt9nothrow_t, bytes, (std::size_t bytes, std::size_t alignment, void const* nothrow),
                          (bytes, alignment, nothrow))
CROSSLANE_WRAP_ALLOCATION(_ZnamSt11align_val_tRKSt9nothrow_t, bytes, (std::size_t bytes, std::size_t alignment, void const* nothrow),
                          (bytes, alignment, nothrow))
#undef CROSSLANE_WRAP_ALLOCATION

int __real_posix_memalign(void**, std::size_t, std::size_t);
int __wrap_posix_memalign(void** p, std::size_t alignment, std::size_t bytes) {
  int const code = __real_posix_memalign(p, alignment, bytes);
  if (code == 0) (void)allocated(*p, bytes);
  return code;
}
void* __real_realloc(void*, std::size_t);
void* __wrap_realloc(void* p, std::size_t bytes) {
  if (is_in_use(p, size_of_malloc, CROSSLANE_CALLER)) {
    void* const copy = __real_malloc(bytes);
    std::size_t const size = malloc_usable_size(p);
    return copy != nullptr ? __real_memcpy(copy, p, size < bytes ? size : bytes) : nullptr;
  }
  return allocated(__real_realloc(p, bytes), bytes);
}

void __wrap_free(void* p) {
  if (!is_in_use(p, size_of_malloc, CROSSLANE_CALLER)) __real_free(p);
}

// Each operator delete.
#define CROSSLANE_WRAP_DELETE(name, bytes, parameters, arguments)        \
  void __real_##name parameters;                                         \
  void __wrap_##name parameters {                                        \
    if (!is_in_use(p, bytes, CROSSLANE_CALLER)) __real_##name arguments; \
  }
CROSSLANE_WRAP_DELETE(_ZdlPv, size_not_known, (void* p), (p))
CROSSLANE_WRAP_DELETE(_ZdaPv, size_not_known, (void* p), (p))
CROSSLANE_WRAP_DELETE(_ZdlPvm, bytes, (void* p, std::size_t bytes), (p, bytes))
CROSSLANE_WRAP_DELETE(_ZdaPvm, bytes, (void* p, std::size_t bytes), (p, bytes))
CROSSLANE_WRAP_DELETE(_ZdlPvSt11align_val_t, size_not_known, (void* p, std::size_t alignment), (p, alignment))
CROSSLANE_WRAP_DELETE(_ZdaPvSt11align_val_t, size_not_known, (void* p, std::size_t alignment), (p, alignment))
CROSSLANE_WRAP_DELETE(_ZdlPvmSt11align_val_t, bytes, (void* p, std::size_t bytes, std::size_t alignment), (p, bytes, alignment))
CROSSLANE_WRAP_DELETE(_ZdaPvmSt11align_val_t, bytes, (void* p, std::size_t bytes, std::size_t alignment), (p, bytes, alignment))
CROSSLANE_WRAP_DELETE(_ZdlPvRKSt9nothrow_t, size_not_known, (void* p, void const* nothrow), (p, nothrow))
CROSSLANE_WRAP_DELETE(_ZdaPvRKSt9nothrow_t, size_not_known, (void* p, void const* nothrow), (p, nothrow))
CROSSLANE_WRAP_DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, size_not_known, (void* p, std::size_t alignment, void const* nothrow),
                      (p, alignment, nothrow))
CROSSLANE_WRAP_DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, size_not_known, (void* p, std::size_t alignment, void const* nothrow),
                      (p, alignment, nothrow))
#undef CROSSLANE_WRAP_DELETE

// By these a callback may learn from the host, and the host from a callback, without being blocked.
#define CROSSLANE_WRAP_WAIT(result, name, parameters, arguments) \
  result __real_##name parameters;                               \
  result __wrap_##name parameters {                              \
    result const code = __real_##name arguments;                 \
    may_have_waited();                                           \
    return code;                                                 \
  }
CROSSLANE_WRAP_WAIT(int, pthread_mutex_lock, (pthread_mutex_t * m), (m))
CROSSLANE_WRAP_WAIT(int, pthread_mutex_trylock, (pthread_mutex_t * m), (m))
CROSSLANE_WRAP_WAIT(int, pthread_mutex_timedlock, (pthread_mutex_t * m, timespec const* t), (m, t))
CROSSLANE_WRAP_WAIT(int, pthread_mutex_clocklock, (pthread_mutex_t * m, clockid_t c, timespec const* t), (m, c, t))
CROSSLANE_WRAP_WAIT(int, pthread_rwlock_rdlock, (pthread_rwlock_t * l), (l))
CROSSLANE_WRAP_WAIT(int, pthread_rwlock_wrlock, (pthread_rwlock_t * l), (l))
CROSSLANE_WRAP_WAIT(int, pthread_rwlock_tryrdlock, (pthread_rwlock_t * l), (l))
CROSSLANE_WRAP_WAIT(int, pthread_rwlock_trywrlock, (pthread_rwlock_t * l), (l))
CROSSLANE_WRAP_WAIT(int, pthread_rwlock_timedrdlock, (pthread_rwlock_t * l, timespec const* t), (l, t))
CROSSLANE_WRAP_WAIT(int, pthread_rwlock_timedwrlock, (pthread_rwlock_t * l, timespec const* t), (l, t))
CROSSLANE_WRAP_WAIT(int, pthread_rwlock_clockrdlock, (pthread_rwlock_t * l, clockid_t c, timespec const* t), (l, c, t))
CROSSLANE_WRAP_WAIT(int, pthread_rwlock_clockwrlock, (pthread_rwlock_t * l, clockid_t c, timespec const* t), (l, c, t))
CROSSLANE_WRAP_WAIT(int, pthread_spin_lock, (pthread_spinlock_t * l), (l))
CROSSLANE_WRAP_WAIT(int, pthread_spin_trylock, (pthread_spinlock_t * l), (l))
CROSSLANE_WRAP_WAIT(int, sem_wait, (sem_t * s), (s))
CROSSLANE_WRAP_WAIT(int, sem_trywait, (sem_t * s), (s))
CROSSLANE_WRAP_WAIT(int, sem_timedwait, (sem_t * s, timespec const* t), (s, t))
CROSSLANE_WRAP_WAIT(int, sem_clockwait, (sem_t * s, clockid_t c, timespec const* t), (s, c, t))
CROSSLANE_WRAP_WAIT(int, pthread_barrier_wait, (pthread_barrier_t * b), (b))
CROSSLANE_WRAP_WAIT(int, pthread_join, (pthread_t t, void** result), (t, result))
CROSSLANE_WRAP_WAIT(ssize_t, read, (int file, void* to, std::size_t bytes), (file, to, bytes))
#undef CROSSLANE_WRAP_WAIT

// std::thread::join()
[[gnu::weak]] void __real__ZNSt6thread4joinEv(void*);  // libc++ has it by another name
void __wrap__ZNSt6thread4joinEv(void* thread) {
  __real__ZNSt6thread4joinEv(thread);
  may_have_waited();
}

}  // extern "C"
