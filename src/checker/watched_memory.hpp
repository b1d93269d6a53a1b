// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The memory whose accesses are checked: one address range, with a record for each of its pages.
///
/// The lower half has device memory, which the host program cannot access: see page_protection. The upper half has shared memory, and
/// memory that the host program may access too. Guard zones of 64 GiB on both sides of the range are
/// never accessible, so that an index which overflows 32 bits meets no other memory of the process.
#pragma once

#include "page_protection.hpp"
#include "seen_access.hpp"

#include <crosslane/runtime/async_errors.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include <sys/mman.h>

namespace crosslane::backend {

/// An access to a place. `segment` is the part of a thread between two of its synchronisations. 0 means no access. 1 means a copy, a fill,
/// or a thread that is no longer known.
struct access_record {
  std::uint32_t segment, site : 24, flags : 8;

  /// False for a place that was written by an access which has other records, or by one that was not observed.
  bool is_access() const noexcept { return (flags & (access_reads | access_writes)) != 0; }
  /// Whether the last write left a value in the place. It has none before the first write, and while an asynchronous copy is pending.
  bool has_value() const noexcept { return segment != 0 && flags >> access_size_shift != access_no_value; }
  /// Whether the last write is an asynchronous copy that has not been waited for.
  bool is_pending() const noexcept { return is_access() && size_code() == access_no_value; }
  unsigned size_code() const noexcept { return flags >> access_size_shift; }
};

/// The last plain write, and two accesses that are not ordered with it or come after it: plain reads and atomic operations. Neither stands
/// for the other: an atomic operation does not race with other atomic operations, but a plain write before it does.
struct access_cell {
  access_record write, others[2];

  /// Instead of a second access, others[1] may be the number of a list of more accesses: see thread_races.
  static constexpr unsigned list_flags = access_no_value << access_size_shift;
  bool has_list() const noexcept { return others[1].flags == list_flags; }
  bool is_alone() const noexcept { return others[0].segment == 0 && others[1].segment == 0; }
};

struct watched_block {
  char* begin = nullptr;
  std::size_t bytes = 0, capacity = 0;  ///< capacity: whole pages
  bool shared = false, freed = false;
  bool dynamic = false;               ///< shared memory whose size the launch states
  bool written = false;               ///< all bytes count as written, by an unknown writer
  bool open = false;                  ///< the host program may access it
  unsigned char fresh = 0;            ///< the value of all bytes before the first write
  std::size_t element_bytes = 0;      ///< 0: not known
  source_location made;               ///< line 0: not known
  detail::stream_key home;            ///< the stream that allocated it; a null stream for shared memory
  void const* owner = nullptr;        ///< the block that owns this shared memory
  std::uint64_t made_after = 0;       ///< the number of the last work queued before the allocation
  std::uint64_t made_by = 0;          ///< the stream work that allocates it; 0 if no stream does
  std::uint64_t freed_by = 0;         ///< the stream work that freed it
  std::uint64_t user = 0;             ///< the stream work that accessed it last
  std::uint64_t given_too_early = 0;  ///< of a piece: a return of the same memory that is not ordered before its allocation
  bool only_pieces = false;           ///< memory of a pool: accesses to other places than its pieces are out of bounds
  /// The pieces that memory resources have given. Each is a block with its own bounds, element size and streams. Its `freed` is set when it
  /// is looked up. The same bytes may have been given several times; made_after tells which piece a piece of work means.
  std::vector<watched_block*>* pieces = nullptr;
};

struct watched_page {
  watched_block* block;      ///< null: not allocated
  access_cell* cells;        ///< null: no kernel has accessed the page yet
  bool bytes;                ///< one cell per byte instead of per four bytes
  bool written;              ///< without cells: a copy or a fill has written the whole page
  bool byte_histories;       ///< one history per byte instead of per four bytes
  std::uint32_t history;     ///< the history of all places, if they have none of their own
  std::uint32_t* histories;  ///< numbers of place_histories
};

class watched_range {
 public:
  static constexpr std::size_t page_bytes = 4096, cells_per_page = page_bytes / 4;

  /// The distance that an index of 32 bits reaches with elements of 16 bytes.
  static constexpr std::size_t guard_bytes = std::size_t{1} << 36;

  /// Whether an address in the range lies far behind all device memory that has ever been allocated. It is not accessible then.
  bool is_beyond_all(char const* p) const noexcept { return p >= accessible_end_ && p < arenas_[device].end; }

  enum part : unsigned { device, shared, open };  ///< the third: memory that the host program may access too

  watched_range() {
    for (size_ = std::size_t{1} << 40; size_ >= std::size_t{1} << 32; size_ /= 4) {
      std::size_t const guard = size_ >= guard_bytes ? guard_bytes : size_;
      char* const memory = static_cast<char*>(reserve(size_ + 2 * guard, PROT_NONE, far_from_others));
      void* const notes = memory != nullptr ? reserve(size_ / page_bytes * sizeof(watched_page), PROT_READ | PROT_WRITE) : nullptr;
      if (notes != nullptr && mprotect(memory + guard + size_ / 2, size_ / 2, PROT_READ | PROT_WRITE) == 0) {
        base_ = memory + guard;
        guard_ = guard;
        arenas_[device].next = accessible_end_ = base_;
        arenas_[device].end = arenas_[shared].next = base_ + size_ / 2;
        arenas_[shared].end = arenas_[open].next = base_ + size_ / 4 * 3;
        arenas_[open].end = base_ + size_;
        pages_ = static_cast<watched_page*>(notes);
        return;
      }
      if (memory != nullptr) munmap(memory, size_ + 2 * guard);
      if (notes != nullptr) munmap(notes, size_ / page_bytes * sizeof(watched_page));
    }
    size_ = 0;
  }

  page_protection protection;

  /// The value of unwritten bytes. A place with another value has been written by code whose accesses are not observed. The value is small,
  /// so that an index or a number of rounds which is read in error stays small; as a bool or an enumerator it is rare.
  static constexpr unsigned char fresh_byte = 2;
  /// Larger buffers consist of zeros at first, so that they need no memory before they are used.
  static constexpr std::size_t most_fresh_bytes = std::size_t{64} << 20;

  static constexpr unsigned char fresh_value(std::size_t bytes) noexcept { return bytes <= most_fresh_bytes ? fresh_byte : 0; }
  /// Sets the bytes of a block to the value of unwritten bytes.
  static void refresh(watched_block& block) noexcept {
    block.fresh = block.shared ? fresh_byte : fresh_value(block.bytes);
    if (block.fresh != 0 && block.bytes != 0) std::memset(block.begin, block.fresh, block.bytes);
  }
  /// Whether all these bytes of one block have the value of unwritten bytes.
  static bool is_fresh(watched_block const& block, char const* p, std::size_t bytes) noexcept {
    for (std::size_t i = 0; i < bytes && p + i < block.begin + block.bytes; ++i)
      if (static_cast<unsigned char>(p[i]) != block.fresh) return false;
    return true;
  }

  std::size_t offset(void const* p) const noexcept { return std::size_t(static_cast<char const*>(p) - base_); }
  bool contains(void const* p) const noexcept { return offset(p) < size_; }
  /// Whether an address lies in one of the guard zones.
  bool in_guard(void const* p) const noexcept { return !contains(p) && offset(p) + guard_ < size_ + 2 * guard_; }
  watched_page& page(void const* p) const noexcept { return pages_[offset(p) / page_bytes]; }

  /// Returns the block or piece that a piece of work means by an address; null if there is none. An address between the pieces of a pool
  /// belongs to the nearest one, but lies outside.
  watched_block* block(void const* p, std::uint64_t work) const {
    watched_block* const whole = page(p).block;
    if (whole == nullptr || __atomic_load_n(&whole->pieces, __ATOMIC_ACQUIRE) == nullptr) return whole;
    return piece(*whole, static_cast<char const*>(p), work);
  }
  static constexpr std::uint64_t latest = ~std::uint64_t{0};

  /// Adds a piece, whose bytes all lie in one block. Pieces of these bytes that have been returned are forgotten if `is_over(work)` says
  /// that the return has run.
  template <class Over>
  watched_block* add_piece(char* begin, std::size_t bytes, Over const& is_over) {
    watched_block* const whole = page(begin).block;
    std::lock_guard const guard{pieces_lock_};
    auto* list = whole->pieces;
    if (list == nullptr) list = new std::vector<watched_block*>;
    std::erase_if(*list, [&](watched_block* b) {
      bool const overlaps = b->begin < begin + bytes && begin < b->begin + b->bytes;
      if (!overlaps || b->freed_by == 0 || !is_over(b->freed_by)) return false;
      unused_pieces_.push_back(b);
      return true;
    });
    watched_block* added = nullptr;
    if (unused_pieces_.empty()) {
      added = new watched_block;
    } else {
      added = unused_pieces_.back();
      unused_pieces_.pop_back();
      *added = {};
    }
    added->begin = begin;
    added->bytes = added->capacity = bytes;
    added->open = whole->open;
    added->written = whole->open || whole->written;
    added->fresh = whole->open ? 0 : fresh_value(bytes);
    list->push_back(added);
    __atomic_store_n(&whole->pieces, list, __ATOMIC_RELEASE);
    return added;
  }
  /// Calls f(piece) for the pieces that begin in these bytes and have not been returned.
  template <class F>
  void each_given(char const* begin, std::size_t bytes, F const& f) {
    watched_block* const whole = page(begin).block;
    if (whole == nullptr) return;
    std::lock_guard const guard{pieces_lock_};
    if (whole->pieces == nullptr) return;
    for (watched_block* const b : *whole->pieces)
      if (b->freed_by == 0 && b->begin >= begin && b->begin < begin + bytes) f(*b);
  }
  /// The bytes, which lie in one block that the program cannot access, have no values any more.
  void forget_values(char* p, std::size_t bytes) {
    protection.enter();
    if (unsigned char const fresh = fresh_value(bytes); fresh != 0) {
      std::memset(p, fresh, bytes);
    } else {  // whole pages become zeros, and need no memory then
      std::size_t const front = (page_bytes - offset(p) % page_bytes) % page_bytes, pages = (bytes - front) / page_bytes * page_bytes;
      std::memset(p, 0, front);
      madvise(p + front, pages, MADV_DONTNEED);
      std::memset(p + front + pages, 0, bytes - front - pages);
    }
    protection.leave();
    for (char const* const end = p + bytes; p < end;) {
      watched_page& here = page(p);
      std::size_t const begin = offset(p) % page_bytes;
      std::size_t const count = page_bytes - begin < std::size_t(end - p) ? page_bytes - begin : std::size_t(end - p);
      p += count;
      if (count == page_bytes) {
        std::free(here.cells);
        here.cells = nullptr;
        here.bytes = here.written = false;
      } else if (here.cells != nullptr || here.written) {
        access_cell* const all = cells(here, false);
        here.written = false;
        std::size_t const each = here.bytes ? 1 : 4;
        for (std::size_t i = begin / each; i < (begin + count + each - 1) / each; ++i) all[i] = {};
      }
    }
  }

  /// Allocates whole pages, with unallocated pages before and after. Returns null if there is no room.
  watched_block* allocate(std::size_t bytes, part where) {
    std::lock_guard const guard{lock_};
    arena& a = arenas_[where];
    std::size_t const capacity = (bytes + page_bytes - 1) / page_bytes * page_bytes;
    watched_block* block = nullptr;
    if (capacity + 2 * gap_bytes <= std::size_t(a.end - a.next)) {
      block = new watched_block;
      block->begin = a.next + gap_bytes;
      block->capacity = capacity;
      a.next = block->begin + capacity;
      a.blocks.push_back(block);
    } else {
      // All addresses have been used: reuses the oldest free block that is large enough.
      for (watched_block* const b : a.blocks)
        if (b->freed && b->capacity >= capacity) {
          block = b;
          break;
        }
      if (block == nullptr) return nullptr;
    }
    block->bytes = bytes;
    block->freed = block->written = block->only_pieces = false;
    if (block->pieces != nullptr) {
      std::lock_guard const pieces{pieces_lock_};
      block->pieces->clear();
    }
    block->element_bytes = 0;
    block->made = {};
    block->shared = where == shared;
    block->open = where == open;
    block->made_by = block->freed_by = block->user = 0;
    if (where == device) {
      if (!make_accessible(block->begin + capacity + gap_bytes)) return nullptr;
      if (capacity != 0) protection.add(block->begin);
    }
    for (char* p = block->begin; p != block->begin + block->capacity; p += page_bytes) {
      page(p) = {};
      page(p).block = block;
    }
    block->fresh = 0;
    if (where == device) {
      protection.enter();
      refresh(*block);
      protection.leave();
    }
    return block;
  }

  /// Lets the host program access a block of device memory from now on: another library got it.
  void open_to_program(watched_block* block) {
    std::lock_guard const guard{lock_};
    if (block->open || block->freed) return;
    block->open = block->written = true;
    protection.remove(page(block->begin).block->begin);
  }

  /// Frees a block. Its addresses are not reused while others are left, so that late accesses are detected.
  void release(watched_block* block) {
    std::lock_guard const guard{lock_};
    block->freed = true;
    for (char* p = block->begin; p != block->begin + block->capacity; p += page_bytes) {
      forget_history(page(p));
      std::free(page(p).cells);
      page(p).cells = nullptr;
    }
    madvise(block->begin, block->capacity, MADV_DONTNEED);
    protection.remove(block->begin);
  }

  /// Returns the block that is nearest to an address in the range or its guard zones: a freed one only if it is less than a gap away and no
  /// other is. Null if there is none.
  watched_block* nearest(char const* p) {
    std::lock_guard const guard{lock_};
    std::vector<watched_block*> const& blocks = arenas_[p < arenas_[device].end ? device : p < arenas_[shared].end ? shared : open].blocks;
    auto const distance = [p](watched_block const* b) {
      return p < b->begin ? std::size_t(b->begin - p) : p < b->begin + b->bytes ? 0 : std::size_t(p - b->begin) - b->bytes;
    };
    watched_block *living = nullptr, *gone = nullptr;
    auto const consider = [&](watched_block* b) {
      watched_block*& best = b->freed ? gone : living;
      if (best == nullptr || distance(b) < distance(best)) best = b;
      return !b->freed;
    };
    // Blocks lie in the order of their addresses.
    auto const above =
        std::upper_bound(blocks.begin(), blocks.end(), p, [](char const* q, watched_block const* b) { return q < b->begin; });
    for (auto i = above; i != blocks.end() && !consider(*i);) ++i;
    for (auto i = above; i != blocks.begin() && !consider(*--i);) {
    }
    bool const takes_freed = gone != nullptr && distance(gone) < gap_bytes && (living == nullptr || distance(living) >= gap_bytes);
    return takes_freed ? gone : living != nullptr ? living : gone;
  }

  /// Returns the cells of a page; one per byte if asked for. A page never returns to coarser cells.
  access_cell* cells(watched_page& page, bool bytes) {
    if (page.cells == nullptr) {
      std::size_t const count = bytes ? page_bytes : cells_per_page;
      page.cells = static_cast<access_cell*>(std::calloc(count, sizeof(access_cell)));
      page.bytes = bytes;
      if (page.written)
        for (std::size_t i = 0; i < count; ++i) page.cells[i].write.segment = 1;
    } else if (bytes && !page.bytes) {
      auto* const fine = static_cast<access_cell*>(std::malloc(page_bytes * sizeof(access_cell)));
      for (std::size_t i = 0; i < page_bytes; ++i) {
        fine[i] = page.cells[i / 4];
        if (i % 4 != 0 && fine[i].has_list()) fine[i].others[1] = {};  // a list belongs to one cell
      }
      std::free(page.cells);
      page.cells = fine;
      page.bytes = true;
    }
    return page.cells;
  }

  /// Records that a copy or a fill writes these bytes.
  void written(char const* p, std::size_t bytes) {
    for (char const* const end = p + bytes; p < end;) {
      watched_page& here = page(p);
      std::size_t const begin = offset(p) % page_bytes;
      std::size_t const count = page_bytes - begin < std::size_t(end - p) ? page_bytes - begin : std::size_t(end - p);
      p += count;
      if (here.block == nullptr || here.block->freed) continue;
      bool const whole = begin == 0 && (count == page_bytes || offset(p) - offset(here.block->begin) == here.block->bytes);
      if (whole) {
        std::free(here.cells);
        here.cells = nullptr;
        here.bytes = false;
        here.written = true;
      } else if (!(here.cells == nullptr && here.written)) {
        access_cell* const all = cells(here, (begin % 4 | count % 4) != 0);
        std::size_t const each = here.bytes ? 1 : 4;
        for (std::size_t i = begin / each; i < (begin + count) / each; ++i) all[i] = {{1, 0, 0}, {}};
      }
    }
  }

  /// Whether any of the bytes was written. All bytes lie in one block.
  bool any_written(watched_block const& block, char const* p, std::size_t bytes) const {
    if (block.written) return true;
    for (char const* const end = p + bytes; p < end;) {
      watched_page const& here = page(p);
      std::size_t const begin = offset(p) % page_bytes;
      std::size_t const count = page_bytes - begin < std::size_t(end - p) ? page_bytes - begin : std::size_t(end - p);
      p += count;
      if (here.cells == nullptr) {
        if (here.written) return true;
        continue;
      }
      std::size_t const each = here.bytes ? 1 : 4;
      for (std::size_t i = begin / each; i < (begin + count + each - 1) / each; ++i)
        if (here.cells[i].write.has_value()) return true;
    }
    return false;
  }

  /// Sets the history of each byte to `next(number, address)`. All bytes lie in one block.
  template <class Next>
  void change_histories(char const* p, std::size_t bytes, Next const& next) {
    for (char const* const end = p + bytes; p < end;) {
      watched_page& here = page(p);
      std::size_t const begin = offset(p) % page_bytes;
      std::size_t const count = page_bytes - begin < std::size_t(end - p) ? page_bytes - begin : std::size_t(end - p);
      char const* const at = p;
      p += count;
      bool const whole = begin == 0 && (count == page_bytes || p == here.block->begin + here.block->bytes);
      if (here.histories == nullptr) {
        std::uint32_t const after = next(here.history, at);
        if (after == here.history) continue;
        if (whole) {
          here.history = after;
          continue;
        }
      }
      reserve_histories(here, ((begin | count) & 3) != 0);
      std::size_t const each = here.byte_histories ? 1 : 4, last = (begin + count + each - 1) / each;
      bool same = whole;
      for (std::size_t i = begin / each; i < last; ++i) {
        here.histories[i] = next(here.histories[i], at + (i * each - begin));
        same = same && here.histories[i] == here.histories[begin / each];
      }
      if (!same) continue;
      std::uint32_t const all = here.histories[0];
      forget_history(here);
      here.history = all;
    }
  }
  std::uint32_t history(void const* p) const noexcept {
    watched_page const& here = page(p);
    return here.histories == nullptr ? here.history : here.histories[offset(p) % page_bytes / (here.byte_histories ? 1 : 4)];
  }
  void forget_histories() {
    std::lock_guard const guard{lock_};
    for (arena const& a : arenas_)
      for (watched_block* const b : a.blocks)
        for (char* p = b->begin; p != b->begin + b->capacity; p += page_bytes) forget_history(page(p));
  }

  /// Marks all device memory as written, by an unknown writer.
  void all_written() {
    std::lock_guard const guard{lock_};
    for (part const where : {device, open})
      for (watched_block* const b : arenas_[where].blocks) {
        b->written = true;
        std::lock_guard const pieces{pieces_lock_};
        if (b->pieces != nullptr)
          for (watched_block* const part_of_it : *b->pieces) part_of_it->written = true;
      }
  }

  /// Calls f(cell) for each cell.
  template <class F>
  void each_cell(F const& f) {
    std::lock_guard const guard{lock_};
    for (arena const& a : arenas_)
      for (watched_block* const b : a.blocks)
        for (char* p = b->begin; p != b->begin + b->capacity; p += page_bytes)
          if (watched_page& here = page(p); here.cells != nullptr)
            for (std::size_t i = 0; i < (here.bytes ? page_bytes : cells_per_page); ++i) f(here.cells[i]);
  }
  /// Forgets who accessed each place, but keeps whether it was written.
  void forget_segments() {
    each_cell([](access_cell& cell) { cell = {{cell.write.has_value() ? 1u : 0u, 0, 0}, {}}; });
  }

 private:
  watched_block* piece(watched_block& whole, char const* p, std::uint64_t work) const {
    std::lock_guard const guard{pieces_lock_};
    watched_block *meant = nullptr, *nearest = nullptr;
    auto const is_before = [work](watched_block const* b) { return b->made_after <= work; };
    auto const is_over = [work](watched_block const* b) { return b->freed_by != 0 && b->freed_by < work; };
    auto const distance = [p](watched_block const* b) {
      return p < b->begin ? std::size_t(b->begin - p) : p < b->begin + b->bytes ? 0 : std::size_t(p - b->begin) - b->bytes + 1;
    };
    for (watched_block* const b : *whole.pieces)
      if (distance(b) == 0) {  // the last one that was given before the work was queued, or the first one that was given later
        if (meant == nullptr || (is_before(b) ? !is_before(meant) || b->made_after > meant->made_after
                                              : !is_before(meant) && b->made_after < meant->made_after))
          meant = b;
      } else if (is_before(b)) {
        if (nearest == nullptr || (is_over(b) == is_over(nearest) ? distance(b) < distance(nearest) : is_over(nearest))) nearest = b;
      }
    if (meant == nullptr && !whole.only_pieces) return &whole;
    watched_block* const result = meant != nullptr ? meant : nearest;
    if (result == nullptr) return &whole;
    result->freed = whole.freed || is_over(result);
    return result;
  }

  static void forget_history(watched_page& page) {
    std::free(page.histories);
    page.histories = nullptr;
    page.byte_histories = false;
    page.history = 0;
  }
  static void reserve_histories(watched_page& page, bool bytes) {
    if (page.histories != nullptr && (page.byte_histories || !bytes)) return;
    std::size_t const count = bytes ? page_bytes : cells_per_page;
    auto* const numbers = static_cast<std::uint32_t*>(std::malloc(count * sizeof(std::uint32_t)));
    for (std::size_t i = 0; i < count; ++i) numbers[i] = page.histories != nullptr ? page.histories[i / 4] : page.history;
    std::free(page.histories);
    page.histories = numbers;
    page.byte_histories = bytes;
  }

  struct arena {
    char *next = nullptr, *end = nullptr;
    std::vector<watched_block*> blocks;
  };

  /// Makes device memory up to `end`, or a little more, accessible.
  bool make_accessible(char* end) {
    constexpr std::size_t step = std::size_t{1} << 26;
    if (end <= accessible_end_) return true;
    std::size_t const bytes = (std::size_t(end - accessible_end_) + step - 1) / step * step,
                      room = std::size_t(arenas_[device].end - accessible_end_);
    std::size_t const more = bytes < room ? bytes : room;
    if (mprotect(accessible_end_, more, PROT_READ | PROT_WRITE) != 0) return false;
    accessible_end_ += more;
    return true;
  }

  static constexpr std::size_t gap_bytes = 16 * page_bytes;
  /// Programs, libraries, stacks and heaps lie many TiB above, and what is linked at a fixed low address below.
  static inline void* const far_from_others = reinterpret_cast<void*>(std::uintptr_t{1} << 44);

  static void* reserve(std::size_t bytes, int rights, void* wish = nullptr) noexcept {
    void* const p = mmap(wish, bytes, rights, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? nullptr : p;
  }

  std::mutex lock_;
  mutable std::mutex pieces_lock_;
  std::vector<watched_block*> unused_pieces_;
  std::size_t size_ = 0, guard_ = 0;
  char* base_ = nullptr;
  char* accessible_end_ = nullptr;  ///< of device memory
  watched_page* pages_ = nullptr;
  arena arenas_[3];  ///< for each part
};

}  // namespace crosslane::backend
