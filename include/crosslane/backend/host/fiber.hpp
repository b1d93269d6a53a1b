// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Fibers over Boost.Context's switch: a stack each, switched by hand, all on one thread. The sanitizers are told of each switch.
#pragma once

#include <crosslane/backend/host/sizes.hpp>
#include <crosslane/runtime/error.hpp>

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

/// A point of execution that can be left and resumed. The thread's own stack is one too.
struct fiber {
  void* owner = nullptr;  ///< what a new fiber that is entered from here works for
  boost::context::detail::fcontext_t context = nullptr;
  void const* stack = nullptr;  ///< lowest address
  std::size_t stack_bytes = 0;
#if CROSSLANE_SANITIZE_ADDRESS()
  void* fake_stack = nullptr;
#endif
#if CROSSLANE_SANITIZE_THREAD()
  void* tsan = nullptr;
  unsigned uses = 0;
#endif
};

/// First statement of whoever was resumed.
inline void arrive([[maybe_unused]] fiber& self, boost::context::detail::transfer_t from) noexcept {
  fiber& previous = *static_cast<fiber*>(from.data);
  previous.context = from.fctx;
#if CROSSLANE_SANITIZE_ADDRESS()
  __sanitizer_finish_switch_fiber(self.fake_stack, &previous.stack, &previous.stack_bytes);
#endif
}

/// Leaves `self` and continues `other`; returns when something switches back, unless `self` is `ended` and never resumed.
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

/// Stacks for the lanes of one block, made as they are needed and kept for the next block. Below each lies a guard without memory, so that
/// a lane which uses up its stack faults.
class fiber_pool {
 public:
  static constexpr unsigned capacity = 1024;

  fiber_pool() = default;
  fiber_pool(fiber_pool const&) = delete;
  fiber_pool& operator=(fiber_pool const&) = delete;
  ~fiber_pool() { release(); }

  /// Stacks of so many bytes from now on, or more. None may be in use.
  void need(std::size_t stack_bytes) {
    if (stack_bytes <= stack_bytes_) return;
    release();
    stack_bytes_ = whole_stack(stack_bytes);
  }

  /// Fiber `i`, ready to begin `entry`; what it did before is forgotten.
  fiber& prepare(unsigned i, void (*entry)(boost::context::detail::transfer_t)) {
    if (i == made_) make();
    fiber& f = fibers_[i];
    // All stacks start at the same offset in a page: without a stagger their hottest lines would share a few sets of the cache.
    std::size_t const stagger = (i % 32) * 128;
    f.context = boost::context::detail::make_fcontext(static_cast<char*>(const_cast<void*>(f.stack)) + f.stack_bytes - stagger,
                                                      f.stack_bytes - stagger, entry);
#if CROSSLANE_SANITIZE_ADDRESS()
    f.fake_stack = nullptr;
    unmark(f);
#endif
#if CROSSLANE_SANITIZE_THREAD()
    // enter() never returns, so the sanitizer's own stack of calls grows with each use, and has room for 65,536.
    if (++f.uses % 4096 == 0) {
      __tsan_destroy_fiber(f.tsan);
      f.tsan = __tsan_create_fiber(0);
    }
#endif
    return f;
  }

  /// Whether the use of an address means that a fiber has used up its stack. Accesses to other lanes' stacks do not fault, so below its own
  /// there are guards alone.
  bool is_overflow(fiber const& f, void const* address) const noexcept {
    std::uintptr_t const slab = std::uintptr_t(slabs_[(&f - fibers_) / slab_stacks]);
    return std::uintptr_t(address) - slab < std::uintptr_t(f.stack) - slab;
  }

 private:
  /// 1 MiB, and a little: the entries of page tables that lead to stacks 2 MiB apart would share a few sets of the cache, which costs a
  /// barrier of 1024 threads a fifth of its speed.
  std::size_t const guard_bytes_ = (std::size_t{1} << 20) + 65536 + std::size_t(sysconf(_SC_PAGESIZE));
  static constexpr unsigned slab_stacks = 64;
  static constexpr unsigned most_guards = 16384;

  std::size_t pitch() const noexcept { return guard_bytes_ + stack_bytes_; }

  /// Never inlined: its frame would be that of every barrier, and cost it a fifth of its speed.
  [[gnu::noinline, gnu::cold]] void make() {
    unsigned const slab = made_ / slab_stacks, place = made_ % slab_stacks;
    if (place == 0) {
      void* const memory = mmap(nullptr, slab_stacks * pitch(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (memory == MAP_FAILED)
        throw_error(errc::out_of_memory, {}, "host: %zu bytes of addresses for the stacks of %u waiting lanes, %zu bytes each",
                    slab_stacks * pitch(), slab_stacks, stack_bytes_);
      (void)madvise(memory, slab_stacks * pitch(), MADV_NOHUGEPAGE);  // a page of 2 MiB would be memory for each lane
      slabs_[slab] = memory;
    }
    char* const guard = static_cast<char*>(slabs_[slab]) + place * pitch();
    // Each guard costs two of the 65,530 mappings that Linux grants a program unless told otherwise: most are the program's own, so the
    // stacks of very many blocks alive at once are longer by what would be their guards.
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
      unmark(fibers_[i]);  // the next mapping at this address must not inherit the marks
#endif
    }
    for (unsigned i = 0; i < made_; i += slab_stacks) munmap(slabs_[i / slab_stacks], slab_stacks * pitch());
    __atomic_sub_fetch(&guards_made_, guards_, __ATOMIC_RELAXED);
    made_ = guards_ = 0;
  }

#if CROSSLANE_SANITIZE_ADDRESS()
  /// The frames that have not returned, those of switches, are still marked. They are at the upper end; to go over a whole stack would cost
  /// more than a kernel.
  static void unmark(fiber const& f) noexcept {
    constexpr std::size_t frames = 16384;
    __asan_unpoison_memory_region(static_cast<char const*>(f.stack) + f.stack_bytes - frames, frames);
  }
#endif

  static inline unsigned guards_made_ = 0;  ///< of all pools
  std::size_t stack_bytes_ = lane_stack_bytes();
  unsigned made_ = 0, guards_ = 0;
  void* slabs_[capacity / slab_stacks] = {};
  fiber fibers_[capacity];
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
