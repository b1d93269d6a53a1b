// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Streams and events of the host backend: a thread per stream that runs its work in order, asynchronously to the program, so that
/// a missing synchronisation shows as it would on a GPU.
#pragma once

#include <crosslane/backend/host/faults.hpp>
#include <crosslane/backend/host/stream_watch.hpp>
#include <crosslane/runtime/async_errors.hpp>

#include <cstdint>

#include <pthread.h>
#include <time.h>

namespace crosslane::backend {

/// A mutex with a condition, locked for a scope.
class monitor {
 public:
  monitor() = default;
  monitor(monitor const&) = delete;
  monitor& operator=(monitor const&) = delete;
  ~monitor() {
    pthread_cond_destroy(&condition_);
    pthread_mutex_destroy(&mutex_);
  }

  class lock {
   public:
    explicit lock(monitor& m) noexcept : monitor_{m} { acquire(); }
    ~lock() { release(); }
    lock(lock const&) = delete;
    lock& operator=(lock const&) = delete;
    void acquire() noexcept { pthread_mutex_lock(&monitor_.mutex_); }
    void release() noexcept { pthread_mutex_unlock(&monitor_.mutex_); }
    void wait() noexcept { pthread_cond_wait(&monitor_.condition_, &monitor_.mutex_); }
    void wake_all() noexcept { pthread_cond_broadcast(&monitor_.condition_); }

   private:
    monitor& monitor_;
  };

 private:
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition_ = PTHREAD_COND_INITIALIZER;
};

/// What runs of a stream that has failed: between a failure and the call that surfaced it, the results of the work behind it would be
/// made of nothing. What others wait for and what gives memory back is always done.
enum class runs { unless_failed, always };

/// Of the library that queues something, whose code and list of exceptions it needs.
struct library_functions {
  void* (*thread_main)(void*);
  void (*add_current)(detail::stream_key) noexcept;
  bool (*holds)(detail::stream_key) noexcept;
};

/// A piece of work of a stream.
struct queue_item {
  explicit queue_item(runs when_) noexcept : when{when_} {}
  virtual ~queue_item() = default;
  virtual void run() = 0;
  runs const when;
  std::uint64_t work = 0;  ///< its number, where streams are watched
  library_functions const* functions = nullptr;
  queue_item* next = nullptr;
};

class host_queue;

/// The queues of the process, in whatever library they were made.
struct queue_list {
  monitor lock;
  detail::spin_lock entering;
  int process = 0;  ///< whose they are
  host_queue* first = nullptr;
  std::uint64_t made = 0;

  [[gnu::visibility("hidden")]] static queue_list& get() noexcept {
    static queue_list& list = detail::process_wide<queue_list>("host queues 1");
    list.enter(detail::this_process());
    return list;
  }

 private:
  /// The child of a fork() has none of the parent's threads: it begins with no queue, and a thread that held the lock is not there.
  void enter(int now) noexcept {
    if (__atomic_load_n(&process, __ATOMIC_ACQUIRE) == now) return;
    detail::spin_guard const guard{entering};
    if (process == now) return;
    new (&lock) monitor;
    first = nullptr;
    __atomic_store_n(&process, now, __ATOMIC_RELEASE);
  }
};

/// Keeps the code of a library where it is while a thread runs in it: the C library does not unload one whose objects of thread storage
/// duration have still to be destroyed.
struct code_in_use {
  ~code_in_use() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }
};

class host_queue {
 public:
  explicit host_queue(int device_index) : device_{device_index} {
    queue_list& list = queue_list::get();
    monitor::lock lock{list.lock};
    number_ = ++list.made;
    next_queue_ = list.first;
    list.first = this;
  }
  host_queue(host_queue const&) = delete;
  host_queue& operator=(host_queue const&) = delete;

  int device() const noexcept { return device_; }

  /// It belongs to the parent of this process: fork() has left its thread there. Nothing may be asked of it, least of all its locks.
  bool is_lost() const noexcept { return process_ != detail::this_process(); }

  /// Lets the queued work finish, then ends.
  static void destroy(host_queue* q) noexcept {
    if (q->is_lost()) return;
    bool const from_own_thread = q->runs_here();
    bool started = false;
    {
      monitor::lock lock{q->monitor_};
      q->stopping_ = true;
      started = q->started_;
      q->delete_at_end_ = from_own_thread;
      lock.wake_all();
    }
    if (from_own_thread) {  // a callback dropped the last owner: the thread ends by itself
      pthread_detach(pthread_self());
      return;
    }
    if (started) pthread_join(q->thread_, nullptr);
    delete q;
  }

  /// A number that no other queue of the program ever has.
  void const* key() const noexcept { return reinterpret_cast<void const*>(std::uintptr_t(number_)); }

  /// Queues `f()`. An exception from it is a failure of the stream. Returns the number of the work where streams are watched, else 0.
  template <class Tag, class F>
  std::uint64_t enqueue(F f, runs when = runs::unless_failed) {
    struct item final : queue_item {
      item(F&& f_, runs when_) : queue_item{when_}, f{static_cast<F&&>(f_)} {}
      void run() override {
        fault_handlers::prepare_thread();  // those of this library, whatever library the thread is of
        f();
      }
      F f;
    };
    static constexpr library_functions functions{
        &thread_main, [](detail::stream_key key) noexcept { detail::keep_exception<Tag>(key, std::current_exception()); },
        [](detail::stream_key key) noexcept { return detail::exceptions<Tag>().holds(key); }};
    return push(new item{static_cast<F&&>(f), when}, functions);
  }

  void synchronize() noexcept {
    std::uint64_t work = 0;
    {
      monitor::lock lock{monitor_};
      std::uint64_t const target = pushed_;
      work = last_work_;
      while (done_ < target) {
        if (target < wake_at_) wake_at_ = target;
        lock.wait();
      }
    }
    if (work != 0) watch_->program_knows(work);
  }

  bool idle() noexcept {
    std::uint64_t work = 0;
    {
      monitor::lock lock{monitor_};
      if (done_ != pushed_) return false;
      work = last_work_;
    }
    if (work != 0) watch_->program_knows(work);
    return true;
  }

  /// Whether the caller is work of this queue, which cannot wait for it.
  bool runs_here() noexcept {
    monitor::lock lock{monitor_};
    return started_ && pthread_equal(thread_, pthread_self()) != 0;
  }

  /// Waits for every queue of a device. Others can be made and destroyed meanwhile.
  static void synchronize_all(int device_index) noexcept {
    queue_list& list = queue_list::get();
    monitor::lock lock{list.lock};
    std::uint64_t below = ~std::uint64_t{0};
    for (;;) {  // newest first, which is the list's order
      host_queue* q = list.first;
      while (q != nullptr && (q->number_ >= below || q->device_ != device_index)) q = q->next_queue_;
      if (q == nullptr) return;
      below = q->number_;
      ++q->waiters_;
      lock.release();
      q->synchronize();
      lock.acquire();
      if (--q->waiters_ == 0) lock.wake_all();
    }
  }

 private:
  detail::stream_key stream_key() const noexcept { return {key(), device_}; }

  ~host_queue() {
    queue_list& list = queue_list::get();
    monitor::lock lock{list.lock};
    while (waiters_ != 0) lock.wait();
    host_queue** link = &list.first;
    while (*link != this) link = &(*link)->next_queue_;
    *link = next_queue_;
  }

  std::uint64_t push(queue_item* item, library_functions const& functions) {
    monitor::lock lock{monitor_};
    item->functions = &functions;
    if (failed_ && !functions.holds(stream_key())) {  // it has surfaced: this is new work
      failed_ = false;
      skipped_until_ = pushed_;
    }
    if (!started_) {
      if (int const code = pthread_create(&thread_, nullptr, functions.thread_main, this); code != 0) {
        delete item;
        throw_error(errc::limit_exceeded, {}, "host stream: no thread could be made for it (error %d)", code);
      }
      started_ = true;
      watch_ = watched_streams;
      while (!has_begun_) lock.wait();  // from then on its code stays, whatever the program does with the library
    }
    (last_ == nullptr ? first_ : last_->next) = item;
    last_ = item;
    ++pushed_;
    if (watch_ != nullptr) item->work = last_work_ = watch_->queued(stream_key());
    lock.wake_all();
    return last_work_;
  }

  [[gnu::visibility("hidden")]] static void* thread_main(void* self) {
    static thread_local code_in_use const here;
    (void)&here;
    host_queue* const q = static_cast<host_queue*>(self);
    {
      monitor::lock lock{q->monitor_};
      q->has_begun_ = true;
      lock.wake_all();
    }
    bool delete_at_end = false, skip = false;
    while (queue_item* const item = q->pop(delete_at_end, skip)) {
      std::uint64_t const work = item->work;
      current_work.number = work;
      try {
        if (!skip) item->run();
      } catch (...) {
        q->fail(*item->functions);
      }
      delete item;
      if (work != 0) q->watch_->finished(work);
      monitor::lock lock{q->monitor_};
      if (++q->done_ >= q->wake_at_) {
        q->wake_at_ = ~std::uint64_t{0};
        lock.wake_all();
      }
    }
    if (delete_at_end) delete q;
    return nullptr;
  }

  void fail(library_functions const& functions) noexcept {
    monitor::lock lock{monitor_};
    functions.add_current(stream_key());
    failed_ = true;
  }

  queue_item* pop(bool& delete_at_end, bool& skip) noexcept {
    monitor::lock lock{monitor_};
    while (first_ == nullptr && !stopping_) lock.wait();
    queue_item* const item = first_;
    if (item != nullptr) {
      first_ = item->next;
      if (first_ == nullptr) last_ = nullptr;
      skip = item->when == runs::unless_failed && (failed_ || done_ < skipped_until_);
    }
    delete_at_end = delete_at_end_;
    return item;
  }

  host_queue* next_queue_ = nullptr;
  std::uint64_t number_ = 0;
  int waiters_ = 0;  ///< threads inside synchronize_all that wait for this one; guarded by the registry
  int device_;
  int process_ = detail::this_process();
  stream_watch const* watch_ = nullptr;  ///< of the library that queued first
  monitor monitor_;
  pthread_t thread_{};
  bool started_ = false, has_begun_ = false, stopping_ = false, delete_at_end_ = false;
  bool failed_ = false;  ///< since the last time that a failure surfaced
  queue_item* first_ = nullptr;
  queue_item* last_ = nullptr;
  std::uint64_t pushed_ = 0, done_ = 0;
  std::uint64_t last_work_ = 0;      ///< the number of what was pushed last, where streams are watched
  std::uint64_t skipped_until_ = 0;  ///< work that was pushed before this number stands behind a failure that has surfaced
  std::uint64_t wake_at_ =
      ~std::uint64_t{0};  ///< the least number of items done that somebody waits for: to be woken for each would cost a core
};

/// One mark in a stream. Shared by its event, the stream that reaches it and those that wait for it.
class recording {
 public:
  class hold {
   public:
    hold() = default;
    /// Takes over the caller's share.
    explicit hold(recording* r) noexcept : recording_{r} {}
    hold(hold const& other) noexcept : recording_{other.recording_} {
      if (recording_ != nullptr) __atomic_fetch_add(&recording_->references_, 1, __ATOMIC_RELAXED);
    }
    hold& operator=(hold const&) = delete;
    ~hold() {
      if (recording_ != nullptr && __atomic_sub_fetch(&recording_->references_, 1, __ATOMIC_ACQ_REL) == 0) delete recording_;
    }
    void swap(hold& other) noexcept {
      recording* const mine = recording_;
      recording_ = other.recording_;
      other.recording_ = mine;
    }
    recording* operator->() const noexcept { return recording_; }
    explicit operator bool() const noexcept { return recording_ != nullptr; }

   private:
    recording* recording_ = nullptr;
  };

  /// The number of the work that marks it, where streams are watched. Said before the event has it; the stream, which has a share
  /// already, does not ask.
  void set_work(std::uint64_t number) noexcept { work_ = number; }
  std::uint64_t work() const noexcept { return work_; }

  void complete() noexcept {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    monitor::lock lock{monitor_};
    done_ = true;
    milliseconds_ = double(now.tv_sec) * 1e3 + double(now.tv_nsec) * 1e-6;
    lock.wake_all();
  }
  void wait() noexcept {
    monitor::lock lock{monitor_};
    while (!done_) lock.wait();
  }
  /// A stream of the parent of this process had not reached it at fork(), and never will here.
  bool is_lost() const noexcept { return process_ != detail::this_process() && !done_; }
  /// False while the stream has not reached it.
  bool time(double* milliseconds) noexcept {
    monitor::lock lock{monitor_};
    *milliseconds = milliseconds_;
    return done_;
  }

 private:
  ~recording() = default;
  monitor monitor_;
  int references_ = 1;
  int process_ = detail::this_process();
  std::uint64_t work_ = 0;
  bool done_ = false;
  double milliseconds_ = 0;
};

/// Knows its latest recording alone; who waits for an earlier one holds that.
class host_event {
 public:
  /// Null before the first.
  recording::hold latest() noexcept {
    detail::spin_guard const guard{lock_};
    return latest_;
  }
  void set_latest(recording::hold r) noexcept {
    detail::spin_guard const guard{lock_};
    latest_.swap(r);
  }

 private:
  detail::spin_lock lock_;
  recording::hold latest_;
};

}  // namespace crosslane::backend
