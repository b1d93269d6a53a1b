// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Streams and events of the host backend. Each stream has a host thread that runs its work in order. The work is asynchronous to the
/// program, so that a missing synchronisation shows as on a GPU.
#pragma once

#include <crosslane/backend/host/faults.hpp>
#include <crosslane/backend/host/stream_watch.hpp>
#include <crosslane/runtime/async_errors.hpp>
#include <crosslane/runtime/trace_note.hpp>

#include <cstdint>

#include <pthread.h>
#include <time.h>

namespace crosslane::backend {

/// A mutex with a condition variable, locked for a scope.
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

/// The number of threads of the host program that wait for work of streams. A kernel may wait for the others.
inline unsigned waiting_host_threads = 0;
inline unsigned waiting_hosts() noexcept { return __atomic_load_n(&waiting_host_threads, __ATOMIC_RELAXED); }

/// The calling thread waits for work of streams while the object lives.
struct waiting_host {
  waiting_host() noexcept { __atomic_fetch_add(&waiting_host_threads, 1, __ATOMIC_RELAXED); }
  ~waiting_host() { __atomic_fetch_sub(&waiting_host_threads, 1, __ATOMIC_RELAXED); }
  waiting_host(waiting_host const&) = delete;
  waiting_host& operator=(waiting_host const&) = delete;
};

/// The work that runs on a failed stream. Between a failure and the call that surfaces it, results of later work would be meaningless, so
/// it is skipped. Work that others wait for and work that frees memory always runs.
enum class runs { unless_failed, always };

/// Functions of the library that queues work. Its code and its list of exceptions are needed.
struct library_functions {
  void* (*thread_main)(void*);
  void (*add_current)(detail::stream_key) noexcept;
  bool (*holds)(detail::stream_key) noexcept;
};

/// Facts about work for the description of a graph.
struct work_facts {
  char const* name = "work";
  extent3 grid{0, 0, 0}, block{0, 0, 0};  ///< of a kernel, else 0
  source_location where;
  void const* kernel = nullptr;  ///< identifies a kernel with its types of arguments
};

/// A piece of work of a stream.
struct queue_item {
  explicit queue_item(runs when_) noexcept : when{when_} {}
  virtual ~queue_item() { detail::trace_note::drop(note); }
  virtual void run() = 0;
  /// Returns a copy that a graph can run, or null if the work can run only once.
  virtual queue_item* copy() const { return nullptr; }
  /// Reads the check options of the calling thread again, which launches a graph.
  virtual void take_check_scope() {}
  /// The work has been queued under this number.
  virtual void note_queued(std::uint64_t) const noexcept {}
  virtual work_facts facts() const noexcept { return {}; }
  runs const when;
  std::uint64_t work = 0;  ///< its number, if streams are watched
  library_functions const* functions = nullptr;
  detail::trace_note* note = nullptr;  ///< not of work that a graph has
  queue_item* next = nullptr;
};

class host_queue;
class host_event;

/// Takes what is queued on streams, instead of their threads, and makes a graph of it. Streams and events hold it.
class queue_capture {
 public:
  queue_capture() = default;
  queue_capture(queue_capture const&) = delete;
  queue_capture& operator=(queue_capture const&) = delete;
  void retain() noexcept { __atomic_fetch_add(&references_, 1, __ATOMIC_RELAXED); }
  void release() noexcept {
    if (__atomic_sub_fetch(&references_, 1, __ATOMIC_ACQ_REL) == 0) delete this;
  }

  virtual std::uint64_t number() const noexcept = 0;  ///< no other capture of the process has it
  virtual bool has_ended() noexcept = 0;
  virtual bool is_invalid() noexcept = 0;
  virtual void invalidate() noexcept = 0;  ///< by a call that cannot be captured
  virtual void take(host_queue&, queue_item*) = 0;
  virtual void callback(host_queue&, void (*f)(void*), void* data) = 0;
  virtual std::size_t mark(host_queue&) = 0;             ///< returns the number of a mark behind the work taken from the stream so far
  virtual void wait(host_queue&, std::size_t mark) = 0;  ///< later work of the stream comes behind the mark
  virtual void own(void* memory, void (*free)(void*) noexcept) = 0;  ///< memory that lives as long as the graph
  virtual void forget(host_queue&) noexcept = 0;                     ///< the stream ends

 protected:
  virtual ~queue_capture() = default;

 private:
  int references_ = 1;
};

/// Holds a capture; empty at first.
class capture_hold {
 public:
  capture_hold() = default;
  explicit capture_hold(queue_capture* c) noexcept : capture_{c} {
    if (c != nullptr) c->retain();
  }
  capture_hold(capture_hold const& other) noexcept : capture_hold{other.capture_} {}
  capture_hold& operator=(capture_hold other) noexcept {
    swap(other);
    return *this;
  }
  void swap(capture_hold& other) noexcept {
    queue_capture* const mine = capture_;
    capture_ = other.capture_;
    other.capture_ = mine;
  }
  ~capture_hold() {
    if (capture_ != nullptr) capture_->release();
  }
  queue_capture* operator->() const noexcept { return capture_; }
  explicit operator bool() const noexcept { return capture_ != nullptr; }
  bool operator==(capture_hold const&) const = default;

 private:
  queue_capture* capture_ = nullptr;
};

/// The queues of the process, of all libraries.
struct queue_list {
  monitor lock;
  detail::spin_lock entering;
  int process = 0;  ///< the process that the list belongs to
  host_queue* first = nullptr;
  std::uint64_t made = 0;

  [[gnu::visibility("hidden")]] static queue_list& get() noexcept {
    static queue_list& list = detail::process_wide<queue_list>("host queues 2");
    list.enter(detail::this_process());
    return list;
  }

 private:
  /// Resets the list in the child of a fork(). The child has none of the parent's threads: no queue works there, and a thread that held the
  /// lock does not exist.
  void enter(int now) noexcept {
    if (__atomic_load_n(&process, __ATOMIC_ACQUIRE) == now) return;
    detail::spin_guard const guard{entering};
    if (process == now) return;
    new (&lock) monitor;
    first = nullptr;
    __atomic_store_n(&process, now, __ATOMIC_RELEASE);
  }
};

/// Keeps a library loaded while a thread runs its code: the C library does not unload a library whose thread_local objects are still to be
/// destroyed.
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

  /// Whether the queue belongs to the parent process: its thread does not exist in the child of a fork(). No other member may be used then,
  /// in particular no lock.
  bool is_lost() const noexcept { return process_ != detail::this_process(); }

  /// Lets the queued work finish, then ends the thread.
  static void destroy(host_queue* q) noexcept {
    if (q->is_lost()) return;
    if (capture_hold const c = q->capture()) c->forget(*q);
    bool const from_own_thread = q->runs_here();
    bool started = false;
    {
      monitor::lock lock{q->monitor_};
      q->stopping_ = true;
      started = q->started_;
      q->delete_at_end_ = from_own_thread;
      lock.wake_all();
    }
    if (from_own_thread) {  // a callback destroyed the last owner: the thread ends by itself
      pthread_detach(pthread_self());
      return;
    }
    waiting_host const waits;
    if (started) pthread_join(q->thread_, nullptr);
    delete q;
  }

  /// Returns a number that no other queue of the process ever has.
  void const* key() const noexcept { return reinterpret_cast<void const*>(std::uintptr_t(number_)); }
  /// Returns the first of so many numbers that no queue of the process ever has.
  static std::uint64_t numbers(std::uint64_t count) noexcept {
    queue_list& list = queue_list::get();
    monitor::lock lock{list.lock};
    std::uint64_t const first = list.made + 1;
    list.made += count;
    return first;
  }

  /// The capture that takes the stream's work, if there is one.
  capture_hold capture() noexcept {
    if (!__atomic_load_n(&is_captured_, __ATOMIC_ACQUIRE)) return {};
    monitor::lock lock{monitor_};
    return capture_;
  }
  void set_capture(capture_hold const& c) noexcept {
    monitor::lock lock{monitor_};
    capture_ = c;
    __atomic_store_n(&is_captured_, bool(c), __ATOMIC_RELEASE);
  }

  /// Returns work that calls `f()`.
  template <class Tag, class F>
  static queue_item* make_item(F f, runs when = runs::unless_failed) {
    struct item final : queue_item {
      item(F&& f_, runs when_) : queue_item{when_}, f{static_cast<F&&>(f_)} {}
      void run() override {
        fault_handlers::prepare_thread();  // those of this library, whichever library created the thread
        f();
      }
      queue_item* copy() const override {
        if constexpr (std::is_copy_constructible_v<F>) {
          item* const copied = new item{F{f}, when};
          copied->functions = functions;
          return copied;
        } else {
          return nullptr;
        }
      }
      void take_check_scope() override {
        if constexpr (requires { f.take_check_scope(); }) f.take_check_scope();
      }
      void note_queued(std::uint64_t number) const noexcept override {
        if constexpr (requires { f.note_queued(number); }) f.note_queued(number);
      }
      work_facts facts() const noexcept override {
        if constexpr (requires { f.facts_of_node(); })
          return f.facts_of_node();
        else
          return {};
      }
      F f;
    };
    static constexpr library_functions functions{
        &thread_main, [](detail::stream_key key) noexcept { detail::keep_exception<Tag>(key, std::current_exception()); },
        [](detail::stream_key key) noexcept { return detail::exceptions<Tag>().holds(key); }};
    queue_item* const made = new item{static_cast<F&&>(f), when};
    made->functions = &functions;
    return made;
  }

  /// Queues `f()`. An exception of `f` is a failure of the stream. Returns the number of the work if streams are watched, else 0.
  template <class Tag, class F>
  std::uint64_t enqueue(F f, runs when = runs::unless_failed) {
    queue_item* const made = make_item<Tag>(static_cast<F&&>(f), when);
    if (capture_hold const c = capture()) {
      c->take(*this, made);
      return 0;
    }
    made->note = detail::take_trace_note();
    return push(made, *made->functions);
  }

  /// Returns the number of something that the host does now in the order of the queued work, if streams are watched, else 0.
  std::uint64_t acts() noexcept {
    if (watched_streams == nullptr) return 0;
    monitor::lock lock{monitor_};
    if (watch_ == nullptr) watch_ = watched_streams;
    return last_work_ = watch_->acts(stream_key());
  }

  void synchronize() noexcept {
    std::uint64_t work = 0;
    {
      monitor::lock lock{monitor_};
      std::uint64_t const target = pushed_;
      work = last_work_;
      waiting_host const waits;
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

  /// The same without a report to the checker. If streams are watched, the answer is whether the program knows it.
  bool idle_unseen() noexcept {
    monitor::lock lock{monitor_};
    return done_ == pushed_ && (last_work_ == 0 || watch_->program_has_seen(last_work_));
  }

  /// Whether the caller runs as work of this queue and therefore cannot wait for it.
  bool runs_here() noexcept {
    monitor::lock lock{monitor_};
    return started_ && pthread_equal(thread_, pthread_self()) != 0;
  }

  /// Waits for every queue of a device. Other threads may create and destroy queues meanwhile.
  static void synchronize_all(int device_index) noexcept {
    queue_list& list = queue_list::get();
    monitor::lock lock{list.lock};
    std::uint64_t below = ~std::uint64_t{0};
    for (;;) {  // newest first, the order of the list
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
    if (failed_ && !functions.holds(stream_key())) {  // the failure has surfaced: this is new work
      failed_ = false;
      skipped_until_ = pushed_;
    }
    if (!started_) {
      if (int const code = pthread_create(&thread_, nullptr, functions.thread_main, this); code != 0) {
        delete item;
        throw_error(errc::limit_exceeded, {}, "host stream: its thread could not be created (error %d)", code);
      }
      started_ = true;
      watch_ = watched_streams;
      while (!has_begun_) lock.wait();  // from then on the library stays loaded
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
      bool const accesses = work != 0 && !skip && item->when == runs::unless_failed;  // the others wait, record or free
      current_work.number = work;
      if (accesses) q->watch_->runs(true);
      try {
        detail::traced_run const traced{skip ? nullptr : item->note};
        if (!skip) item->run();
      } catch (...) {
        q->fail(*item->functions);
      }
      delete item;
      if (accesses) q->watch_->runs(false);
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
  int waiters_ = 0;  ///< threads in synchronize_all() that wait for this queue; guarded by the list's lock
  int device_;
  int process_ = detail::this_process();
  stream_watch const* watch_ = nullptr;  ///< of the library that queued first
  monitor monitor_;
  pthread_t thread_{};
  bool started_ = false, has_begun_ = false, stopping_ = false, delete_at_end_ = false;
  bool failed_ = false;  ///< there is a failure that has not surfaced
  bool is_captured_ = false;
  capture_hold capture_;
  queue_item* first_ = nullptr;
  queue_item* last_ = nullptr;
  std::uint64_t pushed_ = 0, done_ = 0;
  std::uint64_t last_work_ = 0;      ///< the number of the last pushed work, if streams are watched
  std::uint64_t skipped_until_ = 0;  ///< work pushed before this count follows a failure that has surfaced
  std::uint64_t wake_at_ =
      ~std::uint64_t{0};  ///< the lowest count of done items that a thread waits for. Waking for every item would cost a core
};

/// One record of an event in a stream. Shared by the event, the stream that reaches it, and streams and threads that wait for it.
class recording {
 public:
  class hold {
   public:
    hold() = default;
    /// Takes over the caller's reference.
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

  /// Sets the number of the recording work, if streams are watched. Called before the event has the recording. The stream already holds a
  /// reference, but does not read the number.
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
  /// Whether a stream of the parent process had not reached the record at fork(); it never will in this process.
  bool is_lost() const noexcept { return process_ != detail::this_process() && !done_; }
  /// Gets the time of the record. Returns false if the stream has not reached it.
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

/// An event: refers to its latest recording. Threads that wait for an earlier recording hold that one.
class host_event {
 public:
  /// Returns null before the first recording.
  recording::hold latest() noexcept {
    detail::spin_guard const guard{lock_};
    return latest_;
  }
  void set_latest(recording::hold r) noexcept {
    capture_hold none;
    detail::spin_guard const guard{lock_};
    latest_.swap(r);
    none.swap(capture_);
  }

  /// Whether the last recording was captured: then it never happens.
  bool is_captured() noexcept {
    detail::spin_guard const guard{lock_};
    return bool(capture_);
  }
  /// A mark in a capture.
  struct captured_mark {
    capture_hold capture;
    std::size_t mark;
  };
  captured_mark captured() noexcept {
    detail::spin_guard const guard{lock_};
    return {capture_, mark_};
  }
  void set_captured(capture_hold c, std::size_t mark) noexcept {
    detail::spin_guard const guard{lock_};
    c.swap(capture_);
    mark_ = mark;
  }

  /// @{
  /// The program has one reference until it destroys the event, and each node of a graph that uses the event has one.
  void retain() noexcept { __atomic_fetch_add(&references_, 1, __ATOMIC_RELAXED); }
  void release() noexcept {
    if (__atomic_sub_fetch(&references_, 1, __ATOMIC_ACQ_REL) == 0) delete this;
  }
  /// @}
  void destroy() noexcept {
    __atomic_store_n(&is_destroyed_, true, __ATOMIC_RELEASE);
    release();
  }
  /// Whether the program has destroyed the event.
  bool is_destroyed() const noexcept { return __atomic_load_n(&is_destroyed_, __ATOMIC_ACQUIRE); }

 private:
  ~host_event() = default;

  detail::spin_lock lock_;
  int references_ = 1;
  bool is_destroyed_ = false;
  recording::hold latest_;
  capture_hold capture_;
  std::size_t mark_ = 0;
};

}  // namespace crosslane::backend
