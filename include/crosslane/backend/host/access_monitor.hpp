// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The interface through which the executor reports to the access checker. The checker is src/checker.cpp, which the target
/// crosslane::checked compiles. In other builds the functions are empty.
#pragma once

#include <crosslane/backend/host/launch_facts.hpp>
#include <crosslane/kernel/memory_order.hpp>

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
  void* (*allocate)(std::size_t bytes, bool reached_by_program) noexcept;  ///< returns null if there is no memory
  bool (*release)(void*, launch_facts const&) noexcept;                    ///< returns false for memory of another allocator
  void (*queued_transfer)(std::uint64_t work, launch_facts const&, memory_transfer const&) noexcept;
  /// Called when the transfer is about to run. Returns false if it must not run; the sink then has the finding. Throws the finding if there
  /// is no sink.
  bool (*transfer)(launch_facts const&, memory_transfer const&);
  void (*unobserved)() noexcept;                                ///< a kernel whose accesses are not instrumented may have accessed anything
  void (*callback)(launch_facts const&, bool begins) noexcept;  ///< a host callback begins or ends
};
inline memory_watch const* watched_memory = nullptr;

#if CROSSLANE_CONFIG_ACCESS_CHECKS

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
  void begin(launch_facts const& launch, extent3 block);
  /// From now on the host thread runs kernel thread `rank`; after leave() it runs none.
  void run(unsigned rank) noexcept;
  void leave() noexcept;
  void block_barrier() noexcept;
  void group_sync(unsigned wave, std::uint64_t lanes) noexcept;
  /// Returns the first finding that no sink collected.
  std::exception_ptr take_failure() noexcept;

  struct block_state;

 private:
  block_state* state_ = nullptr;
};

/// Sets the scope of the following atomic operations of this host thread.
void set_atomic_scope(scope s) noexcept;
void atomic_fence(scope s, int order) noexcept;

#else

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
  void begin(launch_facts const&, extent3) noexcept {}
  void run(unsigned) noexcept {}
  void leave() noexcept {}
  void block_barrier() noexcept {}
  void group_sync(unsigned, std::uint64_t) noexcept {}
  std::exception_ptr take_failure() noexcept { return nullptr; }
};

}  // namespace CROSSLANE_CONFIGURATION

#endif

}  // namespace crosslane::backend
