// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Finds lanes that wait in a loop for a lane of their own wave.
///
/// Where the lanes of a wave run in lockstep, as on AMD, such a loop may never end: a lane that leaves it continues when all lanes have
/// left it. A store inside the loop does not help, since compilers move what a lane does in its last round behind the loop. It helps if the
/// lanes meet in each round, in an operation of the wave. A store before the loop is right: lanes in lockstep perform it together. So a
/// lane counts as waiting for a store only if it has itself come to this place of the code less often.
#pragma once

#include <crosslane/backend/host/access_monitor.hpp>
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
    has_long_turn_ = false;
    if (!watches_) return;
    loops_ = &task.loops;
    threads_ = unsigned(task.block.size());
    wave_size_ = task.wave_size;
    stops_left_ = threads_ * stops_per_thread;
    for (unsigned t = 0; t < threads_; ++t) polls_[t] = {};
    for (wave_stores& wave : stores_) wave.waits = false, wave.waiting = 0, wave.count = 0;
  }
  bool watches() const noexcept { return watches_; }

  /// Notes an atomic operation that has changed nothing. `accesses`: a number that plain accesses change, since a lane with work in its
  /// loop does not wait.
  void polls(unsigned rank, void const* target, std::uint64_t accesses) noexcept {
    poll& mine = polls_[rank];
    if (mine.target != target || mine.accesses != accesses) mine = {target, 0, accesses};
    ++mine.count;
  }
  /// Notes an atomic operation at a place of the code that has stored another value. Returns the rank of a lane of the same wave that has
  /// waited for this value, or none.
  CROSSLANE_UNSEEN unsigned stores(unsigned rank, void const* target, std::uint64_t place) noexcept {
    polls_[rank] = {};
    wave_stores& wave = stores_[rank / wave_size_];
    place_stores* const here = wave.at(place);
    unsigned const times = here != nullptr ? here->count(rank % wave_size_) : 1;
    if (!wave.waits) return none;
    unsigned const first = rank - rank % wave_size_;
    for (unsigned t = first; t < first + wave_size_ && t < threads_; ++t)
      if (polls_[t].target == target && polls_[t].waits && (here == nullptr || here->of_lane[t % wave_size_] < times)) return t;
    return none;
  }
  /// The lane has met others, so it does not wait in a loop of its own.
  void meets(unsigned rank) noexcept { polls_[rank] = {}; }

  /// The turn of a lane ends after an operation at a place of the code. Returns how many operations more the lane should do before others
  /// run, so that it counts as waiting if one of them stores. 0 if it waits already, if it does not poll, or if a lane of its wave waits
  /// for this value.
  CROSSLANE_UNSEEN unsigned polls_left(unsigned rank, std::uint64_t place) noexcept {
    has_long_turn_ = false;
    poll& mine = polls_[rank];
    if (!watches_ || mine.count < begins_to_poll || mine.waits) return 0;
    wave_stores& wave = stores_[rank / wave_size_];
    if (wave.waits && polls_[wave.waiting].waits && polls_[wave.waiting].target == mine.target) return 0;
    waiting_loops::loop& loop = loops_->at(place);
    if (unsigned const left = loop.polls_left(mine.count); left != 0 || !loop.is_endless) {
      has_long_turn_ = left != 0;
      return left;
    }
    mine.waits = wave.waits = true;
    wave.waiting = rank;
    return 0;
  }

  /// Whether the lane has left the loop for which it has got a long turn: the turn is over then.
  bool ends_long_turn(unsigned rank) noexcept {
    if (!has_long_turn_ || polls_[rank].count > 1) return false;
    has_long_turn_ = false;
    return true;
  }

  /// Whether a lane that has changed a value by an exchange lets the others run now: it may hold a lock, for which they may wait.
  bool stops_after_exchange() noexcept { return watches_ && stops_left_ != 0 && stops_left_-- != 0; }

  /// One finding for a block is enough.
  void end() noexcept { watches_ = false; }

 private:
  /// Operations in a row after which a lane polls. One load may be the first half of an update, between whose halves others should run.
  static constexpr unsigned begins_to_poll = 2;
  static constexpr unsigned stops_per_thread = 4;

  /// The last operations of a lane: that many on one address, without a change by them.
  struct poll {
    void const* target = nullptr;
    unsigned count = 0;
    std::uint64_t accesses = 0;
    bool waits = false;
  };

  /// How often each lane of a wave has stored another value at one place of the code.
  struct place_stores {
    std::uint64_t place;
    std::uint16_t of_lane[64];

    unsigned count(unsigned lane) noexcept {
      if (of_lane[lane] != 0xffff) ++of_lane[lane];
      return of_lane[lane];
    }
  };
  struct wave_stores {
    static constexpr unsigned most = 8;  ///< places; stores at others count as the first

    bool waits = false;    ///< a lane has waited
    unsigned waiting = 0;  ///< the last that has
    unsigned count = 0;
    place_stores places[most];

    CROSSLANE_UNSEEN place_stores* at(std::uint64_t place) noexcept {
      for (unsigned i = 0; i < count; ++i)
        if (places[i].place == place) return &places[i];
      if (count == most) return nullptr;
      places[count].place = place;
      for (std::uint16_t& n : places[count].of_lane) n = 0;
      return &places[count++];
    }
  };

  bool watches_ = false, has_long_turn_ = false;
  waiting_loops* loops_ = nullptr;
  unsigned threads_ = 0, wave_size_ = 1, stops_left_ = 0;
  wave_stores stores_[fiber_pool::capacity / 32];
  poll polls_[fiber_pool::capacity];
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
