// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Errors of asynchronous work: which launches could have caused one, and exceptions that wait for a synchronising call.
#pragma once

#include <crosslane/runtime/error.hpp>
#include <crosslane/runtime/extent.hpp>

namespace crosslane::detail {

/// Held for a few instructions at a time.
class spin_lock {
 public:
  spin_lock() = default;
  void lock() noexcept {
    while (__atomic_test_and_set(&locked_, __ATOMIC_ACQUIRE)) {
    }
  }
  void unlock() noexcept { __atomic_clear(&locked_, __ATOMIC_RELEASE); }

 private:
  bool locked_ = false;
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

struct launch_record {
  char const* kernel = nullptr;  ///< static storage; null: the stream was synchronised here
  void const* stream = nullptr;
  extent3 grid, block;
  source_location where;
};

/// The last launches of one backend, for the text of an error that surfaces later.
class launch_log {
 public:
  void record(launch_record const& entry) noexcept {
    spin_guard const guard{lock_};
    entries_[count_++ % capacity] = entry;
  }

  /// The stream is gone and its address may come again: its launches are listed for the device alone.
  void forget(void const* stream) noexcept {
    spin_guard const guard{lock_};
    for (launch_record& entry : entries_)
      if (entry.stream == stream) entry.stream = nullptr;
  }

  /// The launches on `stream` since it was last synchronised; all streams when null. Newest first.
  void describe(void const* stream, error_text& text) noexcept {
    spin_guard const guard{lock_};
    unsigned listed = 0;
    for (unsigned back = 1; back <= capacity && back <= count_; ++back) {
      launch_record const& entry = entries_[(count_ - back) % capacity];
      if (stream != nullptr && entry.stream != stream) continue;
      if (entry.kernel == nullptr) break;
      text.append("%s%s grid (%u, %u, %u) block (%u, %u, %u) at %s:%u", listed == 0 ? "; launched since the last synchronisation: " : ", ",
                  entry.kernel, entry.grid.x, entry.grid.y, entry.grid.z, entry.block.x, entry.block.y, entry.block.z, entry.where.file,
                  entry.where.line);
      if (++listed == 4) {
        text.append(", and perhaps others");
        break;
      }
    }
  }

 private:
  static constexpr unsigned capacity = 32;
  spin_lock lock_;
  unsigned count_ = 0;
  launch_record entries_[capacity];
};

/// Exceptions thrown where nobody could catch them: in host callbacks and in kernels of the host backend. The first of a stream is
/// rethrown by the next synchronising call on it or its device; the others of that stream are consequences and are dropped.
class pending_exceptions {
 public:
  pending_exceptions() = default;
  pending_exceptions(pending_exceptions const&) = delete;
  pending_exceptions& operator=(pending_exceptions const&) = delete;
  /// At the end of the program: nothing is lost in silence.
  ~pending_exceptions() {
    for (unsigned i = 0; i < count_; ++i) {
      try {
        std::rethrow_exception(entries_[i].exception);
      } catch (std::exception const& e) {
        std::fprintf(stderr, "crosslane: an error that no synchronising call collected: %s\n", e.what());
      } catch (...) {
        std::fputs("crosslane: an exception that no synchronising call collected\n", stderr);
      }
    }
  }

  void add(void const* stream, int device, std::exception_ptr exception) noexcept {
    spin_guard const guard{lock_};
    if (count_ == capacity) return;
    for (unsigned i = 0; i < count_; ++i)
      if (stream != nullptr && entries_[i].stream == stream) return;  // a consequence of the first
    entries_[count_] = {stream, device, static_cast<std::exception_ptr&&>(exception)};
    __atomic_store_n(&count_, count_ + 1, __ATOMIC_RELEASE);
  }

  /// The stream is gone and its address may come again: what it threw surfaces when the device is synchronised.
  void forget(void const* stream) noexcept {
    if (__atomic_load_n(&count_, __ATOMIC_ACQUIRE) == 0) return;
    spin_guard const guard{lock_};
    for (unsigned i = 0; i < count_; ++i)
      if (entries_[i].stream == stream) entries_[i].stream = nullptr;
  }

  /// Rethrows the oldest one of the stream; of any stream of the device when `stream` is null. Those of other streams stay.
  void rethrow(void const* stream, int device) {
    if (__atomic_load_n(&count_, __ATOMIC_ACQUIRE) == 0) return;
    std::exception_ptr first;
    {
      spin_guard const guard{lock_};
      unsigned found = 0;
      while (found < count_ && !(stream != nullptr ? entries_[found].stream == stream : entries_[found].device == device)) ++found;
      if (found == count_) return;
      first = static_cast<std::exception_ptr&&>(entries_[found].exception);
      for (unsigned i = found + 1; i < count_; ++i) entries_[i - 1] = static_cast<entry&&>(entries_[i]);
      __atomic_store_n(&count_, count_ - 1, __ATOMIC_RELEASE);
    }
    if (first) std::rethrow_exception(first);
  }

 private:
  struct entry {
    void const* stream = nullptr;
    int device = 0;
    std::exception_ptr exception;
  };
  static constexpr unsigned capacity = 64;
  spin_lock lock_;
  unsigned count_ = 0;  ///< written under the lock, read without it to see that there is nothing
  entry entries_[capacity];
};

/// One of each per backend.
template <class Backend>
inline launch_log launches;
template <class Backend>
inline pending_exceptions exceptions;

}  // namespace crosslane::detail
