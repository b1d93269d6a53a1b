// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Fibers over Boost.Context's switch: a stack each, switched by hand, all on one thread. The sanitizers are told of each switch.
#pragma once

#include <crosslane/backend/host/sizes.hpp>
#include <crosslane/runtime/error.hpp>

#include <boost/context/detail/fcontext.hpp>

#include <cstddef>

#include <sys/mman.h>

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

/// Stacks for the lanes of one block, made as they are needed and kept for the next block.
class fiber_pool {
 public:
  static constexpr unsigned capacity = 1024;

  fiber_pool() = default;
  fiber_pool(fiber_pool const&) = delete;
  fiber_pool& operator=(fiber_pool const&) = delete;
  ~fiber_pool() {
    for (unsigned i = 0; i < made_; ++i) {
#if CROSSLANE_SANITIZE_THREAD()
      __tsan_destroy_fiber(fibers_[i].tsan);
#endif
#if CROSSLANE_SANITIZE_ADDRESS()
      // Frames that never returned are still marked; the next mapping at this address must not inherit that.
      __asan_unpoison_memory_region(fibers_[i].stack, fibers_[i].stack_bytes);
#endif
    }
    for (unsigned i = 0; i < made_; i += slab_stacks) munmap(slabs_[i / slab_stacks], slab_stacks * pitch_);
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
    __asan_unpoison_memory_region(f.stack, f.stack_bytes);
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

 private:
  static constexpr std::size_t guard_bytes = 4096;
  static constexpr unsigned slab_stacks = 64;
  static constexpr unsigned most_guards = 16384;

  void make() {
    if (made_ % slab_stacks == 0) {
      void* const slab = mmap(nullptr, slab_stacks * pitch_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (slab == MAP_FAILED)
        throw_error(errc::out_of_memory, {}, "host: %zu bytes for the stacks of %u waiting lanes", slab_stacks * pitch_, slab_stacks);
      slabs_[made_ / slab_stacks] = slab;
    }
    char* const base = static_cast<char*>(slabs_[made_ / slab_stacks]) + (made_ % slab_stacks) * pitch_;
    // Overflow faults instead of overwriting a neighbour. Each guard costs two of the 65,530 mappings that Linux grants a program unless
    // told otherwise: most are the program's own, so the stacks of very many blocks alive at once go without.
    if (__atomic_fetch_add(&guards_made_, 1, __ATOMIC_RELAXED) < most_guards)
      (void)mprotect(base, guard_bytes, PROT_NONE);
    else
      __atomic_fetch_sub(&guards_made_, 1, __ATOMIC_RELAXED);
    fiber& f = fibers_[made_++];
    f.stack = base + guard_bytes;
    f.stack_bytes = stack_bytes_;
#if CROSSLANE_SANITIZE_THREAD()
    f.tsan = __tsan_create_fiber(0);
#endif
  }

  static inline unsigned guards_made_ = 0;
  std::size_t const stack_bytes_ = lane_stack_bytes();
  std::size_t const pitch_ = stack_bytes_ + guard_bytes;
  unsigned made_ = 0;
  void* slabs_[capacity / slab_stacks] = {};
  fiber fibers_[capacity];
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
