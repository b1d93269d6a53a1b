// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Interrupts a host thread from time to time while it runs kernels, so that a kernel thread which never ends is found. The time is
/// processor time: a debugger that stops the program, or other programs, do not matter. The signal is SIGVTALRM, at which debuggers do not
/// stop. The handler is in faults.hpp.
#pragma once

#include <crosslane/platform/config.hpp>

#include <cstdint>

#include <link.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

namespace crosslane::backend {

// A signal handler reads this variable; see current_work.
#if !CROSSLANE_COMPILER_CUDA()
[[gnu::tls_model("initial-exec")]]
#endif
inline constinit thread_local bool processor_timer_is_set = false;

/// The timer of a host thread. It expires once; the handler sets it again if the thread still runs kernels.
class processor_timer {
 public:
  /// Sets the timer of the calling thread if it is not set. A thread that cannot have a timer is not interrupted.
  static void set(double seconds) noexcept {
    if (processor_timer_is_set) return;
    processor_timer_is_set = true;
    of_thread().start(seconds);
  }

  /// Whether a signal comes from such a timer.
  static bool sent(siginfo_t const& info) noexcept { return info.si_code == SI_TIMER && info.si_value.sival_ptr == &mark_; }

  /// Returns the processor time of the calling thread in seconds. Signal handlers may call it.
  static double now() noexcept {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
  }

 private:
  processor_timer() noexcept {
#if !CROSSLANE_SANITIZE_THREAD()  // its runtime delays signals
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGVTALRM;
    event.sigev_value.sival_ptr = &mark_;
    event._sigev_un._tid = gettid();
    exists_ = timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer_) == 0;
#endif
  }
  ~processor_timer() {
    processor_timer_is_set = true;  // no other one is made
    if (exists_) timer_delete(timer_);
  }
  processor_timer(processor_timer const&) = delete;
  processor_timer& operator=(processor_timer const&) = delete;

  static processor_timer& of_thread() noexcept {
    static thread_local processor_timer mine;
    return mine;
  }

  void start(double seconds) noexcept {
    if (!exists_) return;
    itimerspec time{};
    time.it_value.tv_sec = time_t(seconds);
    time.it_value.tv_nsec = long(1e9 * (seconds - double(time.it_value.tv_sec)));
    timer_settime(timer_, 0, &time, nullptr);
  }

  static inline char mark_ = 0;
  timer_t timer_{};
  bool exists_ = false;
};

/// Whether two addresses lie in code of the same program or library. In code of another one, such as malloc(), a thread may hold a lock.
inline bool in_same_library(void const* a, void const* b) noexcept {
  struct query {
    std::uintptr_t a, b;
    static int visit(dl_phdr_info* module, std::size_t, void* data) noexcept {
      query const& q = *static_cast<query const*>(data);
      bool has_a = false, has_b = false;
      for (int i = 0; i < module->dlpi_phnum; ++i) {
        auto const& part = module->dlpi_phdr[i];
        if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
        std::uintptr_t const begin = module->dlpi_addr + part.p_vaddr;
        has_a = has_a || q.a - begin < part.p_memsz;
        has_b = has_b || q.b - begin < part.p_memsz;
      }
      return has_a && has_b;
    }
  } both{reinterpret_cast<std::uintptr_t>(a), reinterpret_cast<std::uintptr_t>(b)};
  return dl_iterate_phdr(&query::visit, &both) != 0;
}

}  // namespace crosslane::backend
