// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What the host backend has found in a kernel, as a value.
#pragma once

#include <crosslane/runtime/error.hpp>
#include <crosslane/runtime/extent.hpp>

namespace crosslane::checks {

/// What is wrong, by the rule that is broken. docs/checker.md explains each.
enum class kind : unsigned char {
  early_exit,          ///< threads wait at a barrier, others have returned
  different_barriers,  ///< threads wait at barriers that stand at different places
  absent_lane,         ///< lanes wait in an operation of a group, a member has returned or waits at a barrier
  different_lanes,     ///< lanes wait in different operations of a group
  invalid_lane,        ///< a lane reads from one that takes no part
  out_of_bounds,       ///< an access outside of its view, its buffer or the block's shared memory
  freed_memory,        ///< an access to a buffer that is gone
  shared_race,         ///< two threads access a place of shared memory, unordered, one writes
  device_race,         ///< the same in device memory
  narrow_scope,        ///< two atomic operations on one place, of which one does not count for the other's thread
  unwritten_memory,    ///< a read of shared or device memory that nothing has written
  stream_race,         ///< work of two streams accesses a place, unordered, one writes or frees
  program_race,        ///< the program accesses a place, work of a stream that it has not waited for does too, one writes
  undefined_cast,      ///< a floating-point number cast to an integer type that cannot hold it
};
inline constexpr int kinds = 14;  ///< how many there are

/// In lower case with '-', as reports and tools name it.
constexpr char const* to_string(kind k) noexcept {
  constexpr char const* names[kinds] = {"early-exit",       "different-barriers", "absent-lane",  "different-lanes", "invalid-lane",
                                        "out-of-bounds",    "freed-memory",       "shared-race",  "device-race",     "narrow-scope",
                                        "unwritten-memory", "stream-race",        "program-race", "undefined-cast"};
  return names[unsigned(k)];
}

/// The code of the error that a finding is where nobody collects it.
constexpr errc to_errc(kind k) noexcept {
  constexpr errc codes[kinds] = {errc::divergent_barrier, errc::divergent_barrier, errc::divergent_wave,   errc::divergent_wave,
                                 errc::invalid_lane,      errc::out_of_bounds,     errc::out_of_bounds,    errc::data_race,
                                 errc::data_race,         errc::data_race,         errc::unwritten_memory, errc::data_race,
                                 errc::data_race,         errc::kernel_fault};
  return codes[unsigned(k)];
}

/// What a GPU would do, and how to mend it.
constexpr char const* advice(kind k) noexcept {
  constexpr char const* texts[kinds] = {
      "A GPU hangs, or lets the barrier pass at random; let every thread reach it: guard the work with the condition, not the barrier.",
      "A GPU may hang, or pair the wrong barriers; move the barrier out of the branch, so that all threads call the same one.",
      ("A GPU hangs or takes the value of a lane that is not there; let all lanes of the group call it, or make a group of those that do: "
       "where(predicate)."),
      "A GPU hangs or exchanges values of unrelated operations; let all lanes of the group call the same operation at the same place.",
      "A GPU gives an undefined value, another one on each chip; ask for a rank below size() of the group that calls.",
      "A GPU reads or overwrites whatever lies there; compare the index with the size before the access.",
      "A GPU reads or overwrites what has been put there since; keep the buffer until the stream has done the kernel.",
      "A GPU runs both in any order, lanes of one wave too; put ctx.sync_block(), or sync() of the group if all are lanes of it, between.",
      "A GPU runs both in any order; let one thread own the element, use xl::atomic, or put a barrier or the end of the kernel between.",
      "A GPU may keep the narrower operation in a cache that the other thread does not see; give both a scope that includes both threads.",
      "A GPU reads what an earlier kernel or program left there; write the memory first, with xl::fill, xl::copy or the kernel.",
      ("A GPU runs both in any order or at once; record an event behind the earlier one and let the other stream wait() for it, or use one "
       "stream."),
      ("A GPU may not have begun, or be in the middle; synchronize() the stream or an event behind the work before the program touches the "
       "memory."),
      ("Each compiler and GPU makes another number of it; use xl::saturate_cast, which gives the nearest limit and 0 for NaN, or compare "
       "before."),
  };
  return texts[unsigned(k)];
}

/// One of the two sides of a finding.
struct party {
  unsigned thread = 0;        ///< rank in its block: of the first, where several are alike
  unsigned count = 0;         ///< threads that are alike; 0: this side is nobody
  extent3 block = {0, 0, 0};  ///< index of its block
  char const* action = "";    ///< what it does, static storage: "waits at a barrier"
  source_location where;      ///< line 0: not known
};

/// Two sides that break a rule, or one: which threads, doing what, where.
struct finding {
  checks::kind kind;        ///< the rule
  char const* kernel = "";  ///< or "copy", "fill"; static storage
  extent3 grid;             ///< of the launch, in blocks; empty: of a copy or a fill
  extent3 block;            ///< of the launch, in threads
  unsigned wave_size = 32;  ///< lanes of the waves that it ran with
  std::uint64_t seed = 0;   ///< the order that the threads ran in
  source_location launch;   ///< the line of the launch; 0: of what has none
  party first;              ///< the one side
  party second;             ///< the other side of it, where there is one
  error_text text;          ///< both sides in words, with block and threads

  /// What a GPU would do, and how to mend it.
  char const* advice() const noexcept { return checks::advice(kind); }
  /// Adds what it ran with, "waves of 32 lanes, seed 0": all that its text does not say and that it takes to find it again.
  void append_order(error_text& to) const noexcept {
    if (grid.count() != 0) to.append("waves of %u lanes, ", wave_size);
    to.append("seed %llu", static_cast<unsigned long long>(seed));
  }
};

}  // namespace crosslane::checks
