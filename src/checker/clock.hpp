// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The knowledge of a thread about other threads and other work through atomic operations, without a common barrier.
#pragma once

#include "shared_numbers.hpp"

#include <cstdint>

namespace crosslane::backend {

/// A vector clock of whole blocks and of single threads of the launch: all their segments below a number are ordered before. Also of other
/// stream work: its phases up to a number, see thread_order; or all work that is ordered before its end, but not that work itself. A copy
/// takes constant time.
class clock {
 public:
  bool empty() const noexcept { return blocks_.empty() && threads_.empty() && works_.empty(); }

  bool covers(std::uint32_t block, std::uint32_t thread, std::uint32_t segment) const noexcept {
    return segment < blocks_[block] || segment < threads_[thread];
  }
  void learn_block(std::uint32_t block, std::uint32_t below) { blocks_.raise(block, below); }
  void learn_thread(std::uint32_t thread, std::uint32_t below) { threads_.raise(thread, below); }
  void learn_work(std::uint64_t work, std::uint32_t phase) { works_.raise(index_of(work), phase); }
  /// Learns of all work that is ordered before the end of `work`.
  void learn_before(std::uint64_t work) { works_.raise(index_of(work) + 1, 1); }
  void join(clock const& other) {
    blocks_.raise(other.blocks_);
    threads_.raise(other.threads_);
    works_.raise(other.works_);
  }
  void clear() noexcept { *this = {}; }
  /// Keeps what is known of other work: the launch has ended.
  void forget_threads() noexcept { blocks_ = threads_ = {}; }

  bool knows_works() const noexcept { return !works_.empty(); }
  bool covers_work(std::uint64_t work, std::uint32_t phase) const noexcept {
    std::uint32_t const known = works_[index_of(work)];
    return known != 0 && phase <= known;
  }
  /// Calls f(work, waited) for each known work. `waited`: what is ordered before its end is known, in place of its phases.
  template <class F>
  void each_work(F const& f) const {
    works_.each([&](std::uint32_t index) { f(index / 2, index % 2 != 0); });
  }

 private:
  static std::uint32_t index_of(std::uint64_t work) noexcept { return std::uint32_t(work) * 2; }

  shared_numbers blocks_, threads_, works_;
};

}  // namespace crosslane::backend
