// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Makes the pages of device memory inaccessible while no kernel, copy or fill runs, so that an access of the host program faults even in
/// code that the compiler does not instrument. While such work runs, all threads of the process can access the pages.
#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include <sys/mman.h>

namespace crosslane::backend {

/// Host threads may call all functions at any time. The cost of a change is that of mprotect: about 1 us, and 4 ns for each page in use.
class page_protection {
 public:
  /// Sets the range. It only ever grows at its end.
  void cover(char* begin, std::size_t bytes) {
    std::lock_guard const guard{lock_};
    if (open_) mprotect(begin_ == nullptr ? begin : begin_ + bytes_, begin_ == nullptr ? bytes : bytes - bytes_, PROT_READ | PROT_WRITE);
    begin_ = begin;
    bytes_ = bytes;
  }
  /// Leaves out a part of the range, whole pages, until protect_again().
  void exempt(char* begin, std::size_t bytes) {
    std::lock_guard const guard{lock_};
    exempt_.push_back({begin, bytes});
    mprotect(begin, bytes, PROT_READ | PROT_WRITE);
  }
  void protect_again(char* begin) {
    std::lock_guard const guard{lock_};
    std::erase_if(exempt_, [&](part const& p) { return p.begin == begin; });
    if (users_ == 0) set(false);
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
  struct part {
    char* begin;
    std::size_t bytes;
  };
  void set(bool open) {
    open_ = open;
    if (bytes_ == 0) return;
    mprotect(begin_, bytes_, open ? PROT_READ | PROT_WRITE : PROT_NONE);
    if (!open)
      for (part const& p : exempt_) mprotect(p.begin, p.bytes, PROT_READ | PROT_WRITE);
  }

  std::mutex lock_;
  char* begin_ = nullptr;
  std::size_t bytes_ = 0;
  unsigned users_ = 0;  ///< pieces of work that run
  bool open_ = false;
  std::vector<part> exempt_;
};

}  // namespace crosslane::backend
