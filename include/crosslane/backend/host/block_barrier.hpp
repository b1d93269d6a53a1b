// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The threads of a block that wait at a barrier.
#pragma once

#include <crosslane/backend/host/access_monitor.hpp>
#include <crosslane/platform/config.hpp>
#include <crosslane/platform/source_location.hpp>

#include <cstdint>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

enum class barrier : unsigned char { block, cluster, grid };

class barrier_arrivals {
 public:
  struct arrival {
    unsigned rank = 0;
    barrier kind = barrier::block;
    source_location place;
    std::uint32_t calls = 0;  ///< the number of the calls that have led here
  };

  /// A new block begins.
  void clear() noexcept {
    count_ = 0;
    different_ = false;
  }
  /// The threads continue.
  void open() noexcept { count_ = 0; }

  /// A thread waits. If `any_place`, barriers of one kind at different places are one barrier, as on a GPU. Else those at one place are
  /// different, too, if it has been called from different lines.
  void add(arrival const& a, bool any_place, access_monitor const& monitor) noexcept {
    if (count_++ == 0) {
      first_ = a;
    } else if (!different_ && (a.kind != first_.kind || a.place.line != first_.place.line || a.place.file != first_.place.file ||
                               monitor.have_other_callers(a.calls, first_.calls))) {
      different_ = a.kind != first_.kind || !any_place;
      other_ = a;
    }
  }

  unsigned count() const noexcept { return count_; }
  arrival const& first() const noexcept { return first_; }
  /// Whether threads wait at different barriers. other() is then one that is not at the barrier of first().
  bool different() const noexcept { return different_; }
  arrival const& other() const noexcept { return other_; }

 private:
  unsigned count_ = 0;
  bool different_ = false;
  arrival first_, other_;
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
