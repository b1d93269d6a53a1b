// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The interface through which the executor reports to the access checker. The checker is src/checker.cpp, which the target
/// crosslane::checked compiles. In other builds the functions are empty.
#pragma once

#include <crosslane/backend/host/launch_facts.hpp>
#include <crosslane/kernel/memory_order.hpp>
#include <crosslane/runtime/async_errors.hpp>

namespace crosslane::backend {

/// Rows of bytes that a copy or a fill writes. A fill has no source.
struct memory_transfer {
  void* to;
  std::size_t to_pitch;
  void const* from;
  std::size_t from_pitch, width, height;
};

/// Callbacks about the memory of devices. Null in a program without the checker.
struct memory_watch {
  /// Returns null if there is no memory. `work` is the number of the allocation if it happens in the order of the stream, else 0.
  void* (*allocate)(std::size_t bytes, bool reached_by_program, detail::stream_key, std::uint64_t work, launch_facts const&) noexcept;
  bool (*release)(void*, launch_facts const&) noexcept;               ///< returns false for memory of another allocator
  void (*describe)(void const*, std::size_t element_bytes) noexcept;  ///< notes the size of a buffer's elements, for findings
  void (*share)(void const*, std::size_t bytes) noexcept;  ///< from now on kernels and the host program may both access this memory
  /// Only pieces of this memory may be accessed: see give().
  void (*only_pieces)(void const*) noexcept;
  /// A memory resource gives a piece of memory to a stream. `work` as for allocate(). Returns false for memory of another allocator, which
  /// is shared from now on.
  bool (*give)(void*, std::size_t bytes, detail::stream_key, std::uint64_t work, launch_facts const&) noexcept;
  /// The stream has arrived at the allocation `work`: the piece has no values now.
  void (*renew)(void*, std::size_t bytes, std::uint64_t work, launch_facts const&) noexcept;
  bool (*is_given)(void const*, std::size_t bytes) noexcept;  ///< whether a piece that is not returned begins in these bytes
  /// The stream work `work` returns all pieces that begin in these bytes.
  void (*take)(void*, std::size_t bytes, std::uint64_t work) noexcept;
  void (*returned)(void*, std::size_t bytes, launch_facts const&) noexcept;  ///< the stream has arrived at the return
  /// Appends what the memory at this address is. Returns false for memory of another allocator. Called by signal handlers.
  bool (*explain)(error_text&, void const* address) noexcept;
  /// Reports a fault of the host program in device memory, and lets the access pass. Returns false if the process cannot continue. Called
  /// by signal handlers.
  bool (*pass)(void const* address, void const* code, bool writes) noexcept;
  void (*pause)() noexcept;   ///< a signal handler begins: its accesses are not those of a kernel
  void (*resume)() noexcept;  ///< it returns to the code that it has interrupted
  void (*queued_transfer)(std::uint64_t work, launch_facts const&, memory_transfer const&) noexcept;
  /// Called when the transfer is about to run. Returns false if it must not run; the sink then has the finding. Throws the finding if there
  /// is no sink.
  bool (*transfer)(launch_facts const&, memory_transfer const&);
  void (*unobserved)() noexcept;                                ///< a kernel whose accesses are not instrumented may have accessed anything
  void (*callback)(launch_facts const&, bool begins) noexcept;  ///< a host callback begins or ends
};
inline memory_watch const* watched_memory = nullptr;

/// The executor of a block, as the monitor sees it.
class lane_executor {
 public:
  /// Returns the thread whose suspended stack has this address; `none` if there is none.
  virtual unsigned owner_of_stack(void const* address) const noexcept = 0;
  /// Ends the running thread, and with it the block. Destructors of the thread's objects do not run.
  [[noreturn]] virtual void abandon_thread() noexcept = 0;

  /// The running thread reads one address again and again, and seems to wait for another thread: lets the others run. `from` is an address
  /// in its code.
  virtual void let_others_run(void const* target, void const* from) = 0;

  static constexpr unsigned none = ~0u;

 protected:
  ~lane_executor() = default;
};

#if CROSSLANE_CONFIG_ACCESS_CHECKS

#define CROSSLANE_UNSEEN __attribute__((no_sanitize("thread")))  // the compiler's calls for each access are left out

inline constexpr bool sees_accesses = true;

/// A launch whose accesses are checked. Only one exists at a time in the process.
class access_session {
 public:
  explicit access_session(launch_facts const& launch);
  access_session(access_session const&) = delete;
  access_session& operator=(access_session const&) = delete;
  ~access_session();
  void grid_barrier() noexcept;

 private:
  bool full_;
};

/// Checks the accesses of one block at a time.
class access_monitor {
 public:
  access_monitor() = default;
  access_monitor(access_monitor const&) = delete;
  access_monitor& operator=(access_monitor const&) = delete;
  ~access_monitor();

  /// Allocates both parts of a block's shared memory, each aligned to a page. Addresses around them are out of bounds.
  void shared_memory(source_location where, std::size_t static_bytes, std::size_t dynamic_bytes, void** static_out, void** dynamic_out);
  void begin(launch_facts const& launch, extent3 block, lane_executor& executor);
  /// Threads may access this memory of the executor: a part of it, and a variable of the host thread that runs them.
  void executor_memory(void const* begin, std::size_t bytes, void const* of_thread, std::size_t of_thread_bytes) noexcept;
  /// From now on the host thread runs kernel thread `rank` on this stack; after leave() it runs none.
  void run(unsigned rank, void const* stack, std::size_t stack_bytes) noexcept;
  void leave() noexcept;
  void block_barrier() noexcept;
  void group_sync(unsigned wave, std::uint64_t lanes) noexcept;
  /// The running thread comes after all earlier work of the stream.
  void wait_for_previous() noexcept;
  /// The blocks of these monitors, which have begun, are a cluster.
  static void begin_cluster(access_monitor* const* blocks, unsigned count) noexcept;
  /// The threads of the cluster may access the shared memory of block `rank`: one of them has got an address.
  void may_access_in_cluster(unsigned rank) noexcept;
  /// Thread `rank`, which runs, arrives at the barrier of the cluster.
  void cluster_arrives(unsigned rank) noexcept;
  /// All threads of the cluster wait at its barrier, which opens.
  static void cluster_barrier(access_monitor* const* blocks, unsigned count) noexcept;
  /// All threads of the block, which is one of a cluster, have returned.
  void block_ends() noexcept;
  /// All threads of all blocks of the cluster have. take_failure() then returns what has been found since its last call.
  void cluster_ends() noexcept;
  /// Whether a fault, for which the checker is paused, at this code address is one of the running thread's own code, after which the
  /// process can continue. A signal handler calls this.
  bool may_survive(void const* code) const noexcept;
  /// Reports a fault of the running thread. `cause` says what happened. Not called by the signal handler itself.
  void report_fault(char const* cause, void const* code);
  /// Returns the first finding that no sink collected.
  std::exception_ptr take_failure() noexcept;
  /// Whether accesses of the block have had findings.
  bool has_findings() const noexcept;

  /// Whether the interrupted code at an address belongs to the checker, or was called by it. Signal handlers may call this.
  bool is_checking(void const* place) const noexcept;
  /// Lets the running thread call let_others_run() at one of its next reads. Signal handlers may call this.
  void call_executor_soon() noexcept;
  /// Returns the line of a call by thread `rank`, which does not run, by the address to which the call returns. If that is in the library,
  /// returns the line of the innermost caller outside. Line 0 if it is unknown.
  source_location line_of(unsigned rank, void const* from) const noexcept;
  /// Returns a number of the calls that the running thread is in, the last of which returns to `from`. 0 below level `full`.
  std::uint32_t number_of_calls(void const* from) noexcept;
  /// Whether the lines of two such numbers differ. Compilers copy code, so other addresses may be the same lines.
  bool have_other_callers(std::uint32_t one, std::uint32_t other) const noexcept {
    return one != other && callers(one, other).one.line != 0;
  }
  /// The innermost lines in which they differ; 0 if they do not.
  struct different_lines {
    source_location one, other;
  };
  different_lines callers(std::uint32_t one, std::uint32_t other) const noexcept;
  /// Appends what lies at an address: "element 4 of the buffer of 16 elements of 4 bytes made at a.cpp:3".
  void append_object(error_text& text, void const* at) const noexcept;
  /// Returns a number that changes with plain accesses of the running thread, except with repeated writes.
  std::uint64_t plain_accesses() const noexcept;
  /// Returns a number that stands for the calls that the running thread is in.
  std::uint64_t calls() const noexcept;

  struct block_state;

 private:
  block_state* state_ = nullptr;
};

/// For tests of the checker: counters behave from the next launch on as after very many launches.
void use_up_segments() noexcept;

/// Sets the scope of the following atomic operations of this host thread.
void set_atomic_scope(scope s) noexcept;
void atomic_fence(scope s, int order) noexcept;

/// The facts of an asynchronous copy that the checker needs.
struct started_copy {
  unsigned char before[16];  ///< the source when the copy was started
  source_location where;
};
/// The running thread starts an asynchronous copy of the first `valid` of at most 16 bytes; the others of the target become zero. Sets the
/// target to bytes of all ones. No thread may access the target nor write the source before copy_arrives().
void copy_begins(started_copy& copy, void* to, std::size_t bytes, void const* from, std::size_t valid, source_location where) noexcept;
/// The running thread has waited for the copy. Copies the bytes.
void copy_arrives(started_copy const& copy, void* to, std::size_t bytes, void const* from, std::size_t valid) noexcept;

#else

#define CROSSLANE_UNSEEN

inline namespace CROSSLANE_CONFIGURATION {

inline constexpr bool sees_accesses = false;

class access_session {
 public:
  explicit access_session(launch_facts const&) noexcept {
    if (watched_memory != nullptr) watched_memory->unobserved();
  }
  void grid_barrier() noexcept {}
};

class access_monitor {
 public:
  void shared_memory(source_location, std::size_t, std::size_t, void**, void**) noexcept {}
  void begin(launch_facts const&, extent3, lane_executor&) noexcept {}
  void executor_memory(void const*, std::size_t, void const*, std::size_t) noexcept {}
  void run(unsigned, void const*, std::size_t) noexcept {}
  void leave() noexcept {}
  bool may_survive(void const*) const noexcept { return false; }
  void report_fault(char const*, void const*) noexcept {}
  void block_barrier() noexcept {}
  void group_sync(unsigned, std::uint64_t) noexcept {}
  void wait_for_previous() noexcept {}
  static void begin_cluster(access_monitor* const*, unsigned) noexcept {}
  void may_access_in_cluster(unsigned) noexcept {}
  void cluster_arrives(unsigned) noexcept {}
  static void cluster_barrier(access_monitor* const*, unsigned) noexcept {}
  void block_ends() noexcept {}
  void cluster_ends() noexcept {}
  std::exception_ptr take_failure() noexcept { return nullptr; }
  bool has_findings() const noexcept { return false; }
  bool is_checking(void const*) const noexcept { return false; }
  std::uint64_t plain_accesses() const noexcept { return 0; }
  std::uint64_t calls() const noexcept { return 0; }
  void call_executor_soon() noexcept {}
  source_location line_of(unsigned, void const*) const noexcept { return {}; }
  std::uint32_t number_of_calls(void const*) noexcept { return 0; }
  bool have_other_callers(std::uint32_t, std::uint32_t) const noexcept { return false; }
  struct different_lines {
    source_location one, other;
  };
  different_lines callers(std::uint32_t, std::uint32_t) const noexcept { return {}; }
  void append_object(error_text& text, void const* at) const noexcept { text.append("address %p (crosslane::checked names it)", at); }
};

struct started_copy {};
inline void copy_begins(started_copy&, void* to, std::size_t bytes, void const*, std::size_t, source_location) noexcept {
  std::memset(to, 0xff, bytes);
}
inline void copy_arrives(started_copy const&, void* to, std::size_t bytes, void const* from, std::size_t valid) noexcept {
  std::memcpy(to, from, valid);
  std::memset(static_cast<char*>(to) + valid, 0, bytes - valid);
}

}  // namespace CROSSLANE_CONFIGURATION

#endif

}  // namespace crosslane::backend
