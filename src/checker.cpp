// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The access checker of the host backend. Defines the functions that the compiler calls for each access in code compiled with
/// -fsanitize=thread, and those that the executor calls. The target crosslane::checked compiles this file without that flag, once per
/// program.
#include "checker/access_checker.hpp"
#include "checker/sanitizer_types.hpp"

#include <cstdlib>
#include <string_view>

#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <unistd.h>
#include <unwind.h>

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

/// Where the host has stored atomically while it did not know all work to be done: a bit for each of some addresses.
class host_stores {
 public:
  void note(void const* p) noexcept { __atomic_store_n(&noted_[place(p)], true, __ATOMIC_RELAXED); }
  bool may_have(void const* p) const noexcept { return __atomic_load_n(&noted_[place(p)], __ATOMIC_RELAXED); }
  void forget() noexcept {
    for (bool& b : noted_) __atomic_store_n(&b, false, __ATOMIC_RELAXED);
  }

 private:
  static constexpr std::size_t places = 4096;
  static std::size_t place(void const* p) noexcept { return reinterpret_cast<std::uintptr_t>(p) * 0x9e3779b97f4a7c15u >> 52; }
  bool noted_[places] = {};
};
host_stores stores_of_host;

/// The running callback does something that may wait for the host: reads what the host has stored atomically, or locks a mutex.
[[gnu::noinline]] void callback_waits() {
  at_work const self;
  checker().streams.order.callback_waits(current_work.number);
}
/// Looks whether the running callback has blocked, and may have waited for the host.
void look_at_callback() {
  long const now = times_blocked();
  if (now != blocked_before) callback_waits();
  blocked_before = now;
}

/// Checks an access by the host program. Returns true for device memory.
[[gnu::noinline]] bool see_program(void const* p, std::size_t bytes, unsigned flags, void* from) {
  if (watched_addresses == nullptr || bytes == 0) return false;
  bool const watched = watched_addresses->contains(p);
  if (!watched && !checker().program_memory.may_be_copied(p, bytes)) return false;
  if (busy || !runs_program()) return false;
  if (current_work.runs_callback) look_at_callback();
  at_work const self;
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

/// Notes memory that the running thread has allocated.
void* allocated(void* p, std::size_t bytes) {
  if (active_block == nullptr || p == nullptr) return p;
  unseen const self;
  self.block()->allocations[reinterpret_cast<std::uintptr_t>(p)] = bytes;
  return p;
}

/// The host program frees memory. Returns whether a queued copy uses it, which has been reported: the memory must stay then.
[[gnu::noinline]] bool see_freed(void* p, std::size_t bytes, void* from) {
  host_memory& memory = checker().program_memory;
  if (bytes == 0) bytes = malloc_usable_size(p);
  if (!memory.may_be_copied(p, bytes)) return false;
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
  if (active_block == nullptr) {
    bool const is_watching = !busy && watched_addresses != nullptr;
    if (is_watching && current_work.number == 0 && (flags & access_writes) != 0 && !checker().streams.order.program_knows_all())
      stores_of_host.note(p);
    bool const learns = see_program(p, sizeof(T), flags_if(will_store()), from);
    auto const result = operation();
    // The note comes before the store, so a callback that reads the stored value finds the note.
    if (is_watching && current_work.runs_callback && (flags & access_reads) != 0 && stores_of_host.may_have(p)) callback_waits();
    if (learns && (flags & access_reads) != 0 && current_work.number == 0) {
      at_work const self;
      checker().streams.order.program_learns();
    }
    return result;
  }
  unseen const self;
  access_monitor::block_state& b = *self.block();
  if (checker().memory.contains(p)) {
    bool const stored = !checker().may_access(b, p, sizeof(T)) || will_store();
    checker().access(b, access_of(p, sizeof(T), flags_if(stored), from));
  } else if (!b.on_own_stack(p) && !b.in_own_memory(p)) {
    checker().foreign.access(b, access_of(p, sizeof(T), flags_if(true), from));
  }
  auto const result = operation();
  bool const stored = stores(result);
  // The acquire comes first: what the operation reads was released by others before.
  if ((flags & access_reads) != 0) checker().acquire(b, p, acquires(stored ? order : failure_order), s);
  if ((flags & access_writes) != 0 && stored) checker().release(b, p, releases(order), (flags & access_reads) != 0, s);
  return result;
}

// --- memory ---

void* allocate(std::size_t bytes, bool reached_by_program, crosslane::detail::stream_key home, std::uint64_t work,
               launch_facts const& facts) noexcept {
  at_work const self;
  fault_handlers::prepare_thread();  // they explain an access of the host program
  watched_block* const block = checker().memory.allocate(bytes, reached_by_program ? watched_range::open : watched_range::device);
  if (block == nullptr) return nullptr;
  block->made_after = checker().streams.order.last_queued();
  block->home = home;
  block->made = facts.where;
  if (facts.level == checks::level::full) block->made_by = work;
  if (work != 0) checker().streams.order.describe(work, facts);
  block->written = reached_by_program;  // host writes to this memory are not observed
  return block->begin;
}

void describe(void const* p, std::size_t element_bytes) noexcept {
  if (!checker().memory.contains(p)) return;
  if (watched_block* const block = checker().memory.page(p).block; block != nullptr) block->element_bytes = element_bytes;
}

bool release(void* p, launch_facts const& facts) noexcept {
  at_work const self;
  return checker().free(p, facts);
}
void share(void const* p, std::size_t bytes) noexcept {
  at_work const self;
  if (!checker().memory.contains(p))
    checker().foreign.share(p, bytes);
  else if (watched_block* const block = checker().memory.page(p).block; block != nullptr)
    checker().memory.open_to_program(block);
}
/// Appends the innermost line of the program that a signal handler has interrupted.
void append_interrupted_line(error_text& text) {
  struct walk {
    error_text& text;
    bool in_program;
  } state{text, false};
  alarm(20);  // the interrupted code may hold a lock that is needed here
  auto const look_at = [](_Unwind_Context* frame, void* data) {
    walk& w = *static_cast<walk*>(data);
    int is_interrupted = 0;
    std::uintptr_t const code = _Unwind_GetIPInfo(frame, &is_interrupted);
    w.in_program = w.in_program || is_interrupted != 0;
    if (!w.in_program || c_library.has(reinterpret_cast<void const*>(code))) return _URC_NO_REASON;
    source_location const where = checker().line_of(code + (is_interrupted != 0 ? 1 : 0));
    if (where.line == 0 || source_lines::is_library(where.file)) return _URC_NO_REASON;
    w.text.append(". The access is at %s:%u", where.file, where.line);
    return _URC_END_OF_STACK;
  };
  _Unwind_Backtrace(look_at, &state);
  alarm(0);
}
bool explain(error_text& text, void const* address) noexcept {
  watched_range const& memory = checker().memory;
  if (!memory.contains(address)) return false;
  watched_block const* const block = memory.page(address).block;
  if (block == nullptr)
    text.append("the memory around a buffer");
  else
    append_object(text, *block, static_cast<char const*>(address));
  text.append(", which is device memory: the host cannot access it; copy the elements with xl::copy, or use a pinned or managed buffer");
  if (runs_program()) append_interrupted_line(text);
  return true;
}
bool pass(void const* address, void const* code, bool writes) noexcept {
  // clang makes its call for `x += 1` between the read and the write, so this is how the checker sees the read.
  if (!checker().memory.contains(address) || !runs_program() || c_library.has(code)) return false;
  at_work const self;
  void* const from = const_cast<char*>(static_cast<char const*>(code) + 1);
  return checker().device_fault(access_of(address, 0, writes ? access_writes : access_reads, from));
}
void pause() noexcept {
  paused_block = active_block;
  active_block = nullptr;
}
void resume() noexcept { active_block = paused_block; }
void queued_transfer(std::uint64_t work, launch_facts const& facts, memory_transfer const& t) noexcept {
  at_work const self;
  checker().program_memory.copy_queued(work, facts, t);
}
bool transfer(launch_facts const& facts, memory_transfer const& t) {
  at_work const self;
  return checker().transfer(facts, t);
}

void unobserved() noexcept { checker().memory.all_written(); }

void runs(bool begins) noexcept {
  at_work const self;
  if (begins)
    checker().memory.protection.enter();
  else
    checker().memory.protection.leave();
}

void callback(launch_facts const& facts, bool begins) noexcept {
  at_work const self;
  if (!begins) look_at_callback();
  current_work.runs_callback = begins && facts.level == checks::level::full;
  runs(!begins);
  if (!begins) return;
  checker().streams.order.begins(current_work.number, facts);
  checker().streams.order.is_callback(current_work.number);
  blocked_before = times_blocked();
}

// --- streams ---

std::uint64_t queued(detail::stream_key key) noexcept {
  at_work const self;
  return checker().streams.order.queued(key);
}
std::uint64_t acts(crosslane::detail::stream_key key) noexcept {
  at_work const self;
  return checker().streams.order.allocates(key);
}
void finished(std::uint64_t work) noexcept {
  at_work const self;
  checker().finished(work);
}
void waits(std::uint64_t waiting, std::uint64_t work) noexcept {
  at_work const self;
  checker().streams.order.waits(waiting, work);
}
void program_knows(std::uint64_t work) noexcept {
  at_work const self;
  checker().streams.order.program_knows(work);
  if (checker().forget_if_settled()) stores_of_host.forget();
}
void program_knows_device(int device) noexcept {
  at_work const self;
  checker().streams.order.program_knows_device(device);
  if (checker().forget_if_settled(device)) stores_of_host.forget();
}

constexpr memory_watch watch{&allocate, &release, &describe,        &share,    &explain,    &pass,
                             &pause,    &resume,  &queued_transfer, &transfer, &unobserved, &callback};
constexpr stream_watch streams{&queued, &acts, &finished, &runs, &waits, &program_knows, &program_knows_device};
[[maybe_unused]] bool const watching = [] {
  watched_memory = &watch;
  watched_streams = &streams;
  watched_addresses = &checker().memory;
  return true;
}();

}  // namespace

// --- called by the executor ---

access_session::access_session(launch_facts const& launch) : full_{launch.level == checks::level::full} {
  if (!full_)
    unobserved();
  else if (launch.grid.size() * launch.threads() > 0xffffffffu)
    throw_error(errc::limit_exceeded, launch.where, "launch of %s: the limit of full checks is 4294967295 threads, the grid has %llu",
                launch.kernel, static_cast<unsigned long long>(launch.grid.size() * launch.threads()));
  else {
    checker().check_arguments(launch);
    checker().begin_launch(launch);
  }
}
access_session::~access_session() {
  if (full_) checker().end_launch();
}
void access_session::grid_barrier() noexcept {
  if (full_) checker().threads.order.grid_barrier();
}

access_monitor::~access_monitor() {
  if (state_ == nullptr) return;
  for (watched_block* const block : state_->memory)
    if (block != nullptr) checker().memory.release(block);
  delete state_;
}

void access_monitor::shared_memory(source_location where, std::size_t static_bytes, std::size_t dynamic_bytes, void** static_out,
                                   void** dynamic_out) {
  if (state_ == nullptr) {
    state_ = new block_state;
    state_->checker = &checker();
  }
  std::size_t const sizes[2] = {static_bytes, dynamic_bytes};
  void** const outs[2] = {static_out, dynamic_out};
  for (int i = 0; i < 2; ++i) {
    watched_block*& block = state_->memory[i];
    if (block == nullptr || block->bytes != sizes[i]) {
      if (block != nullptr) checker().memory.release(block);
      block = checker().memory.allocate(sizes[i], watched_range::shared);
      if (block == nullptr) throw_error(errc::out_of_memory, where, "host: %zu bytes of shared memory", sizes[i]);
      block->owner = state_;
      block->dynamic = i == 1;
    }
    *outs[i] = block->begin;
  }
}

void access_monitor::begin(launch_facts const& launch, extent3 block, lane_executor& executor) {
  state_->executor = &executor;
  checker().begin_block(*state_, launch, block);
}

void access_monitor::executor_memory(void const* begin, std::size_t bytes, void const* of_thread, std::size_t of_thread_bytes) noexcept {
  state_->executor_parts[0] = {reinterpret_cast<std::uintptr_t>(begin), bytes};
  state_->executor_parts[1] = {reinterpret_cast<std::uintptr_t>(of_thread), of_thread_bytes};
}

void access_monitor::run(unsigned rank, void const* stack, std::size_t stack_bytes) noexcept {
  if (!state_->full) return;
  state_->stack = reinterpret_cast<std::uintptr_t>(stack);
  state_->stack_bytes = stack_bytes;
  state_->running = rank;
  state_->running_wave = rank / state_->launch->wave_size;
  state_->calls.restore(state_->thread[rank].calls);
  active_block = state_;
}
void access_monitor::leave() noexcept {
  if (active_block == nullptr) return;
  active_block = nullptr;
  state_->save_calls();
}

void access_monitor::block_barrier() noexcept {
  if (state_->full) checker().threads.block_barrier(*state_);
}
void access_monitor::group_sync(unsigned wave, std::uint64_t lanes) noexcept {
  if (state_->full) checker().threads.order.group_sync(*state_, wave, lanes);
}

bool access_monitor::may_survive(void const* code) const noexcept {
  note_interrupted_code();
  return paused_block != nullptr && paused_block == state_ && (copy_called_from != 0 || !c_library.has(code));
}
void access_monitor::report_fault(char const* cause, void const* code) {
  std::uintptr_t from = copy_called_from != 0 ? copy_called_from : reinterpret_cast<std::uintptr_t>(code) + 1;
  copy_called_from = 0;
  unseen const self;
  for (std::uintptr_t const caller : interrupted_code)  // a call itself may have faulted, on a stack that is full
    if (source_location const where = checker().line_of(from); where.line == 0 || is_checker(where.file)) from = caller;
  checker().report_fault(*state_, cause, from);
}
std::exception_ptr access_monitor::take_failure() noexcept {
  checker().end_block(*state_);
  std::exception_ptr const result = state_->failure;
  state_->failure = nullptr;
  return result;
}

bool access_monitor::has_findings() const noexcept { return state_->full && (state_->has_findings || !state_->early_reads.empty()); }

bool access_monitor::is_checking(void const* place) const noexcept {
  return (state_->full && paused_block != state_) || busy ||
         (place >= static_cast<void const*>(__start_crosslane_hooks) && place < static_cast<void const*>(__stop_crosslane_hooks));
}
void access_monitor::call_executor_soon() noexcept {
  state_->calls_executor = true;
  state_->reads_left = 1;
}
source_location access_monitor::line_of(unsigned rank, void const* from) const noexcept {
  at_work const self;
  return checker().line_of(reinterpret_cast<std::uintptr_t>(from), state_->thread[rank].calls);
}
void access_monitor::append_object(error_text& text, void const* at) const noexcept { checker().append_object(text, at); }

void use_up_segments() noexcept { checker().use_up_segments(); }

void set_atomic_scope(scope s) noexcept { next_scope = s; }

void atomic_fence(scope s, int order) noexcept {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (active_block == nullptr) return;
  unseen const self;
  checker().fence(*self.block(), releases(order), acquires(order), s);
}

void copy_begins(started_copy& copy, void* to, void const* from, std::size_t bytes, source_location where) noexcept {
  copy.where = where;
  std::uintptr_t const code = active_block != nullptr ? checker().code_at(where) : 0;
  copying const here{reinterpret_cast<void*>(code)};
  if (active_block != nullptr) {
    see(from, bytes, access_reads, reinterpret_cast<void*>(code));
    see(to, bytes, access_writes, reinterpret_cast<void*>(code));
    unseen const self;
    checker().copy_begins(*self.block(), access_of(to, bytes, access_writes, reinterpret_cast<void*>(code)));
  }
  __real_memcpy(copy.before, from, bytes);
  __real_memset(to, 0xff, bytes);
}
void copy_arrives(started_copy const& copy, void* to, void const* from, std::size_t bytes) noexcept {
  std::uintptr_t const code = active_block != nullptr ? checker().code_at(copy.where) : 0;
  copying const here{reinterpret_cast<void*>(code)};
  if (active_block != nullptr) {
    {
      unseen const self;
      checker().copy_arrives(*self.block(), to, access_of(from, bytes, access_reads, reinterpret_cast<void*>(code)), copy.before);
    }
    see(from, bytes, access_reads, reinterpret_cast<void*>(code));
    see(to, bytes, access_writes, reinterpret_cast<void*>(code));
  }
  __real_memcpy(to, from, bytes);
}

}  // namespace crosslane::backend

// --- called by the compiler ---

using namespace crosslane::backend;

#define CROSSLANE_CALLER __builtin_return_address(0)

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

/// Called by -fsanitize=alignment. Weak for the same reason.
[[gnu::weak]] void __ubsan_handle_type_mismatch_v1(void* data, std::uintptr_t address) {
  if (active_block == nullptr) return;
  unseen const self;
  sanitizer_access const& access = *static_cast<sanitizer_access const*>(data);
  self.block()->checker->report_misaligned(*self.block(), reinterpret_cast<void const*>(address), access.type->name,
                                           std::size_t{1} << access.log_alignment, reinterpret_cast<std::uintptr_t>(CROSSLANE_CALLER));
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
void* __real_malloc(std::size_t);
void* __real_realloc(void*, std::size_t);
void* __real__Znwm(std::size_t);
void* __real__Znam(std::size_t);
void* __real___cxa_allocate_exception(std::size_t);

void* __wrap_malloc(std::size_t bytes) { return allocated(__real_malloc(bytes), bytes); }
void* __wrap_realloc(void* p, std::size_t bytes) {
  if (is_in_use(p, 0, CROSSLANE_CALLER)) {
    void* const copy = __real_malloc(bytes);
    std::size_t const size = malloc_usable_size(p);
    return copy != nullptr ? __real_memcpy(copy, p, size < bytes ? size : bytes) : nullptr;
  }
  return allocated(__real_realloc(p, bytes), bytes);
}
void* __wrap__Znwm(std::size_t bytes) { return allocated(__real__Znwm(bytes), bytes); }
void* __wrap__Znam(std::size_t bytes) { return allocated(__real__Znam(bytes), bytes); }
void* __wrap___cxa_allocate_exception(std::size_t bytes) { return allocated(__real___cxa_allocate_exception(bytes), bytes); }

void __real__ZdlPv(void*);
void __real__ZdlPvm(void*, std::size_t);
void __real__ZdaPv(void*);
void __real__ZdaPvm(void*, std::size_t);
void __real__ZdlPvmSt11align_val_t(void*, std::size_t, std::size_t);

void __wrap_free(void* p) {
  if (!is_in_use(p, 0, CROSSLANE_CALLER)) __real_free(p);
}
void __wrap__ZdlPv(void* p) {
  if (!is_in_use(p, 0, CROSSLANE_CALLER)) __real__ZdlPv(p);
}
void __wrap__ZdlPvm(void* p, std::size_t bytes) {
  if (!is_in_use(p, bytes, CROSSLANE_CALLER)) __real__ZdlPvm(p, bytes);
}
void __wrap__ZdaPv(void* p) {
  if (!is_in_use(p, 0, CROSSLANE_CALLER)) __real__ZdaPv(p);
}
void __wrap__ZdaPvm(void* p, std::size_t bytes) {
  if (!is_in_use(p, bytes, CROSSLANE_CALLER)) __real__ZdaPvm(p, bytes);
}
void __wrap__ZdlPvmSt11align_val_t(void* p, std::size_t bytes, std::size_t alignment) {
  if (!is_in_use(p, bytes, CROSSLANE_CALLER)) __real__ZdlPvmSt11align_val_t(p, bytes, alignment);
}

// By these a callback may learn from the host without being blocked.
int __real_pthread_mutex_lock(pthread_mutex_t*);
int __real_sem_wait(sem_t*);
ssize_t __real_read(int, void*, std::size_t);

int __wrap_pthread_mutex_lock(pthread_mutex_t* mutex) {
  int const code = __real_pthread_mutex_lock(mutex);
  if (current_work.runs_callback && !busy) callback_waits();
  return code;
}
int __wrap_sem_wait(sem_t* semaphore) {
  int const code = __real_sem_wait(semaphore);
  if (current_work.runs_callback && !busy) callback_waits();
  return code;
}
ssize_t __wrap_read(int file, void* to, std::size_t bytes) {
  ssize_t const result = __real_read(file, to, bytes);
  if (current_work.runs_callback && !busy) callback_waits();
  return result;
}

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
