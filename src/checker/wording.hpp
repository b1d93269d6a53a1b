// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The findings of the access checker as values, with all their texts.
#pragma once

#include "block_state.hpp"
#include "copied_rows.hpp"
#include "memory_text.hpp"
#include "place_history.hpp"
#include "seen_access.hpp"
#include "sites.hpp"
#include "stream_order.hpp"
#include "watched_memory.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>

namespace crosslane::backend {

class wording {
 public:
  using block_state = access_monitor::block_state;

  explicit wording(sites& code) noexcept : sites_{code} {}

  /// Whether the same code has made two accesses.
  bool same_code(access_record a, access_record b) const { return sites_.same_code(a.site, b.site); }

  /// Returns the places of a finding about the running thread and about another access, by the numbers of their code; not known if the
  /// first number does not stand for one line.
  code_places places(std::uint32_t site, std::uint32_t other = 0) const { return {sites_.has_one_line(site) ? site : 0, other}; }
  code_places places_of(block_state const& b, std::uintptr_t from, std::uint32_t other = 0) {
    return places(sites_.number_of(from, &b.calls), other);
  }

  /// The same for an access of the host program.
  code_places places_of_program(std::uintptr_t from) { return {sites_.code_of_program(from), 0}; }

  // --- accesses of the running thread ---

  /// A race with an earlier access of another thread of the launch: its record, and its thread's number in the launch.
  checks::finding race(checks::kind kind, block_state const& b, watched_block const& block, seen_access const& mine, access_record other,
                       std::uint32_t thread) {
    checks::finding f = access(kind, b, mine);
    extent3 const index = block_index(*b.launch, thread / b.threads);
    f.second = {thread % b.threads, 1, index, verb(other.flags), sites_.line(other.site)};
    append_memory_of(f.text, b, block, mine.at, mine.bytes);
    if (index == b.index)
      f.text.append("; thread %u %s them", f.second.thread, f.second.action);
    else
      f.text.append("; thread %u of block (%u, %u, %u) %s them", f.second.thread, index.x, index.y, index.z, f.second.action);
    append_place(f.text, f.second.where);
    if (kind == checks::kind::narrow_scope)
      f.text.append("; the scopes are %s and %s, but each must include the other thread", name(scope_of(mine.flags)),
                    name(scope_of(other.flags)));
    else
      f.text.append(", and nothing orders the two");
    return f;
  }

  /// An access to the target of an asynchronous copy of the launch that has not been waited for: its record, and its thread's number.
  checks::finding pending_copy(block_state const& b, watched_block const& block, seen_access const& a, access_record copy,
                               std::uint32_t thread) {
    checks::finding f = access(block.shared ? checks::kind::shared_race : checks::kind::device_race, b, a);
    f.second = {thread % b.threads, 1, block_index(*b.launch, thread / b.threads), "copies to", sites_.line(copy.site)};
    append_object(f.text, block, a.at, a.bytes);
    f.text.append("; the asynchronous copy of thread %u", f.second.thread);
    append_place(f.text, f.second.where);
    f.text.append(" writes them, and has not been waited for");
    return f;
  }
  /// An asynchronous copy whose source `writer` has changed before it was waited for.
  checks::finding changed_source(block_state const& b, watched_block const& block, seen_access const& copy, access_record writer,
                                 std::uint32_t thread) {
    checks::finding f = access(block.shared ? checks::kind::shared_race : checks::kind::device_race, b, copy);
    f.second = {thread % b.threads, 1, block_index(*b.launch, thread / b.threads), verb(writer.flags), sites_.line(writer.site)};
    append_object(f.text, block, copy.at, copy.bytes);
    f.text.append(", by an asynchronous copy; thread %u %s them", f.second.thread, f.second.action);
    append_place(f.text, f.second.where);
    f.text.append(" before the copy is waited for");
    return f;
  }

  checks::finding unwritten(block_state const& b, watched_block const& block, seen_access const& a) {
    checks::finding f = access(checks::kind::unwritten_memory, b, a);
    f.in_shared_memory = block.shared;
    append_memory_of(f.text, b, block, a.at, a.bytes);
    f.text.append(", which nothing has written");
    return f;
  }

  /// An access outside of memory that the thread may access. `block` is the one at the address or next to it; null if there is none.
  checks::finding outside(block_state const& b, watched_block const* block, seen_access const& a) {
    bool const freed = block != nullptr && block->freed;
    checks::finding f = access(freed ? checks::kind::freed_memory : checks::kind::out_of_bounds, b, a);
    if (block != nullptr && block->shared && block->owner != &b && a.at >= block->begin && a.at < block->begin + block->bytes)
      f.text.append(b.cluster_blocks != 0 ? "in shared memory of another block, for which no thread has called ctx.cluster().peer()"
                                          : "in shared memory of another block");
    else
      append_outside(f.text, block, a.at, a.bytes);
    return f;
  }

  /// An access of thread `thread` of block `b` to the shared memory of `owner`, which has ended or may have ended before.
  checks::finding ended_block(block_state const& b, block_state const& owner, watched_block const& block, seen_access const& a,
                              std::uint32_t site, unsigned thread) {
    checks::finding f = b.launch->finding(checks::kind::ended_block);
    f.first = {thread, 1, b.index, verb(a.flags), sites_.line(site)};
    f.second = {0, owner.threads, owner.index, "has returned", {}};
    f.text.append("kernel %s, block (%u, %u, %u): thread %u %s %zu bytes", b.launch->kernel, b.index.x, b.index.y, b.index.z, thread,
                  f.first.action, a.bytes);
    append_place(f.text, f.first.where);
    f.text.append(", ");
    append_memory_of(f.text, b, block, a.at, a.bytes);
    f.text.append(", which does not wait for the access before it ends");
    return f;
  }

  /// A cast of a floating-point number to an integer type that cannot hold it. Types are named as the compiler spells them.
  checks::finding undefined_cast(block_state const& b, long double value, char const* type, char const* to, std::uintptr_t from) {
    char number[64];  // with a point in every locale
    *std::to_chars(number, number + sizeof number - 1, value, std::chars_format::general, 9).ptr = 0;
    checks::finding f = b.launch->finding(checks::kind::undefined_cast);
    f.first = {b.running, 1, b.index, "casts a number", sites_.line_of(from, b.calls)};
    f.text.append("kernel %s, block (%u, %u, %u): thread %u casts %s of type %s to %s, which cannot hold it,", b.launch->kernel, b.index.x,
                  b.index.y, b.index.z, b.running, number, type, to);
    append_place(f.text, f.first.where);
    return f;
  }

  /// A shift by `amount` bits of a type of `width` bits, for which 0 <= amount < width does not hold.
  checks::finding undefined_shift(block_state const& b, long long amount, char const* type, unsigned width, std::uintptr_t from) {
    checks::finding f = b.launch->finding(checks::kind::undefined_shift);
    f.first = {b.running, 1, b.index, "shifts a number", sites_.line_of(from, b.calls)};
    f.text.append("kernel %s, block (%u, %u, %u): thread %u shifts a number of type %s, which has %u bits, by %lld,", b.launch->kernel,
                  b.index.x, b.index.y, b.index.z, b.running, type, width, amount);
    append_place(f.text, f.first.where);
    return f;
  }

  /// An index that an array does not have. `type` is that of the array, as the compiler spells it.
  checks::finding index(block_state const& b, long long index, char const* type, std::uintptr_t from) {
    checks::finding f = b.launch->finding(checks::kind::out_of_bounds);
    f.first = {b.running, 1, b.index, "uses an index", sites_.line_of(from, b.calls)};
    f.text.append("kernel %s, block (%u, %u, %u): thread %u uses the index %lld of an array of type %s,", b.launch->kernel, b.index.x,
                  b.index.y, b.index.z, b.running, index, type);
    append_place(f.text, f.first.where);
    return f;
  }

  /// An access of the running thread to memory that only the host program or another thread may access. `what` says which, "in ...".
  checks::finding foreign(block_state const& b, seen_access const& a, char const* what) {
    checks::finding f = access(checks::kind::host_memory, b, a);
    f.text.append("%s", what);
    return f;
  }
  /// An access of the running thread to an address where no memory is.
  checks::finding nowhere(block_state const& b, seen_access const& a) {
    checks::finding f = access(checks::kind::out_of_bounds, b, a);
    if (reinterpret_cast<std::uintptr_t>(a.at) < 65536)
      f.text.append("through a null pointer");
    else
      f.text.append("at address %p, where no memory is", static_cast<void const*>(a.at));
    return f;
  }
  /// A launch that gives the address of a host function to the kernel: in argument `number`, counted from 1, or in the kernel object (0).
  static checks::finding function_argument(launch_facts const& launch, unsigned number, std::size_t offset, char const* name) {
    checks::finding f = launch.finding(checks::kind::host_memory);
    f.first = {0, 1, {}, "is launched", launch.where};
    f.text.append("kernel %s: ", launch.kernel);
    if (number == 0)
      f.text.append("the kernel object has");
    else
      f.text.append("argument %u has", number);
    f.text.append(" the address of the host function '%s' at byte %zu", name, offset);
    return f;
  }
  /// A trap of the processor in the running thread.
  checks::finding fault(block_state const& b, char const* cause, std::uintptr_t code) {
    checks::finding f = b.launch->finding(checks::kind::kernel_fault);
    f.first = {b.running, 1, b.index, "faults", sites_.line_of(code, b.calls)};
    f.text.append("kernel %s, block (%u, %u, %u): thread %u faults", b.launch->kernel, b.index.x, b.index.y, b.index.z, b.running);
    append_place(f.text, f.first.where);
    f.text.append(": %s", cause);
    return f;
  }

  // --- the host program ---

  checks::finding program_access(launch_facts const& facts, watched_block const& block, seen_access const& a) {
    checks::finding f = facts.finding(checks::kind::device_memory);
    f.first = {0, 1, {}, verb(a.flags), sites_.line_of(sites_.code_of_program(a.from))};
    f.text.append("the host %s", f.first.action);
    if (a.bytes != 0) f.text.append(" %zu bytes", a.bytes);
    append_place(f.text, f.first.where);
    f.text.append(", ");
    append_object(f.text, block, a.at, a.bytes);
    f.text.append(", which is device memory");
    return f;
  }

  /// The use of an address for `what`, which needs a multiple of `alignment`.
  checks::finding misaligned(block_state const& b, void const* at, char const* what, std::size_t alignment, std::uintptr_t from) {
    checks::finding f = b.launch->finding(checks::kind::misaligned);
    f.first = {b.running, 1, b.index, "uses a misaligned address", sites_.line_of(from, b.calls)};
    f.text.append("kernel %s, block (%u, %u, %u): thread %u uses the address %p for %s, which needs a multiple of %zu,", b.launch->kernel,
                  b.index.x, b.index.y, b.index.z, b.running, at, what, alignment);
    append_place(f.text, f.first.where);
    return f;
  }

  // --- two pieces of work ---

  struct side {
    stream_work const& work;
    place_access const& access;
  };

  /// Unordered accesses of two pieces of work to `at` in `block`.
  checks::finding unordered(side later, side earlier, watched_block const& block, char const* at) {
    bool const program = later.work.is_program();
    launch_facts const& facts = (later.work.facts.where.line != 0 ? later : earlier).work.facts;
    checks::finding f = facts.finding(program ? checks::kind::program_race : checks::kind::stream_race);
    f.first = party(later);
    f.second = party(earlier);
    error_text object;
    if (later.work.frees)
      append_memory(object, block);
    else
      append_object(object, block, at);
    append_side(f.text, later, f.first, object.c_str(), block.made.line != 0);
    f.text.append("; ");
    append_side(f.text, earlier, f.second, "it", false);
    if (later.access.is_atomic() && earlier.access.is_atomic()) {
      bool const host = later.work.runs_on_host() || earlier.work.runs_on_host();
      f.text.append("; the scopes are %s and %s, but both must be %s", name(later.access.reach), name(earlier.access.reach),
                    host                                               ? "system: one side is the host"
                    : later.work.key.device != earlier.work.key.device ? "system: there are two devices"
                                                                       : "device or system");
      return f;
    }
    f.overlaps = later.work.overlaps && later.work.stream == earlier.work.stream;
    f.text.append(program      ? ", and the host has not waited for it"
                  : f.overlaps ? ", and the kernel has not waited for it: it states overlaps_previous"
                               : ", and nothing orders the two");
    return f;
  }

  /// An access to `at` in `block`, which belongs to another device.
  checks::finding other_device(side user, watched_block const& block, char const* at) {
    checks::finding f = user.work.facts.finding(checks::kind::other_device);
    f.first = party(user);
    error_text object;
    append_object(object, block, at);
    object.append(", which belongs to device %d", block.home.device);
    append_side(f.text, user, f.first, object.c_str(), true);
    f.text.append(", and runs on device %d", user.work.key.device);
    return f;
  }

  /// An access of the host program to its own memory, while a queued copy reads or writes it.
  checks::finding unwaited_copy(copied_rows const& r, void const* stream, seen_access const& a, char const* action) {
    checks::finding f = r.facts.finding(checks::kind::program_race);
    f.first = {0, 1, {}, action, sites_.line_of(sites_.code_of_program(a.from))};
    f.second = {0, 1, {}, r.how == access_class::write ? "writes" : "reads", r.facts.where};
    f.text.append("the host %s byte %zu of %zu bytes of its own memory", f.first.action, a.at < r.begin ? 0 : std::size_t(a.at - r.begin),
                  std::size_t(r.end() - r.begin));
    append_place(f.text, f.first.where);
    f.text.append("; %s of stream %p, queued at %s:%u, %s them, and the host has not waited for it", r.facts.kernel, stream,
                  r.facts.where.file, r.facts.where.line, f.second.action);
    return f;
  }

  // --- copies and fills ---

  static checks::finding transfer_outside(launch_facts const& facts, watched_block const* block, char const* at, std::size_t bytes,
                                          bool writes) {
    bool const freed = block != nullptr && block->freed;
    checks::finding f = transfer(facts, freed ? checks::kind::freed_memory : checks::kind::out_of_bounds, writes, bytes);
    append_outside(f.text, block, at, bytes);
    return f;
  }
  static checks::finding transfer_of_unwritten(launch_facts const& facts, watched_block const& block, char const* at, std::size_t bytes) {
    checks::finding f = transfer(facts, checks::kind::unwritten_memory, false, bytes);
    append_object(f.text, block, at);
    f.text.append(", where nothing has been written");
    return f;
  }

 private:
  /// As append_object, and names the block if shared memory is that of another one than `b`.
  static void append_memory_of(error_text& text, block_state const& b, watched_block const& block, char const* at, std::size_t bytes) {
    if (!block.shared || block.owner == &b) return append_object(text, block, at, bytes);
    extent3 const& index = static_cast<block_state const*>(block.owner)->index;
    text.append("byte %td of the %sshared memory of %zu bytes of block (%u, %u, %u)", at - block.begin, block.dynamic ? "dynamic " : "",
                block.bytes, index.x, index.y, index.z);
  }

  static char const* verb(unsigned flags) {
    if ((flags & access_is_atomic) == 0) return (flags & access_writes) != 0 ? "writes" : "reads";
    return (flags & access_writes) == 0 ? "atomically loads" : (flags & access_reads) == 0 ? "atomically stores" : "atomically changes";
  }
  static char const* verb(side s) {
    if (s.work.frees) return "frees";
    if (s.work.allocates) return "allocates";
    access_class const how = s.access.how;
    return how == access_class::read          ? "reads"
           : how == access_class::write       ? "writes"
           : how == access_class::atomic_read ? "atomically loads"
                                              : "atomically changes";
  }
  static char const* name(scope s) {
    return s == scope::wave ? "wave" : s == scope::block ? "block" : s == scope::device ? "device" : "system";
  }

  /// Begins a text: "kernel k, block (0, 0, 0): thread 1 writes 4 bytes at a.cpp:3, "
  checks::finding access(checks::kind kind, block_state const& b, seen_access const& a) {
    checks::finding f = b.launch->finding(kind);
    f.first = {b.running, 1, b.index, verb(a.flags), sites_.line_of(a.from, b.calls)};
    f.text.append("kernel %s, block (%u, %u, %u): thread %u %s %zu bytes", b.launch->kernel, b.index.x, b.index.y, b.index.z, b.running,
                  f.first.action, a.bytes);
    append_place(f.text, f.first.where);
    f.text.append(", ");
    return f;
  }
  /// Begins a text: "copy at a.cpp:3 reads 4 bytes, "
  static checks::finding transfer(launch_facts const& facts, checks::kind kind, bool writes, std::size_t bytes) {
    checks::finding f = facts.finding(kind);
    f.first = {0, 1, {}, writes ? "writes" : "reads", facts.where};
    f.text.append("%s at %s:%u %s %zu bytes, ", facts.kernel, facts.where.file, facts.where.line, f.first.action, bytes);
    return f;
  }

  static void append_place(error_text& text, source_location const& where) {
    if (where.line != 0)
      text.append(" at %s:%u", where.file, where.line);
    else
      text.append(" at an unknown line (compile with -g)");
  }

  checks::party party(side s) {
    bool const known = s.work.facts.where.line != 0 || s.access.site == 0;
    return {0, 1, {}, verb(s), known ? s.work.facts.where : sites_.line(s.access.site)};
  }

  /// "kernel k of stream 0x2, launched at a.cpp:3, writes <what> at a.cpp:1". `comma`: one stands before the place, if there is one.
  void append_side(error_text& text, side s, checks::party const& party, char const* what, bool comma) {
    launch_facts const& facts = s.work.facts;
    bool const launched = facts.grid.size() != 0;
    if (s.work.is_program())
      text.append("the host");
    else if (s.work.frees || s.work.allocates)
      text.append("stream %p", s.work.key.stream);
    else
      text.append("%s%s of %sstream %p", launched ? "kernel " : "", facts.kernel, s.work.is_node() ? "a graph on " : "", s.work.key.stream);
    bool const queued = facts.where.line != 0 && !s.work.allocates;
    if (queued) text.append(", %s at %s:%u,", launched ? "launched" : "queued", facts.where.file, facts.where.line);
    text.append(" %s %s", party.action, what);
    bool const allocated = s.work.allocates && facts.where.line != 0;
    if (comma && (allocated || s.access.site != 0)) text.append(",");
    if (allocated) append_place(text, facts.where);
    if (s.access.site != 0) append_place(text, queued ? sites_.line(s.access.site) : party.where);
  }

  sites& sites_;
};

}  // namespace crosslane::backend
