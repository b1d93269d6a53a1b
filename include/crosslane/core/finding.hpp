// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Findings of the host backend, as values.
#pragma once

#include <crosslane/core/error.hpp>
#include <crosslane/core/extent.hpp>

namespace crosslane::checks {

/// The kinds of findings, by the rule that is broken. docs/checker.md explains each.
enum class kind : unsigned char {
  early_exit,           ///< threads wait at a barrier that others can no longer reach, because they have returned
  different_barriers,   ///< threads wait at barriers at different places
  absent_lane,          ///< lanes wait in an operation of a group while a member has returned or waits at a barrier
  different_lanes,      ///< lanes wait in different operations of a group
  invalid_lane,         ///< a lane reads from a lane that does not take part
  out_of_bounds,        ///< an access outside its view, its buffer or the block's shared memory
  freed_memory,         ///< an access to a buffer that was destroyed
  shared_race,          ///< two unordered accesses of two threads to one address in shared memory, at least one a write
  device_race,          ///< two unordered accesses of two threads to one address in device memory, at least one a write
  narrow_scope,         ///< two atomic operations on one address, where the scope of one does not include the other's thread
  unwritten_memory,     ///< a read of shared or device memory that was never written
  stream_race,          ///< two unordered accesses of work of two streams to one address, where one writes or frees
  program_race,         ///< an access by the host and one by stream work that the host has not waited for, at least one a write
  undefined_cast,       ///< a floating-point value cast to an integer type that cannot hold it
  undefined_shift,      ///< a shift by a negative number of bits, or by as many as the type has or more
  host_memory,          ///< a kernel accesses memory of the host program, or a local variable of another thread
  device_memory,        ///< the host program accesses device memory without a copy
  kernel_fault,         ///< a thread of a kernel has run into a trap of the processor
  no_progress,          ///< all threads of a launch wait in loops for values that nothing stores, or a thread never ends
  misaligned,           ///< an access whose address is not a multiple of what its type needs
  other_device,         ///< a kernel or a fill accesses memory of another device, and the devices have no peer access
  lockstep_wait,        ///< a lane waits in a loop for a value that another lane of its wave stores
  ended_block,          ///< an access to the shared memory of another block of the cluster, which does not wait for it before it ends
  different_arguments,  ///< lanes or threads call one operation with different arguments, which must be the same for all
};
inline constexpr int kinds = 24;  ///< the number of kinds

/// Returns the name in lower case with '-', as in reports and tools.
constexpr char const* to_string(kind k) noexcept {
  constexpr char const* names[kinds] = {"early-exit",       "different-barriers", "absent-lane",  "different-lanes",    "invalid-lane",
                                        "out-of-bounds",    "freed-memory",       "shared-race",  "device-race",        "narrow-scope",
                                        "unwritten-memory", "stream-race",        "program-race", "undefined-cast",     "undefined-shift",
                                        "host-memory",      "device-memory",      "kernel-fault", "no-progress",        "misaligned",
                                        "other-device",     "lockstep-wait",      "ended-block",  "different-arguments"};
  return names[unsigned(k)];
}

/// Returns the error code that a finding throws if it is not collected.
constexpr errc to_errc(kind k) noexcept {
  constexpr errc codes[kinds] = {errc::divergent_barrier, errc::divergent_barrier, errc::divergent_wave,   errc::divergent_wave,
                                 errc::invalid_lane,      errc::out_of_bounds,     errc::out_of_bounds,    errc::data_race,
                                 errc::data_race,         errc::data_race,         errc::unwritten_memory, errc::data_race,
                                 errc::data_race,         errc::kernel_fault,      errc::kernel_fault,     errc::kernel_fault,
                                 errc::kernel_fault,      errc::kernel_fault,      errc::kernel_fault,     errc::misaligned,
                                 errc::kernel_fault,      errc::kernel_fault,      errc::data_race,        errc::invalid_argument};
  return codes[unsigned(k)];
}

/// Returns what a GPU does in this case and how to correct the code.
constexpr char const* advice(kind k) noexcept {
  constexpr char const* texts[kinds] = {
      "A GPU hangs, or the barrier opens too early; let every thread reach the barrier: put only the work under the condition.",
      "A GPU may hang or match the wrong barriers; move the barrier out of the branch, so that all threads call the same one.",
      ("A GPU hangs or reads an undefined value from the absent lane; let all lanes of the group call the operation, or make a group of "
       "the lanes that do: where(predicate)."),
      "A GPU hangs or exchanges values of unrelated operations; let all lanes of the group call the same operation at the same place.",
      "A GPU returns an undefined value, which differs between chips; read from a rank below the size() of the calling group.",
      "A GPU reads or overwrites whatever lies there; compare the index with the size before the access.",
      "A GPU reads or overwrites whatever has been allocated there since; keep the buffer until the stream has completed the kernel.",
      ("A GPU runs both in any order, even within one wave; put ctx.sync_block() between them, or sync() of the group if both are lanes of "
       "it."),
      ("A GPU runs both in any order; let one thread own the element, use xl::atomic, or put a barrier or the end of the kernel between "
       "them."),
      "A GPU may keep the narrower operation in a cache that the other thread does not see; give both a scope that includes both threads.",
      "A GPU reads what an earlier kernel or process left there; write the memory first, with xl::fill, xl::copy or the kernel.",
      ("A GPU runs both in any order or at once; record an event after the earlier work and let the other stream wait() for it, or use one "
       "stream."),
      ("A GPU may not have started or finished the work; synchronize() the stream, or an event recorded after the work, before the host "
       "accesses the memory."),
      ("The result differs between compilers and GPUs; use xl::saturate_cast, which returns the nearest limit and 0 for NaN, or check the "
       "range before the cast."),
      ("NVIDIA GPUs shift all bits out, AMD GPUs and x86 shift by the remainder; check the number of bits before the shift, or shift a "
       "wider type."),
      ("A GPU cannot access it: the kernel ends with a memory fault, or reads something else; copy the values to a buffer, pass them by "
       "value, or use a pinned or managed buffer."),
      ("With a GPU the program ends with a segmentation fault; copy the elements with xl::copy, or use a pinned or managed buffer, and "
       "synchronize() before the access."),
      "A GPU ends the kernel there, or continues with an undefined value; the thread and its block have ended here.",
      ("A GPU hangs; end the loop, or let a thread that runs at the same time store the value: only the blocks of a cooperative kernel are "
       "sure to run at once, and blocks start in no certain order, so let a block take its number from a counter."),
      ("A GPU ends the kernel with a misaligned address, or accesses other bytes; begin at a multiple of the size: align the array and the "
       "index, or access single elements."),
      ("A GPU ends the kernel with a memory fault; copy() the elements to a buffer of that device, or call enable_peer_access() on the "
       "device that runs it."),
      ("A GPU whose lanes run in lockstep, as AMD's do, hangs: the lane that stores continues when all lanes have left the loop; let one "
       "lane "
       "of the wave take the lock for all, or let the lanes meet in each round: while (!wave.all(done))."),
      ("A GPU reads or writes memory that another block may have by then; put ctx.cluster().sync() behind the last access to shared memory "
       "of other blocks."),
      ("A GPU takes the argument of one of them for all, or gives each a part of another result; pass a value that is the same for all: an "
       "argument of the kernel, or one that was broadcast."),
  };
  return texts[unsigned(k)];
}

/// Returns the advice for findings about shared memory.
constexpr char const* advice_for_shared_memory(kind k) noexcept {
  return k == kind::unwritten_memory ? "A GPU reads what an earlier block left there; let threads of the block write each element, and put "
                                       "ctx.sync_block() between "
                                       "the writes and the reads."
                                     : advice(k);
}

/// Returns the advice for findings about a kernel that may begin before the kernel before it has ended.
constexpr char const* advice_for_overlap() noexcept {
  return "A GPU may run both at once or in any order; call ctx.wait_for_previous() before the kernel accesses what earlier work of the "
         "stream uses.";
}
/// Returns the advice for races of two blocks of a cluster in shared memory.
constexpr char const* advice_for_clusters() noexcept {
  return "A GPU runs both in any order; put ctx.cluster().sync() between them: ctx.sync_block() waits for the threads of one block only.";
}

/// Returns what to look for if a finding occurs only in waves of 32 or only in waves of 64 lanes; empty if `wave_size` is neither.
constexpr char const* advice_for_width(unsigned wave_size) noexcept {
  return wave_size == 64
             ? "At 32 lanes it is right: the code may take a wave for 32 lanes. Use xl::tile<32>(ctx) for a group of 32 lanes, and "
               "Ctx::wave_size where the size of a wave is meant."
         : wave_size == 32 ? "At 64 lanes it is right: the code may take a wave for 64 lanes. Use Ctx::wave_size for the size of a wave."
                           : "";
}

/// One of the two sides of a finding.
struct party {
  unsigned thread = 0;        ///< rank in the block of the first thread of this side
  unsigned count = 0;         ///< the number of threads that did the same; 0 if this side does not exist
  extent3 block = {0, 0, 0};  ///< index of the block
  char const* action = "";    ///< what the threads did, static storage: "waits at a barrier"
  source_location where;      ///< line 0: unknown
};

/// A broken rule: the threads on one or two sides, what they did and where.
struct finding {
  checks::kind kind;              ///< the broken rule
  char const* kernel = "";        ///< the kernel's name, or "copy", "fill" or "the host"; static storage
  extent3 grid;                   ///< blocks of the launch; empty for a copy or a fill
  extent3 block;                  ///< threads per block of the launch
  unsigned wave_size = 32;        ///< lanes per wave
  std::uint64_t seed = 0;         ///< the thread order
  source_location launch;         ///< the line of the launch; 0 if there is none
  party first;                    ///< the first side
  party second;                   ///< the second side, if there is one
  bool in_shared_memory = false;  ///< whether it is about shared memory
  bool overlaps = false;          ///< whether a kernel has not waited for the work before it, which it may overlap
  error_text text;                ///< a description of both sides, with block and threads

  /// Whether this is a finding in a kernel, and none of a copy, a fill or the host.
  bool is_of_launch() const noexcept { return grid.size() != 0; }
  /// Returns what a GPU does in this case and how to correct the code.
  char const* advice() const noexcept {
    if (overlaps) return advice_for_overlap();
    if (kind == kind::shared_race && second.count != 0 && !(first.block == second.block)) return advice_for_clusters();
    return in_shared_memory ? advice_for_shared_memory(kind) : checks::advice(kind);
  }
  /// Appends the wave size and the seed, "waves of 32 lanes, seed 0". They are not in the text and are needed to reproduce the finding.
  void append_order(error_text& to) const noexcept {
    if (is_of_launch()) to.append("waves of %u lanes, ", wave_size);
    to.append("seed %llu", static_cast<unsigned long long>(seed));
  }
};

}  // namespace crosslane::checks
