// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Captures of streams that have begun and not ended, and the functions that a graph calls on the host.
#pragma once

#include <crosslane/runtime/host_callback.hpp>

namespace crosslane::detail {

/// A function that a graph calls each time that it runs. The graph, its clones and its executables own it together.
struct kept_function {
  explicit kept_function(source_location where_) noexcept : where{where_} {}
  kept_function(kept_function const&) = delete;
  kept_function& operator=(kept_function const&) = delete;
  virtual ~kept_function() = default;
  virtual void call() = 0;

  source_location where;             ///< of the call that has added it
  struct kept_list* list = nullptr;  ///< which owns it
  kept_function* next = nullptr;

  template <class B>
  static void run(void* self) noexcept;
  static void drop(void*) noexcept {}  ///< the stream has failed: nothing is called
};

template <class F>
struct kept_call final : kept_function {
  kept_call(F&& f_, source_location where_) : kept_function{where_}, f{static_cast<F&&>(f_)} {}
  void call() override { f(); }
  F f;
};

/// The functions of a graph. Graphs made from one another share the list.
struct kept_list {
  void retain() noexcept { __atomic_fetch_add(&references_, 1, __ATOMIC_RELAXED); }
  void release() noexcept {
    if (__atomic_sub_fetch(&references_, 1, __ATOMIC_ACQ_REL) == 0) delete this;
  }
  static void release(void* self) noexcept { static_cast<kept_list*>(self)->release(); }

  kept_function* add(kept_function* f) noexcept {
    spin_guard const guard{lock_};
    f->list = this;
    f->next = first_;
    first_ = f;
    return f;
  }
  bool empty() noexcept {
    spin_guard const guard{lock_};
    return first_ == nullptr;
  }
  /// The stream on which the graph runs from now on. It gets the exceptions of the functions.
  void runs_on(stream_key key) noexcept {
    spin_guard const guard{lock_};
    key_ = key;
  }
  stream_key key() noexcept {
    spin_guard const guard{lock_};
    return key_;
  }

 private:
  ~kept_list() {
    while (first_ != nullptr) {
      kept_function* const f = first_;
      first_ = f->next;
      delete f;
    }
  }
  spin_lock lock_;
  int references_ = 1;
  kept_function* first_ = nullptr;
  stream_key key_ = stream_key::gone_from(-1);
};

template <class B>
void kept_function::run(void* self) noexcept {
  kept_function& f = *static_cast<kept_function*>(self);
  running_callback const here{B::name, f.list->key(), f.where};
  callback_scope const scope{here};
  try {
    f.call();
  } catch (...) {
    keep_exception<B>(here.key, std::current_exception());
  }
}

/// The captures of a backend that are active.
template <class B>
class active_captures {
 public:
  /// A capture, in the list while it lives.
  struct entry {
    unsigned long long number = 0;  ///< see runtime_backend
    int device = 0;
    source_location where;  ///< of the beginning
    kept_list* functions = nullptr;
    char const* failed_call = nullptr;  ///< the first call that could not be captured while it was active
    source_location failed_at;
    bool spoilt = false;  ///< the capture is invalid, although the backend does not know it
    entry* next = nullptr;
  };

  static void add(entry& e) noexcept {
    spin_guard const guard{lock_};
    e.next = first_;
    __atomic_store_n(&first_, &e, __ATOMIC_RELAXED);
  }
  static void remove(entry& e) noexcept {
    spin_guard const guard{lock_};
    entry** link = &first_;
    while (*link != nullptr && *link != &e) link = &(*link)->next;
    if (*link != nullptr) __atomic_store_n(link, e.next, __ATOMIC_RELAXED);
  }
  /// Notes a call that was refused because of a capture.
  static void failed(char const* call, source_location where) noexcept {
    spin_guard const guard{lock_};
    for (entry* e = first_; e != nullptr; e = e->next)
      if (e->failed_call == nullptr) {
        e->failed_call = call;
        e->failed_at = where;
      }
  }
  /// Makes the capture of a stream invalid because of a call that reports no error. Does nothing if the stream is not captured, or if the
  /// vendor's API began the capture.
  static void spoil(typename B::stream_handle stream, char const* call) noexcept {
    if (__atomic_load_n(&first_, __ATOMIC_RELAXED) == nullptr) return;
    unsigned long long number = 0;
    if (B::stream_capture(stream, &number).code != 0) return B::clear_last_error();
    if (number == 0) return;
    spin_guard const guard{lock_};
    for (entry* e = first_; e != nullptr; e = e->next)
      if (e->number == number) {
        e->spoilt = true;
        if (e->failed_call == nullptr) e->failed_call = call;
      }
  }
  /// Throws invalid_call if a stream of the device is captured: nothing can wait for its work.
  static void refuse_on(int device, char const* call, source_location where) {
    if (__atomic_load_n(&first_, __ATOMIC_RELAXED) == nullptr) return;
    source_location began;
    {
      spin_guard const guard{lock_};
      for (entry const* e = first_; e != nullptr; e = e->next)
        if (e->device == device) began = e->where;
    }
    if (began.line != 0)
      throw_error(errc::invalid_call, where, "%s of %s device %d, a stream of which is captured since %s:%u: the capture must end first",
                  call, B::name, device, began.file, began.line);
  }
  /// Passes a function to the graph of a capture. Throws invalid_call, and destroys the function, if the vendor's API began the capture.
  static kept_function* keep(unsigned long long number, kept_function* f, source_location where) {
    {
      spin_guard const guard{lock_};
      for (entry* e = first_; e != nullptr; e = e->next)
        if (e->number == number) return e->functions->add(f);
    }
    delete f;
    throw_error(errc::invalid_call, where,
                "host callback in a capture of the vendor's API, in which nothing owns the function: use crosslane::graph_capture");
  }
  /// Returns where a capture began; line 0 if the vendor's API began it.
  static source_location begin_of(unsigned long long number) noexcept {
    spin_guard const guard{lock_};
    for (entry const* e = first_; e != nullptr; e = e->next)
      if (e->number == number) return e->where;
    return {};
  }

 private:
  static inline spin_lock lock_;
  static inline entry* first_ = nullptr;
};

}  // namespace crosslane::detail
