// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares each access of a kernel's thread with those that its memory records, and records it there.
#pragma once

#include "block_state.hpp"
#include "seen_access.hpp"
#include "thread_order.hpp"
#include "watched_memory.hpp"
#include "wording.hpp"

namespace crosslane::backend {

class thread_races {
 public:
  using block_state = access_monitor::block_state;

  thread_races(watched_range& memory, wording& words) noexcept : memory_{memory}, words_{words} {}

  thread_order order;

  /// Whether access() of a cell's four bytes by a plain read would report and record nothing. This holds for most reads of shared memory:
  /// the word was written before the last barrier, and two reads since then are recorded.
  bool read_adds_nothing(block_state const& b, access_cell const& cell) const {
    std::uint32_t const since = order.last_barrier(b), mine = b.running_thread().segment;
    if (cell.write.segment < b.start || cell.write.segment >= since || mine == 0) return false;
    access_record const one = cell.others[0], other = cell.others[1];
    if (((one.flags | other.flags) & access_writes) != 0) return false;
    if (one.segment == mine || other.segment == mine) return true;
    if (one.segment < since || other.segment < since) return false;
    // A sync of the wave or an acquire may have ordered them before this read, which then replaces them.
    block_state::wave_state const& w = b.wave[b.running_wave];
    if (w.below > since || w.rows || b.some_learned || !b.learned.empty()) return false;
    std::uint32_t const wave = order.owner_of(one).wave;
    return wave != order.owner_of(other).wave || wave == b.first_wave + b.running_wave;
  }

  /// Checks and records an access of the running thread to `block`, which has all its bytes. `site` is the number of the access's code.
  void access(block_state& b, watched_block const& block, seen_access const& a, std::uint32_t site) {
    bool const aggregate = (a.bytes & (a.bytes - 1)) != 0 || a.bytes > 16;
    comparison one{b, block, a, {order.segment_of(b), site, a.flags & 0xff}, false};
    bool any_written = false;
    for (std::size_t done = 0; done < a.bytes;) {
      watched_page& here = memory_.page(a.at + done);
      access_cell* const cells = memory_.cells(here, ((reinterpret_cast<std::uintptr_t>(a.at) | a.bytes) & 3) != 0);
      unsigned const shift = here.bytes ? 0 : 2;
      std::size_t const in_page = memory_.offset(a.at + done) % watched_range::page_bytes, rest = a.bytes - done;
      std::size_t const end = in_page + rest < watched_range::page_bytes ? in_page + rest : watched_range::page_bytes;
      for (std::size_t i = in_page >> shift; i < end >> shift; ++i) {
        access_cell& cell = cells[i];
        if (block.shared) forget_other_blocks(b, cell);
        bool const written = cell.write.segment != 0 || block.written;
        any_written = any_written || written;
        if (a.reads() && !written && !aggregate && !one.reported) {
          report_unwritten(b, block, a, site);
          one.reported = true;
        }
        compare_and_record(one, cell);
      }
      done += end - in_page;
    }
    // An object that is copied as a whole may have unwritten parts, but not only unwritten parts.
    if (aggregate && a.reads() && !any_written && !one.reported) report_unwritten(b, block, a, site);
  }

 private:
  /// An access of the running thread while it is compared with cells.
  struct comparison {
    block_state& b;
    watched_block const& block;
    seen_access const& a;
    access_record mine;
    bool reported;  ///< an access has one finding at most
  };

  /// Clears accesses of earlier blocks: shared memory starts anew with each block.
  static void forget_other_blocks(block_state const& b, access_cell& cell) {
    if (cell.write.segment < b.start) cell.write = {};
    for (access_record& r : cell.others)
      if (r.segment < b.start) r = {};
  }

  void compare_and_record(comparison& one, access_cell& cell) {
    block_state& b = one.b;
    access_record const mine = one.mine;
    bool const writes = one.a.writes(), atomic = one.a.is_atomic();
    bool const alone = cell.others[0].segment == 0 && cell.others[1].segment == 0;
    if (cell.write.segment == mine.segment && alone && (!writes || !atomic)) return;
    if (!writes && !atomic && cell.others[0].segment == mine.segment) return;
    compare(one, cell.write);
    if (!alone) {
      compare(one, cell.others[0]);
      compare(one, cell.others[1]);
    }
    unsigned const farthest = one.block.shared ? 1 : 2;
    if (writes && !atomic) {
      cell = {mine, {}};
    } else if (writes) {
      access_record const last = cell.write;
      cell.write = mine;
      for (access_record& r : cell.others)
        if (r.segment != 0 && order.before(b, r)) r = {};
      if (last.segment >= 2 && !order.before(b, last)) note(b, cell, last, farthest);
    } else {
      note(b, cell, mine, farthest);
    }
  }

  /// Reports the access if it races with `r`.
  void compare(comparison& one, access_record r) {
    access_record const mine = one.mine;
    if (r.segment < 2 || r.segment == mine.segment) return;
    if (!one.a.writes() && (r.flags & access_writes) == 0) return;
    bool const both_atomic = one.a.is_atomic() && (r.flags & access_is_atomic) != 0;
    if (both_atomic && scope_of(r.flags) >= scope::device && scope_of(mine.flags) >= scope::device) return;
    if (one.reported || order.before(one.b, r)) return;
    std::uint32_t const thread = order.owner_of(r).thread;
    if (both_atomic && order.includes(one.b, scope_of(r.flags), thread) && order.includes(one.b, scope_of(mine.flags), thread)) return;
    report_race(one, r, thread, both_atomic);
    one.reported = true;
  }

  /// Keeps an access in addition to the last write. `farthest` is the largest possible distance.
  void note(block_state const& b, access_cell& cell, access_record r, unsigned farthest) const {
    for (access_record& old : cell.others)
      if (old.segment < 2 || order.before(b, old) || order.owner_of(old).thread == order.owner_of(r).thread) {
        old = r;
        return;
      }
    unsigned const kept = distance(cell.others[0], cell.others[1]);
    if (kept == farthest) return;
    if (distance(cell.others[0], r) > kept)
      cell.others[1] = r;
    else if (distance(cell.others[1], r) > kept)
      cell.others[0] = r;
  }
  /// 0 in one wave, 1 in one block, 2 in two blocks.
  unsigned distance(access_record a, access_record c) const {
    thread_order::segment_owner const &one = order.owner_of(a), &other = order.owner_of(c);
    return one.block != other.block ? 2 : one.wave != other.wave ? 1 : 0;
  }

  void report_race(comparison const& one, access_record other, std::uint32_t thread, bool both_atomic) {
    block_state& b = one.b;
    if (b.failure) return;
    checks::kind const kind = both_atomic        ? checks::kind::narrow_scope
                              : one.block.shared ? checks::kind::shared_race
                                                 : checks::kind::device_race;
    checks::finding const f = words_.race(kind, b, one.block, one.a, other, thread);
    b.forget_early_reads_at(other.site);
    b.deliver(f);
  }
  void report_unwritten(block_state& b, watched_block const& block, seen_access const& a, std::uint32_t site) {
    if (b.failure) return;
    checks::finding const f = words_.unwritten(b, block, a);
    if (b.early_reads.size() < block_state::most_early_reads) b.early_reads.push_back({site, f});
  }

  watched_range& memory_;
  wording& words_;
};

}  // namespace crosslane::backend
