// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Checks the memory of a copy or a fill that is about to run.
#pragma once

#include "stream_races.hpp"
#include "watched_memory.hpp"
#include "wording.hpp"

#include <crosslane/backend/host/access_monitor.hpp>

#include <exception>

namespace crosslane::backend {

class transfer_check {
 public:
  transfer_check(launch_facts const& facts, memory_transfer const& t, watched_range& memory, stream_races& streams)
      : facts_{facts}, transfer_{t}, memory_{memory}, streams_{streams} {
    if (t.from != nullptr) check(static_cast<char const*>(t.from), t.from_pitch, access_class::read);
    if (!failure_) check(static_cast<char const*>(t.to), t.to_pitch, access_class::write);
    // The destination is not written. That has been reported, and later readers are not at fault.
    if (!possible_ && memory.contains(t.to) && memory.page(t.to).block != nullptr) memory.block(t.to, current_work.number)->written = true;
  }

  /// The first finding that no sink collected.
  std::exception_ptr const& failure() const noexcept { return failure_; }
  /// False if the transfer leaves its memory: it must not run then.
  bool possible() const noexcept { return possible_; }

 private:
  void check(char const* p, std::size_t pitch, access_class how) {
    if (!memory_.contains(p)) return;
    bool const writes = how == access_class::write, full = facts_.level == checks::level::full;
    std::size_t const width = transfer_.width;
    place_access const mine{current_work.number, 0, how};
    bool any_written = writes;
    for (std::size_t row = 0; row < transfer_.height; ++row) {
      char const* const at = p + row * pitch;
      watched_block* const block = memory_.block(at, mine.work);
      if (block == nullptr || block->freed || at < block->begin || at + width > block->begin + block->bytes) {
        if (!full) return;
        possible_ = false;
        if (streams_.freed_meanwhile(block, mine, at)) return;
        failure_ = facts_.deliver(wording::transfer_outside(facts_, block != nullptr ? block : memory_.nearest(at), at, width, writes));
        return;
      }
      if (full) {
        streams_.use(*block, mine, at, transfer_.from != nullptr);  // copies between devices need no peer access
        streams_.access(at, width, mine);
      }
      any_written = any_written || memory_.any_written(*block, at, width) || !watched_range::is_fresh(*block, at, width);
      if (writes) memory_.written(at, width);
    }
    watched_block const& first = *memory_.block(p, mine.work);
    // Threads that ended with a finding have not written their results.
    if (streams_.failed_launch() > first.made_after) return;
    // Compilers do not instrument all writes of a kernel. In a buffer that consists of zeros at first such writes of zeros do not show.
    if (any_written || !full || (first.fresh == 0 && streams_.last_launch() > first.made_after)) return;
    checks::finding const f = wording::transfer_of_unwritten(facts_, first, p, width);
    if (streams_.may_doubt(facts_, mine.work))
      streams_.doubtful.add(f, facts_, mine.work, &first);
    else
      failure_ = facts_.deliver(f);
  }

  launch_facts const& facts_;
  memory_transfer const& transfer_;
  watched_range& memory_;
  stream_races& streams_;
  std::exception_ptr failure_;
  bool possible_ = true;
};

}  // namespace crosslane::backend
