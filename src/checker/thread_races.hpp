// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares each access of a kernel's thread with those that its memory records, and records it there.
#pragma once

#include "block_state.hpp"
#include "seen_access.hpp"
#include "thread_order.hpp"
#include "watched_memory.hpp"
#include "wording.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

namespace crosslane::backend {

class thread_races {
 public:
  using block_state = access_monitor::block_state;

  thread_races(watched_range& memory, wording& words) noexcept : memory_{memory}, words_{words} {}

  thread_order order;

  void begin_launch(std::uint64_t work, int device) noexcept {
    order.begin_launch(memory_, work, device);
    lists_.clear();
    free_lists_.clear();
  }
  void begin_block(block_state& b) {
    order.begin_block(b);
    discard_owners();
  }
  void block_barrier(block_state& b) {
    order.block_barrier(b);
    discard_owners();
  }
  void group_sync(block_state& b, unsigned wave, std::uint64_t lanes) {
    order.group_sync(b, wave, lanes);
    discard_owners();
  }

  /// Whether access() of a cell's four bytes by a plain read would report and record nothing. This holds for most reads of shared memory:
  /// the word was written before the last barrier, and two reads since then are recorded.
  bool read_adds_nothing(block_state const& b, access_cell const& cell) const {
    std::uint32_t const since = order.last_barrier(b), mine = b.running_thread().segment;
    if (cell.write.segment < b.start || cell.write.segment >= since || mine == 0 || !cell.write.has_value()) return false;
    access_record const one = cell.others[0], other = cell.others[1];
    if (((one.flags | other.flags) & (access_writes | access_is_atomic)) != 0 || cell.has_list()) return false;
    if (one.segment == mine || other.segment == mine) return true;
    if (one.segment < since || other.segment < since || order.has_released()) return false;
    // A sync of the wave may have ordered them before this read, which then replaces them.
    block_state::wave_state const& w = b.wave[b.running_wave];
    if (w.below > since || w.rows) return false;
    std::uint32_t const thread = b.first_thread + b.running;
    thread_order::segment_owner const &a = order.owner_of(one), &c = order.owner_of(other);
    unsigned const kept = distance(b, a, c);
    if (a.wave != c.wave && kept == farthest_in_block) return true;
    if (a.wave == c.wave && a.wave != b.first_wave + b.running_wave) return false;
    thread_order::segment_owner const own{thread, b.first_wave + b.running_wave, b.rank};
    return distance(b, a, own) <= kept && distance(b, c, own) <= kept;
  }

  /// Checks and records an access of the running thread to `block`, which has all its bytes. `site` is the number of the access's code.
  void access(block_state& b, watched_block const& block, seen_access const& a, std::uint32_t site) {
    bool const is_range = (a.bytes & (a.bytes - 1)) != 0 || a.bytes > 16;
    if (a.is_atomic()) order.begin_atomic(b);
    unsigned const size = is_range ? access_other_size : unsigned(__builtin_ctzll(a.bytes));
    comparison one{b, block, a, {order.segment_of(b), site, (a.flags | size << access_size_shift) & 0xff}, false};
    object_parts parts;
    for (std::size_t done = 0; done < a.bytes;) {
      watched_page& here = memory_.page(a.at + done);
      access_cell* const cells = memory_.cells(here, ((reinterpret_cast<std::uintptr_t>(a.at) | a.bytes) & 3) != 0);
      unsigned const shift = here.bytes ? 0 : 2;
      std::size_t const in_page = memory_.offset(a.at + done) % watched_range::page_bytes, rest = a.bytes - done;
      std::size_t const end = in_page + rest < watched_range::page_bytes ? in_page + rest : watched_range::page_bytes;
      for (std::size_t i = in_page >> shift; i < end >> shift; ++i) {
        access_cell& cell = cells[i];
        if (block.shared) forget_other_blocks(b, cell);
        if (cell.has_list() && order.is_past(cell.others[0])) forget_others(cell);
        if (cell.write.is_pending() && !one.reported) report_pending(one, cell.write);
        if (a.reads()) {
          if (cell.write.segment == 0) notice_write(one, cell, a.at + done + ((i << shift) - in_page), 1u << shift);
          parts.add(cell.write, cell.write.has_value() || (block.written && cell.write.segment == 0), 1u << shift, is_range);
        }
        compare_and_record(one, cell);
      }
      done += end - in_page;
    }
    if (a.reads() && parts.some_unwritten && !one.reported && lacks_a_value(one, parts, is_range)) report_unwritten(b, block, a, site);
  }

  // --- asynchronous copies ---

  /// Marks the target of a copy that the running thread has started. Until it arrives the target has no value, and each access is reported.
  void copy_begins(block_state& b, seen_access const& target, std::uint32_t site) {
    access_record const mine{order.segment_of(b), site, access_writes | access_no_value << access_size_shift};
    for_cells(target.at, target.bytes, [&](access_cell& cell) { cell.write = mine; });
  }
  void copy_arrives(char const* to, std::size_t bytes) {
    for_cells(to, bytes, [](access_cell& cell) {
      if (cell.write.is_pending()) cell.write.flags = access_writes | access_other_size << access_size_shift;
    });
  }
  /// Reports a copy whose source has changed before it was waited for, if no race has been reported.
  void source_has_changed(block_state& b, watched_block const& block, seen_access const& copy) {
    access_record writer{};
    for_cells(copy.at, copy.bytes, [&](access_cell& cell) { writer = cell.write.segment > writer.segment ? cell.write : writer; });
    if (b.failure || order.is_past(writer) || !writer.is_access() || !order.before(b, writer)) return;
    code_places const at = words_.places_of(b, copy.from, writer.site);
    b.report(block.shared ? checks::kind::shared_race : checks::kind::device_race, at,
             [&] { return words_.changed_source(b, block, copy, writer, order.owner_of(writer).thread); });
  }

 private:
  /// Discards owners of segments that no record needs, if there are many.
  void discard_owners() {
    if (!order.has_many_owners()) return;
    order.discard_owners([this](auto const& visit) {
      memory_.each_cell([&](access_cell const& cell) {
        visit(cell.write);
        visit(cell.others[0]);
        if (!cell.has_list()) visit(cell.others[1]);
      });
      for (std::vector<access_record> const& list : lists_)
        for (access_record const r : list) visit(r);
    });
  }

  template <class F>
  void for_cells(char const* at, std::size_t bytes, F const& f) {
    for (std::size_t done = 0; done < bytes; done += 4) {
      watched_page& here = memory_.page(at + done);
      access_cell* const cells = memory_.cells(here, false);
      std::size_t const in_page = memory_.offset(at + done) % watched_range::page_bytes;
      if (here.bytes)
        for (std::size_t i = 0; i < 4 && done + i < bytes; ++i) f(cells[in_page + i]);
      else
        f(cells[in_page / 4]);
    }
  }

  /// An access of the running thread while it is compared with cells.
  struct comparison {
    block_state& b;
    watched_block const& block;
    seen_access const& a;
    access_record mine;
    bool reported;  ///< an access has one finding at most
  };

  /// The cells of an object that is read.
  struct object_parts {
    struct part {
      access_record write;
      bool written;
    };
    part of[16];  ///< of an object of at most 16 bytes
    unsigned count = 0, bytes_each = 0;
    bool some_unwritten = false, some_written = false;

    void add(access_record write, bool written, unsigned bytes, bool is_range) noexcept {
      (written ? some_written : some_unwritten) = true;
      if (is_range) return;
      of[count++] = {write, written};
      bytes_each = bytes;
    }
  };

  /// A place without a recorded write whose bytes have changed was written by code that the compiler does not instrument: the C library, or
  /// the store of an object that a function returns.
  static void notice_write(comparison const& one, access_cell& cell, char const* at, unsigned bytes) {
    if (!one.block.written && !watched_range::is_fresh(one.block, at, bytes)) cell.write = {one.mine.segment, 0, 0};
  }

  /// Whether the read of an object with unwritten parts is an error. Padding is not written, and a struct may be copied before all of its
  /// members have values. But an atomic operation and a number need all bytes, and so does a vector, whose elements are written alike: by
  /// the same code, or by several threads.
  bool lacks_a_value(comparison const& one, object_parts const& parts, bool is_range) const {
    if (!parts.some_written) return true;
    if (is_range) return false;
    if (one.a.is_atomic() || one.a.writes()) return true;
    for (unsigned i = 0; i < parts.count; ++i) {
      unsigned const size = element_cells(parts, i);
      if (size == 0) continue;
      for (unsigned j = i + size; j < parts.count; ++j)
        if (element_cells(parts, j) == size && j / size != i / size && are_alike(parts.of[i].write, parts.of[j].write) &&
            has_unwritten_element(parts, size))
          return true;
    }
    return false;
  }
  /// Returns the number of cells of the element that was written last at cell `i`; 0 if it is not known.
  static unsigned element_cells(object_parts const& parts, unsigned i) noexcept {
    access_record const w = parts.of[i].write;
    if (!parts.of[i].written) return 0;
    if (!w.is_access()) return 1;
    if (w.size_code() >= access_other_size) return 0;
    unsigned const bytes = 1u << w.size_code();
    return bytes < parts.bytes_each ? 0 : bytes / parts.bytes_each;
  }
  static bool has_unwritten_element(object_parts const& parts, unsigned size) noexcept {
    for (unsigned first = 0; first + size <= parts.count; first += size) {
      unsigned i = 0;
      while (i < size && !parts.of[first + i].written) ++i;
      if (i == size) return true;
    }
    return false;
  }
  bool are_alike(access_record a, access_record c) const {
    if (a.is_access() != c.is_access()) return false;
    if (words_.same_code(a, c)) return true;
    return !order.is_past(a) && !order.is_past(c) && order.owner_of(a).thread != order.owner_of(c).thread;
  }

  /// Clears accesses of earlier blocks: shared memory starts anew with each block.
  void forget_other_blocks(block_state const& b, access_cell& cell) {
    if (cell.write.segment < b.start) cell.write = {};
    if (cell.has_list()) {
      if (cell.others[0].segment < b.start) forget_others(cell);
      return;
    }
    for (access_record& r : cell.others)
      if (r.segment < b.start) r = {};
  }

  void compare_and_record(comparison& one, access_cell& cell) {
    access_record const mine = one.mine;
    bool const writes = one.a.writes(), atomic = one.a.is_atomic();
    bool const alone = cell.is_alone();
    // The thread's own write stands for all that it does in the same segment.
    if (cell.write.segment == mine.segment && alone && cell.write.is_access() && cell.write.has_value()) return;
    if (!writes && !atomic && cell.others[0].segment == mine.segment && (cell.others[0].flags & (access_writes | access_is_atomic)) == 0)
      return;
    compare(one, cell.write);
    if (!alone) {
      compare(one, cell.others[0]);
      if (cell.has_list())
        for (access_record const r : lists_[cell.others[1].segment]) compare(one, r);
      else
        compare(one, cell.others[1]);
    }
    if (writes && !atomic) {
      forget_others(cell);
      cell.write = mine;
      return;
    }
    if (writes && !cell.write.has_value()) cell.write = {mine.segment, mine.site, 0};
    note(one, cell);
  }

  /// Reports the access if it races with `r`.
  void compare(comparison& one, access_record r) {
    access_record const mine = one.mine;
    if (r.segment < 2 || r.segment == mine.segment || !r.is_access()) return;
    if (!one.a.writes() && (r.flags & access_writes) == 0) return;
    bool const both_atomic = one.a.is_atomic() && (r.flags & access_is_atomic) != 0;
    if (both_atomic && scope_of(r.flags) >= scope::device && scope_of(mine.flags) >= scope::device) return;
    if (one.reported || order.before(one.b, r)) return;
    std::uint32_t const thread = order.owner_of(r).thread;
    if (both_atomic && order.includes(one.b, scope_of(r.flags), thread) && order.includes(one.b, scope_of(mine.flags), thread)) return;
    report_race(one, r, thread, both_atomic);
    one.reported = true;
  }

  // --- accesses beside the last write ---

  /// Whether each access that races with `r`, which comes before the running thread's access, also races with that one.
  static bool stands_for(access_record mine, access_record r) noexcept {
    if ((r.flags & access_is_atomic) == 0) return (mine.flags & access_is_atomic) == 0;
    if ((mine.flags & access_is_atomic) == 0) return (r.flags & access_writes) == 0;
    return ((mine.flags & access_writes) != 0 || (r.flags & access_writes) == 0) && scope_of(mine.flags) <= scope_of(r.flags);
  }
  /// Whether the access to come makes a record needless.
  bool replaces(comparison const& one, access_record r) const {
    if (r.segment < 2 || order.is_past(r)) return true;
    if (one.block.shared && r.segment < one.b.barrier && (one.b.cluster_blocks == 0 || order.owner_of(r).block == one.b.rank)) return true;
    return stands_for(one.mine, r) && order.before(one.b, r);
  }

  /// Keeps an access in addition to the last write. Barriers order all threads of a block, and sync() aligned groups of lanes: if accesses
  /// are ordered by these alone, two that are as far apart as possible stand for all between them. After the first release of a launch,
  /// which may order any single thread, and for accesses of which none stands for the other, there is a list.
  void note(comparison const& one, access_cell& cell) {
    access_record const mine = one.mine;
    if (cell.has_list()) {
      std::vector<access_record>& list = lists_[cell.others[1].segment];
      std::erase_if(list, [&](access_record r) { return replaces(one, r); });
      if (replaces(one, cell.others[0]))
        cell.others[0] = mine;
      else if (list.size() < most_in_list)
        list.push_back(mine);
      else if (auto const gone = std::find_if(list.begin(), list.end(), [&](access_record r) { return has_synchronised(one.b, r); });
               gone != list.end())
        *gone = mine;
      else
        keep_farthest(one, cell.others[0], list[0]);
      if (list.empty()) {
        free_lists_.push_back(cell.others[1].segment);
        cell.others[1] = {};
      }
      return;
    }
    for (access_record& old : cell.others)
      if (replaces(one, old)) {
        old = mine;
        return;
      }
    if (order.has_released() || !stands_for(mine, cell.others[0]) || !stands_for(mine, cell.others[1]))
      make_list(cell, mine);
    else
      keep_farthest(one, cell.others[0], cell.others[1]);
  }
  /// Whether the thread of an access in the block has synchronised since: later accesses may be ordered behind it. A full list keeps the
  /// accesses of the other threads, whose races are certain.
  bool has_synchronised(block_state const& b, access_record r) const {
    thread_order::segment_owner const& owner = order.owner_of(r);
    return owner.block == b.rank && b.thread[owner.thread - b.first_thread].segment != r.segment;
  }
  void make_list(access_cell& cell, access_record mine) {
    std::uint32_t number;
    if (!free_lists_.empty()) {
      number = free_lists_.back();
      free_lists_.pop_back();
      lists_[number] = {cell.others[1], mine};
    } else {
      number = std::uint32_t(lists_.size());
      lists_.push_back({cell.others[1], mine});
    }
    cell.others[1] = {number, 0, access_cell::list_flags};
  }
  void forget_others(access_cell& cell) {
    if (cell.has_list() && !order.is_past(cell.others[0])) {
      lists_[cell.others[1].segment].clear();
      free_lists_.push_back(cell.others[1].segment);
    }
    cell.others[0] = cell.others[1] = {};
  }

  void keep_farthest(comparison const& one, access_record& a, access_record& c) const {
    block_state const& b = one.b;
    thread_order::segment_owner const &first = order.owner_of(a), &second = order.owner_of(c), &mine = order.owner_of(one.mine);
    unsigned const kept = distance(b, first, second);
    if (kept == farthest) return;
    unsigned const to_first = distance(b, first, mine), to_second = distance(b, second, mine);
    if (to_first <= kept && to_second <= kept) return;
    (to_first >= to_second ? c : a) = one.mine;
  }
  /// Returns a measure of how far apart two threads are. First by level: in one wave the logarithm of the size of the smallest aligned
  /// group that has both lanes, 7 in one block, 8 in two blocks. Then by how unlikely it is that both are ordered before a thread that
  /// others are not ordered before: leaders release and acquire for their waves, and groups of lanes that wait are often those with a
  /// certain bit of their rank.
  static unsigned distance(block_state const& b, thread_order::segment_owner const& a, thread_order::segment_owner const& c) noexcept {
    std::uint32_t const lane = lane_of(b, a.thread), other = lane_of(b, c.thread), differ = lane ^ other;
    unsigned const level = a.block != c.block ? 8 : a.wave != c.wave ? 7 : differ == 0 ? 0 : 32 - unsigned(__builtin_clz(differ));
    unsigned const bits = unsigned(__builtin_popcount(differ));
    return level * 8 + (bits < most_bits ? bits : most_bits) + (lane != 0 ? 2 : 0) + (other != 0 ? 2 : 0);
  }
  static std::uint32_t lane_of(block_state const& b, std::uint32_t thread) noexcept {
    std::uint32_t const mask = b.launch->wave_size - 1;
    return ((b.threads & mask) == 0 ? thread : thread % b.threads) & mask;
  }
  static constexpr unsigned most_bits = 3, farthest_in_block = 7 * 8 + most_bits + 4, farthest = 8 * 8 + most_bits + 4;

  void report_race(comparison const& one, access_record other, std::uint32_t thread, bool both_atomic) {
    block_state& b = one.b;
    if (b.failure) return;
    checks::kind const kind = both_atomic        ? checks::kind::narrow_scope
                              : one.block.shared ? checks::kind::shared_race
                                                 : checks::kind::device_race;
    b.forget_early_reads_at(other.site);
    for (unsigned i = 0; i < b.cluster_blocks; ++i) b.cluster[i]->forget_early_reads_at(other.site);
    b.report(kind, words_.places(one.mine.site, other.site), [&] { return words_.race(kind, b, one.block, one.a, other, thread); });
  }
  /// Reports an access to the target of an asynchronous copy that has not been waited for.
  void report_pending(comparison& one, access_record copy) {
    one.reported = true;
    one.b.report(one.block.shared ? checks::kind::shared_race : checks::kind::device_race, words_.places(one.mine.site, copy.site),
                 [&] { return words_.pending_copy(one.b, one.block, one.a, copy, order.owner_of(copy).thread); });
  }
  void report_unwritten(block_state& b, watched_block const& block, seen_access const& a, std::uint32_t site) {
    if (b.failure) return;
    if (words_.places(site).known())
      for (block_state::early_read& r : b.early_reads)
        if (r.site == site && r.block == &block) {
          ++r.times;
          return;
        }
    if (b.early_reads.size() < block_state::most_early_reads)
      b.early_reads.push_back({site, &block, 1, std::make_unique<checks::finding>(words_.unwritten(b, block, a))});
  }

  static constexpr std::size_t most_in_list = 15;

  watched_range& memory_;
  wording& words_;
  std::deque<std::vector<access_record>> lists_;
  std::vector<std::uint32_t> free_lists_;
};

}  // namespace crosslane::backend
