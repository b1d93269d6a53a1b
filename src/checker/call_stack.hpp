// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The calls that a thread of a kernel is in. The compiler's calls at the beginning and the end of each function keep it, so it has only
/// functions that have not been inlined.
#pragma once

#include <cstdint>
#include <vector>

namespace crosslane::backend {

class call_stack {
 public:
  /// A function has begun. `from` is the address to which it returns, `frame` an address in its stack frame.
  void enter(std::uintptr_t from, std::uintptr_t frame) noexcept {
    if (depth_ == most) return;
    std::uint64_t const outer = context();
    calls_[depth_++] = {from, frame, (outer ^ from) * 0x9e3779b97f4a7c15 + 1};
  }
  /// A function ends. `next` is the address to which this call returns. The stack grows down: functions that are deeper have ended before,
  /// if only by an exception. If the compiler has made a jump of the function's last call, the call returns to the function's caller, and
  /// has the frame that the calls of that one have.
  void leave(std::uintptr_t next, std::uintptr_t frame) noexcept {
    bool has_jumped = false;
    for (; depth_ != 0 && calls_[depth_ - 1].frame < frame; --depth_) has_jumped = calls_[depth_ - 1].from == next;
    if (depth_ != 0 && calls_[depth_ - 1].frame == frame && !has_jumped) --depth_;
  }

  /// Returns a number that stands for all calls, 0 for none.
  std::uint64_t context() const noexcept { return depth_ == 0 ? 0 : calls_[depth_ - 1].context; }

  /// Returns the addresses to which the innermost functions return, innermost first.
  std::vector<std::uintptr_t> callers() const {
    std::vector<std::uintptr_t> result;
    for (unsigned i = depth_; i != 0 && result.size() < most_callers; --i) result.push_back(calls_[i - 1].from);
    return result;
  }

  // --- threads of a block take turns ---

  struct call {
    std::uintptr_t from, frame;
    std::uint64_t context;
  };
  using calls = std::vector<call>;

  /// Out of line copies are calls of memmove, which the checker sees.
  void save(calls& to) const {
    to.resize(depth_);
    for (unsigned i = 0; i < depth_; ++i) {
      to[i] = calls_[i];
      __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }
  }
  void restore(calls const& from) noexcept {
    depth_ = 0;
    for (call const& c : from) {
      calls_[depth_++] = c;
      __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }
  }

 private:
  static constexpr unsigned most = 64, most_callers = 16;

  unsigned depth_ = 0;
  call calls_[most];
};

}  // namespace crosslane::backend
