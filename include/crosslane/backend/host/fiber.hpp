// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Fibers, based on Boost.Context. Each has a stack; switches are explicit and stay on one host thread. The sanitizers are told of each
/// switch.
#pragma once

#include <crosslane/backend/host/access_monitor.hpp>
#include <crosslane/backend/host/sizes.hpp>
#include <crosslane/core/error.hpp>

#include <boost/context/detail/fcontext.hpp>

#include <cstddef>
#include <cstdint>

#include <sys/mman.h>
#include <unistd.h>

#if CROSSLANE_SANITIZE_ADDRESS()
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if CROSSLANE_SANITIZE_THREAD()
#include <sanitizer/tsan_interface.h>
#endif

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

/// A suspended or running point of execution. The host thread's own stack is one too.
struct fiber {
  void* owner = nullptr;  ///< the owner of a new fiber that is entered from here
  boost::context::detail::fcontext_t context = nullptr;
  void const* stack = nullptr;  ///< lowest address
  std::size_t stack_bytes = 0;
  unsigned thread = 0;  ///< the rank of the last thread that was suspended here
#if CROSSLANE_SANITIZE_ADDRESS()
  void* fake_stack = nullptr;
#endif
#if CROSSLANE_SANITIZE_THREAD()
  void* tsan = nullptr;
  unsigned uses = 0;
#endif
};

/// Completes a switch. It is the first statement of the resumed fiber.
inline void arrive([[maybe_unused]] fiber& self, boost::context::detail::transfer_t from) noexcept {
  fiber& previous = *static_cast<fiber*>(from.data);
  previous.context = from.fctx;
#if CROSSLANE_SANITIZE_ADDRESS()
  __sanitizer_finish_switch_fiber(self.fake_stack, &previous.stack, &previous.stack_bytes);
#endif
}

/// Suspends `self` and resumes `other`. Returns when something switches back to `self`. With `ended`, `self` is never resumed.
inline void switch_fiber(fiber& self, fiber& other, [[maybe_unused]] bool ended = false) noexcept {
#if CROSSLANE_SANITIZE_ADDRESS()
  __sanitizer_start_switch_fiber(ended ? nullptr : &self.fake_stack, other.stack, other.stack_bytes);
#endif
#if CROSSLANE_SANITIZE_THREAD()
  if (self.tsan == nullptr) self.tsan = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(other.tsan, 0);
#endif
  arrive(self, boost::context::detail::jump_fcontext(other.context, &self));
}

/// Stacks for the lanes of one block, created on demand and kept for the next block. Below each stack lies an inaccessible guard, so that a
/// lane which overflows its stack faults.
class fiber_pool {
 public:
  static constexpr unsigned capacity = 1024;

  fiber_pool() = default;
  fiber_pool(fiber_pool const&) = delete;
  fiber_pool& operator=(fiber_pool const&) = delete;
  ~fiber_pool() { release(); }

  /// Makes later stacks at least `stack_bytes` large. No stack may be in use.
  void need(std::size_t stack_bytes) {
    if (stack_bytes <= stack_bytes_) return;
    release();
    stack_bytes_ = whole_stack(stack_bytes);
  }

  /// Returns fiber `i`, ready to start at `entry`. Its previous state is discarded.
  fiber& prepare(unsigned i, void (*entry)(boost::context::detail::transfer_t)) {
    if (i == made_) make();
    fiber& f = fibers_[i];
    // All stacks start at the same offset in a page. The stagger keeps their most used lines from sharing a few cache sets.
    std::size_t const stagger = (i % 32) * 128;
    f.context = boost::context::detail::make_fcontext(static_cast<char*>(const_cast<void*>(f.stack)) + f.stack_bytes - stagger,
                                                      f.stack_bytes - stagger, entry);
#if CROSSLANE_SANITIZE_ADDRESS()
    f.fake_stack = nullptr;
    unmark(f);
#endif
#if CROSSLANE_SANITIZE_THREAD()
    // enter() never returns, so the sanitizer's shadow call stack grows with each use; its capacity is 65,536.
    if (++f.uses % 4096 == 0) {
      __tsan_destroy_fiber(f.tsan);
      f.tsan = __tsan_create_fiber(0);
    }
#endif
    return f;
  }

  /// Returns the fiber whose stack has this address; null if there is none. Written out for the checker, which calls it for each access to
  /// memory that is not device memory: a call would be instrumented.
  CROSSLANE_UNSEEN fiber const* fiber_at(void const* address) const noexcept {
    std::size_t const pitch = guard_bytes_ + stack_bytes_;
    for (unsigned i = 0; i < made_; i += slab_stacks) {
      std::uintptr_t const offset = std::uintptr_t(address) - std::uintptr_t(slabs_[i / slab_stacks]);
      if (offset >= slab_stacks * pitch) continue;
      std::size_t const place = i + offset / pitch;
      return place < made_ && offset % pitch >= guard_bytes_ ? &fibers_[place] : nullptr;
    }
    return nullptr;
  }

  /// Whether a fault at `address` means that the fiber overflowed its stack. Accesses to other lanes' stacks do not fault, so a faulting
  /// address below the fiber's stack is in a guard.
  bool is_overflow(fiber const& f, void const* address) const noexcept {
    std::uintptr_t const slab = std::uintptr_t(slabs_[(&f - fibers_) / slab_stacks]);
    return std::uintptr_t(address) - slab < std::uintptr_t(f.stack) - slab;
  }

 private:
  /// A little over 1 MiB. With stacks 2 MiB apart, their page-table entries would share a few cache sets, which makes a barrier of 1024
  /// threads a fifth slower.
  std::size_t const guard_bytes_ = (std::size_t{1} << 20) + 65536 + std::size_t(sysconf(_SC_PAGESIZE));
  static constexpr unsigned slab_stacks = 64;
  static constexpr unsigned most_guards = 16384;

  std::size_t pitch() const noexcept { return guard_bytes_ + stack_bytes_; }

  /// Never inlined: its frame would become part of every barrier and make it a fifth slower.
  [[gnu::noinline, gnu::cold]] void make() {
    unsigned const slab = made_ / slab_stacks, place = made_ % slab_stacks;
    if (place == 0) {
      void* const memory = mmap(nullptr, slab_stacks * pitch(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (memory == MAP_FAILED)
        throw_error(errc::out_of_memory, {}, "host: %zu bytes of address space for the stacks of %u waiting lanes, %zu bytes each",
                    slab_stacks * pitch(), slab_stacks, stack_bytes_);
      (void)madvise(memory, slab_stacks * pitch(), MADV_NOHUGEPAGE);  // a 2 MiB page would be committed for each lane
      slabs_[slab] = memory;
    }
    char* const guard = static_cast<char*>(slabs_[slab]) + place * pitch();
    // Each guard uses two of the 65,530 memory mappings that Linux allows a process by default, and the program needs most of these. Beyond
    // `most_guards`, stacks have no guard; its address range is added to the stack.
    bool const guarded = __atomic_add_fetch(&guards_made_, 1, __ATOMIC_RELAXED) <= most_guards || place == 0;
    if (guarded && mprotect(guard + guard_bytes_, stack_bytes_, PROT_READ | PROT_WRITE) == 0) {
      ++guards_;
    } else {
      __atomic_sub_fetch(&guards_made_, 1, __ATOMIC_RELAXED);
      if (place == 0 || mprotect(guard, pitch(), PROT_READ | PROT_WRITE) != 0) {
        if (place == 0) munmap(slabs_[slab], slab_stacks * pitch());
        throw_error(errc::out_of_memory, {}, "host: %zu bytes for the stack of a waiting lane", stack_bytes_);
      }
    }
    fiber& f = fibers_[made_++];
    f.stack = guard + guard_bytes_;
    f.stack_bytes = stack_bytes_;
#if CROSSLANE_SANITIZE_THREAD()
    f.tsan = __tsan_create_fiber(0);
#endif
  }

  void release() noexcept {
    for (unsigned i = 0; i < made_; ++i) {
#if CROSSLANE_SANITIZE_THREAD()
      __tsan_destroy_fiber(fibers_[i].tsan);
#endif
#if CROSSLANE_SANITIZE_ADDRESS()
      unmark(fibers_[i]);  // the next mapping at this address must not inherit the poisoning
#endif
    }
    for (unsigned i = 0; i < made_; i += slab_stacks) munmap(slabs_[i / slab_stacks], slab_stacks * pitch());
    __atomic_sub_fetch(&guards_made_, guards_, __ATOMIC_RELAXED);
    made_ = guards_ = 0;
  }

#if CROSSLANE_SANITIZE_ADDRESS()
  /// Clears the poisoning of frames that never returned, those of the switches. They lie at the upper end of the stack. Clearing a whole
  /// stack would cost more than a kernel.
  static void unmark(fiber const& f) noexcept {
    constexpr std::size_t frames = 16384;
    __asan_unpoison_memory_region(static_cast<char const*>(f.stack) + f.stack_bytes - frames, frames);
  }
#endif

  static inline unsigned guards_made_ = 0;  ///< in all pools
  std::size_t stack_bytes_ = lane_stack_bytes();
  unsigned made_ = 0, guards_ = 0;
  void* slabs_[capacity / slab_stacks] = {};
  fiber fibers_[capacity];
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
