// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs the threads of one block. They run one after another on one fiber until one has to wait; that fiber is then its own, and
/// the rest goes on on a new one. So a kernel that never waits costs a loop, and one that waits a stack per waiting lane.
#pragma once

#include <crosslane/backend/host/fiber.hpp>
#include <crosslane/runtime/async_errors.hpp>
#include <crosslane/runtime/extent.hpp>

#include <cstdlib>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

class block_runner;

/// A kernel with its arguments, types erased.
struct grid_task {
  extent3 grid, block;
  unsigned wave_size = 32;
  std::size_t shared_bytes = 0;  ///< the kernel's struct
  std::size_t shared_align = 1;
  std::size_t dynamic_bytes = 0;
  char const* kernel = "";
  source_location where;
  /// Runs threads as long as next_thread() names one.
  void (*run_threads)(grid_task const&, block_runner&) = nullptr;
};

/// What a lane offers to the others while it waits in a wave operation.
struct lane_slot {
  void const* in = nullptr;
  void* out = nullptr;
  unsigned argument = 0;
  std::uint64_t members = 0;  ///< lanes of the wave that take part
  source_location where;
  /// Does the operation for all of them, once they have all arrived; `wave` is the slot of lane 0.
  void (*complete)(lane_slot* wave, std::uint64_t members) = nullptr;
};

/// Unwinds a waiting lane of a block that has failed. Not an exception of the library: kernels should not catch it.
struct lane_cancelled {};

/// Runs one block at a time.
class block_runner {
 public:
  block_runner() { main_.owner = this; }
  block_runner(block_runner const&) = delete;
  block_runner& operator=(block_runner const&) = delete;
  ~block_runner() { std::free(shared_memory_); }

  enum class barrier : unsigned char { block, grid };

  /// Runs a whole block. Throws what a thread of it threw, or divergent_barrier.
  void run(grid_task const& task, extent3 block_index) {
    begin(task, block_index);
    resume();
  }

  /// Takes on a block. None of its threads runs before resume().
  void begin(grid_task const& task, extent3 block_index) {
    task_ = &task;
    block_index_ = block_index;
    threads_ = unsigned(task.block.count());
    next_ = thread_position{0, 0, 0, 0};
    started_ = finished_ = waiting_ = arrived_ = fibers_used_ = ready_first_ = ready_count_ = 0;
    for (unsigned w = 0; w * 32 < threads_; ++w) wave_waiting_[w] = 0;
    cancelled_ = different_places_ = false;
    reserve_shared();
  }

  /// Runs until all threads have returned or wait at the barrier of the grid, which opens for this block at the next call. Any thread
  /// may call it, each time another. Throws as run() does; nothing of the block is left then.
  void resume() {
    go_on();
    if (error_) {
      std::exception_ptr const error = error_;
      error_ = nullptr;
      std::rethrow_exception(error);
    }
  }

  /// After resume(): all threads wait at the barrier of the grid, at place().
  bool waits_at_grid() const noexcept { return waiting_ != 0; }
  source_location place() const noexcept { return first_place_; }

  /// Unwinds the threads that wait at the barrier of the grid.
  void cancel() noexcept {
    cancelled_ = true;
    go_on();
    error_ = nullptr;  // a consequence of whatever else has failed
  }

  struct thread_position {
    unsigned rank, x, y, z;
  };

  /// The next thread that has not started; false when there is none.
  bool next_thread(thread_position& thread) noexcept {
    if (started_ == threads_ || cancelled_) return false;
    thread = next_;
    running_ = started_;
    next_.rank = ++started_;
    if (++next_.x == task_->block.x) {
      next_.x = 0;
      if (++next_.y == task_->block.y) {
        next_.y = 0;
        ++next_.z;
      }
    }
    return true;
  }
  void thread_returned() noexcept { ++finished_; }

  /// A barrier, called by thread `rank`.
  void wait(unsigned rank, barrier kind, source_location where) {
    if (cancelled_) throw lane_cancelled{};
    if (arrived_++ == 0) {
      first_rank_ = rank;
      first_place_ = where;
      kind_ = kind;
    } else if (kind != kind_ || where.line != first_place_.line || where.file != first_place_.file) {
      different_places_ = true;
      other_rank_ = rank;
      other_place_ = where;
      other_kind_ = kind;
    }
    suspend(rank);
  }

  /// An operation of lanes of one wave, called by thread `rank`: returns when all its members have called it.
  void collective(unsigned rank, unsigned wave_size, lane_slot const& slot) {
    if (cancelled_) throw lane_cancelled{};
    unsigned const lane = rank % wave_size, wave = rank / wave_size;
    lane_slot* const slots = slots_ + wave * wave_size;
    slots[lane] = slot;
    std::uint64_t& waiting = wave_waiting_[wave];
    waiting |= std::uint64_t{1} << lane;
    // A member may still wait in an operation of a smaller group; whether lanes never meet shows when nothing can run any more.
    bool complete = (slot.members & ~waiting) == 0;
    for (std::uint64_t rest = slot.members; complete && rest != 0; rest &= rest - 1)
      complete = same_operation(slots[__builtin_ctzll(rest)], slot);
    if (!complete) {
      suspend(rank);
      return;
    }
    waiting &= ~slot.members;
    slot.complete(slots, slot.members);
    for (std::uint64_t rest = slot.members & ~(std::uint64_t{1} << lane); rest != 0; rest &= rest - 1)
      make_ready(wave * wave_size + unsigned(__builtin_ctzll(rest)));
  }

  extent3 const& grid() const noexcept { return task_->grid; }
  extent3 const& extent() const noexcept { return task_->block; }
  extent3 const& index() const noexcept { return block_index_; }
  void* shared() const noexcept { return shared_; }
  void* dynamic_shared() const noexcept { return dynamic_shared_; }
  std::size_t dynamic_shared_bytes() const noexcept { return task_->dynamic_bytes; }

 private:
  void go_on() noexcept {
#if CROSSLANE_SANITIZE_THREAD()
    main_.tsan = __tsan_get_current_fiber();
#endif
    if (waits_at_grid()) open_barrier();
    fiber& next = choose_next();
    if (&next == &main_) return;
    current_ = &next;
    switch_fiber(main_, next);
  }

  void suspend(unsigned rank) {
    fiber* const self = current_;
    lanes_[rank] = self;
    ++waiting_;
    fiber& next = choose_next();
    current_ = &next;
    if (&next != self) switch_fiber(*self, next);
    running_ = rank;
    if (cancelled_) throw lane_cancelled{};
  }

  void make_ready(unsigned rank) noexcept { ready_[(ready_first_ + ready_count_++) % fiber_pool::capacity] = std::uint16_t(rank); }

  /// Lanes that can go on first, so that few stacks are alive; then threads that have not started; then run() itself.
  fiber& choose_next() {
    while (true) {
      if (ready_count_ != 0) {
        unsigned const rank = ready_[ready_first_];
        ready_first_ = (ready_first_ + 1) % fiber_pool::capacity;
        --ready_count_;
        --waiting_;
        fiber* const f = lanes_[rank];
        lanes_[rank] = nullptr;
        return *f;
      }
      if (started_ < threads_ && !cancelled_) {
        if (fiber* const f = start_fiber()) return *f;
      }
      if (waiting_ == 0) return main_;
      if (!cancelled_) check_waiting();
      if (!cancelled_ && kind_ == barrier::grid) return main_;
      // All wait at the barrier, which opens; or the block has failed, and they wake to unwind.
      open_barrier();
    }
  }

  void open_barrier() noexcept {
    arrived_ = 0;
    for (unsigned i = 0; i < threads_; ++i)
      if (lanes_[i] != nullptr) make_ready(i);
  }

  /// Nothing can run: right only if all threads wait at one barrier.
  void check_waiting() {
    if (arrived_ == threads_ && !different_places_) return;
    error_text text;
    text.append("kernel %s, block (%u, %u, %u): ", task_->kernel, block_index_.x, block_index_.y, block_index_.z);
    errc code = errc::divergent_barrier;
    if (arrived_ < waiting_) {
      code = errc::divergent_wave;
      unsigned wave = 0;
      while (wave_waiting_[wave] == 0) ++wave;
      unsigned const wave_size = task_->wave_size, lane = unsigned(__builtin_ctzll(wave_waiting_[wave]));
      lane_slot const& slot = slots_[wave * wave_size + lane];
      text.append("lane %u of wave %u (thread %u) waits in an operation of lanes %#llx at %s:%u", lane, wave, wave * wave_size + lane,
                  static_cast<unsigned long long>(slot.members), slot.where.file, slot.where.line);
      std::uint64_t const missing = slot.members & ~wave_waiting_[wave];
      if (missing == 0) {
        lane_slot const* const slots = slots_ + wave * wave_size;
        std::uint64_t rest = slot.members;
        while (rest != 0 && same_operation(slots[__builtin_ctzll(rest)], slot)) rest &= rest - 1;
        if (rest != 0) {
          unsigned const other = unsigned(__builtin_ctzll(rest));
          text.append(", lane %u in one of lanes %#llx at %s:%u", other, static_cast<unsigned long long>(slots[other].members),
                      slots[other].where.file, slots[other].where.line);
        }
      } else {
        unsigned const absent = unsigned(__builtin_ctzll(missing));
        text.append(lanes_[wave * wave_size + absent] == nullptr ? ", lane %u has returned" : ", lane %u waits at a barrier", absent);
      }
    } else if (different_places_) {
      text.append("thread %u waits at %s%s:%u while thread %u waits at %s%s:%u", first_rank_, prefix(kind_), first_place_.file,
                  first_place_.line, other_rank_, prefix(other_kind_), other_place_.file, other_place_.line);
    } else {
      text.append("%u thread(s), the first is %u, wait at %s%s:%u, but %u thread(s) have returned", waiting_, first_rank_, prefix(kind_),
                  first_place_.file, first_place_.line, finished_);
    }
    error_ = std::make_exception_ptr(error{code, text, task_->where});
    cancelled_ = true;
  }

  static char const* prefix(barrier kind) noexcept { return kind == barrier::grid ? "the barrier of the grid, " : ""; }

  static bool same_operation(lane_slot const& a, lane_slot const& b) noexcept {
    return a.members == b.members && a.complete == b.complete && a.where.line == b.where.line && a.where.file == b.where.file;
  }

  /// Null where there is no memory for another stack: then the block has failed.
  fiber* start_fiber() noexcept {
    try {
      fiber& f = pool_.prepare(fibers_used_, &enter);
      ++fibers_used_;
      f.owner = this;
      return &f;
    } catch (...) {
      fail([] { return std::current_exception(); });
      return nullptr;
    }
  }

  static void enter(boost::context::detail::transfer_t from) {
    block_runner& self = *static_cast<block_runner*>(static_cast<fiber*>(from.data)->owner);
    fiber& f = *self.current_;
    arrive(f, from);
    self.run_threads();
    fiber& next = self.choose_next();
    self.current_ = &next;
    switch_fiber(f, next, true);
  }

  void run_threads() noexcept {
    try {
      task_->run_threads(*task_, *this);
      return;
    } catch (lane_cancelled const&) {
      // The failure that cancelled the block is kept already.
    } catch (error const& e) {
      fail([&] {
        error_text text;
        text.append("%s; kernel %s, block (%u, %u, %u), thread %u", e.object(), task_->kernel, block_index_.x, block_index_.y,
                    block_index_.z, running_);
        return std::make_exception_ptr(error{e.code(), text, task_->where});
      });
    } catch (...) {
      fail([] { return std::current_exception(); });
    }
    ++finished_;
  }

  template <class Make>
  void fail(Make const& make) {
    if (!error_) error_ = make();
    cancelled_ = true;
  }

  void reserve_shared() {
    std::size_t const align = task_->shared_align > 64 ? task_->shared_align : 64;
    std::size_t const offset = (task_->shared_bytes + 63) / 64 * 64;
    std::size_t const bytes = offset + task_->dynamic_bytes;
    if (bytes > shared_capacity_ || align > shared_capacity_align_) {
      std::free(shared_memory_);
      shared_memory_ = nullptr;
      shared_capacity_ = 0;
      void* memory = nullptr;
      if (posix_memalign(&memory, align, bytes) != 0)
        throw_error(errc::out_of_memory, task_->where, "host: %zu bytes of shared memory", bytes);
      shared_memory_ = memory;
      shared_capacity_ = bytes;
      shared_capacity_align_ = align;
    }
    shared_ = shared_memory_;
    dynamic_shared_ = static_cast<char*>(shared_memory_) + offset;
  }

  grid_task const* task_ = nullptr;
  extent3 block_index_;
  unsigned threads_ = 0, started_ = 0, finished_ = 0, waiting_ = 0;
  unsigned arrived_ = 0;  ///< at the current barrier
  unsigned running_ = 0;  ///< rank, for messages
  unsigned fibers_used_ = 0;
  thread_position next_{};
  bool cancelled_ = false, different_places_ = false;
  barrier kind_ = barrier::block, other_kind_ = barrier::block;  ///< of the first to arrive, of one elsewhere
  unsigned first_rank_ = 0, other_rank_ = 0;
  source_location first_place_, other_place_;
  std::exception_ptr error_;
  fiber main_;
  fiber* current_ = nullptr;
  fiber* lanes_[fiber_pool::capacity] = {};         ///< the fiber on which a waiting lane waits, else null
  std::uint16_t ready_[fiber_pool::capacity] = {};  ///< ring of the waiting lanes that can go on, in order
  unsigned ready_first_ = 0, ready_count_ = 0;
  lane_slot slots_[fiber_pool::capacity];
  std::uint64_t wave_waiting_[fiber_pool::capacity / 32] = {};  ///< per wave, its lanes that wait in a wave operation
  fiber_pool pool_;
  void* shared_memory_ = nullptr;
  std::size_t shared_capacity_ = 0, shared_capacity_align_ = 0;
  void* shared_ = nullptr;
  void* dynamic_shared_ = nullptr;
  friend class runner_pool;
  block_runner* next_free_ = nullptr;
};

/// Runners that are not at work. They and the stacks they have made are kept for whoever comes next, whatever its stream.
class runner_pool {
 public:
  constexpr runner_pool() = default;
  runner_pool(runner_pool const&) = delete;
  runner_pool& operator=(runner_pool const&) = delete;
  ~runner_pool() {
    while (block_runner* const runner = take()) delete runner;
  }

  /// Null when all are at work.
  block_runner* take() noexcept {
    detail::spin_guard const guard{lock_};
    block_runner* const runner = first_;
    if (runner != nullptr) first_ = runner->next_free_;
    return runner;
  }
  void give_back(block_runner* runner) noexcept {
    detail::spin_guard const guard{lock_};
    runner->next_free_ = first_;
    first_ = runner;
  }

 private:
  detail::spin_lock lock_;
  block_runner* first_ = nullptr;
};

inline runner_pool idle_runners;

/// Lends a runner to the calling thread.
class runner_lease {
 public:
  runner_lease() : runner_{idle_runners.take()} {
    if (runner_ == nullptr) runner_ = new block_runner;
  }
  ~runner_lease() { idle_runners.give_back(runner_); }
  runner_lease(runner_lease const&) = delete;
  runner_lease& operator=(runner_lease const&) = delete;
  block_runner* operator->() const noexcept { return runner_; }

 private:
  block_runner* runner_;
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
