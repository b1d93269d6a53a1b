// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Sets of ranges of memory. The host backend remembers its memory by kind, because a pointer does not tell it.
#pragma once

#include <crosslane/runtime/async_errors.hpp>
#include <crosslane/runtime/process.hpp>

#include <cstddef>
#include <cstdint>
#include <new>

namespace crosslane::backend {

/// All threads may call all functions at any time. They take time proportional to the number of ranges.
class memory_ranges {
 public:
  /// Returns the managed memory of the process.
  [[gnu::visibility("hidden")]] static memory_ranges& managed() noexcept {
    static memory_ranges& ranges = detail::process_wide<memory_ranges>("managed memory 1");
    return ranges;
  }
  /// Returns the page-locked memory of the process: pinned buffers and registered memory.
  [[gnu::visibility("hidden")]] static memory_ranges& page_locked() noexcept {
    static memory_ranges& ranges = detail::process_wide<memory_ranges>("page-locked memory 1");
    return ranges;
  }

  /// Returns the device memory of the process.
  [[gnu::visibility("hidden")]] static memory_ranges& device() noexcept {
    static memory_ranges& ranges = detail::process_wide<memory_ranges>("device memory 1");
    return ranges;
  }

  /// Returns the device memory that graphs own.
  [[gnu::visibility("hidden")]] static memory_ranges& of_graphs() noexcept {
    static memory_ranges& ranges = detail::process_wide<memory_ranges>("memory of graphs 1");
    return ranges;
  }

  /// Returns false if there is no memory to remember the range.
  bool add(void const* p, std::size_t bytes) noexcept {
    range* const added = new (std::nothrow) range{begin_of(p), bytes, nullptr};
    if (added == nullptr) return false;
    detail::spin_guard const guard{lock_};
    insert(added);
    return true;
  }
  /// Adds the range unless it overlaps another one; then sets `overlaps` and returns false.
  bool add_apart(void const* p, std::size_t bytes, bool& overlaps) noexcept {
    range* const added = new (std::nothrow) range{begin_of(p), bytes, nullptr};
    if (added == nullptr) return false;
    {
      detail::spin_guard const guard{lock_};
      overlaps = find_overlap(added->begin, bytes);
      if (!overlaps) insert(added);
    }
    if (overlaps) delete added;
    return !overlaps;
  }

  /// Returns whether a range has some of these bytes.
  bool overlap(void const* p, std::size_t bytes) noexcept {
    detail::spin_guard const guard{lock_};
    return find_overlap(begin_of(p), bytes);
  }

  /// Removes the range that begins at `p`. Returns false if there is none.
  bool remove(void const* p) noexcept {
    range* removed = nullptr;
    {
      detail::spin_guard const guard{lock_};
      for (range** link = &first_; *link != nullptr; link = &(*link)->next)
        if ((*link)->begin == begin_of(p)) {
          removed = *link;
          *link = removed->next;
          break;
        }
    }
    delete removed;
    return removed != nullptr;
  }

  /// Returns whether one range contains all these bytes.
  bool contain(void const* p, std::size_t bytes) noexcept {
    detail::spin_guard const guard{lock_};
    for (range const* r = first_; r != nullptr; r = r->next)
      if (begin_of(p) >= r->begin && begin_of(p) - r->begin <= r->bytes && bytes <= r->bytes - (begin_of(p) - r->begin)) return true;
    return false;
  }

 private:
  struct range {
    std::uintptr_t begin;
    std::size_t bytes;
    range* next;
  };
  bool find_overlap(std::uintptr_t begin, std::size_t bytes) const noexcept {
    range const* r = first_;
    while (r != nullptr && (begin >= r->begin + r->bytes || r->begin >= begin + bytes)) r = r->next;
    return r != nullptr;
  }
  void insert(range* added) noexcept {
    added->next = first_;
    first_ = added;
  }
  static std::uintptr_t begin_of(void const* p) noexcept { return reinterpret_cast<std::uintptr_t>(p); }

  detail::spin_lock lock_;
  range* first_ = nullptr;
};

}  // namespace crosslane::backend
