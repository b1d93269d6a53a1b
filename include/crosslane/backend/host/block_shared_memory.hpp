// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The shared memory of a block.
#pragma once

#include <crosslane/backend/host/access_monitor.hpp>
#include <crosslane/backend/host/block_task.hpp>

#include <cstddef>
#include <cstdlib>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

class block_shared_memory {
 public:
  block_shared_memory() = default;
  block_shared_memory(block_shared_memory const&) = delete;
  block_shared_memory& operator=(block_shared_memory const&) = delete;
  ~block_shared_memory() { std::free(memory_); }

  /// Makes room for a block of the task. The contents are undefined. If accesses are checked, the memory is the monitor's.
  void reserve(grid_task const& task, access_monitor& monitor) {
    if constexpr (sees_accesses) {
      monitor.shared_memory(task.where, task.shared_bytes, task.dynamic_bytes, &static_part_, &dynamic_part_);
      return;
    }
    std::size_t const align = task.shared_align > 64 ? task.shared_align : 64;
    std::size_t const offset = (task.shared_bytes + 63) / 64 * 64;
    std::size_t const bytes = offset + task.dynamic_bytes;
    if (bytes > capacity_ || align > align_) {
      std::free(memory_);
      memory_ = nullptr;
      capacity_ = 0;
      void* memory = nullptr;
      if (posix_memalign(&memory, align, bytes) != 0)
        throw_error(errc::out_of_memory, task.where, "host: %zu bytes of shared memory", bytes);
      memory_ = memory;
      capacity_ = bytes;
      align_ = align;
    }
    static_part_ = memory_;
    dynamic_part_ = static_cast<char*>(memory_) + offset;
  }

  void* static_part() const noexcept { return static_part_; }
  void* dynamic_part() const noexcept { return dynamic_part_; }

 private:
  void* memory_ = nullptr;
  std::size_t capacity_ = 0, align_ = 0;
  void* static_part_ = nullptr;
  void* dynamic_part_ = nullptr;
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
