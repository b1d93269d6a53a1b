// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Where an exception cannot leave a thread of a kernel, since a destructor or a noexcept function is in its way, C++ ends the program.
/// Here the thread ends instead, and the exception is the error of its block. The threads of a failed block are left by an exception too,
/// so this lets destructors wait at barriers.
#pragma once

#include <cstdlib>
#include <exception>

#include <cxxabi.h>

namespace crosslane::backend {

/// The exceptions of a thread of the program, as the C++ ABI has them.
struct thread_exceptions {
  void* caught;       ///< those in whose handlers it is
  unsigned uncaught;  ///< thrown, and in no handler yet: destructors run
  static thread_exceptions* here() noexcept { return reinterpret_cast<thread_exceptions*>(abi::__cxa_get_globals()); }
};

/// Runs threads of a kernel, of which one may be about to end the program.
class thread_owner {
 public:
  /// The running thread has thrown what cannot leave it. It is in the handler of that, or in none. Does not return.
  [[noreturn]] virtual void leave_thread() noexcept = 0;

  /// The threads of a kernel that run on this thread of the program are this object's; nullptr: none do.
  static void runs_here(thread_owner* owner) noexcept { current_ = owner; }

  /// Once in a program. What is no thread of a kernel goes to the handler that was there before.
  static void take_over_termination() noexcept {
    static bool const done = (previous_ = std::set_terminate(&terminate), true);
    (void)done;
  }

 protected:
  ~thread_owner() = default;

 private:
  static void terminate() {
    thread_exceptions const& e = *thread_exceptions::here();
    if (current_ != nullptr && (e.caught != nullptr || e.uncaught != 0)) current_->leave_thread();
    if (previous_ != nullptr) previous_();
    std::abort();
  }

  static inline thread_local thread_owner* current_ = nullptr;
  static inline std::terminate_handler previous_ = nullptr;
};

}  // namespace crosslane::backend
