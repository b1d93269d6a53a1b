// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Errors of asynchronous work: which launches could have caused one, and exceptions that wait for a synchronising call.
#pragma once

#include <crosslane/runtime/error.hpp>
#include <crosslane/runtime/extent.hpp>
#include <crosslane/runtime/process.hpp>

#include <sched.h>

#include <new>

namespace crosslane::detail {

/// Held for a few instructions at a time. fork() may happen meanwhile: in the child the lock is free again.
class spin_lock {
 public:
  spin_lock() = default;
  void lock() noexcept {
    int const self = this_process();
    for (;;) {
      int holder = 0;
      if (try_from(holder, self)) return;
      if (holder != self && try_from(holder, self)) return;  // of a thread of the parent, which is not here
      sched_yield();
    }
  }
  void unlock() noexcept { __atomic_store_n(&holder_, 0, __ATOMIC_RELEASE); }

 private:
  bool try_from(int& expected, int self) noexcept {
    return __atomic_compare_exchange_n(&holder_, &expected, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
  }
  int holder_ = 0;  ///< the process; 0: nobody
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

/// What the lists below know a stream by. The vendors' default stream has a null handle on every device, so null means nothing special.
struct stream_key {
  void const* stream = nullptr;
  int device = 0;

  /// Every stream of a device.
  static stream_key all_of(int device) noexcept { return {&all_, device}; }
  /// A stream that is gone: its handle may come again and must not be taken for it.
  static stream_key gone_from(int device) noexcept { return {&gone_, device}; }
  bool covers(stream_key const& other) const noexcept { return device == other.device && (stream == &all_ || stream == other.stream); }

 private:
  static constexpr char all_ = 0, gone_ = 0;
};

struct launch_record {
  char const* kernel = nullptr;  ///< static storage; null: what the key covers was synchronised here
  stream_key key;
  extent3 grid, block;
  source_location where;
  library_mark const* from = &this_library;  ///< where the kernel's name and the place lie
};

/// The last launches of one backend, for the text of an error that surfaces later.
class launch_log {
 public:
  void record(launch_record const& entry) noexcept {
    spin_guard const guard{lock_};
    entries_[count_++ % capacity] = entry;
  }
  void synchronised(stream_key key) noexcept { record({nullptr, key, {}, {}, {}}); }

  void forget(stream_key key) noexcept {
    spin_guard const guard{lock_};
    for (launch_record& entry : entries_)
      if (key.covers(entry.key)) entry.key = stream_key::gone_from(key.device);
  }

  /// The library is about to go, and with it the names in its entries.
  void forget(library_mark const& library) noexcept {
    spin_guard const guard{lock_};
    for (launch_record& entry : entries_)
      if (entry.from == &library) entry = {nullptr, stream_key::gone_from(entry.key.device), {}, {}, {}};
  }

  /// The launches that were not waited for since, newest first. Of all streams: a fault makes every call after it fail.
  void describe(error_text& text) noexcept {
    spin_guard const guard{lock_};
    unsigned listed = 0;
    for (unsigned back = 1; back <= capacity && back <= count_; ++back) {
      launch_record const& entry = newest(back);
      if (entry.kernel == nullptr || is_done(back)) continue;
      if (listed == 4) {
        text.append(", and perhaps others");
        break;
      }
      text.append("%s%s grid (%u, %u, %u) block (%u, %u, %u) on device %d at %s:%u",
                  listed == 0 ? "; launched since the last synchronisation: " : ", ", entry.kernel, entry.grid.x, entry.grid.y,
                  entry.grid.z, entry.block.x, entry.block.y, entry.block.z, entry.key.device, entry.where.file, entry.where.line);
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

/// Exceptions thrown where nobody could catch them: in host callbacks and in kernels of the host backend. The first of a stream is
/// rethrown by the next call that asks how it, an event recorded on it or its device got on; the others of that stream are
/// consequences and are dropped.
class pending_exceptions {
 public:
  pending_exceptions() = default;
  pending_exceptions(pending_exceptions const&) = delete;
  pending_exceptions& operator=(pending_exceptions const&) = delete;

  /// `library` has the code that threw it. At its end an exception is printed at once: nobody will ask any more.
  void add(stream_key key, std::exception_ptr exception, library_mark const& library) noexcept {
    if (__atomic_load_n(&library.has_ended, __ATOMIC_ACQUIRE)) return print(exception, uncollected);
    entry* added = new (std::nothrow) entry{key, exception, &library};
    if (added == nullptr) return print(exception, "an error that there is no memory to keep");
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

  /// The end of a library, at that of the program as a rule: nothing that its code threw is lost in silence, nor kept when the code goes.
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

  /// In the child of a fork() those of the parent are not its own.
  void enter(int process) noexcept {
    if (__atomic_load_n(&process_, __ATOMIC_RELAXED) == process) return;
    spin_guard const guard{lock_};
    if (process_ != 0 && process_ != process) __atomic_store_n(&first_, nullptr, __ATOMIC_RELEASE);
    __atomic_store_n(&process_, process, __ATOMIC_RELAXED);
  }

  /// Whether one of the stream waits for a call that collects it.
  bool holds(stream_key key) noexcept {
    spin_guard const guard{lock_};
    return *find(key) != nullptr;
  }

  /// The stream is gone: what it threw surfaces when the device is synchronised.
  void forget(stream_key key) noexcept {
    if (empty()) return;
    spin_guard const guard{lock_};
    for (entry* e = first_; e != nullptr; e = e->next)
      if (key.covers(e->key)) e->key = stream_key::gone_from(key.device);
  }

  /// Rethrows the oldest one that the key covers. Those of other streams stay.
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
      std::fprintf(stderr, "crosslane: %s: an exception of an unknown type\n", what);
    }
  }
  bool empty() const noexcept { return __atomic_load_n(&first_, __ATOMIC_ACQUIRE) == nullptr; }
  /// What points to the oldest one that the key covers; to nothing, at the end, where there is none.
  entry** find(stream_key key) noexcept {
    entry** link = &first_;
    while (*link != nullptr && !key.covers((*link)->key)) link = &(*link)->next;
    return link;
  }
  spin_lock lock_;
  int process_ = 0;
  entry* first_ = nullptr;  ///< oldest first; written under the lock, read without it to see that there is nothing
};

/// The lists of a backend, of which a process has one each, and what the end of a library means to them.
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

/// Each library has its own references. Those who make streams call this first, so that the end of the library comes after that of its
/// streams.
template <class Backend>
[[gnu::visibility("hidden")]] async_lists<Backend>& lists() noexcept {
  static async_lists<Backend> of_this_library;
  of_this_library.exceptions.enter(this_process());
  return of_this_library;
}
template <class Backend>
[[gnu::visibility("hidden")]] launch_log& launches() noexcept {
  return lists<Backend>().launches;
}
template <class Backend>
[[gnu::visibility("hidden")]] pending_exceptions& exceptions() noexcept {
  return lists<Backend>().exceptions;
}

/// Keeps what is being caught for the call that asks how the stream got on.
template <class Backend>
[[gnu::visibility("hidden")]] void keep_exception(stream_key key, std::exception_ptr exception) noexcept {
  exceptions<Backend>().add(key, static_cast<std::exception_ptr&&>(exception), this_library);
}

}  // namespace crosslane::detail
