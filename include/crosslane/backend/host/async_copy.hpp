// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies from device to shared memory on the CPU. A copy runs as late as allowed: when it is waited for. Until then its target holds bytes
/// of all ones, which are NaN in every floating-point type, so that a missing wait shows.
#pragma once

#include <crosslane/backend/host/access_monitor.hpp>
#include <crosslane/core/error.hpp>
#include <crosslane/platform/config.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

/// The pending copies of one thread. The functions are marked for host and device because kernels are; on a GPU they are never called.
class host_async_copies {
 public:
  constexpr host_async_copies() = default;
  host_async_copies(host_async_copies const&) = delete;
  host_async_copies& operator=(host_async_copies const&) = delete;
  CROSSLANE_FN ~host_async_copies() { std::free(copies_); }

  /// Queues a copy.
  template <unsigned Bytes>
  CROSSLANE_FN CROSSLANE_INLINE void copy(void* to, void const* from, source_location where) {
    copy_some<Bytes>(to, from, Bytes, where);
  }
  /// Queues a copy of the first `valid` bytes. The others of the target become zero.
  template <unsigned Bytes>
  CROSSLANE_FN CROSSLANE_INLINE void copy_some(void* to, void const* from, unsigned valid, source_location where) {
    note({to, from, Bytes, valid, group_, {}}, where);
    copy_begins(copies_[count_ - 1].started, to, Bytes, from, valid, where);
  }
  CROSSLANE_FN void commit() { ++group_; }
  template <unsigned Pending>
  CROSSLANE_FN void wait() {
    std::size_t done = 0;
    for (; done < count_ && copies_[done].group + Pending < group_; ++done) {
      one const& c = copies_[done];
      copy_arrives(c.started, c.to, c.bytes, c.from, c.valid);
    }
    if (done == 0) return;
    count_ -= done;
    std::memmove(copies_, copies_ + done, count_ * sizeof(one));
  }

 private:
  struct one {
    void* to;
    void const* from;
    unsigned bytes, valid;
    std::uint64_t group;
    [[no_unique_address]] started_copy started;
  };

  static void check_address(char const* direction, void const* address, unsigned bytes, source_location where) {
    if (reinterpret_cast<std::uintptr_t>(address) % bytes != 0)
      throw_error(errc::misaligned, where, "asynchronous copy of %u bytes %s %p: the address must be a multiple of %u, at %s:%u", bytes,
                  direction, address, bytes, where.file, where.line);
  }
  void note(one const& c, source_location where) {
    check_address("to", c.to, c.bytes, where);
    check_address("from", c.from, c.bytes, where);
    if (count_ == capacity_) grow(where);
    copies_[count_++] = c;
  }
  void grow(source_location where) {
    std::size_t const capacity = capacity_ == 0 ? 16 : 2 * capacity_;
    void* const memory = std::realloc(copies_, capacity * sizeof(one));
    if (memory == nullptr) throw_error(errc::out_of_memory, where, "host: a list of %zu asynchronous copies", capacity);
    copies_ = static_cast<one*>(memory);
    capacity_ = capacity;
  }

  one* copies_ = nullptr;  ///< pending, oldest first
  std::size_t count_ = 0, capacity_ = 0;
  std::uint64_t group_ = 0;  ///< the group of the next copy
};

/// Stores of tiles: copies that are as late.
struct host_tile_stores : host_async_copies {
  static constexpr bool available = false;
};

template <unsigned Stages>
struct host_bulk_copies {
  static constexpr bool available = false;
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
