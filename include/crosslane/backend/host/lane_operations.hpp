// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The operations of groups of lanes in which lanes of a block wait.
#pragma once

#include <crosslane/backend/host/access_monitor.hpp>
#include <crosslane/backend/host/block_task.hpp>
#include <crosslane/backend/host/fiber.hpp>

#include <cstdint>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

class lane_operations {
 public:
  /// A new block begins.
  void clear(unsigned threads, unsigned wave_size) noexcept {
    wave_size_ = wave_size;
    for (unsigned w = 0; w * wave_size < threads; ++w) waiting_[w] = 0;
  }

  /// A lane calls an operation. Returns true if all members have called it; they then no longer wait. A member may still wait in an
  /// operation of a smaller group, so a mismatch is detected only when no thread can run.
  bool call(unsigned wave, unsigned lane, lane_slot const& slot, access_monitor const& monitor) noexcept {
    lane_slot* const slots = slots_of(wave);
    slots[lane] = slot;
    std::uint64_t& waiting = waiting_[wave];
    waiting |= std::uint64_t{1} << lane;
    bool complete = (slot.members & ~waiting) == 0;
    for (std::uint64_t rest = slot.members; complete && rest != 0; rest &= rest - 1)
      complete = same(slots[__builtin_ctzll(rest)], slot, monitor);
    if (complete) waiting &= ~slot.members;
    return complete;
  }

  lane_slot* slots_of(unsigned wave) noexcept { return slots_ + wave * wave_size_; }
  lane_slot const* slots_of(unsigned wave) const noexcept { return slots_ + wave * wave_size_; }
  std::uint64_t waiting(unsigned wave) const noexcept { return waiting_[wave]; }

  /// Whether two lanes call the same operation, from the same lines.
  static bool same(lane_slot const& a, lane_slot const& b, access_monitor const& monitor) noexcept {
    return a.members == b.members && a.complete == b.complete && a.where.line == b.where.line && a.where.file == b.where.file &&
           !monitor.have_other_callers(a.calls, b.calls);
  }

 private:
  unsigned wave_size_ = 0;
  std::uint64_t waiting_[fiber_pool::capacity / 32] = {};  ///< per wave: the lanes that wait
  lane_slot slots_[fiber_pool::capacity];
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
