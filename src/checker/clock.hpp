// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The knowledge of a thread about other threads through atomic operations, without a common barrier.
#pragma once

#include <cstdint>
#include <unordered_map>

namespace crosslane::backend {

/// A vector clock of whole blocks and of single threads: all their segments below a number are ordered before.
class clock {
 public:
  bool empty() const noexcept { return blocks_.empty() && threads_.empty(); }

  bool covers(std::uint32_t block, std::uint32_t thread, std::uint32_t segment) const {
    if (auto const b = blocks_.find(block); b != blocks_.end() && segment < b->second) return true;
    auto const t = threads_.find(thread);
    return t != threads_.end() && segment < t->second;
  }
  void learn_block(std::uint32_t block, std::uint32_t below) { raise(blocks_[block], below); }
  void learn_thread(std::uint32_t thread, std::uint32_t below) { raise(threads_[thread], below); }
  void join(clock const& other) {
    for (auto const& [block, below] : other.blocks_) learn_block(block, below);
    for (auto const& [thread, below] : other.threads_) learn_thread(thread, below);
  }
  void clear() {
    blocks_.clear();
    threads_.clear();
  }

 private:
  static void raise(std::uint32_t& known, std::uint32_t below) { known = known > below ? known : below; }
  std::unordered_map<std::uint32_t, std::uint32_t> blocks_, threads_;
};

}  // namespace crosslane::backend
