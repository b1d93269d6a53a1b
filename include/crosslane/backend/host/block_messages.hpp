// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The findings and texts about one block and its threads.
#pragma once

#include <crosslane/backend/host/access_monitor.hpp>
#include <crosslane/backend/host/argument_checks.hpp>
#include <crosslane/backend/host/block_barrier.hpp>
#include <crosslane/backend/host/block_task.hpp>
#include <crosslane/backend/host/spinning_lanes.hpp>

#include <cstdint>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

class block_messages {
 public:
  block_messages(grid_task const& task, extent3 block) noexcept : task_{task}, block_{block} {}

  /// "kernel k, block (0, 0, 0), thread 1"
  void append_thread(error_text& text, unsigned rank) const noexcept {
    text.append("kernel %s, block (%u, %u, %u), thread %u", task_.kernel, block_.x, block_.y, block_.z, rank);
  }

  // --- threads that cannot continue ---

  /// Threads wait at a barrier, but `finished` ones, of which `gone` is the first, have returned.
  checks::finding early_exit(barrier_arrivals const& arrivals, unsigned gone, unsigned finished) const {
    auto const& [rank, kind, place, calls] = arrivals.first();
    checks::finding found = begin(checks::kind::early_exit);
    found.first = {rank, arrivals.count(), block_, waits_at(kind), place};
    found.second = {gone, finished, block_, "has returned", {}};
    found.text.append("%u thread(s), the first is %u, wait at %s%s:%u, but %u thread(s) have returned", arrivals.count(), rank,
                      prefix(kind), place.file, place.line, finished);
    return found;
  }

  checks::finding different_barriers(barrier_arrivals const& arrivals, access_monitor const& monitor) const {
    barrier_arrivals::arrival const &one = arrivals.first(), &other = arrivals.other();
    auto const callers = callers_at(one.place, one.calls, other.place, other.calls, monitor);
    checks::finding found = begin(checks::kind::different_barriers);
    found.first = {one.rank, 1, block_, waits_at(one.kind), one.place};
    found.second = {other.rank, 1, block_, waits_at(other.kind), other.place};
    found.text.append("thread %u waits at %s%s:%u", one.rank, prefix(one.kind), one.place.file, one.place.line);
    append_caller(found, found.first, callers.one);
    found.text.append("%s while thread %u waits at %s%s:%u", callers.one.line != 0 ? "," : "", other.rank, prefix(other.kind),
                      other.place.file, other.place.line);
    append_caller(found, found.second, callers.other);
    return found;
  }

  /// A lane waits in an operation, `missing` members of which have not called any. `absent` is the first of them; it has returned, or waits
  /// at the barrier at `place`.
  checks::finding absent_lane(unsigned wave, unsigned lane, lane_slot const& slot, std::uint64_t missing, bool returned,
                              source_location place) const {
    unsigned const absent = unsigned(__builtin_ctzll(missing));
    checks::finding found = begin_lanes(checks::kind::absent_lane, wave, lane, slot, slot.members & ~missing);
    found.second = {wave * task_.wave_size + absent, unsigned(__builtin_popcountll(missing)), block_,
                    returned ? "has returned" : "waits at a barrier", returned ? source_location{} : place};
    found.text.append(returned ? ", but lane %u has returned" : ", but lane %u waits at a barrier", absent);
    if (!returned) found.text.append(" at %s:%u", place.file, place.line);
    return found;
  }

  /// A lane waits in an operation, and lane `other` in another one. `other` is null if none was found.
  checks::finding different_lanes(unsigned wave, unsigned lane, lane_slot const* slots, lane_slot const* other,
                                  access_monitor const& monitor) const {
    lane_slot const& slot = slots[lane];
    checks::finding found = begin_lanes(checks::kind::different_lanes, wave, lane, slot, slot.members);
    if (other != nullptr) {
      auto const callers = callers_at(slot.where, slot.calls, other->where, other->calls, monitor);
      append_caller(found, found.first, callers.one);
      unsigned const other_lane = unsigned(other - slots);
      found.second = {wave * task_.wave_size + other_lane, 1, block_, waits_in_group, other->where};
      found.text.append(", but lane %u waits in an operation of lanes %#llx at %s:%u", other_lane,
                        static_cast<unsigned long long>(other->members), other->where.file, other->where.line);
      append_caller(found, found.second, callers.other);
    }
    return found;
  }

  /// Threads spin for ever: the group `spin`, perhaps others at `other`, and perhaps some wait at a barrier.
  checks::finding no_progress(spinning_lanes::group const& spin, spinning_lanes::group const& other, barrier_arrivals const& arrivals,
                              access_monitor const& monitor, char const* rest) const {
    checks::finding found = begin(checks::kind::no_progress);
    found.first = append_spin(found.text, spin, monitor);
    if (other.count != 0) {
      found.text.append("; ");
      found.second = append_spin(found.text, other, monitor);
    } else if (arrivals.count() != 0) {
      auto const& [rank, kind, place, calls] = arrivals.first();
      found.second = {rank, arrivals.count(), block_, waits_at(kind), place};
      found.text.append("; %u thread(s), the first is %u, wait at %s%s:%u", arrivals.count(), rank, prefix(kind), place.file, place.line);
    }
    found.text.append("; %s", rest);
    return found;
  }

  /// A lane has waited in a loop for the value that lane `rank` of its wave has stored.
  checks::finding lockstep_wait(spinning_lane const& wait, unsigned rank, void const* from, access_monitor const& monitor) const {
    checks::finding found = begin(checks::kind::lockstep_wait);
    found.first = {wait.rank, 1, block_, "waits in a loop", monitor.line_of(wait.rank, wait.from)};
    found.second = {rank, 1, block_, "stores the value", monitor.line_of(rank, from)};
    found.text.append("lane %u of wave %u (thread %u) has waited in a loop at ", wait.rank % task_.wave_size, wait.rank / task_.wave_size,
                      unsigned(wait.rank));
    append_place(found.text, found.first.where, wait.from);
    found.text.append(" until lane %u of the same wave (thread %u) stored a value at ", rank % task_.wave_size, rank);
    append_place(found.text, found.second.where, from);
    found.text.append(", in ");
    monitor.append_object(found.text, wait.target);
    return found;
  }

  /// A thread runs for ever.
  checks::finding endless(unsigned rank, double seconds, void const* place, access_monitor const& monitor) const {
    checks::finding found = task_.finding(checks::kind::no_progress);
    found.first = {rank, 1, block_, "does not end", monitor.line_of(rank, place)};
    append_thread(found.text, rank);
    found.text.append(": the thread has been running for %.3g s without an end, a barrier or a new value of an atomic object, at ",
                      seconds);
    append_place(found.text, found.first.where, place);
    return found;
  }

#if CROSSLANE_CONFIG_ACCESS_CHECKS
  // --- arguments that differ ---

  checks::finding different_in_group(argument_difference const& d, lane_slot const& slot, access_monitor const& monitor) const {
    unsigned const width = task_.wave_size;
    checks::finding found = begin(checks::kind::different_arguments);
    found.text.append("lane %u of wave %u (thread %u) calls an operation of lanes %#llx at %s:%u with ", d.one % width, d.one / width,
                      d.one, static_cast<unsigned long long>(slot.members), slot.where.file, slot.where.line);
    append_argument(found.text, d.argument, monitor);
    found.text.append(", but lane %u calls it with ", d.other % width);
    return with_arguments(found, slot.where, d, monitor);
  }
  checks::finding different_in_block(argument_difference const& d, source_location where, access_monitor const& monitor) const {
    checks::finding found = begin(checks::kind::different_arguments);
    found.text.append("thread %u calls an operation of the block at %s:%u with ", d.one, where.file, where.line);
    append_argument(found.text, d.argument, monitor);
    found.text.append(", but thread %u calls it with ", d.other);
    return with_arguments(found, where, d, monitor);
  }
#endif

  // --- errors of a thread ---

  /// A lane reads from a lane that does not take part.
  checks::finding invalid_lane(unsigned wave, lane_slot const& reader, absent_source absent) const {
    unsigned const thread = wave * task_.wave_size + absent.lane;
    checks::finding found = task_.finding(checks::kind::invalid_lane);
    found.first = {thread, 1, block_, "reads from another lane", reader.where};
    found.text.append("lane %u reads from lane %u, which is not in its group of lanes %#llx, at %s:%u; ", absent.lane, absent.source,
                      static_cast<unsigned long long>(reader.members), reader.where.file, reader.where.line);
    append_thread(found.text, thread);
    return found;
  }

  /// An access that a check of the library refuses: an index outside a view, or a misaligned address.
  checks::finding refused_access(unsigned rank, error const& e) const {
    bool const outside = e.code() == errc::out_of_bounds;
    checks::finding found = task_.finding(outside ? checks::kind::out_of_bounds : checks::kind::misaligned);
    found.first = {rank, 1, block_, outside ? "uses an index outside a view" : "uses a misaligned address", e.where()};
    found.text.append("%s; ", e.object());
    append_thread(found.text, rank);
    return found;
  }

  /// The error of the launch: `what`, and the thread.
  error of_thread(errc code, char const* what, unsigned rank) const {
    error_text text;
    text.append("%s; ", what);
    append_thread(text, rank);
    return error{code, text, task_.where};
  }

 private:
  static constexpr char const* waits_in_group = "waits in an operation of a group";

  static char const* waits_at(barrier kind) noexcept {
    return kind == barrier::grid      ? "waits at the barrier of the grid"
           : kind == barrier::cluster ? "waits at the barrier of the cluster"
                                      : "waits at a barrier of the block";
  }
  static char const* prefix(barrier kind) noexcept {
    return kind == barrier::grid ? "the barrier of the grid at " : kind == barrier::cluster ? "the barrier of the cluster at " : "";
  }

#if CROSSLANE_CONFIG_ACCESS_CHECKS
  checks::finding with_arguments(checks::finding found, source_location where, argument_difference const& d,
                                 access_monitor const& monitor) const {
    append_argument(found.text, d.other_argument, monitor);
    found.first = {d.one, 1, block_, "calls an operation", where};
    found.second = {d.other, 1, block_, "calls it with another argument", where};
    return found;
  }
  /// "root 3", "target: element 4 of ..."
  static void append_argument(error_text& text, common_argument const& a, access_monitor const& monitor) {
    if (a.is == common_argument::type::operation) {
      text.append(a.value != 0 ? "an operator that has another result" : "an operator of the same type");
    } else if (a.is == common_argument::type::address) {
      text.append("%s: ", a.name);
      monitor.append_object(text, reinterpret_cast<void const*>(a.value));
    } else {
      text.append("%s %lld", a.name, static_cast<long long>(a.value));
    }
  }
#endif
  /// The lines that have called two places; none if the places differ.
  static access_monitor::different_lines callers_at(source_location const& one, std::uint32_t its_calls, source_location const& other,
                                                    std::uint32_t other_calls, access_monitor const& monitor) {
    if (one.line != other.line || one.file != other.file) return {};
    return monitor.callers(its_calls, other_calls);
  }
  /// Names the caller of a place, and makes it the line of the party.
  static void append_caller(checks::finding& found, checks::party& party, source_location const& caller) {
    if (caller.line == 0) return;
    found.text.append(", called at %s:%u", caller.file, caller.line);
    party.where = caller;
  }
  static void append_place(error_text& text, source_location const& where, void const* address) {
    if (where.line != 0)
      text.append("%s:%u", where.file, where.line);
    else
      text.append("%p", address);
  }
  checks::party append_spin(error_text& text, spinning_lanes::group const& spin, access_monitor const& monitor) const {
    checks::party const result{spin.lane.rank, spin.count, block_, "waits in a loop", monitor.line_of(spin.lane.rank, spin.lane.from)};
    text.append("%u thread(s), the first is %u, wait in a loop at ", spin.count, spin.lane.rank);
    append_place(text, result.where, spin.lane.from);
    text.append(" for ");
    monitor.append_object(text, spin.lane.target);
    return result;
  }

  checks::finding begin(checks::kind kind) const {
    checks::finding found = task_.finding(kind);
    found.text.append("kernel %s, block (%u, %u, %u): ", task_.kernel, block_.x, block_.y, block_.z);
    return found;
  }
  /// Begins with a lane that waits in an operation, as `waiting` lanes do.
  checks::finding begin_lanes(checks::kind kind, unsigned wave, unsigned lane, lane_slot const& slot, std::uint64_t waiting) const {
    unsigned const thread = wave * task_.wave_size + lane;
    checks::finding found = begin(kind);
    found.first = {thread, unsigned(__builtin_popcountll(waiting)), block_, waits_in_group, slot.where};
    found.text.append("lane %u of wave %u (thread %u) waits in an operation of lanes %#llx at %s:%u", lane, wave, thread,
                      static_cast<unsigned long long>(slot.members), slot.where.file, slot.where.line);
    return found;
  }

  grid_task const& task_;
  extent3 block_;
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
