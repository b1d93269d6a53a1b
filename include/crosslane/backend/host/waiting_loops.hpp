// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The loops of a launch in which lanes poll a value. A loop that gives up after some attempts, as that of a bounded try-lock, ends in
/// lockstep too, so a lane in it does not wait. Nor does one in a loop whose attempts fail only because others succeed.
#pragma once

#include <crosslane/backend/host/access_monitor.hpp>

#include <cstdint>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

class waiting_loops {
 public:
  struct loop {
    std::uint64_t place = 0;   ///< in the code
    bool is_endless = false;   ///< a lane has polled there for very long without an interruption
    unsigned char trials = 0;  ///< how often a lane was to do so

    /// Returns how many operations more a lane should do that has polled `count` times: until it counts as waiting, or to find out whether
    /// the loop is endless.
    CROSSLANE_UNSEEN unsigned polls_left(unsigned count) noexcept {
      if (!is_endless && count >= proof) is_endless = true;
      if (is_endless) return count < enough ? enough - count : 0;
      return trials == most_trials ? 0 : (++trials, proof - count);
    }
  };

  /// Returns the loop at a place. If there are very many, it takes the entry of another one.
  CROSSLANE_UNSEEN loop& at(std::uint64_t place) noexcept {
    for (loop& l : loops_)
      if (l.place == place) return l;
    loop& l = loops_[next_++ % most];
    l.place = place;
    l.is_endless = false;
    l.trials = 0;
    return l;
  }

 private:
  /// Operations in a row after which a loop is endless: about half a millisecond. Bounded attempts are mostly fewer.
  static constexpr unsigned proof = 4096;
  /// Operations in a row after which a lane in an endless loop waits.
  static constexpr unsigned enough = 16;
  static constexpr unsigned char most_trials = 4;
  static constexpr unsigned most = sees_accesses ? 16 : 1;

  loop loops_[most];
  unsigned next_ = 0;
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
