// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The lanes of a block that let others run because they perform many atomic operations: mostly lanes that wait in a loop for a value.
#pragma once

#include <crosslane/backend/host/block_task.hpp>
#include <crosslane/backend/host/fiber.hpp>
#include <crosslane/backend/host/schedule.hpp>
#include <crosslane/kernel/memory_order.hpp>

#include <cstdint>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

/// A lane between two turns, and its last operation.
struct spinning_lane {
  std::uint16_t rank = 0;
  scope reach = scope::system;
  void const* target = nullptr;
  void const* from = nullptr;  ///< an address in the code of the operation
};

class spinning_lanes {
 public:
  /// A new block begins.
  void begin(grid_task const& task, std::uint64_t block_rank) noexcept {
    first_ = count_ = idle_ = unwinding_ = 0;
    random_ = task.seed >= 2;
    one_block_ = task.grid.size() == 1;
    numbers_ = order_numbers{task.seed, ~block_rank};
    events_ = 0;
    left_ = random_ ? random_length() : usual_length;
    begins_with_stop_ = random_ && !one_block_ && numbers_.below(8) != 0;
    if (begins_with_stop_) left_ = 1;
  }

  // --- turns ---

  /// Counts an operation. If it returns true, the turn of the running lane may be over: turn_is_over() decides.
  bool counts_operation() noexcept { return --left_ == 0; }
  /// Lets the running lane perform so many operations more.
  void prolong_turn(unsigned operations) noexcept { left_ = operations; }
  /// Whether the running lane should let others run. `events` is a number that increases whenever a lane of the block gets ahead.
  bool turn_is_over(std::uint64_t events) noexcept {
    bool const same = events == events_;
    events_ = events;
    idle_ = same ? idle_ + 1 : 0;
    left_ = random_ ? random_length() : same ? idle_length : usual_length;
    if (random_ && !one_block_ && (begins_with_stop_ || numbers_.below(16) == 0)) others_ = true;
    begins_with_stop_ = false;
    return random_ || same;
  }
  /// A lane that is being unwound cannot let others run. Returns false if it seems to wait for ever.
  bool may_go_on_unwinding() noexcept {
    left_ = usual_length;
    return ++unwinding_ % 65536 != 0;
  }

  /// Adds the running lane.
  void add(spinning_lane const& lane) noexcept { lanes_[(first_ + count_++) % fiber_pool::capacity] = lane; }
  /// Removes the lane that has waited longest, and returns its rank.
  unsigned take() noexcept {
    unsigned const rank = lanes_[first_].rank;
    first_ = (first_ + 1) % fiber_pool::capacity;
    --count_;
    return rank;
  }
  unsigned count() const noexcept { return count_; }

  /// Whether a lane continues before threads that have not started do.
  bool comes_first() noexcept { return random_ && count_ != 0 && numbers_.below(2) == 0; }

  // --- rounds ---

  void begin_round() noexcept {
    idle_ = 0;
    others_ = false;
  }
  /// Whether other blocks should run: each lane has had a turn, and none got ahead.
  bool ends_round() const noexcept { return others_ || idle_ >= count_; }

  // --- what the lanes wait for ---

  /// Returns the entry of a lane that waits for its turn; null if it does not.
  spinning_lane const* find(unsigned rank) const noexcept {
    for (unsigned i = 0; i < count_; ++i)
      if (at(i).rank == rank) return &at(i);
    return nullptr;
  }

  bool any_in_scope(scope s) const noexcept {
    for (unsigned i = 0; i < count_; ++i)
      if (at(i).reach == s) return true;
    return false;
  }

  /// Lanes that spin at the same place: one of them, and their number.
  struct group {
    spinning_lane lane;
    unsigned count = 0;
  };
  /// Returns the group of the lane of the lowest rank.
  group first() const noexcept { return lowest(nullptr); }
  /// Returns another group; its count is 0 if there is none.
  group other() const noexcept { return lowest(first().lane.from); }

 private:
  // Operations of a turn. A kernel that does not wait keeps its order: its lanes get ahead in less than a turn. Later turns of lanes that
  // wait are short.
  static constexpr unsigned usual_length = 256, idle_length = 16;

  spinning_lane const& at(unsigned i) const noexcept { return lanes_[(first_ + i) % fiber_pool::capacity]; }

  unsigned random_length() noexcept { return 1 + numbers_.below(numbers_.below(4) == 0 ? 64 : 4); }

  group lowest(void const* except) const noexcept {
    group result;
    for (unsigned i = 0; i < count_; ++i)
      if (at(i).from != except && (result.count == 0 || at(i).rank < result.lane.rank)) result = {at(i), 1};
    if (result.count == 0) return result;
    result.count = 0;
    for (unsigned i = 0; i < count_; ++i) result.count += at(i).from == result.lane.from;
    return result;
  }

  unsigned left_ = usual_length;  ///< operations until a turn may be over
  unsigned first_ = 0, count_ = 0;
  unsigned idle_ = 0;  ///< turns since a lane got ahead
  unsigned unwinding_ = 0;
  bool random_ = false, one_block_ = true;
  bool others_ = false;  ///< other blocks should run, though lanes got ahead
  /// Other blocks should run after the block's first operation: blocks that share out work by a counter all get some then.
  bool begins_with_stop_ = false;
  std::uint64_t events_ = 0;
  order_numbers numbers_{0, 0};
  spinning_lane lanes_[fiber_pool::capacity];  ///< ring buffer, in order
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
