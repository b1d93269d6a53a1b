// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs the threads of one block. Threads run one after another on one fiber until one has to wait. That fiber then belongs to the waiting
/// thread, and the remaining threads continue on a new fiber. A kernel that never waits costs a loop; a kernel that waits costs one stack
/// per waiting lane. A thread that performs many atomic operations may be waiting for another one, so it lets the others run from time to
/// time.
#pragma once

#include <crosslane/backend/host/access_monitor.hpp>
#include <crosslane/backend/host/argument_checks.hpp>
#include <crosslane/backend/host/block_barrier.hpp>
#include <crosslane/backend/host/block_messages.hpp>
#include <crosslane/backend/host/block_shared_memory.hpp>
#include <crosslane/backend/host/block_task.hpp>
#include <crosslane/backend/host/endless_thread.hpp>
#include <crosslane/backend/host/faults.hpp>
#include <crosslane/backend/host/fiber.hpp>
#include <crosslane/backend/host/lane_operations.hpp>
#include <crosslane/backend/host/lockstep_watch.hpp>
#include <crosslane/backend/host/schedule.hpp>
#include <crosslane/backend/host/spinning_lanes.hpp>
#include <crosslane/backend/host/thread_end.hpp>
#include <crosslane/runtime/async_errors.hpp>

#include <exception>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

class block_runner;

/// The blocks of a cluster that run at the same time, by their ranks.
struct block_cluster {
  static constexpr unsigned most = 8;
  block_runner* block[most] = {};
  unsigned blocks = 0;

  /// Called when all blocks have begun.
  inline void begin() noexcept;
  /// Called when all threads of all blocks wait at the barrier of the cluster.
  inline void open_barrier() noexcept;
  /// Called when all threads of all blocks have returned. Throws an error that a finding has left.
  inline void end();
};

/// Runs one block at a time.
class block_runner final : thread_owner, running_work, lane_executor {
 public:
  block_runner() {
    main_.owner = this;
    take_over_termination();
  }
  block_runner(block_runner const&) = delete;
  block_runner& operator=(block_runner const&) = delete;

  /// Runs a whole block. Throws the error of a thread, or divergent_barrier.
  void run(grid_task const& task, extent3 block_index) {
    begin(task, block_index);
    resume();
  }

  /// Prepares a block, which may be the one of rank `rank` of a cluster. Its threads run only in resume().
  void begin(grid_task const& task, extent3 block_index, block_cluster* cluster = nullptr, unsigned rank = 0) {
    task_ = &task;
    cluster_ = cluster;
    cluster_rank_ = rank;
    if (cluster != nullptr)
      for (unsigned i = 0; i < fiber_pool::capacity; ++i) has_arrived_[i] = false;
    block_index_ = block_index;
    threads_ = unsigned(task.block.size());
    next_ = thread_position{0, 0, 0, 0};
    changes_ = started_ = finished_ = waiting_ = fibers_used_ = ready_first_ = ready_count_ = 0;
    arrivals_.clear();
    spinning_.begin(task, block_rank());
    if constexpr (sees_accesses) lockstep_.begin(task);
    operations_.clear(threads_, task.wave_size);
#if CROSSLANE_CONFIG_ACCESS_CHECKS
    arguments_.clear(threads_);
#endif
    cancelled_ = endless_ = false;
    if (task.seed != 0) schedule_threads(task.seed, block_rank(), threads_, task.wave_size, order_);
    pool_.need(task.stack_bytes);
    shared_.reserve(task, monitor_);
    monitor_.begin(task, block_index, *this);
  }

  /// Runs until all threads have returned, wait at the barrier of the grid or the cluster, or have had a turn without any of them getting
  /// ahead. The next call opens that barrier for this block, or gives the spinning threads another turn. Any host thread may call it.
  /// Throws as run() does; the block is then unwound.
  void resume() {
    go_on();
    if (spins()) return;
    if (cluster_ != nullptr && waiting_ == 0 && !cancelled_ && !error_) monitor_.block_ends();
    if (!error_) error_ = monitor_.take_failure();
    if (error_) {
      std::exception_ptr const error = error_;
      error_ = nullptr;
      std::rethrow_exception(error);
    }
  }

  /// Whether, after resume(), all threads wait at the barrier of the grid or the cluster at place().
  bool waits_for_blocks() const noexcept { return waiting_ != 0 && !spins(); }
  /// Whether, after resume(), threads spin: they wait for another block, another launch or the host.
  bool spins() const noexcept { return spinning_.count() != 0; }
  /// Whether resume() has changed something: a thread has begun, has ended or has stored a new value atomically.
  bool got_ahead() const noexcept { return events() != events_before_; }
  /// Whether threads have reached barriers or exchanged values in resume(), which loops that wait do as well.
  bool has_met() const noexcept { return meetings_ != meetings_before_; }
  /// Whether a thread may be waiting for the host.
  bool may_wait_for_host() const noexcept { return spinning_.any_in_scope(scope::system); }
  /// Whether threads of the block still wait.
  bool is_open() const noexcept { return waiting_ != 0; }
  source_location place() const noexcept { return arrivals_.first().place; }
  /// Whether the block ended because of a finding.
  bool failed() const noexcept { return cancelled_; }
  /// Whether the block ended because one of its threads did not.
  bool is_endless() const noexcept { return endless_; }

  /// Returns an error that a finding of the spinning block, which no sink collected, has left; else delivers that it spins for ever and
  /// returns the error of that. `rest` says how the grid stands.
  std::exception_ptr no_progress(char const* rest) {
    if (std::exception_ptr const earlier = monitor_.take_failure()) return earlier;
    return task_->deliver(messages().no_progress(spinning_.first(), spinning_.other(), arrivals_, monitor_, rest));
  }

  /// Unwinds the waiting threads.
  void cancel() noexcept {
    cancelled_ = true;
    go_on();
    error_ = nullptr;  // a consequence of another failure
  }

  struct thread_position {
    unsigned rank, x, y, z;
  };

  /// Gets the next thread that has not started. Returns false if there is none.
  bool next_thread(thread_position& thread) noexcept {
    if (started_ == threads_ || cancelled_) return false;
    if (task_->seed != 0) {
      thread = position_of(order_[started_++]);
      start(thread.rank);
      return true;
    }
    thread = next_;
    start(started_);
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
  void thread_returned() noexcept {
    monitor_.leave();
    ++finished_;
  }

  /// The running thread comes after all earlier work of the stream.
  void wait_for_previous() noexcept { monitor_.wait_for_previous(); }

  /// Waits at a barrier; thread `rank` calls it. Does not wait in a destructor that runs because of an exception: the thread, and with it
  /// the block, has failed, and a second exception must not be thrown.
  /// Not inlined: the address to which it returns is in the function that has called the barrier.
  [[gnu::noinline]] void wait(unsigned rank, barrier kind, source_location where) {
    if (exceptions_->uncaught != 0) return;
    if (cancelled_) throw lane_cancelled{};
    arrivals_.add({rank, kind, where, monitor_.number_of_calls(__builtin_return_address(0))}, task_->level == checks::level::off, monitor_);
    meets(rank);
    suspend(rank);
  }

  /// Thread `rank` arrives at the barrier of the cluster. It must wait there later.
  void arrive_in_cluster(unsigned rank, source_location where) {
    if (exceptions_->uncaught != 0) return;
    if (cancelled_) throw lane_cancelled{};
    if (has_arrived_[rank])
      throw_error(errc::kernel_fault, where, "arrive() of a cluster, but the thread has not waited since its last arrive(), at %s:%u",
                  where.file, where.line);
    has_arrived_[rank] = true;
    monitor_.cluster_arrives(rank);
  }
  /// Waits until all threads of the cluster have arrived.
  void wait_in_cluster(unsigned rank, source_location where) {
    if (exceptions_->uncaught == 0 && !cancelled_ && !has_arrived_[rank])
      throw_error(errc::kernel_fault, where, "wait() of a cluster without an arrive() before it, at %s:%u", where.file, where.line);
    wait(rank, barrier::cluster, where);
  }
  block_cluster* cluster() const noexcept { return cluster_; }
  unsigned cluster_rank() const noexcept { return cluster_rank_; }
  /// Returns the place in block `rank` of the cluster that is at `own` in this block's shared memory.
  void* address_in_cluster(void* own, std::size_t bytes, unsigned rank, source_location where) {
    if (rank >= cluster_blocks_)
      throw_error(errc::out_of_bounds, where, "peer() of rank %u of a cluster of %u blocks, at %s:%u", rank, cluster_blocks_, where.file,
                  where.line);
    auto const offset = [own](void* part) { return std::size_t(static_cast<char*>(own) - static_cast<char*>(part)); };
    std::size_t const in_static = offset(shared_.static_part()), in_dynamic = offset(shared_.dynamic_part());
    bool const is_static = in_static < task_->shared_bytes && bytes <= task_->shared_bytes - in_static;
    if (!is_static && !(in_dynamic < task_->dynamic_bytes && bytes <= task_->dynamic_bytes - in_dynamic))
      throw_error(errc::invalid_argument, where, "peer() of %p, which is not in the shared memory of the calling block, at %s:%u", own,
                  where.file, where.line);
    monitor_.may_access_in_cluster(rank);
    return is_static ? cluster_memory_[rank].static_part + in_static : cluster_memory_[rank].dynamic_part + in_dynamic;
  }

  /// Performs an operation of lanes of one wave; thread `rank` calls it. Returns when all members have called it. In destructors it behaves
  /// as wait() and leaves `slot.out` unchanged.
  /// Not inlined, for the same reason.
  [[gnu::noinline]] void collective(unsigned rank, unsigned wave_size, lane_slot slot) {
    if (exceptions_->uncaught != 0) return;
    if (cancelled_) throw lane_cancelled{};
    unsigned const lane = rank % wave_size, wave = rank / wave_size;
    slot.calls = monitor_.number_of_calls(__builtin_return_address(0));
    meets(rank);
    if (!operations_.call(wave, lane, slot, monitor_)) {
      suspend(rank);
      return;
    }
    finish(wave, slot);
    if (slot.orders_memory) monitor_.group_sync(wave, slot.members);
    start(rank);
    for (std::uint64_t rest = slot.members & ~(std::uint64_t{1} << lane); rest != 0; rest &= rest - 1)
      make_ready(wave * wave_size + unsigned(__builtin_ctzll(rest)));
  }

#if CROSSLANE_CONFIG_ACCESS_CHECKS
  /// Thread `rank` calls an operation of its group next, with an argument that must be the same in all lanes.
  void expect_in_group(unsigned rank, common_argument const& a) noexcept { arguments_.expect_in_group(rank, a); }
  /// Thread `rank` calls an operation of the block with an argument that must be the same in all threads.
  void expect_in_block(unsigned rank, common_argument const& a, source_location where) {
    if (cancelled_ || task_->level == checks::level::off) return;
    argument_difference difference;
    if (!arguments_.differs_in_block(rank, a, where, difference)) return;
    monitor_.leave();
    deliver(messages().different_in_block(difference, where, monitor_));
    start(rank);
  }
#endif

  /// Called after each atomic operation. `changed`: it may have stored another value than was there. `exchanged`: an exchange has.
  /// Inlined, so that the functions it calls return to the code of the operation.
  [[gnu::always_inline]] void atomic_done(unsigned rank, void const* target, scope s, bool changed, bool exchanged) {
    changes_ += changed;
    if constexpr (sees_accesses)
      if (lockstep_.watches()) {
        if (changed)
          note_store(rank, target, exchanged);
        else
          lockstep_.polls(rank, target, monitor_.plain_accesses());
        if (lockstep_.ends_long_turn(rank)) spinning_.prolong_turn(1);
        if (exchanged && lockstep_.stops_after_exchange()) return stop(rank, target, s);
      }
    if (spinning_.counts_operation()) [[unlikely]]
      wait_for(rank, target, s);
  }

  extent3 const& grid() const noexcept { return task_->grid; }
  extent3 const& extent() const noexcept { return task_->block; }
  extent3 const& index() const noexcept { return block_index_; }
  void* shared() const noexcept { return shared_.static_part(); }
  void* dynamic_shared() const noexcept { return shared_.dynamic_part(); }
  std::size_t dynamic_shared_bytes() const noexcept { return task_->dynamic_bytes; }

 private:
  /// Runs the block until it ends or waits at the grid barrier. Not inlined, because its frame would become part of the kernel's barriers.
  [[gnu::noinline]] void go_on() noexcept {
#if CROSSLANE_SANITIZE_THREAD()
    main_.tsan = __tsan_get_current_fiber();
#endif
    if (waits_for_blocks()) open_barrier();
    spinning_.begin_round();
    events_before_ = events();
    meetings_before_ = meetings_;
    fiber& next = choose_next();
    if (&next == &main_) return;
    current_ = &next;
    runs_here(this);
    exceptions_ = thread_exceptions::here();
    monitor_.executor_memory(this, sizeof *this, exceptions_, sizeof *exceptions_);
    running_scope const running{*this};
    if (task_->progress_seconds != 0) processor_timer::set(endless_thread::period(*task_));
    switch_fiber(main_, next);
    runs_here(nullptr);
    monitor_.leave();
  }

  void describe(error_text& text) const noexcept override {
    messages().append_thread(text, running_);
    text.append(", launched at %s:%u", task_->where.file, task_->where.line);
  }
  bool explain(error_text& text, void const* address, void const* stack_pointer) const noexcept override {
    // A frame that is larger than the stack and its guard faults anywhere below.
    bool const below = stack_pointer != nullptr && !lies_in(stack_pointer, current_->stack, current_->stack_bytes + 1);
    if (!below && !pool_.is_overflow(*current_, address)) return false;
    text.append(
        "stack overflow: local arrays, calls and alloca need more than the %zu bytes of stack that a thread has on the host. To raise "
        "the limit for this kernel, add 'static constexpr std::size_t host_stack_bytes = %zu;' to its struct. To raise it for all "
        "kernels, set CROSSLANE_HOST_STACK_BYTES=%zu in the environment, or the macro CROSSLANE_CONFIG_HOST_STACK_BYTES. A thread on a "
        "GPU has at most 524288 bytes of local memory",
        current_->stack_bytes, 4 * current_->stack_bytes, 4 * current_->stack_bytes);
    return true;
  }

  CROSSLANE_UNSEEN unsigned owner_of_stack(void const* address) const noexcept override {
    fiber const* const f = pool_.fiber_at(address);
    return f != nullptr && lanes_[f->thread] == f ? f->thread : none;
  }
  void let_others_run(void const* target, void const* from) override {
    if (watch_.failures != 0 && watch_.is_over(*task_, runs_ + changes_)) {
      watch_.place = static_cast<char const*>(from) - 1;
      end_endless_thread(this);
    }
    ++meetings_;  // it may compute as well
    end_turn({std::uint16_t(running_), scope::block, target, from});
  }
  [[noreturn]] void abandon_thread() noexcept override {
    monitor_.leave();
    task_->loses_threads();
    cancelled_ = true;
    *exceptions_ = {};
    ++finished_;
    leave_fiber();
  }

  /// Lets an interrupted thread continue in function(this), which does not return, when the signal handler returns. It gets the upper end
  /// of the stack, whose frames are not needed any more. Returns false if the processor is not known.
  bool continue_in([[maybe_unused]] void (*function)(block_runner*), [[maybe_unused]] void* context) const noexcept {
#if defined(__x86_64__) && defined(__linux__)
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    auto* const top = reinterpret_cast<std::uintptr_t*>((std::uintptr_t(current_->stack) + current_->stack_bytes - 256) / 16 * 16 - 8);
    *top = 0;  // the return address
    constexpr greg_t direction_flag = 0x400;
    registers[REG_EFL] &= ~direction_flag;
    registers[REG_RSP] = greg_t(reinterpret_cast<std::uintptr_t>(top));
    registers[REG_RDI] = greg_t(reinterpret_cast<std::uintptr_t>(this));
    registers[REG_RIP] = greg_t(reinterpret_cast<std::uintptr_t>(function));
    return true;
#else
    return false;
#endif
  }

#if CROSSLANE_CONFIG_ACCESS_CHECKS
  bool take_over(void const* code, error_text const& cause, void* context) const noexcept override {
    if (!monitor_.may_survive(code)) return false;
    fault_ = {code, cause};
    return continue_in(&end_by_fault, context);
  }
  static void end_by_fault(block_runner* self) {
    self->monitor_.report_fault(self->fault_.cause.c_str(), self->fault_.code);
    self->abandon_thread();
  }
  struct fault {
    void const* code = nullptr;
    error_text cause;
  };
  mutable fault fault_;  ///< of the running thread, from the signal handler to end_by_fault()
#endif

  time_to_go_on interrupted(void const* code, void* context) const noexcept override {
    double const period = endless_thread::period(*task_);
    if (!watch_.is_over(*task_, runs_ + changes_)) return {period};
    bool const locked = monitor_.is_checking(code) || !in_same_library(code, reinterpret_cast<void const*>(task_->run_threads));
    if (!locked && continue_in(&end_endless_thread, context)) {
      watch_.place = code;
      return {period, true};
    }
    const_cast<access_monitor&>(monitor_).call_executor_soon();
    if (++watch_.failures == 500) {
      error_text text;
      text.append("crosslane: ");
      describe(text);
      text.append(": the thread has been running for %.3g s and cannot be ended\n", endless_thread::limit(*task_));
      fault_handlers::print(text);
    }
    return {0.01};
  }
  static void end_endless_thread(block_runner* self) {
    self->monitor_.leave();
    self->endless_ = true;
    void const* const place = static_cast<char const*>(self->watch_.place) + 1;  // as the address to which a call there returns
    self->report(self->messages().endless(self->running_, endless_thread::limit(*self->task_), place, self->monitor_));
    self->abandon_thread();
  }

  block_messages messages() const noexcept { return {*task_, block_index_}; }

  /// A number that increases whenever a thread gets ahead.
  std::uint64_t events() const noexcept { return changes_ + started_ + finished_; }

  /// Inlined: the monitor must not see the end of a function whose beginning it has not seen.
  [[gnu::always_inline]] void start(unsigned rank) noexcept {
    running_ = rank;
    ++runs_;
    monitor_.run(rank, current_->stack, current_->stack_bytes);
  }

  thread_position position_of(unsigned rank) const noexcept {
    unsigned const row = rank / task_->block.x;
    return {rank, rank % task_->block.x, row % task_->block.y, row / task_->block.y};
  }
  std::uint64_t block_rank() const noexcept {
    return (std::uint64_t{block_index_.z} * task_->grid.y + block_index_.y) * task_->grid.x + block_index_.x;
  }

  /// Performs a wave operation for all its members.
  void finish(unsigned wave, lane_slot const& slot) {
    monitor_.leave();
    lane_slot* const slots = operations_.slots_of(wave);
    try {
      slot.complete(slots, slot.members);
#if CROSSLANE_CONFIG_ACCESS_CHECKS
      argument_difference difference;
      if (arguments_.differ_in_group(wave * task_->wave_size, slots, slot.members, difference) && task_->level != checks::level::off)
        deliver(messages().different_in_group(difference, slot, monitor_));
#endif
    } catch (absent_source const& absent) {
      report(messages().invalid_lane(wave, slots[absent.lane], absent));
      throw lane_cancelled{};
    }
  }

  /// Delivers a finding after which the block continues.
  void deliver(checks::finding const& found) {
    if (std::exception_ptr const error = task_->deliver(found); error && !error_) error_ = error;
  }
  /// Delivers a finding after which the block cannot continue. If an access of the block has had one, this is a consequence.
  void report(checks::finding const& found) {
    if (!error_) error_ = monitor_.take_failure();
    task_->loses_threads();
    cancelled_ = true;
    if (!error_ && !monitor_.has_findings()) error_ = task_->deliver(found);
  }

  void meets(unsigned rank) noexcept {
    ++meetings_;
    if constexpr (sees_accesses) {
      lockstep_.meets(rank);
      if (lockstep_.ends_long_turn(rank)) spinning_.prolong_turn(1);
    }
  }

  /// Not inlined: the address to which it returns is the place of the waiting.
  [[gnu::noinline]] void wait_for(unsigned rank, void const* target, scope s) {
    end_turn({std::uint16_t(rank), s, target, __builtin_return_address(0)});
  }
  /// Lets other threads run if it is their turn.
  void end_turn(spinning_lane const& lane) {
    if (exceptions_->uncaught != 0) {
      if (spinning_.may_go_on_unwinding()) return;
      fail([&] {
        constexpr char const* what = "a destructor that runs because of an exception waits for another thread";
        return std::make_exception_ptr(messages().of_thread(errc::kernel_fault, what, lane.rank));
      });
      exceptions_->uncaught = 0;
      ++finished_;
      leave_fiber();
    }
    if (cancelled_) throw lane_cancelled{};
    if constexpr (sees_accesses)
      if (unsigned const left = lockstep_.polls_left(lane.rank, place_of(lane.from)); left != 0) return spinning_.prolong_turn(left);
    if (!spinning_.turn_is_over(events())) return;
    spinning_.add(lane);
    suspend(lane.rank);
  }
  /// Lets other threads run now.
  [[gnu::noinline]] void stop(unsigned rank, void const* target, scope s) {
    if (exceptions_->uncaught != 0 || cancelled_) return;
    spinning_.add({std::uint16_t(rank), s, target, __builtin_return_address(0)});
    suspend(rank);
  }
  /// Returns a number that stands for a place of the running thread's code and for the calls that have led there.
  std::uint64_t place_of(void const* from) const noexcept { return reinterpret_cast<std::uintptr_t>(from) ^ monitor_.calls(); }
  /// Not inlined: the address to which it returns is the place of the store.
  [[gnu::noinline]] CROSSLANE_UNSEEN void note_store(unsigned rank, void const* target, bool exchanged) {
    void const* const from = __builtin_return_address(0);
    unsigned const waiting = lockstep_.stores(rank, target, place_of(from));
    if (waiting != lockstep_watch::none) report_lockstep(rank, waiting, exchanged, from);
  }
  [[gnu::noinline]] void report_lockstep(unsigned rank, unsigned waiting, bool exchanged, void const* from) {
    spinning_lane const* const wait = spinning_.find(waiting);
    if (wait == nullptr) return;  // it does something else now
    monitor_.leave();
    checks::finding const found = messages().lockstep_wait(*wait, rank, from, monitor_);
    // An exchange that hands over by itself, in the loop in which it waits, needs nothing behind the loop.
    bool const in_the_loop = exchanged && found.first.where.line == found.second.where.line;
    if (!in_the_loop) {
      lockstep_.end();
      deliver(found);
    }
    start(rank);
  }

  void suspend(unsigned rank) {
    monitor_.leave();
    fiber* const self = current_;
    lanes_[rank] = self;
    self->thread = rank;
    ++waiting_;
    fiber& next = choose_next();
    current_ = &next;
    if (&next != self) switch_fiber(*self, next);
    start(rank);
    if (cancelled_) throw lane_cancelled{};
  }

  void make_ready(unsigned rank) noexcept { ready_[(ready_first_ + ready_count_++) % fiber_pool::capacity] = std::uint16_t(rank); }

  /// Takes the fiber of a waiting lane.
  fiber& fiber_of(unsigned rank) noexcept {
    --waiting_;
    fiber* const f = lanes_[rank];
    lanes_[rank] = nullptr;
    return *f;
  }

  /// Chooses the next fiber: first lanes that can continue, so that few stacks are alive; then threads that have not started; then lanes
  /// that spin; then resume() itself.
  fiber& choose_next() {
    while (true) {
      if (ready_count_ != 0) {
        unsigned const rank = ready_[ready_first_];
        ready_first_ = (ready_first_ + 1) % fiber_pool::capacity;
        --ready_count_;
        return fiber_of(rank);
      }
      if (started_ < threads_ && !cancelled_ && !spinning_.comes_first()) {
        if (fiber* const f = start_fiber()) return *f;
      }
      if (spins()) return !cancelled_ && spinning_.ends_round() ? main_ : fiber_of(spinning_.take());
      if (waiting_ == 0) return main_;
      if (!cancelled_) check_waiting();
      if (!cancelled_ && arrivals_.first().kind != barrier::block) return main_;
      // All threads wait at the barrier, which opens; or the block has failed, and they wake up to unwind.
      open_barrier();
    }
  }

  void open_barrier() noexcept {
    arrivals_.open();
    if (cluster_ != nullptr && arrivals_.first().kind == barrier::cluster)
      for (unsigned i = 0; i < threads_; ++i) has_arrived_[i] = false;
    else
      monitor_.block_barrier();
#if CROSSLANE_CONFIG_ACCESS_CHECKS
    arguments_.open_barrier();
#endif
    if (task_->seed != 0) {
      for (unsigned i = 0; i < threads_; ++i)
        if (lanes_[order_[i]] != nullptr) make_ready(order_[i]);
      return;
    }
    for (unsigned i = 0; i < threads_; ++i)
      if (lanes_[i] != nullptr) make_ready(i);
  }

  /// Checks the waiting threads when none can run. That is valid only if all threads wait at one barrier.
  void check_waiting() {
    if (arrivals_.count() == threads_ && !arrivals_.different()) return;
    if (arrivals_.count() < waiting_)
      report(incomplete_operation());
    else if (arrivals_.different())
      report(messages().different_barriers(arrivals_, monitor_));
    else
      report(messages().early_exit(arrivals_, first_that_returned(), finished_));
  }

  /// All waiting threads are at the barrier, so a rank without a fiber has returned.
  unsigned first_that_returned() const noexcept {
    unsigned rank = 0;
    while (lanes_[rank] != nullptr) ++rank;
    return rank;
  }

  /// Describes lanes that wait in an operation which not all members have called.
  checks::finding incomplete_operation() const {
    unsigned wave = 0;
    while (operations_.waiting(wave) == 0) ++wave;
    std::uint64_t const waiting = operations_.waiting(wave);
    unsigned const lane = unsigned(__builtin_ctzll(waiting));
    lane_slot const* const slots = operations_.slots_of(wave);
    lane_slot const& slot = slots[lane];
    if (std::uint64_t const missing = slot.members & ~waiting; missing != 0) {
      bool const returned = lanes_[wave * task_->wave_size + unsigned(__builtin_ctzll(missing))] == nullptr;
      return messages().absent_lane(wave, lane, slot, missing, returned, arrivals_.first().place);
    }
    std::uint64_t rest = slot.members;
    while (rest != 0 && operations_.same(slots[__builtin_ctzll(rest)], slot, monitor_)) rest &= rest - 1;
    return messages().different_lanes(wave, lane, slots, rest != 0 ? &slots[__builtin_ctzll(rest)] : nullptr, monitor_);
  }

  /// Returns null if there is no memory for another stack; the block has then failed.
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
    self.leave_fiber();
  }

  /// Leaves the current fiber, which has nothing left to do.
  [[noreturn]] void leave_fiber() noexcept {
    fiber& ended = *current_;
    fiber& next = choose_next();
    current_ = &next;
    switch_fiber(ended, next, true);
    __builtin_unreachable();
  }

  void leave_thread() noexcept override {
    monitor_.leave();
    if (exceptions_->caught != nullptr) {
      keep_failure();
      abi::__cxa_end_catch();
    } else {  // some compilers' code terminates without a handler, so the exception is not known
      constexpr char const* what = "an exception was thrown out of a destructor or noexcept function";
      fail([&] { return std::make_exception_ptr(messages().of_thread(errc::kernel_fault, what, running_)); });
    }
    exceptions_->uncaught = 0;
    ++finished_;
    leave_fiber();
  }

  void run_threads() noexcept {
    try {
      task_->run_threads(*task_, *this);
      return;
    } catch (...) {
      keep_failure();
    }
    ++finished_;
  }

  /// Stores the exception of a thread. Called in its handler.
  void keep_failure() noexcept {
    monitor_.leave();
    try {
      throw;
    } catch (lane_cancelled const&) {
      // The failure that cancelled the block is already stored.
    } catch (error const& e) {
      if (e.code() == errc::out_of_bounds || e.code() == errc::misaligned)
        report(messages().refused_access(running_, e));
      else
        fail([&] { return std::make_exception_ptr(messages().of_thread(e.code(), e.object(), running_)); });
    } catch (...) {
      fail([] { return std::current_exception(); });
    }
  }

  template <class Make>
  void fail(Make const& make) {
    if (!error_) error_ = make();
    cancelled_ = true;
  }

  grid_task const* task_ = nullptr;
  extent3 block_index_;
  unsigned threads_ = 0, started_ = 0, finished_ = 0, waiting_ = 0;
  unsigned running_ = 0;  ///< rank, for messages
  unsigned fibers_used_ = 0;
  thread_position next_{};
  std::uint64_t changes_ = 0, events_before_ = 0;  ///< see events()
  std::uint64_t meetings_ = 0, meetings_before_ = 0;
  std::uint64_t runs_ = 0;  ///< how often a thread has begun or continued
  mutable endless_thread watch_;
  bool cancelled_ = false, endless_ = false;
  barrier_arrivals arrivals_;
  spinning_lanes spinning_;
  lockstep_watch lockstep_;
  std::exception_ptr error_;
  thread_exceptions* exceptions_ = nullptr;  ///< of the host thread that runs the fibers
  fiber main_;
  fiber* current_ = nullptr;
  fiber* lanes_[fiber_pool::capacity] = {};         ///< the fiber of each waiting lane, else null
  std::uint16_t ready_[fiber_pool::capacity] = {};  ///< ring buffer of the waiting lanes that can continue, in order
  unsigned ready_first_ = 0, ready_count_ = 0;
  lane_operations operations_;
#if CROSSLANE_CONFIG_ACCESS_CHECKS
  argument_checks arguments_;
#endif
  block_cluster* cluster_ = nullptr;
  unsigned cluster_rank_ = 0, cluster_blocks_ = 0;
  struct memory_of_block {
    char *static_part, *dynamic_part;
  };
  memory_of_block cluster_memory_[block_cluster::most];  ///< here, where threads may read it
  bool has_arrived_[fiber_pool::capacity];               ///< at the barrier of the cluster, for each thread
  std::uint16_t order_[fiber_pool::capacity];            ///< of the threads, for seeds other than 0
  access_monitor monitor_;
  fiber_pool pool_;
  block_shared_memory shared_;
  friend struct block_cluster;
  friend class runner_pool;
  friend class runner_lease;
  friend class open_blocks;
  block_runner* next_runner_ = nullptr;       ///< in a list of runners
  void (*destroy_)(block_runner*) = nullptr;  ///< set by the code that created the runner
};

inline void block_cluster::begin() noexcept {
  access_monitor* monitors[most] = {};
  for (unsigned i = 0; i < blocks; ++i) {
    monitors[i] = &block[i]->monitor_;
    block[i]->cluster_blocks_ = blocks;
    for (unsigned k = 0; k < blocks; ++k)
      block[i]->cluster_memory_[k] = {static_cast<char*>(block[k]->shared_.static_part()),
                                      static_cast<char*>(block[k]->shared_.dynamic_part())};
  }
  access_monitor::begin_cluster(monitors, blocks);
}
inline void block_cluster::open_barrier() noexcept {
  access_monitor* monitors[most] = {};
  for (unsigned i = 0; i < blocks; ++i) monitors[i] = &block[i]->monitor_;
  access_monitor::cluster_barrier(monitors, blocks);
}
inline void block_cluster::end() {
  for (unsigned i = 0; i < blocks; ++i) {
    block[i]->monitor_.cluster_ends();
    if (std::exception_ptr const error = block[i]->monitor_.take_failure()) std::rethrow_exception(error);
  }
}

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
