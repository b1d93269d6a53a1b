# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# crosslane::checked, instead of crosslane::host: kernels are compiled with a call for each access to memory, and for each cast of a number
# to an integer type that cannot hold it, each shift by the width of its type or more and each misaligned address, and the host backend
# checks them. The flags are the compiler's for its sanitizers, whose runtimes are not linked: the functions that they would bring are in
# src/checker.cpp, compiled without the flags in the project that uses it, and only there.
#
# CROSSLANE_CHECKER_SOURCE is that file. This file is part of the installed package too.
if(TARGET crosslane_checked)
  return()
endif()

add_library(crosslane_checker STATIC EXCLUDE_FROM_ALL ${CROSSLANE_CHECKER_SOURCE})
target_compile_definitions(crosslane_checker PUBLIC CROSSLANE_CONFIG_ACCESS_CHECKS=1)
target_link_libraries(crosslane_checker PUBLIC crosslane::host PRIVATE ${CMAKE_DL_LIBS})
set_target_properties(crosslane_checker PROPERTIES POSITION_INDEPENDENT_CODE ON)
# Its own memcpy is the C library's, and so is that of code without the flag: both only pass through. What a kernel allocates is its own.
# abort and a failed assertion end the thread of a kernel. Memory of the host must not be freed before the copies that use it are done, and
# a callback that locks something, joins a thread or reads a file may wait for the host.
target_link_options(crosslane_checker INTERFACE
  "LINKER:--wrap=memcpy,--wrap=memmove,--wrap=memset"
  "LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=posix_memalign,--wrap=__cxa_allocate_exception"
  "LINKER:--wrap=_Znwm,--wrap=_ZnwmRKSt9nothrow_t,--wrap=_ZnwmSt11align_val_t,--wrap=_ZnwmSt11align_val_tRKSt9nothrow_t"
  "LINKER:--wrap=_Znam,--wrap=_ZnamRKSt9nothrow_t,--wrap=_ZnamSt11align_val_t,--wrap=_ZnamSt11align_val_tRKSt9nothrow_t"
  "LINKER:--wrap=free,--wrap=_ZdlPv,--wrap=_ZdlPvm,--wrap=_ZdlPvSt11align_val_t,--wrap=_ZdlPvmSt11align_val_t"
  "LINKER:--wrap=_ZdaPv,--wrap=_ZdaPvm,--wrap=_ZdaPvSt11align_val_t,--wrap=_ZdaPvmSt11align_val_t"
  "LINKER:--wrap=_ZdlPvRKSt9nothrow_t,--wrap=_ZdlPvSt11align_val_tRKSt9nothrow_t"
  "LINKER:--wrap=_ZdaPvRKSt9nothrow_t,--wrap=_ZdaPvSt11align_val_tRKSt9nothrow_t"
  "LINKER:--wrap=abort,--wrap=__assert_fail"
  "LINKER:--wrap=pthread_mutex_lock,--wrap=pthread_mutex_trylock,--wrap=pthread_mutex_timedlock,--wrap=pthread_mutex_clocklock"
  "LINKER:--wrap=pthread_rwlock_rdlock,--wrap=pthread_rwlock_tryrdlock,--wrap=pthread_rwlock_timedrdlock,--wrap=pthread_rwlock_clockrdlock"
  "LINKER:--wrap=pthread_rwlock_wrlock,--wrap=pthread_rwlock_trywrlock,--wrap=pthread_rwlock_timedwrlock,--wrap=pthread_rwlock_clockwrlock"
  "LINKER:--wrap=pthread_spin_lock,--wrap=pthread_spin_trylock,--wrap=pthread_barrier_wait,--wrap=pthread_join,--wrap=_ZNSt6thread4joinEv"
  "LINKER:--wrap=sem_wait,--wrap=sem_trywait,--wrap=sem_timedwait,--wrap=sem_clockwait,--wrap=read")

add_library(crosslane_checked INTERFACE)
add_library(crosslane::checked ALIAS crosslane_checked)
target_link_libraries(crosslane_checked INTERFACE crosslane_checker)
# -U_FORTIFY_SOURCE, which some distributions set: its inline wrappers of memcpy and memset would be seen in place of the program's lines.
# -g1: the lines of accesses. clang would leave out the read of `x += 1`, and g++ the accesses of a memset that it writes out.
# -fno-ipa-icf, -fno-crossjumping: of functions and of ends of branches with the same code g++ would keep one, with the lines of one.
# -gdwarf-4: addr2line of binutils 2.40 does not find the callers of inlined functions in what clang 19 writes otherwise.
# -fno-vectorize, -fno-slp-vectorize: clang would make one read of several members, as if an object was copied, whose parts may be unwritten.
# -fsanitize=bounds: clang's has checks that trap, too.
# -O2: g++ makes no call for the store of `x[i] = f()` where f returns an object of a class, unless it inlines f.
target_compile_options(crosslane_checked INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=thread;-fsanitize=float-cast-overflow,shift-exponent,alignment;-g1;-U_FORTIFY_SOURCE>"
  "$<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<NOT:$<CONFIG:Release,RelWithDebInfo>>>:-O2>"
  "$<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-builtin-memcpy;-fno-builtin-memmove;-fno-builtin-memset;-fno-ipa-icf;-fno-crossjumping;-fsanitize=bounds>"
  "$<$<COMPILE_LANG_AND_ID:CXX,Clang>:-gdwarf-4;-fno-vectorize;-fno-slp-vectorize;-fsanitize=array-bounds;SHELL:-mllvm -tsan-compound-read-before-write>")
