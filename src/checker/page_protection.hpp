// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Makes the first page of buffers inaccessible while no kernel, copy or fill runs, so that an access of the host program faults even in
/// code that the compiler does not instrument. While such work runs, all threads of the process can access the pages.
///
/// Whole buffers would cost too much: mprotect takes time for each page in use.
#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include <sys/mman.h>

namespace crosslane::backend {

/// Host threads may call all functions at any time. A change costs one mprotect for each buffer, about a microsecond.
class page_protection {
 public:
  static constexpr std::size_t page_bytes = 4096;
  static constexpr std::size_t most_buffers = 64;  ///< the newest ones

  void add(char* buffer) {
    std::lock_guard const guard{lock_};
    if (buffers_.size() == most_buffers) forget(buffers_.begin());
    buffers_.push_back(buffer);
    if (!open_) allow(buffer, false);
  }
  /// Leaves the buffer accessible from now on.
  void remove(char* buffer) {
    std::lock_guard const guard{lock_};
    for (auto i = buffers_.begin(); i != buffers_.end(); ++i)
      if (*i == buffer) return forget(i);
  }

  /// Work begins that may access the memory.
  void enter() {
    std::lock_guard const guard{lock_};
    if (++users_ == 1 && !open_) set(true);
  }
  void leave() {
    std::lock_guard const guard{lock_};
    if (--users_ == 0) set(false);
  }
  /// Lets an access of the host program pass that has been reported. The next work that ends closes the memory again.
  void let_pass() {
    std::lock_guard const guard{lock_};
    if (!open_) set(true);
  }

 private:
  static void allow(char* buffer, bool access) noexcept { (void)mprotect(buffer, page_bytes, access ? PROT_READ | PROT_WRITE : PROT_NONE); }
  void forget(std::vector<char*>::iterator i) {
    if (!open_) allow(*i, true);
    buffers_.erase(i);
  }
  void set(bool open) {
    open_ = open;
    for (char* const buffer : buffers_) allow(buffer, open);
  }

  std::mutex lock_;
  unsigned users_ = 0;  ///< pieces of work that run
  bool open_ = false;
  std::vector<char*> buffers_;  ///< oldest first
};

}  // namespace crosslane::backend
