// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What a process has once, though it may consist of several libraries that each have a copy of these headers' variables: with hidden
/// symbols, or loaded by dlopen() into a program that exports none. Likewise which process this is, since fork() makes another.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdio>
#include <new>

#include <libintl.h>
#include <pthread.h>
#include <unistd.h>

namespace crosslane::detail {

/// One in each library, the program among them: hidden symbols are never shared. Marks what belongs to the library's code.
struct library_mark {
  bool has_ended = false;  ///< its objects of static storage duration are being destroyed
};
[[gnu::visibility("hidden")]] inline library_mark this_library;

[[gnu::visibility("hidden")]] inline int known_process = 0;  ///< 0: not asked for yet

[[gnu::visibility("hidden"), gnu::cold, gnu::noinline]] inline int learn_process() noexcept {
  (void)pthread_atfork(nullptr, nullptr, [] { known_process = int(getpid()); });
  int const id = int(getpid());
  __atomic_store_n(&known_process, id, __ATOMIC_RELAXED);
  return id;
}

/// The number of the calling process; a child made by fork() has another one. Costs a load.
CROSSLANE_INLINE int this_process() noexcept {
  int const id = __atomic_load_n(&known_process, __ATOMIC_RELAXED);
  return id != 0 ? id : learn_process();
}

/// The object of that name, made at the first call in the process and never destroyed. The name has a number that rises with each change
/// of the type's layout, so that libraries of different versions do not share it.
///
/// Symbols cannot be relied on to find it, so it goes through what every library of a process shares: the C library's table of
/// directories of translations, in which a domain of that name has the address as its directory. Slow: keep the reference.
template <class T>
T& process_wide(char const* name) noexcept {
  char domain[96], directory[32];
  std::snprintf(domain, sizeof domain, "crosslane %s", name);
  flockfile(stderr);  // the lock that all share
  void* found = nullptr;
  char const* const known = bindtextdomain(domain, nullptr);
  if (known == nullptr || std::sscanf(known, "object %p", &found) != 1) {
    found = new T{};
    std::snprintf(directory, sizeof directory, "object %p", found);
    (void)bindtextdomain(domain, directory);
  }
  funlockfile(stderr);
  return *static_cast<T*>(found);
}

}  // namespace crosslane::detail
