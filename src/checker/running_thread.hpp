// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The thread of a kernel that this host thread runs, and the way of its accesses to the checker. Part of checker.cpp.
#pragma once

#include "access_checker.hpp"

#include <cstdlib>
#include <string_view>

#include <link.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unwind.h>

/// The address to which a function returns.
#define CROSSLANE_CALLER __builtin_return_address(0)

/// Marks the functions that the compiler calls for each access. Their code is in a section of its own, which the linker delimits.
#define CROSSLANE_HOOK_CODE [[gnu::section("crosslane_hooks")]]
extern "C" [[gnu::visibility("hidden")]] char const __start_crosslane_hooks[], __stop_crosslane_hooks[];

extern "C" {
void* __real_memcpy(void*, void const*, std::size_t);
void* __real_memmove(void*, void const*, std::size_t);
void* __real_memset(void*, int, std::size_t);
void __real_free(void*);
}

namespace crosslane::backend {
namespace {

/// The block whose thread this host thread is running; null for none.
thread_local access_monitor::block_state* active_block = nullptr;
/// The same, while a signal handler runs.
thread_local access_monitor::block_state* paused_block = nullptr;
thread_local scope next_scope = scope::system;

/// Disables checking while the object lives: instrumented code that the checker itself calls is not checked.
class unseen {
 public:
  unseen() noexcept : block_{active_block} { active_block = nullptr; }
  unseen(unseen const&) = delete;
  unseen& operator=(unseen const&) = delete;
  ~unseen() { active_block = block_; }
  access_monitor::block_state* block() const noexcept { return block_; }

 private:
  access_monitor::block_state* block_;
};

/// The caller of the memcpy or memset that runs; 0 if none does.
thread_local std::uintptr_t copy_called_from = 0;

struct copying {
  explicit copying(void* from) noexcept { copy_called_from = reinterpret_cast<std::uintptr_t>(from); }
  copying(copying const&) = delete;
  copying& operator=(copying const&) = delete;
  ~copying() { copy_called_from = 0; }
};

/// The code of the C library's allocator, which may hold a lock where it faults.
struct library_code {
  std::uintptr_t begin = 0, end = 0;
  library_code() noexcept {
    dl_iterate_phdr(
        [](dl_phdr_info* module, std::size_t, void* self) {
          library_code& code = *static_cast<library_code*>(self);
          auto const inside = reinterpret_cast<std::uintptr_t>(&__real_free);
          for (unsigned i = 0; i < module->dlpi_phnum; ++i) {
            ElfW(Phdr) const& part = module->dlpi_phdr[i];
            std::uintptr_t const begin = module->dlpi_addr + part.p_vaddr;
            if (part.p_type == PT_LOAD && inside - begin < part.p_memsz) code = {begin, begin + part.p_memsz};
          }
          return code.end != 0 ? 1 : 0;
        },
        this);
  }
  library_code(std::uintptr_t b, std::uintptr_t e) noexcept : begin{b}, end{e} {}
  bool has(void const* p) const noexcept { return reinterpret_cast<std::uintptr_t>(p) - begin < end - begin; }
};
library_code const c_library;

/// The watched memory; null before it exists. The checker's own memory is not in it.
watched_range const* watched_addresses = nullptr;

/// Whether the checker is running: instrumented code that it calls is not the program's.
thread_local bool busy = false;

class at_work {
 public:
  at_work() noexcept : before_{busy} { busy = true; }
  at_work(at_work const&) = delete;
  at_work& operator=(at_work const&) = delete;
  ~at_work() { busy = before_; }

 private:
  bool before_;
};

/// Whether the calling thread runs code of the host program, and no copy or kernel.
bool runs_program() { return current_work.number == 0 || current_work.runs_callback; }

seen_access access_of(void const* p, std::size_t bytes, unsigned flags, void* from) {
  return {static_cast<char const*>(p), bytes, flags, reinterpret_cast<std::uintptr_t>(from)};
}

/// How often the calling thread has blocked.
long times_blocked() noexcept {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}
/// For the callback that the calling thread runs: times_blocked() when the checker looked last.
thread_local long blocked_before = 0;

/// Where the host has stored atomically while it did not know all work to be done. For each of some addresses: the last piece of work of
/// the host that the store comes after, or 0.
class host_stores {
 public:
  void note(void const* p, std::uint64_t work) noexcept { __atomic_store_n(&noted_[place(p)], work, __ATOMIC_RELAXED); }
  std::uint64_t before(void const* p) const noexcept { return __atomic_load_n(&noted_[place(p)], __ATOMIC_RELAXED); }
  void forget() noexcept {
    for (std::uint64_t& n : noted_) __atomic_store_n(&n, 0, __ATOMIC_RELAXED);
  }

 private:
  static constexpr std::size_t places = 4096;
  static std::size_t place(void const* p) noexcept { return reinterpret_cast<std::uintptr_t>(p) * 0x9e3779b97f4a7c15u >> 52; }
  std::uint64_t noted_[places] = {};
};
host_stores stores_of_host;

/// The host program stores atomically, and does not know all work to be done.
[[gnu::noinline]] void program_stores(void const* p) {
  at_work const self;
  stores_of_host.note(p, checker().streams.order.program_stores());
}
/// The running callback does something that may wait for the host, such as to lock a mutex.
[[gnu::noinline]] void callback_waits() {
  at_work const self;
  checker().streams.order.callback_waits(current_work.number);
  blocked_before = times_blocked();
}
/// times_blocked() when this host thread has last queued a callback.
thread_local long blocked_before_callback = 0;

/// A host thread does something by which it may wait for a callback, or has been blocked.
[[gnu::noinline]] void program_waits() {
  at_work const self;
  checker().streams.order.program_waits();
}
/// By what a host thread has done it may have waited for other host code.
inline void may_have_waited() {
  if (busy || watched_addresses == nullptr) return;
  if (current_work.runs_callback)
    callback_waits();
  else if (current_work.number == 0 && checker().streams.order.program_may_be_told())
    program_waits();
}

/// Looks whether the running callback has blocked, and may have waited for the host.
void look_at_callback() {
  if (times_blocked() != blocked_before) callback_waits();
}
/// Work of the checker for a host thread. If that runs a callback, looks at it first; what blocks in the checker does not wait for the
/// host.
class work_for_program {
 public:
  work_for_program() {
    if (current_work.runs_callback) look_at_callback();
  }
  work_for_program(work_for_program const&) = delete;
  work_for_program& operator=(work_for_program const&) = delete;
  ~work_for_program() {
    if (current_work.runs_callback) blocked_before = times_blocked();
  }

 private:
  at_work const self_;
};
/// The running callback has read what the host may have stored atomically, after the piece of work `told` of the host.
[[gnu::noinline]] void callback_reads(std::uint64_t told) {
  work_for_program const self;
  checker().streams.order.callback_reads(current_work.number, told);
}

/// Checks an access by the host program. Returns true for device memory.
[[gnu::noinline]] bool see_program(void const* p, std::size_t bytes, unsigned flags, void* from) {
  if (watched_addresses == nullptr || bytes == 0) return false;
  bool const watched = watched_addresses->contains(p);
  if (!watched && !checker().program_memory.may_be_copied(p, bytes)) return false;
  if (busy || !runs_program()) return false;
  if (current_work.number == 0 && checker().streams.order.program_may_be_told() && times_blocked() != blocked_before_callback)
    program_waits();
  work_for_program const self;
  if (watched)
    checker().device_access(access_of(p, bytes, flags, from));
  else if (current_work.number == 0)
    checker().program_memory.access(access_of(p, bytes, flags, from));
  return watched;
}

/// Out of line, so that the hooks stay small.
CROSSLANE_HOOK_CODE [[gnu::noinline]] void judge(void const* p, std::size_t bytes, unsigned flags, void* from) {
  unseen const self;
  self.block()->checker->access(*self.block(), access_of(p, bytes, flags, from));
}

CROSSLANE_HOOK_CODE [[gnu::noinline]] void judge_foreign(void const* p, std::size_t bytes, unsigned flags, void* from) {
  if (active_block->in_own_memory(p)) return;
  unseen const self;
  self.block()->checker->foreign.access(*self.block(), access_of(p, bytes, flags, from));
}

/// A thread that reads one address whenever this looks, and writes nothing, seems to wait for another thread, which then runs.
CROSSLANE_HOOK_CODE [[gnu::noinline]] void look_for_waiting(access_monitor::block_state& b, void const* p, void* from) {
  b.reads_left = access_monitor::block_state::reads_between_looks;
  b.same_looks = p == b.looked_at && !b.has_written ? b.same_looks + 1 : 0;
  b.looked_at = p;
  b.has_written = false;
  if (b.same_looks < 3 && !b.calls_executor) return;
  b.executor->let_others_run(p, from);
}

inline void see(void const* p, std::size_t bytes, unsigned flags, void* from) {
  access_monitor::block_state* const b = active_block;
  if (b == nullptr) {
    if (runs_program()) (void)see_program(p, bytes, flags, from);
  } else if (access_checker const& c = *b->checker; c.memory.contains(p)) {
    if (bytes == 0) return;
    if (!c.adds_nothing(*b, access_of(p, bytes, flags, from))) judge(p, bytes, flags, from);
    if ((flags & access_writes) != 0)
      b->has_written = true;
    else if (--b->reads_left == 0)
      look_for_waiting(*b, p, from);
  } else if (!b->on_own_stack(p) && bytes != 0) {
    judge_foreign(p, bytes, flags, from);
  }
}

/// Notes memory that the running thread has allocated. What was allocated within it before has been freed.
void* allocated(void* p, std::size_t bytes) {
  if (active_block == nullptr || p == nullptr) return p;
  unseen const self;
  auto& all = self.block()->allocations;
  auto const begin = reinterpret_cast<std::uintptr_t>(p);
  all.erase(all.lower_bound(begin), all.lower_bound(begin + bytes));
  all[begin] = bytes;
  return p;
}

/// Stands for the size of memory that certainly is malloc's. Operator new may be the program's, and add to what malloc returned.
constexpr std::size_t size_of_malloc = ~std::size_t{0};
/// Stands for the size of other memory: only the first byte is looked at.
constexpr std::size_t size_not_known = 1;

/// The host program frees memory. Returns whether a queued copy uses it, which has been reported: the memory must stay then.
[[gnu::noinline]] bool see_freed(void* p, std::size_t bytes, void* from) {
  host_memory& memory = checker().program_memory;
  if (bytes == size_of_malloc) bytes = malloc_usable_size(p);
  if (bytes == 0 || !memory.may_be_copied(p, bytes)) return false;
  at_work const self;
  return memory.freed(access_of(p, bytes, access_writes, from));
}
inline bool is_in_use(void* p, std::size_t bytes, void* from) {
  if (watched_addresses == nullptr || p == nullptr || active_block != nullptr) return false;
  return checker().program_memory.may_be_copied_behind(p) && !busy && current_work.number == 0 && see_freed(p, bytes, from);
}

/// Ends the running thread with a finding.
[[noreturn]] void end_thread(char const* cause, void* from) {
  access_monitor::block_state& b = *active_block;
  active_block = nullptr;
  checker().report_fault(b, cause, reinterpret_cast<std::uintptr_t>(from));
  b.executor->abandon_thread();
  __builtin_unreachable();
}

/// The innermost callers of the code that a signal handler has interrupted.
thread_local std::uintptr_t interrupted_code[4];
void note_interrupted_code() noexcept {
  struct walk {
    bool inside;
    unsigned count;
  } state{false, 0};
  auto const look_at = [](_Unwind_Context* frame, void* data) {
    walk& w = *static_cast<walk*>(data);
    int is_interrupted = 0;
    std::uintptr_t const code = _Unwind_GetIPInfo(frame, &is_interrupted);
    if (w.inside && w.count != 4) interrupted_code[w.count++] = code;
    w.inside = w.inside || is_interrupted != 0;
    return w.count == 4 ? _URC_END_OF_STACK : _URC_NO_REASON;
  };
  _Unwind_Backtrace(look_at, &state);
  while (state.count != 4) interrupted_code[state.count++] = 0;
}
bool is_checker(char const* file) { return std::string_view{file}.find("src/checker") != std::string_view::npos; }

constexpr bool releases(int order) { return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST; }
constexpr bool acquires(int order) {
  return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

/// Whether this host thread has passed a fence that releases: its relaxed stores then release too.
thread_local bool program_has_released = false;

/// Returns the effect of an atomic operation on those that read its value. `reads`: it is a read-modify-write, which goes on with what was
/// released before.
constexpr released_values::effect effect_of(bool stored, bool releases, bool reads) {
  if (!stored || (reads && !releases)) return released_values::effect::none;
  return releases ? released_values::effect::releases : released_values::effect::ends;
}
/// What a host thread learns by the releases of kernels that it has read.
struct told_to_program {
  std::vector<std::uint64_t> works;
  bool all = false;  ///< perhaps of any work

  void read(void const* p) {
    released_values::release const found = checker().values_of_kernels.has_released(p, [this](std::uint64_t work) {
      if (std::find(works.begin(), works.end(), work) == works.end()) works.push_back(work);
    });
    all = all || found == released_values::release::of_unknown;
  }
  void learn() {
    if (all)
      checker().streams.order.program_learns_all();
    else if (!works.empty())
      checker().streams.order.program_learns(works);
    works.clear();
    all = false;
  }
};
/// What it reads by operations that do not acquire: a fence may follow.
thread_local told_to_program told_before_fence;

/// The host program has atomically read memory that kernels access.
void program_reads(void const* p, bool acquires) {
  at_work const self;
  if (!acquires) return told_before_fence.read(p);
  told_to_program now;
  now.read(p);
  now.learn();
}

struct always {
  bool operator()() const { return true; }
  bool operator()(auto const&) const { return true; }
};

/// Performs and checks an atomic operation of the running thread. An exchange that fails only reads, in its order for that case:
/// `will_store` tells whether it will succeed, `stores` from the result whether it did.
template <class T, class F, class WillStore = always, class Stores = always>
auto see_atomic(T const volatile* target, unsigned flags, int order, int failure_order, void* from, F const& operation,
                WillStore const& will_store = {}, Stores const& stores = {}) {
  scope const s = next_scope;
  next_scope = scope::system;
  void const* const p = const_cast<T const*>(target);
  auto const flags_if = [&](bool stored) {
    return access_is_atomic | access_is_aligned | unsigned(s) << access_scope_shift | (stored ? flags : flags & ~unsigned(access_writes));
  };
  bool const reads = (flags & access_reads) != 0, writes = (flags & access_writes) != 0;
  if (active_block == nullptr) {
    bool const is_watching = !busy && watched_addresses != nullptr;
    bool const tells = is_watching && current_work.number == 0 && writes && !checker().streams.order.program_knows_all();
    bool const is_seen = see_program(p, sizeof(T), flags_if(will_store()), from);
    if (tells) program_stores(p);
    bool const is_for_kernels = is_seen && writes;
    if (is_for_kernels) checker().values_of_program.begins(p);
    auto const result = operation();
    bool const stored = stores(result);
    if (is_for_kernels) checker().values_of_program.ends(p, effect_of(stored, releases(order) || program_has_released, reads));
    // The note comes before the store, so a callback that reads the stored value finds the note.
    if (is_watching && current_work.runs_callback && reads)
      if (std::uint64_t const told = stores_of_host.before(p); told != 0) callback_reads(told);
    if (is_seen && reads && current_work.number == 0) program_reads(p, acquires(stored ? order : failure_order));
    if (is_watching && reads && current_work.number == 0 && checker().streams.order.program_may_be_told()) program_waits();
    return result;
  }
  unseen const self;
  access_monitor::block_state& b = *self.block();
  bool is_for_host = false;
  if (checker().memory.contains(p)) {
    bool const stored = !checker().may_access(b, p, sizeof(T)) || will_store();
    checker().access(b, access_of(p, sizeof(T), flags_if(stored), from));
    is_for_host = writes && s == scope::system;
  } else if (!b.on_own_stack(p) && !b.in_own_memory(p)) {
    checker().foreign.access(b, access_of(p, sizeof(T), flags_if(true), from));
  }
  if (is_for_host) checker().values_of_kernels.begins(p);
  auto const result = operation();
  bool const stored = stores(result);
  // The acquire comes first: what the operation reads was released by others before.
  if (reads) checker().acquire(b, p, acquires(stored ? order : failure_order), s);
  if (writes && stored) checker().release(b, p, releases(order), reads, s);
  if (is_for_host)
    checker().values_of_kernels.ends(p, effect_of(stored, checker().threads.order.has_released_at(p), reads),
                                     [&](auto const& visit) { checker().threads.order.each_work_released_at(p, visit); });
  return result;
}

}  // namespace
}  // namespace crosslane::backend
