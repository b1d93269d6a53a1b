// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The knowledge of a thread about other threads and other work through atomic operations, without a common barrier.
#pragma once

#include "shared_numbers.hpp"

#include <cstdint>

namespace crosslane::backend {

/// A vector clock of whole blocks and of single threads of the launch: all their segments below a number are ordered before. Also of other
/// stream work: its phases up to a number, see thread_order. A copy takes constant time.
class clock {
 public:
  bool empty() const noexcept { return blocks_.empty() && threads_.empty() && works_.empty(); }

  bool covers(std::uint32_t block, std::uint32_t thread, std::uint32_t segment) const noexcept {
    return segment < blocks_[block] || segment < threads_[thread];
  }
  void learn_block(std::uint32_t block, std::uint32_t below) { blocks_.raise(block, below); }
  void learn_thread(std::uint32_t thread, std::uint32_t below) { threads_.raise(thread, below); }
  void learn_work(std::uint64_t work, std::uint32_t phase) { works_.raise(std::uint32_t(work), phase); }
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
    std::uint32_t const known = works_[std::uint32_t(work)];
    return known != 0 && phase <= known;
  }
  /// Calls f(work) for each known work.
  template <class F>
  void each_work(F const& f) const {
    works_.each(f);
  }

 private:
  shared_numbers blocks_, threads_, works_;
};

}  // namespace crosslane::backend
