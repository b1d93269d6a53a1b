// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The knowledge of a thread about other threads through atomic operations, without a common barrier.
#pragma once

#include "shared_numbers.hpp"

#include <cstdint>

namespace crosslane::backend {

/// A vector clock of whole blocks and of single threads: all their segments below a number are ordered before. A copy takes constant time.
class clock {
 public:
  bool empty() const noexcept { return blocks_.empty() && threads_.empty(); }

  bool covers(std::uint32_t block, std::uint32_t thread, std::uint32_t segment) const noexcept {
    return segment < blocks_[block] || segment < threads_[thread];
  }
  void learn_block(std::uint32_t block, std::uint32_t below) { blocks_.raise(block, below); }
  void learn_thread(std::uint32_t thread, std::uint32_t below) { threads_.raise(thread, below); }
  void join(clock const& other) {
    blocks_.raise(other.blocks_);
    threads_.raise(other.threads_);
  }
  void clear() noexcept { *this = {}; }

 private:
  shared_numbers blocks_, threads_;
};

}  // namespace crosslane::backend
