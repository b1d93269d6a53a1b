// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Handles processor faults in kernels, copies and callbacks: stack overflow, access to unmapped memory, division by zero. Prints one
/// message to stderr that says what the thread was doing. Then the previous signal handler runs, or the process ends by the signal, as it
/// would otherwise. Signals of threads that do no stream work go to the previous handler at once.
#pragma once

#include <crosslane/backend/host/access_monitor.hpp>
#include <crosslane/backend/host/processor_timer.hpp>
#include <crosslane/backend/host/stream_watch.hpp>
#include <crosslane/core/error.hpp>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

namespace crosslane::backend {

/// The state in which a thread continues after the processor timer has interrupted it.
struct time_to_go_on {
  double seconds = 0;      ///< until the next interruption; 0 if there is none
  bool elsewhere = false;  ///< it does not continue where it was
};

/// The work of a thread of the backend, for the message of a fault. The signal handler calls all functions.
class running_work {
 public:
  /// Appends the name of the work: "kernel k, block (0, 0, 0), thread 3".
  virtual void describe(error_text&) const noexcept = 0;
  /// Appends what is known about the faulting address. Returns false if nothing is known. A null stack pointer is unknown.
  virtual bool explain(error_text&, void const* address, void const* stack_pointer) const noexcept = 0;
  /// Arranges that the thread ends with a finding when the signal handler returns. Returns false if the process cannot continue.
  virtual bool take_over(void const* /*code*/, error_text const& /*cause*/, void* /*context*/) const noexcept { return false; }
  /// Called when the processor timer has expired. `code` is the address of the interrupted code, `context` what it continues with.
  virtual time_to_go_on interrupted(void const* /*code*/, void* /*context*/) const noexcept { return {}; }

 protected:
  ~running_work() = default;
};

/// Marks the calling thread as doing this work while the object lives.
class running_scope {
 public:
  explicit running_scope(running_work const& work) noexcept : before_{current_work.running} { current_work.running = &work; }
  ~running_scope() { current_work.running = before_; }
  running_scope(running_scope const&) = delete;
  running_scope& operator=(running_scope const&) = delete;

 private:
  running_work const* before_;
};

inline bool lies_in(void const* address, void const* begin, std::size_t bytes) noexcept {
  return std::uintptr_t(address) - std::uintptr_t(begin) < bytes;
}

/// An alternate signal stack for the calling thread, since the thread's own stack may be exhausted. One per thread that does stream work.
class thread_for_faults {
 public:
  thread_for_faults() noexcept {
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
      void* lowest = nullptr;
      pthread_attr_getstack(&attributes, &lowest, &own_stack_bytes_);
      own_stack_ = lowest;
      pthread_attr_destroy(&attributes);
    }
    stack_t other{};
    if (sigaltstack(nullptr, &other) != 0 || (other.ss_flags & SS_DISABLE) == 0) return;  // the thread has an alternate stack already
    void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    stack_t mine{};
    mine.ss_sp = memory;
    mine.ss_size = bytes;
    if (sigaltstack(&mine, nullptr) == 0)
      memory_ = memory;
    else
      munmap(memory, bytes);
  }
  thread_for_faults(thread_for_faults const&) = delete;
  thread_for_faults& operator=(thread_for_faults const&) = delete;
  ~thread_for_faults() {
    own_stack_ = nullptr;
    if (memory_ == nullptr) return;
    stack_t now{};
    if (sigaltstack(nullptr, &now) == 0 && now.ss_sp == memory_) {
      stack_t none{};
      none.ss_flags = SS_DISABLE;
      sigaltstack(&none, nullptr);
    }
    munmap(memory_, bytes);
  }

  /// Explains a fault in work that runs on the thread's own stack.
  static bool explain_own_stack(error_text& text, void const* address, void const* stack_pointer) noexcept {
    if (own_stack_ == nullptr) return false;
    bool const below = stack_pointer != nullptr && !lies_in(stack_pointer, own_stack_, own_stack_bytes_ + 1);
    if (!below && !lies_in(address, static_cast<char const*>(own_stack_) - reach, reach)) return false;
    text.append(
        "stack overflow: local arrays, calls and alloca need more than the thread's stack of %zu bytes. Element-wise work and host "
        "callbacks run on the stacks of CPU threads: `ulimit -s` sets their size, and OMP_STACKSIZE that of OpenMP's threads",
        own_stack_bytes_);
    return true;
  }

 private:
  static constexpr std::size_t bytes = 65536;                 // also enough for the previous handler
  static constexpr std::size_t reach = std::size_t{1} << 20;  // how far below the stack the addresses of an oversized frame lie

  static inline constinit thread_local void const* own_stack_ = nullptr;  ///< lowest address
  static inline constinit thread_local std::size_t own_stack_bytes_ = 0;
  void* memory_ = nullptr;
};

/// Work without lanes: an element-wise loop or a host callback.
class running_plain_work final : public running_work {
 public:
  running_plain_work(char const* name, source_location where) noexcept : name_{name}, where_{where} {}
  void describe(error_text& text) const noexcept override {
    text.append("%s", name_);
    if (where_.line != 0) text.append(", called at %s:%u", where_.file, where_.line);
  }
  bool explain(error_text& text, void const* address, void const* stack_pointer) const noexcept override {
    return thread_for_faults::explain_own_stack(text, address, stack_pointer);
  }

 private:
  char const* name_;
  source_location where_;
};

/// Installs the signal handlers of the process. They stay from the first stream thread until exit, or until the library with this code is
/// unloaded.
class fault_handlers {
 public:
  /// Prepares the calling thread. Each thread that does stream work calls this. Cheap after the first call.
  static void prepare_thread() {
    stay_for_streams();
    [[maybe_unused]] static bool const installed = install();
    [[maybe_unused]] static thread_local thread_for_faults const thread;
  }

  /// Called before a stream is made. The handlers then stay until streams of static storage duration are gone.
  static void stay_for_streams() noexcept { [[maybe_unused]] static fault_handlers const removed_at_end; }

  /// Writes a text to stderr. Signal handlers may call it.
  static void print(error_text const& text) noexcept {
    char const* rest = text.c_str();
    for (std::size_t length = std::strlen(rest); length != 0;) {
      ssize_t const written = write(STDERR_FILENO, rest, length);
      if (written <= 0) break;
      rest += written;
      length -= std::size_t(written);
    }
  }

 private:
  static constexpr int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGVTALRM};
  static constexpr int count = sizeof signals / sizeof signals[0];
  static inline struct sigaction previous_[count];
  static inline bool reported_ = false;

  fault_handlers() = default;
  static bool install() noexcept {
    for (int i = 0; i < count; ++i) {
      if (sigaction(signals[i], nullptr, &previous_[i]) != 0) continue;
      struct sigaction mine{};
      mine.sa_sigaction = &handle;
      mine.sa_flags = SA_SIGINFO | SA_ONSTACK | (signals[i] == SIGVTALRM ? SA_RESTART : previous_[i].sa_flags & SA_RESTART);
      mine.sa_mask = previous_[i].sa_mask;
      sigaddset(&mine.sa_mask, SIGVTALRM);
      sigaction(signals[i], &mine, nullptr);
    }
    return true;
  }
  ~fault_handlers() {
    for (int i = 0; i < count; ++i) {
      struct sigaction now{};
      if (sigaction(signals[i], nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == &handle) restore(i);
    }
  }
  /// A timer may still expire, and must not end the process.
  static void restore(int i) noexcept {
    struct sigaction before = previous_[i];
    if (signals[i] == SIGVTALRM && (before.sa_flags & SA_SIGINFO) == 0 && before.sa_handler == SIG_DFL) before.sa_handler = SIG_IGN;
    sigaction(signals[i], &before, nullptr);
  }

  CROSSLANE_UNSEEN static void handle(int signal, siginfo_t* info, void* context) {
    memory_watch const* const watch = watched_memory;
    if (watch != nullptr) watch->pause();
    if (take(signal, info, context) && watch != nullptr) watch->resume();
  }

  /// Returns true if the code that has faulted continues there.
  static bool take(int signal, siginfo_t* info, void* context) {
    int const error_number = errno;
    if (signal == SIGVTALRM && processor_timer::sent(*info)) {
      time_to_go_on next;
      if (current_work.running != nullptr) next = current_work.running->interrupted(code_of(*info, context), context);
      processor_timer_is_set = false;
      if (next.seconds != 0) processor_timer::set(next.seconds);
      errno = error_number;
      return !next.elsewhere;
    }
    bool const is_fault = info->si_code > 0;  // otherwise a process sent the signal
    if (is_fault && current_work.running != nullptr) {
      error_text cause;
      append_cause(cause, signal, *info, context);
      if (current_work.running->take_over(code_of(*info, context), cause, context)) {
        errno = error_number;
        return false;
      }
      error_text text;
      current_work.running->describe(text);
      report_once(text, cause);
    } else if (error_text cause; is_fault && watched_memory != nullptr && signal == SIGSEGV && info->si_code == SEGV_ACCERR) {
      cause.append("%s address %#zx (SIGSEGV): ", access_of(context), std::size_t(info->si_addr));
      if (watched_memory->pass(info->si_addr, code_of(*info, context), access_of(context)[0] == 'w')) {
        errno = error_number;
        return true;
      }
      error_text text;
      text.append("the host program");
      if (watched_memory->explain(cause, info->si_addr)) report_once(text, cause);
    }
    errno = error_number;
    pass_on(signal, info, context, is_fault);
    return true;
  }

  /// Calls the previous handler. If there is none, restores the default action and returns to the faulting instruction, which faults again
  /// and ends the process. A debugger and a core file then show the fault itself.
  static void pass_on(int signal, siginfo_t* info, void* context, bool is_fault) {
    int i = 0;
    while (signals[i] != signal) ++i;
    struct sigaction const before = previous_[i];
    bool const wants_info = (before.sa_flags & SA_SIGINFO) != 0;
    if (!wants_info && before.sa_handler == SIG_IGN && !is_fault) return;
    if (!wants_info && (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN)) {
      struct sigaction standard{};
      standard.sa_handler = SIG_DFL;
      sigaction(signal, &standard, nullptr);
      if (!is_fault) raise(signal);
      return;
    }
    if ((before.sa_flags & SA_NODEFER) != 0) {
      sigset_t set;
      sigemptyset(&set);
      sigaddset(&set, signal);
      pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    }
    if ((unsigned(before.sa_flags) & SA_RESETHAND) != 0) {
      previous_[i] = {};
      previous_[i].sa_handler = SIG_DFL;
    }
    if (wants_info)
      before.sa_sigaction(signal, info, context);
    else
      before.sa_handler(signal);
  }

  /// Prints one message. If several threads fault at the same time, the first one prints; the others wait until it ends the process.
  static void report_once(error_text const& who, error_text const& cause) noexcept {
    if (__atomic_exchange_n(&reported_, true, __ATOMIC_RELAXED)) {
      timespec const second{1, 0};
      nanosleep(&second, nullptr);
      return;
    }
    error_text text;
    text.append("crosslane: %s: %s\n", who.c_str(), cause.c_str());
    print(text);
  }

  static void append_cause(error_text& text, int signal, siginfo_t const& info, void* context) noexcept {
    if (signal == SIGFPE)
      explain_arithmetic(text, info);
    else if (signal == SIGILL)
      text.append(
          "an illegal instruction (SIGILL): __builtin_trap, or code that the compiler knows to be undefined, such as the use of a null "
          "pointer");
    else
      explain_address(text, signal, info, context);
  }

  static void explain_arithmetic(error_text& text, siginfo_t const& info) noexcept {
    if (info.si_code == FPE_INTDIV || info.si_code == FPE_INTOVF)
      text.append(
          "an integer is divided by zero, or the lowest integer by -1 (SIGFPE). A GPU does not stop there: the quotient is undefined, "
          "and the kernel continues");
    else
      text.append("a floating-point exception, for which this process has enabled a trap (SIGFPE)");
  }

  static void explain_address(error_text& text, int signal, siginfo_t const& info, void* context) noexcept {
    char const* const name = signal == SIGBUS ? "SIGBUS" : "SIGSEGV";
    char const* const how = access_of(context);
    if (info.si_code == SI_KERNEL) {  // the processor does not report the address
      text.append("%s an invalid address (%s): a pointer that was never set, or that has been overwritten", how, name);
      return;
    }
    text.append("%s address %#zx (%s): ", how, std::size_t(info.si_addr), name);
    if (current_work.running->explain(text, info.si_addr, stack_pointer_of(context))) return;
    if (watched_memory != nullptr && watched_memory->explain(text, info.si_addr)) return;
    if (signal == SIGBUS)
      text.append("a mapped file that has become shorter, or a misaligned address");
    else if (std::uintptr_t(info.si_addr) < 65536)
      text.append("a null pointer, or an index into an empty view; with CROSSLANE_CONFIG_BOUNDS_CHECKS=1 views check their indices");
    else if (info.si_code == SEGV_ACCERR)
      text.append("the memory is protected against this access");
    else
      text.append("no memory is mapped there: it has been freed, or an index is far out of bounds; crosslane::checked names the line");
  }

  static char const* access_of([[maybe_unused]] void* context) noexcept {
#if defined(__x86_64__) && defined(__linux__)
    auto const error = static_cast<ucontext_t const*>(context)->uc_mcontext.gregs[REG_ERR];
    return (error & 16) != 0 ? "jumps to" : (error & 2) != 0 ? "writes to" : "reads from";
#else
    return "uses";
#endif
  }
  /// Returns the address of the faulting instruction, or of the one behind the call if a call has led to no code.
  static void const* code_of([[maybe_unused]] siginfo_t const& info, [[maybe_unused]] void* context) noexcept {
#if defined(__x86_64__) && defined(__linux__)
    auto const& registers = static_cast<ucontext_t const*>(context)->uc_mcontext.gregs;
    auto const code = std::uintptr_t(registers[REG_RIP]);
    bool const jumped = info.si_signo == SIGSEGV && (registers[REG_ERR] & 16) != 0;
    return reinterpret_cast<void const*>(jumped ? *reinterpret_cast<std::uintptr_t const*>(registers[REG_RSP]) - 1 : code);
#else
    return nullptr;
#endif
  }
  static void const* stack_pointer_of([[maybe_unused]] void* context) noexcept {
#if defined(__x86_64__) && defined(__linux__)
    return reinterpret_cast<void const*>(static_cast<ucontext_t const*>(context)->uc_mcontext.gregs[REG_RSP]);
#else
    return nullptr;
#endif
  }
};

}  // namespace crosslane::backend
