// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Finds lanes that wait in a loop for a lane of their own wave.
///
/// Where the lanes of a wave run in lockstep, as on AMD, such a loop may never end: a lane that leaves it continues when all lanes have
/// left it. A store inside the loop does not help, since compilers move what a lane does in its last round behind the loop. It helps if the
/// lanes meet in each round, in an operation of the wave.
#pragma once

#include <crosslane/backend/host/block_task.hpp>
#include <crosslane/backend/host/fiber.hpp>

#include <cstdint>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

class lockstep_watch {
 public:
  static constexpr unsigned none = ~0u;

  /// A new block begins.
  void begin(grid_task const& task) noexcept {
    watches_ = task.level == checks::level::full;
    if (!watches_) return;
    threads_ = unsigned(task.block.size());
    wave_size_ = task.wave_size;
    stops_left_ = threads_ * stops_per_thread;
    for (unsigned t = 0; t < threads_; ++t) polls_[t] = {};
    for (bool& waits : waits_) waits = false;
  }

  /// Notes an atomic operation. `changed`: it has stored another value. `accesses`: a number that plain accesses change, since a lane with
  /// work in its loop does not wait. Returns the rank of a lane of the same wave that has waited for this value, or none.
  unsigned operation(unsigned rank, void const* target, bool changed, std::uint64_t accesses) noexcept {
    if (!watches_) return none;
    poll& mine = polls_[rank];
    if (!changed) {
      mine = {target, mine.target == target && mine.accesses == accesses ? mine.count + 1 : 1, accesses};
      if (mine.count == enough) waits_[rank / wave_size_] = true;
      return none;
    }
    mine = {};
    return waits_[rank / wave_size_] ? find_waiting(rank, target) : none;
  }
  /// The lane has met others, so it does not wait in a loop of its own.
  void meets(unsigned rank) noexcept { polls_[rank].count = 0; }

  /// Whether a lane that has changed a value by an exchange lets the others run now: it may hold a lock, for which they may wait.
  bool stops_after_exchange() noexcept { return watches_ && stops_left_ != 0 && stops_left_-- != 0; }

  /// One finding for a block is enough.
  void end() noexcept { watches_ = false; }

 private:
  /// Operations in a row after which a lane waits. Attempts that fail because others succeed are fewer.
  static constexpr unsigned enough = 128;
  static constexpr unsigned stops_per_thread = 4;

  /// The last operations of a lane: that many on one address, without a change by them.
  struct poll {
    void const* target = nullptr;
    unsigned count = 0;
    std::uint64_t accesses = 0;
  };

  unsigned find_waiting(unsigned rank, void const* target) const noexcept {
    unsigned const first = rank - rank % wave_size_;
    for (unsigned t = first; t < first + wave_size_ && t < threads_; ++t)
      if (polls_[t].target == target && polls_[t].count >= enough) return t;
    return none;
  }

  bool watches_ = false;
  unsigned threads_ = 0, wave_size_ = 1, stops_left_ = 0;
  bool waits_[fiber_pool::capacity / 32] = {};  ///< for each wave: a lane has waited
  poll polls_[fiber_pool::capacity];
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
