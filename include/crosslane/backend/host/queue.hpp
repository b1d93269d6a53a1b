// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Streams and events of the host backend: a thread per stream that runs its work in order, asynchronously to the program, so that
/// a missing synchronisation shows as it would on a GPU.
#pragma once

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

/// A piece of work of a stream.
struct queue_item {
  virtual ~queue_item() = default;
  virtual void run() = 0;
  queue_item* next = nullptr;
};

class host_queue {
 public:
  explicit host_queue(int device_index) : device_{device_index} {
    monitor::lock lock{registry_};
    number_ = ++queues_made_;
    next_queue_ = first_queue_;
    first_queue_ = this;
  }
  host_queue(host_queue const&) = delete;
  host_queue& operator=(host_queue const&) = delete;

  /// Lets the queued work finish, then ends.
  static void destroy(host_queue* q) noexcept {
    bool started = false;
    bool from_own_thread = false;
    {
      monitor::lock lock{q->monitor_};
      q->stopping_ = true;
      started = q->started_;
      from_own_thread = started && pthread_equal(q->thread_, pthread_self()) != 0;
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

  /// Queues `f()`. An exception from it surfaces at the next synchronising call.
  template <class Tag, class F>
  void enqueue(F f) {
    struct item final : queue_item {
      explicit item(F&& f_) : f{static_cast<F&&>(f_)} {}
      void run() override { f(); }
      F f;
    };
    push(new item{static_cast<F&&>(f)}, [](host_queue const* q) { detail::exceptions<Tag>.add(q, q->device_, std::current_exception()); });
  }

  void synchronize() noexcept {
    monitor::lock lock{monitor_};
    std::uint64_t const target = pushed_;
    while (done_ < target) {
      if (target < wake_at_) wake_at_ = target;
      lock.wait();
    }
  }

  bool idle() noexcept {
    monitor::lock lock{monitor_};
    return done_ == pushed_;
  }

  /// Waits for every queue of a device. Others can be made and destroyed meanwhile.
  static void synchronize_all(int device_index) noexcept {
    monitor::lock lock{registry_};
    std::uint64_t below = ~std::uint64_t{0};
    for (;;) {  // newest first, which is the list's order
      host_queue* q = first_queue_;
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
  using failure_handler = void (*)(host_queue const*);

  ~host_queue() {
    monitor::lock lock{registry_};
    while (waiters_ != 0) lock.wait();
    host_queue** link = &first_queue_;
    while (*link != this) link = &(*link)->next_queue_;
    *link = next_queue_;
  }

  void push(queue_item* item, failure_handler on_failure) {
    monitor::lock lock{monitor_};
    on_failure_ = on_failure;
    if (!started_) {
      if (int const code = pthread_create(&thread_, nullptr, &thread_main, this); code != 0) {
        delete item;
        throw_error(errc::limit_exceeded, {}, "host stream: no thread could be made for it (error %d)", code);
      }
      started_ = true;
    }
    (last_ == nullptr ? first_ : last_->next) = item;
    last_ = item;
    ++pushed_;
    lock.wake_all();
  }

  static void* thread_main(void* self) {
    host_queue* const q = static_cast<host_queue*>(self);
    bool delete_at_end = false;
    while (queue_item* const item = q->pop(delete_at_end)) {
      try {
        item->run();
      } catch (...) {
        q->on_failure_(q);
      }
      delete item;
      monitor::lock lock{q->monitor_};
      if (++q->done_ >= q->wake_at_) {
        q->wake_at_ = ~std::uint64_t{0};
        lock.wake_all();
      }
    }
    if (delete_at_end) delete q;
    return nullptr;
  }

  queue_item* pop(bool& delete_at_end) noexcept {
    monitor::lock lock{monitor_};
    while (first_ == nullptr && !stopping_) lock.wait();
    queue_item* const item = first_;
    if (item != nullptr) {
      first_ = item->next;
      if (first_ == nullptr) last_ = nullptr;
    }
    delete_at_end = delete_at_end_;
    return item;
  }

  static inline monitor registry_;
  static inline host_queue* first_queue_ = nullptr;
  static inline std::uint64_t queues_made_ = 0;

  host_queue* next_queue_ = nullptr;
  std::uint64_t number_ = 0;
  int waiters_ = 0;  ///< threads inside synchronize_all that wait for this one; guarded by the registry
  int device_;
  monitor monitor_;
  pthread_t thread_{};
  bool started_ = false, stopping_ = false, delete_at_end_ = false;
  failure_handler on_failure_ = nullptr;
  queue_item* first_ = nullptr;
  queue_item* last_ = nullptr;
  std::uint64_t pushed_ = 0, done_ = 0;
  std::uint64_t wake_at_ =
      ~std::uint64_t{0};  ///< the least number of items done that somebody waits for: to be woken for each would cost a core
};

/// Shared by the program's handle and the queued work that refers to it.
class host_event {
 public:
  static void release(host_event* e) noexcept {
    if (__atomic_sub_fetch(&e->references_, 1, __ATOMIC_ACQ_REL) == 0) delete e;
  }
  class hold {
   public:
    explicit hold(host_event* e) noexcept : event_{e} { __atomic_fetch_add(&e->references_, 1, __ATOMIC_RELAXED); }
    hold(hold&& other) noexcept : event_{other.event_} { other.event_ = nullptr; }
    hold& operator=(hold&&) = delete;
    ~hold() {
      if (event_ != nullptr) release(event_);
    }
    host_event* operator->() const noexcept { return event_; }

   private:
    host_event* event_;
  };

  /// A number for the next recording.
  std::uint64_t begin_record() noexcept {
    monitor::lock lock{monitor_};
    return ++recorded_;
  }
  void complete(std::uint64_t recording) noexcept {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    monitor::lock lock{monitor_};
    if (recording > completed_) {
      completed_ = recording;
      milliseconds_ = double(now.tv_sec) * 1e3 + double(now.tv_nsec) * 1e-6;
    }
    lock.wake_all();
  }
  std::uint64_t recorded() noexcept {
    monitor::lock lock{monitor_};
    return recorded_;
  }
  void wait(std::uint64_t recording) noexcept {
    monitor::lock lock{monitor_};
    while (completed_ < recording) lock.wait();
  }
  /// False while the last recording is not done, or where there is none.
  bool time(double* milliseconds) noexcept {
    monitor::lock lock{monitor_};
    *milliseconds = milliseconds_;
    return completed_ != 0 && completed_ == recorded_;
  }
  bool done() noexcept {
    monitor::lock lock{monitor_};
    return completed_ == recorded_;
  }

 private:
  ~host_event() = default;
  monitor monitor_;
  int references_ = 1;
  std::uint64_t recorded_ = 0, completed_ = 0;
  double milliseconds_ = 0;
};

}  // namespace crosslane::backend
