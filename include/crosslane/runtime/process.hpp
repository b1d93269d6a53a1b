// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// State that exists once per process. A process may consist of several libraries that each have their own copy of these headers'
/// variables: libraries with hidden symbols, and libraries that dlopen() loads into a program that exports no symbols. Also tells processes
/// apart, since fork() creates a new one.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdio>
#include <new>

#include <libintl.h>
#include <pthread.h>
#include <unistd.h>

namespace crosslane::detail {

/// Marks what belongs to a library's code. Each library and the program itself has one, because hidden symbols are never shared.
struct library_mark {
  bool has_ended = false;  ///< the library's objects of static storage duration are being destroyed
};
[[gnu::visibility("hidden")]] inline library_mark this_library;

[[gnu::visibility("hidden")]] inline int known_process = 0;  ///< 0 until first asked

[[gnu::visibility("hidden"), gnu::cold, gnu::noinline]] inline int learn_process() noexcept {
  (void)pthread_atfork(nullptr, nullptr, [] { known_process = getpid(); });
  int const id = getpid();
  __atomic_store_n(&known_process, id, __ATOMIC_RELAXED);
  return id;
}

/// Returns the number of the calling process. A child made by fork() gets another number. Costs one load.
CROSSLANE_INLINE int this_process() noexcept {
  int const id = __atomic_load_n(&known_process, __ATOMIC_RELAXED);
  return id != 0 ? id : learn_process();
}

/// Returns the object of that name. The first call in the process creates it; it is never destroyed. The name contains a number that
/// changes with the layout of the type, so that libraries of different versions do not share an object.
///
/// Symbols are not shared between all libraries of a process, so the address is stored in the C library's table of translation directories:
/// a domain of this name has the address as its directory. This is slow: callers keep the reference.
template <class T>
T& process_wide(char const* name) noexcept {
  char domain[96], directory[32];
  std::snprintf(domain, sizeof domain, "crosslane %s", name);
  flockfile(stderr);  // a lock that all libraries share
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
