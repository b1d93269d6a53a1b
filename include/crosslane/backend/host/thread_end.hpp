// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Ends a single thread of a kernel where C++ would call std::terminate: when an exception cannot leave a destructor or a noexcept
/// function. The exception becomes the error of the block. Since threads of a failed block are unwound by an exception, this also allows
/// destructors to wait at barriers.
#pragma once

#include <crosslane/runtime/async_errors.hpp>

#include <cstdlib>
#include <exception>

#include <cxxabi.h>

namespace crosslane::backend {

/// The exception state of a host thread, as the C++ ABI defines it.
struct thread_exceptions {
  void* caught;       ///< exceptions whose handlers are active
  unsigned uncaught;  ///< exceptions thrown but not yet caught, while destructors run
  static thread_exceptions* here() noexcept { return reinterpret_cast<thread_exceptions*>(abi::__cxa_get_globals()); }
};

/// Runs the threads of a kernel and ends one that would terminate the process.
class thread_owner {
 public:
  /// Ends the running kernel thread, which threw an exception that cannot propagate. It is in the handler of that exception, or in none.
  /// Does not return.
  [[noreturn]] virtual void leave_thread() noexcept = 0;

  /// States whose kernel threads run on the calling host thread; nullptr for none.
  static void runs_here(thread_owner* owner) noexcept { current_ = owner; }

  /// Installs the terminate handler until the library that has this code ends. Termination outside kernel threads goes to the previous
  /// handler.
  static void take_over_termination() noexcept {
    stay_for_streams();
    [[maybe_unused]] static bool const installed = install();
  }

  /// Called before a stream is made. The handler then stays until streams of static storage duration are gone.
  static void stay_for_streams() noexcept { (void)of_this_library(); }

 protected:
  ~thread_owner() = default;

 private:
  /// A library's handler, in the list of those of the process. A library that ends takes its handler out of the others' way.
  struct handler {
    handler() = default;
    ~handler() {
      handler_list& list = handlers();
      detail::spin_guard const guard{list.lock};
      handler** link = &list.first;
      while (*link != nullptr && *link != this) link = &(*link)->next;
      if (*link == nullptr) return;  // never installed
      *link = next;
      if (std::get_terminate() == &terminate) std::set_terminate(*previous);
      for (handler* h = list.first; h != nullptr; h = h->next)
        if (*h->previous == &terminate) *h->previous = *previous;
    }
    std::terminate_handler* previous = nullptr;
    handler* next = nullptr;
  };
  struct handler_list {
    detail::spin_lock lock;
    handler* first = nullptr;
  };
  [[gnu::visibility("hidden")]] static handler_list& handlers() noexcept {
    static handler_list& list = detail::process_wide<handler_list>("terminate handlers 1");
    return list;
  }
  static bool install() noexcept {
    handler& mine = of_this_library();
    handler_list& list = handlers();
    detail::spin_guard const guard{list.lock};
    previous_ = std::set_terminate(&terminate);
    mine.previous = &previous_;
    mine.next = list.first;
    list.first = &mine;
    return true;
  }
  static handler& of_this_library() noexcept {
    static handler mine;
    return mine;
  }

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
