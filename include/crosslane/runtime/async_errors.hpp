// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Errors of asynchronous work: the log of launches that can have caused one, and exceptions that wait for a synchronising call.
#pragma once

#include <crosslane/core/error.hpp>
#include <crosslane/core/extent.hpp>
#include <crosslane/runtime/process.hpp>

#include <sched.h>

#include <new>

namespace crosslane::detail {

/// A lock that is held for a few instructions at a time. If fork() is called while a thread holds it, the lock is free in the child.
class spin_lock {
 public:
  spin_lock() = default;
  CROSSLANE_INLINE void lock() noexcept {
    int holder = 0;
    if (!try_from(holder, this_process())) wait();
  }
  void unlock() noexcept { __atomic_store_n(&holder_, 0, __ATOMIC_RELEASE); }

 private:
  [[gnu::cold, gnu::noinline]] void wait() noexcept {
    int const self = this_process();
    for (;;) {
      int holder = 0;
      if (try_from(holder, self)) return;
      if (holder != self && try_from(holder, self)) return;  // held by a thread of the parent, which the child does not have
      sched_yield();
    }
  }
  bool try_from(int& expected, int self) noexcept {
    return __atomic_compare_exchange_n(&holder_, &expected, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
  }
  int holder_ = 0;  ///< the process of the thread that holds the lock; 0 when free
};

class spin_guard {
 public:
  explicit spin_guard(spin_lock& lock) noexcept : lock_{lock} { lock_.lock(); }
  ~spin_guard() { lock_.unlock(); }
  spin_guard(spin_guard const&) = delete;
  spin_guard& operator=(spin_guard const&) = delete;

 private:
  spin_lock& lock_;
};

/// Identifies a stream in the lists below. The vendors' default stream has a null handle on every device, so null has no special meaning.
struct stream_key {
  void const* stream = nullptr;
  int device = 0;

  /// Returns a key that covers every stream of a device.
  static stream_key all_of(int device) noexcept { return {&all_, device}; }
  /// Returns the key for destroyed streams of a device. The vendor may reuse the handle of a destroyed stream for a new stream.
  static stream_key gone_from(int device) noexcept { return {&gone_, device}; }
  bool covers(stream_key const& other) const noexcept { return device == other.device && (stream == &all_ || stream == other.stream); }

 private:
  static constexpr char all_ = 0, gone_ = 0;
};

struct launch_record {
  char const* kernel = nullptr;  ///< static storage; null in an entry that records a synchronisation of what `key` covers
  stream_key key;
  extent3 grid, block;
  source_location where;
  library_mark const* from = &this_library;  ///< the library whose static storage holds the kernel's name and the file name of `where`
};

/// The last launches of one backend. The text of an error that surfaces later lists them.
class launch_log {
 public:
  CROSSLANE_INLINE void record(launch_record const& entry) noexcept {
    spin_guard const guard{lock_};
    entries_[count_++ % capacity] = entry;
  }
  void synchronised(stream_key key) noexcept { record({nullptr, key, {}, {}, {}}); }

  void forget(stream_key key) noexcept {
    spin_guard const guard{lock_};
    for (launch_record& entry : entries_)
      if (key.covers(entry.key)) entry.key = stream_key::gone_from(key.device);
  }

  /// Removes the entries of a library that is about to be unloaded: their names lie in its static storage.
  void forget(library_mark const& library) noexcept {
    spin_guard const guard{lock_};
    for (launch_record& entry : entries_)
      if (entry.from == &library) entry = {nullptr, stream_key::gone_from(entry.key.device), {}, {}, {}};
  }

  /// Appends the launches that no call has waited for since, newest first. Lists all streams: after a fault every call of the process
  /// fails.
  void describe(error_text& text) noexcept {
    spin_guard const guard{lock_};
    unsigned listed = 0;
    for (unsigned back = 1; back <= capacity && back <= count_; ++back) {
      launch_record const& entry = newest(back);
      if (entry.kernel == nullptr || is_done(back)) continue;
      if (listed == 4) {
        text.append(", and possibly others");
        break;
      }
      text.append("%s%s", listed == 0 ? "; launched since the last synchronisation: " : ", ", entry.kernel);
      if (entry.grid.size() != 0)  // a graph has none
        text.append(" grid (%u, %u, %u) block (%u, %u, %u)", entry.grid.x, entry.grid.y, entry.grid.z, entry.block.x, entry.block.y,
                    entry.block.z);
      text.append(" on device %d at %s:%u", entry.key.device, entry.where.file, entry.where.line);
      ++listed;
    }
  }

 private:
  launch_record const& newest(unsigned back) const noexcept { return entries_[(count_ - back) % capacity]; }
  bool is_done(unsigned back) const noexcept {
    for (unsigned later = 1; later < back; ++later)
      if (newest(later).kernel == nullptr && newest(later).key.covers(newest(back).key)) return true;
    return false;
  }

  static constexpr unsigned capacity = 32;
  spin_lock lock_;
  unsigned count_ = 0;
  launch_record entries_[capacity];
};

/// Exceptions thrown in host callbacks and in kernels of the host backend, where no caller can catch them. A call that synchronises or
/// queries the stream, an event recorded on it, or its device rethrows the first exception of the stream. Further exceptions of that stream
/// are consequences of the first and are dropped.
class pending_exceptions {
 public:
  pending_exceptions() = default;
  pending_exceptions(pending_exceptions const&) = delete;
  pending_exceptions& operator=(pending_exceptions const&) = delete;

  /// Stores an exception. `library` is the library whose code threw it. If that library's static objects are already destroyed, the
  /// exception is printed at once, since no call can collect it.
  void add(stream_key key, std::exception_ptr exception, library_mark const& library) noexcept {
    if (__atomic_load_n(&library.has_ended, __ATOMIC_ACQUIRE)) return print(exception, uncollected);
    entry* added = new (std::nothrow) entry{key, exception, &library};
    if (added == nullptr) return print(exception, "an error that could not be stored for lack of memory");
    {
      spin_guard const guard{lock_};
      entry** const end = find(key);
      if (*end == nullptr) {
        __atomic_store_n(end, added, __ATOMIC_RELEASE);
        added = nullptr;
      }
    }
    delete added;
  }

  /// Prints and removes all exceptions that code of the library threw. Runs when the library is unloaded, usually at exit of the process.
  void print_all_of(library_mark const& library) noexcept {
    for (;;) {
      entry* found = nullptr;
      {
        spin_guard const guard{lock_};
        entry** link = &first_;
        while (*link != nullptr && (*link)->library != &library) link = &(*link)->next;
        found = *link;
        if (found == nullptr) return;
        __atomic_store_n(link, found->next, __ATOMIC_RELEASE);
      }
      print(found->exception, uncollected);
      delete found;
    }
  }

  /// Drops the exceptions of the parent process in the child of a fork().
  void enter(int process) noexcept {
    if (__atomic_load_n(&process_, __ATOMIC_RELAXED) == process) return;
    spin_guard const guard{lock_};
    if (process_ != 0 && process_ != process) __atomic_store_n(&first_, nullptr, __ATOMIC_RELEASE);
    __atomic_store_n(&process_, process, __ATOMIC_RELAXED);
  }

  /// Whether an exception of the stream waits to be collected.
  bool holds(stream_key key) noexcept {
    spin_guard const guard{lock_};
    return *find(key) != nullptr;
  }

  /// Moves the exceptions of a stream that is destroyed to its device: they surface when the device is synchronised.
  void forget(stream_key key) noexcept {
    if (empty()) return;
    spin_guard const guard{lock_};
    for (entry* e = first_; e != nullptr; e = e->next)
      if (key.covers(e->key)) e->key = stream_key::gone_from(key.device);
  }

  /// Rethrows the oldest exception that the key covers. Exceptions of other streams stay.
  void rethrow(stream_key key) {
    if (empty()) return;
    entry* found = nullptr;
    {
      spin_guard const guard{lock_};
      entry** const link = find(key);
      found = *link;
      if (found == nullptr) return;
      __atomic_store_n(link, found->next, __ATOMIC_RELEASE);
    }
    std::exception_ptr const exception = static_cast<std::exception_ptr&&>(found->exception);
    delete found;
    std::rethrow_exception(exception);
  }

 private:
  struct entry {
    stream_key key;
    std::exception_ptr exception;
    library_mark const* library;
    entry* next = nullptr;
  };
  static constexpr char const* uncollected = "an error that no synchronising call collected";
  static void print(std::exception_ptr const& exception, char const* what) noexcept {
    try {
      std::rethrow_exception(exception);
    } catch (std::exception const& e) {
      std::fprintf(stderr, "crosslane: %s: %s\n", what, e.what());
    } catch (...) {
      std::fprintf(stderr, "crosslane: %s: an exception that is not a std::exception\n", what);
    }
  }
  bool empty() const noexcept { return __atomic_load_n(&first_, __ATOMIC_ACQUIRE) == nullptr; }
  /// Returns the link to the oldest entry that the key covers, or the null link at the end of the list.
  entry** find(stream_key key) noexcept {
    entry** link = &first_;
    while (*link != nullptr && !key.covers((*link)->key)) link = &(*link)->next;
    return link;
  }
  spin_lock lock_;
  int process_ = 0;
  entry* first_ = nullptr;  ///< oldest first; written under the lock, read without it to see whether the list is empty
};

/// The lists of a backend, one of each per process. The destructor runs when the library is unloaded.
template <class Backend>
struct async_lists {
  launch_log& launches = process_wide<launch_log>(name_of("launches 1").data);
  pending_exceptions& exceptions = process_wide<pending_exceptions>(name_of("exceptions 1").data);

  async_lists() = default;
  async_lists(async_lists const&) = delete;
  async_lists& operator=(async_lists const&) = delete;
  ~async_lists() {
    __atomic_store_n(&this_library.has_ended, true, __ATOMIC_RELEASE);
    exceptions.print_all_of(this_library);
    launches.forget(this_library);
  }

 private:
  struct text {
    char data[64];
  };
  static text name_of(char const* list) noexcept {
    text result;
    std::snprintf(result.data, sizeof result.data, "%s %s", Backend::name, list);
    return result;
  }
};

/// Returns the lists of the backend. Each library has its own references to them. Code that creates streams calls this first, so that the
/// lists are destroyed after the library's streams.
template <class Backend>
[[gnu::visibility("hidden")]] CROSSLANE_INLINE async_lists<Backend>& lists_of_any_process() noexcept {
  static async_lists<Backend> of_this_library;
  return of_this_library;
}
template <class Backend>
[[gnu::visibility("hidden")]] async_lists<Backend>& lists() noexcept {
  async_lists<Backend>& result = lists_of_any_process<Backend>();
  result.exceptions.enter(this_process());
  return result;
}
template <class Backend>
[[gnu::visibility("hidden")]] CROSSLANE_INLINE launch_log& launches() noexcept {
  return lists_of_any_process<Backend>().launches;
}
template <class Backend>
[[gnu::visibility("hidden")]] pending_exceptions& exceptions() noexcept {
  return lists<Backend>().exceptions;
}

/// Keeps an exception for the next call that synchronises or queries the stream.
template <class Backend>
[[gnu::visibility("hidden")]] void keep_exception(stream_key key, std::exception_ptr exception) noexcept {
  exceptions<Backend>().add(key, static_cast<std::exception_ptr&&>(exception), this_library);
}

}  // namespace crosslane::detail
