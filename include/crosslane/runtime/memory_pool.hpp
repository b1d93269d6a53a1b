// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A pool of memory: returned memory is kept and given again, in stream order.
#pragma once

#include <crosslane/runtime/resource.hpp>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace crosslane {
namespace detail {

template <runtime_backend B>
class default_pools;

/// Asks whether all work of a stream is done, without telling the access checker that the program knows it: a program must not rely on what
/// a pool has found out.
template <runtime_backend B>
status stream_is_idle(typename B::stream_handle q, bool* idle) noexcept {
  if constexpr (requires { B::stream_query_unseen(q, idle); })
    return B::stream_query_unseen(q, idle);
  else
    return B::stream_query(q, idle);
}
/// The same for an event.
template <runtime_backend B>
status event_has_passed(typename B::event_handle e, bool* passed) noexcept {
  if constexpr (requires { B::event_query_unseen(e, passed); })
    return B::event_query_unseen(e, passed);
  else
    return B::event_query(e, passed);
}

}  // namespace detail

/// Options of a memory pool.
struct memory_pool_options {
  std::size_t limit = ~std::size_t{0};  ///< the most bytes that the pool takes from the device
  /// Allocations give unused memory back to the device while the pool has more bytes than this.
  std::size_t release_threshold = ~std::size_t{0};
};

/// Counts of a memory pool, in bytes.
struct memory_pool_statistics {
  std::size_t in_use = 0;              ///< given and not returned, rounded up to size classes
  std::size_t high_water = 0;          ///< the most that was in use at one time
  std::size_t reserved = 0;            ///< taken from the device and not given back
  std::uint64_t real_allocations = 0;  ///< calls of the device's allocation so far
};

namespace detail {

/// The size classes of pools: multiples of 256 bytes up to 2048, then eight between powers of two. Above 16 MiB sizes are multiples of 2
/// MiB, and all are in the last class.
struct size_class {
  unsigned bin;
  std::size_t bytes;

  static constexpr std::size_t granule = 256, largest = std::size_t{16} << 20;
  static constexpr unsigned last = 8 + 13 * 8, count = last + 1;

  static constexpr size_class of(std::size_t bytes) noexcept {
    auto const up = [](std::size_t n, std::size_t step) { return (n + step - 1) / step * step; };
    if (bytes <= 8 * granule) {
      std::size_t const size = up(bytes == 0 ? 1 : bytes, granule);
      return {unsigned(size / granule - 1), size};
    }
    if (bytes > largest) return {last, up(bytes, std::size_t{2} << 20)};
    unsigned const log = 63 - unsigned(__builtin_clzll(bytes - 1));  // 2^log < bytes <= 2^(log + 1)
    std::size_t const step = std::size_t{1} << (log - 3), size = up(bytes, step);
    return {8 + (log - 11) * 8 + unsigned(size / step - 9), size};
  }
};

}  // namespace detail

/// A memory resource that keeps returned memory and gives it again, without a call of the driver in most cases. All threads may call all
/// functions.
///
///   xl::memory_pool pool{d};
///   xl::buffer<float> b{q, n, pool};
///
/// Memory is given again
///  - to the stream that returned it: at once, in stream order;
///  - to another stream: when the work of the first is done, as an event tells. If the device or the limit allow no more memory, the other
///    stream waits for that event instead, and the host does not wait. (Memory that the host can access is given only when it is done.)
///
/// Requests are rounded up to size classes, by at most 12.5 % above 2 KiB. If there is no memory left, the pool gives all unused memory
/// back to the device, which waits for the streams that used it, and tries again; then allocate() throws out_of_memory. The pool stays
/// usable.
///
/// A captured stream gets no memory of a pool: allocate() throws invalid_call. Memory that is returned on a captured stream makes the
/// capture invalid; the pool gives it to nobody and frees it at its end.
template <memory_kind Kind, runtime_backend B>
class basic_memory_pool final : public basic_memory_resource<Kind, B> {
 public:
  /// Makes an empty pool of memory of the device.
  explicit basic_memory_pool(basic_device<B> device, memory_pool_options options = {})
      : basic_memory_resource<Kind, B>{device}, options_{options} {
    observer_.pool = this;
    observer_.ends = [](detail::stream_observer<B>* o, detail::stream_state<B> const& state) noexcept {
      static_cast<observer*>(o)->pool->stream_ends(state);
    };
    detail::stream_observers<B>::get().add(observer_);
  }

  /// Waits for the work that uses returned memory, then gives all memory back to the device. All memory must have been returned. If some is
  /// still in use, this is printed to stderr, and that memory is never freed.
  ~basic_memory_pool() override {
    detail::stream_observers<B>::get().remove(observer_);
    detail::while_current<B>(this->device().index(), [this] {
      wait_for_returned();
      wait_for_captured();
      release_down_to(0);
      if (chunk_count_ != 0)
        std::fprintf(stderr, "crosslane: %s memory pool of device %d destroyed while %zu bytes are in use: they are never freed\n", B::name,
                     this->device().index(), statistics_.in_use);
      while (first_user_ != nullptr) {
        user* const u = first_user_;
        first_user_ = u->next;
        if (u->has_event) (void)B::event_destroy(u->event);
        delete u;
      }
    });
    for (std::size_t i = 0; i < chunk_count_; ++i) delete_chunk(chunks_[i]);
    std::free(chunks_);
  }

  /// Gives unused memory back to the device until the pool has at most `keep` bytes. Waits for the streams that used this memory. Returns
  /// the bytes that the pool still has; memory in use stays, and with it the memory that was taken from the device together with it.
  std::size_t trim(std::size_t keep = 0, source_location where = source_location::current()) {
    detail::refuse_in_callback<B>("memory pool trim", where);
    typename basic_device<B>::guard const current{this->device(), where};
    if (statistics().reserved > keep) {
      wait_for_returned();
      release_down_to(keep);
    }
    return statistics().reserved;
  }

  /// Returns the counts of this moment.
  [[nodiscard]] memory_pool_statistics statistics() const noexcept {
    detail::spin_guard const guard{lock_};
    return statistics_;
  }
  [[nodiscard]] memory_pool_options const& options() const noexcept { return options_; }  ///< as the constructor got them

  /// The block of memory from the device that contains an address of this pool, for handles between processes.
  struct block {
    void* begin;        ///< the address that the device's allocation returned; null if the pool does not have the address
    std::size_t bytes;  ///< the size of the block
  };
  /// Returns the block that contains the address.
  [[nodiscard]] block block_of(void const* p) const noexcept {
    detail::spin_guard const guard{lock_};
    chunk const* const c = chunk_of(p);
    return c == nullptr ? block{nullptr, 0} : block{c->begin, c->stride * c->count};
  }

 private:
  struct user;
  struct chunk;

  /// A piece of memory that is given as a whole.
  struct piece {
    chunk* of;
    char* begin;
    user* owner = nullptr;    ///< the stream that returned it last; null while it is given
    std::uint64_t stamp = 0;  ///< the number of the return among those of its owner
    piece *previous = nullptr, *next = nullptr;
  };
  /// A real allocation: pieces of one size.
  struct chunk {
    char* begin;
    std::size_t bytes, piece_bytes, stride, count, given;
    piece* pieces;
  };
  /// The free pieces of a class of one stream, in the order of their return.
  struct free_list {
    piece *first = nullptr, *last = nullptr;
  };
  /// A stream that has returned memory. One of them has no stream: it holds memory that nothing uses.
  struct user {
    detail::stream_state<B> const* state = nullptr;  ///< null: the stream has ended, or the pool is not told when it ends
    typename B::stream_handle native{};
    typename B::event_handle event{};
    bool has_event = false;
    std::uint64_t returned = 0;  ///< so many pieces so far
    std::uint64_t marked = 0;    ///< the event follows the return of so many
    std::uint64_t done = 0;      ///< nothing uses the first so many any more
    unsigned waiting = 0;        ///< threads that use the event without the lock
    free_list bins[detail::size_class::count];
    user* next = nullptr;
  };
  struct observer : detail::stream_observer<B> {
    basic_memory_pool* pool = nullptr;
  };

  template <runtime_backend>
  friend class detail::default_pools;

  /// The process ends: gives unused memory back.
  void end() noexcept {
    detail::while_current<B>(this->device().index(), [this] {
      wait_for_returned();
      release_down_to(0);
    });
  }

  // --- the resource ---

  void* do_allocate(basic_stream_ref<B> q, std::size_t bytes, source_location where) override {
    detail::size_class const wanted = detail::size_class::of(bytes);
    {
      detail::spin_guard const guard{lock_};
      if (piece* const p = find_ready(q, wanted)) return give(*p);
    }
    if (statistics().reserved > options_.release_threshold) release_down_to(options_.release_threshold);
    bool over_limit = false;
    status answer{};
    auto const grow = [&](std::size_t count) { return allocate_chunk(wanted, count, where, answer, over_limit); };
    std::size_t const together = pieces_of(wanted);
    if (void* const p = grow(together)) return p;
    if (together > 1)
      if (void* const p = grow(1)) return p;
    if (!is_shortage(answer, over_limit)) fail(answer, q, bytes, over_limit, where);
    if constexpr (Kind == memory_kind::device) {
      detail::spin_guard const guard{lock_};
      if (piece* const p = find_behind_event(q, wanted)) return give(*p);
    }
    wait_for_returned();
    {
      detail::spin_guard const guard{lock_};
      if (piece* const p = find_larger(wanted)) return give(*p);
    }
    release_down_to(0);
    if (void* const p = grow(1)) return p;
    fail(answer, q, bytes, over_limit, where);
  }

  void do_deallocate(basic_stream_ref<B> q, void* p, std::size_t) override {
    char const* mistake = nullptr;
    {
      detail::spin_guard const guard{lock_};
      chunk* const c = chunk_of(p);
      std::size_t const offset = c == nullptr ? 0 : std::size_t(static_cast<char*>(p) - c->begin);
      if (c == nullptr || offset % c->stride != 0 || offset / c->stride >= c->count)
        mistake = "this pool did not give it";
      else if (piece& returned = c->pieces[offset / c->stride]; returned.owner != nullptr)
        mistake = "it was returned before";
      else
        take_back(returned, q);
    }
    if (mistake != nullptr)
      throw_error(errc::invalid_argument, {}, "memory pool of %s device %d: memory at %p is returned, but %s", B::name,
                  this->device().index(), p, mistake);
  }

  // --- with the lock ---

  void* give(piece& p) noexcept {
    unlink(p);
    p.owner = nullptr;
    chunk& c = *p.of;
    ++c.given;
    statistics_.in_use += c.piece_bytes;
    if (statistics_.in_use > statistics_.high_water) statistics_.high_water = statistics_.in_use;
    return p.begin;
  }

  void take_back(piece& p, basic_stream_ref<B> q) noexcept {
    --p.of->given;
    statistics_.in_use -= p.of->piece_bytes;
    if (detail::is_captured<B>(q.native())) return link(p, aside_, ++aside_.returned);
    user* const u = user_of(q);
    if (u == nullptr) {  // no memory of the host to note the stream
      (void)B::stream_synchronize(q.native());
      return link(p, unused_, 0);
    }
    link(p, *u, ++u->returned);
    if (u->state == nullptr && !mark(*u)) {  // the stream may end without notice
      (void)B::stream_synchronize(q.native());
      u->done = u->marked = u->returned;
    }
  }

  /// Returns a piece that work of the stream may use at once.
  piece* find_ready(basic_stream_ref<B> q, detail::size_class wanted) noexcept {
    if (q.state_ != nullptr)
      for (user* u = first_user_; u != nullptr; u = u->next)
        if (u->state == q.state_) {
          // The host may use its memory without the stream.
          if (piece* const p = Kind == memory_kind::device ? fitting(u->bins[wanted.bin].last, wanted, false) : nullptr) return p;
          break;
        }
    if (piece* const p = fitting(unused_.bins[wanted.bin].first, wanted, true)) return p;
    for (user* u = first_user_; u != nullptr; u = u->next)
      if (piece* const p = fitting(u->bins[wanted.bin].first, wanted, true); p != nullptr && is_done(*u, p->stamp)) return p;
    return nullptr;
  }
  /// Returns a piece of the list that is large enough and not much larger. Pieces of all classes but the last have one size.
  static piece* fitting(piece* p, detail::size_class wanted, bool forwards) noexcept {
    if (wanted.bin != detail::size_class::last) return p;
    piece* best = nullptr;
    for (; p != nullptr; p = forwards ? p->next : p->previous)
      if (std::size_t const size = p->of->piece_bytes; size >= wanted.bytes && size - wanted.bytes <= wanted.bytes / 8)
        if (best == nullptr || size < best->of->piece_bytes) best = p;
    return best;
  }
  /// Returns the smallest piece of at least that size that nothing uses any more.
  piece* find_larger(detail::size_class wanted) noexcept {
    piece* best = nullptr;
    auto const look_at = [&](user& u) {
      for (unsigned bin = wanted.bin; bin < detail::size_class::count; ++bin)
        for (piece* p = u.bins[bin].first; p != nullptr && p->stamp <= u.done; p = p->next)
          if (p->of->piece_bytes >= wanted.bytes && (best == nullptr || p->of->piece_bytes < best->of->piece_bytes)) best = p;
    };
    look_at(unused_);
    for (user* u = first_user_; u != nullptr; u = u->next) look_at(*u);
    return best;
  }
  /// Returns a piece that another stream still uses, and lets the stream wait for that.
  piece* find_behind_event(basic_stream_ref<B> q, detail::size_class wanted) noexcept {
    for (unsigned bin = wanted.bin; bin < detail::size_class::count; ++bin)
      for (user* u = first_user_; u != nullptr; u = u->next)
        for (piece* p = u->bins[bin].first; p != nullptr; p = p->next) {
          if (p->of->piece_bytes < wanted.bytes) continue;
          if (p->stamp <= u->done || (u->state != nullptr && u->state == q.state_)) return p;
          if (p->stamp > u->marked && (u->state == nullptr || !mark(*u))) break;
          if (detail::succeeds<B>([&] { return B::stream_wait_event(q.native(), u->event); })) return p;
          break;
        }
    return nullptr;
  }

  /// Returns whether the work before the first `stamp` returns is done. If it is not, an event is recorded, for later.
  bool is_done(user& u, std::uint64_t stamp) noexcept {
    if (stamp <= u.done) return true;
    if (u.marked > u.done) {
      if (!has_passed(u)) return false;
      if (stamp <= u.done) return true;
    }
    if (u.state == nullptr || detail::is_captured<B>(u.native)) return false;
    bool idle = false;
    if (status const answer = detail::stream_is_idle<B>(u.native, &idle); answer.code != 0) return B::clear_last_error(), false;
    if (idle)
      u.done = u.returned;
    else
      (void)mark(u);
    return idle;
  }
  /// Asks the event, if it is recorded. Returns whether nothing uses the marked memory any more.
  static bool has_passed(user& u) noexcept {
    bool passed = true;
    if (u.marked > u.done && detail::event_has_passed<B>(u.event, &passed).code != 0) return B::clear_last_error(), false;
    if (passed && u.done < u.marked) u.done = u.marked;
    return passed;
  }

  /// Records the event behind all that the stream has done so far. Fails in a capture, in which the event would never pass.
  bool mark(user& u) noexcept {
    if (detail::is_captured<B>(u.native)) return false;
    if (!u.has_event) {
      if (!detail::succeeds<B>([&] { return B::event_create(&u.event, false); })) return false;
      u.has_event = true;
    }
    if (!detail::succeeds<B>([&] { return B::event_record(u.event, u.native); })) return false;
    u.marked = u.returned;
    return true;
  }

  /// Returns the entry for memory that the stream returns; null if the host has no memory.
  user* user_of(basic_stream_ref<B> q) noexcept {
    user* reusable = nullptr;
    for (user* u = first_user_; u != nullptr; u = u->next) {
      if (q.state_ != nullptr && u->state == q.state_) return u;
      // The handle of a stream without a state may be that of another one later. So its event is recorded anew only if nothing waits for
      // it.
      if (u->state == nullptr && u->waiting == 0) {
        (void)has_passed(*u);
        if (u->done == u->returned) reusable = u;
      }
    }
    if (reusable != nullptr) {
      for (free_list const& bin : reusable->bins)
        while (piece* const p = bin.first) {
          unlink(*p);
          link(*p, unused_, 0);
        }
    } else {
      reusable = new (std::nothrow) user;
      if (reusable == nullptr) return nullptr;
      reusable->next = first_user_;
      first_user_ = reusable;
    }
    reusable->state = q.state_;
    reusable->native = q.native();
    return reusable;
  }

  void link(piece& p, user& u, std::uint64_t stamp) noexcept {
    free_list& list = u.bins[detail::size_class::of(p.of->piece_bytes).bin];
    p.owner = &u;
    p.stamp = stamp;
    p.next = nullptr;
    p.previous = list.last;
    (list.last == nullptr ? list.first : list.last->next) = &p;
    list.last = &p;
  }
  static void unlink(piece& p) noexcept {
    free_list& list = p.owner->bins[detail::size_class::of(p.of->piece_bytes).bin];
    (p.previous == nullptr ? list.first : p.previous->next) = p.next;
    (p.next == nullptr ? list.last : p.next->previous) = p.previous;
    p.previous = p.next = nullptr;
  }

  /// Returns the place of the first chunk that begins behind the address.
  std::size_t place_behind(void const* p) const noexcept {
    std::size_t first = 0, last = chunk_count_;
    while (first < last) {
      std::size_t const middle = (first + last) / 2;
      if (reinterpret_cast<std::uintptr_t>(chunks_[middle]->begin) <= reinterpret_cast<std::uintptr_t>(p))
        first = middle + 1;
      else
        last = middle;
    }
    return first;
  }
  chunk* chunk_of(void const* p) const noexcept {
    std::size_t const place = place_behind(p);
    if (place == 0) return nullptr;
    chunk* const c = chunks_[place - 1];
    return reinterpret_cast<std::uintptr_t>(p) - reinterpret_cast<std::uintptr_t>(c->begin) < c->stride * c->count ? c : nullptr;
  }

  // --- without the lock ---

  static std::size_t pieces_of(detail::size_class wanted) noexcept {
    constexpr std::size_t together = std::size_t{2} << 20, most = 256;
    std::size_t const n = together / wanted.bytes;
    return n == 0 ? 1 : n < most ? n : most;
  }
  bool is_shortage(status answer, bool over_limit) const noexcept { return over_limit || B::classify(answer) == errc::out_of_memory; }

  /// Takes a chunk of `count` pieces from the device and gives the first piece. Returns null if there is no memory.
  void* allocate_chunk(detail::size_class wanted, std::size_t count, source_location where, status& answer, bool& over_limit) {
    std::size_t const stride = wanted.bytes + detail::gap_between_pieces<B>();
    chunk* const c = new chunk{nullptr, wanted.bytes * count, wanted.bytes, stride, count, 0, nullptr};
    bool reserved = false;
    try {
      c->pieces = new piece[count];
      detail::spin_guard const guard{lock_};
      if (chunk_count_ + waiting_chunks_ == chunk_room_) {
        std::size_t const room = chunk_room_ * 2 + 16;
        auto** const more = static_cast<chunk**>(std::realloc(chunks_, room * sizeof(chunk*)));
        if (more == nullptr) throw std::bad_alloc{};
        chunks_ = more;
        chunk_room_ = room;
      }
      over_limit = c->bytes > options_.limit || statistics_.reserved > options_.limit - c->bytes;
      if (!over_limit) {
        statistics_.reserved += c->bytes;
        ++waiting_chunks_;
        reserved = true;
      }
    } catch (...) {
      delete_chunk(c);
      throw;
    }
    void* memory = nullptr;
    if (reserved) {
      answer = B::allocate_chunk(Kind, &memory, c->stride * count, where);
      if (answer.code != 0) B::clear_last_error();
    }
    if (!reserved || answer.code != 0) {
      if (reserved) {
        detail::spin_guard const guard{lock_};
        statistics_.reserved -= c->bytes;
        --waiting_chunks_;
      }
      delete_chunk(c);
      return nullptr;
    }
    c->begin = static_cast<char*>(memory);
    for (std::size_t i = 0; i < count; ++i) {
      c->pieces[i].of = c;
      c->pieces[i].begin = c->begin + i * stride;
    }
    detail::spin_guard const guard{lock_};
    --waiting_chunks_;
    ++statistics_.real_allocations;
    std::size_t const place = place_behind(memory);
    for (std::size_t i = chunk_count_; i > place; --i) chunks_[i] = chunks_[i - 1];
    chunks_[place] = c;
    ++chunk_count_;
    for (std::size_t i = 0; i < count; ++i) link(c->pieces[i], unused_, 0);
    return give(c->pieces[0]);
  }

  /// Waits until nothing uses the memory that has been returned so far.
  void wait_for_returned() noexcept {
    lock_.lock();
    for (user* u = first_user_; u != nullptr; u = u->next) {
      if (u->done == u->returned || (u->marked != u->returned && (u->state == nullptr || !mark(*u)))) continue;
      std::uint64_t const marked = u->marked;
      ++u->waiting;
      lock_.unlock();  // a callback of the stream may return memory
      bool const done = B::event_synchronize(u->event).code == 0;
      if (!done) B::clear_last_error();
      lock_.lock();
      --u->waiting;
      if (done && u->done < marked) u->done = marked;
    }
    lock_.unlock();
  }

  /// Waits until nothing uses the memory that was returned by streams of which the pool has no event: they were captured.
  void wait_for_captured() noexcept {
    bool waits = aside_.returned != 0;
    for (user* u = first_user_; u != nullptr; u = u->next) waits = waits || u->done != u->returned;
    if (!waits) return;
    if (B::device_synchronize().code != 0) return B::clear_last_error();
    aside_.done = aside_.returned;
    for (user* u = first_user_; u != nullptr; u = u->next) u->done = u->returned;
  }

  /// Gives chunks that nothing uses back to the device until the pool has at most `keep` bytes. Waits for nothing.
  void release_down_to(std::size_t keep) noexcept {
    for (;;) {
      chunk* released = nullptr;
      {
        detail::spin_guard const guard{lock_};
        if (statistics_.reserved <= keep) return;
        for (std::size_t i = chunk_count_; i > 0 && released == nullptr; --i)
          if (chunk* const c = chunks_[i - 1]; c->given == 0 && is_unused(*c)) {
            released = c;
            for (std::size_t k = i; k < chunk_count_; ++k) chunks_[k - 1] = chunks_[k];
            --chunk_count_;
            for (std::size_t k = 0; k < c->count; ++k) unlink(c->pieces[k]);
            statistics_.reserved -= c->bytes;
          }
      }
      if (released == nullptr) return;
      if (B::free_chunk(Kind, released->begin).code != 0) B::clear_last_error();
      delete_chunk(released);
    }
  }
  bool is_unused(chunk const& c) noexcept {
    for (std::size_t i = 0; i < c.count; ++i)
      if (!is_done(*c.pieces[i].owner, c.pieces[i].stamp)) return false;
    return true;
  }
  static void delete_chunk(chunk* c) noexcept {
    delete[] c->pieces;
    delete c;
  }

  void stream_ends(detail::stream_state<B> const& state) noexcept {
    detail::spin_guard const guard{lock_};
    for (user* u = first_user_; u != nullptr; u = u->next)
      if (u->state == &state) {
        detail::while_current<B>(this->device().index(), [&] {
          if (u->done == u->returned || mark(*u) || detail::is_captured<B>(u->native)) return;
          (void)B::stream_synchronize(u->native);
          u->done = u->marked = u->returned;
        });
        u->state = nullptr;
        return;
      }
  }

  [[noreturn, gnu::cold, gnu::noinline]] void fail(status answer, basic_stream_ref<B> q, std::size_t bytes, bool over_limit,
                                                   source_location where) {
    memory_pool_statistics const now = statistics();
    error_text text;
    constexpr char const* kinds[] = {"device", "pinned", "managed"};
    text.append("%zu bytes of %s memory on ", bytes, kinds[unsigned(Kind)]);
    q.describe(text);
    text.append("; the memory pool has %zu bytes, of which %zu are in use", now.reserved, now.in_use);
    if (over_limit) {
      text.append(", and its limit is %zu bytes", options_.limit);
      throw error{errc::out_of_memory, text, where};
    }
    std::size_t free_bytes = 0;
    if (B::free_memory(&free_bytes).code == 0) text.append("; the device has %zu free bytes", free_bytes);
    detail::throw_status<B>(answer, "allocate", text, where);
  }

  memory_pool_options const options_;
  mutable detail::spin_lock lock_;
  memory_pool_statistics statistics_;
  chunk** chunks_ = nullptr;  ///< by address
  std::size_t chunk_count_ = 0, chunk_room_ = 0, waiting_chunks_ = 0;
  user unused_;
  user aside_;  ///< has what captured streams returned: their graphs may use it as long as the pool lives
  user* first_user_ = nullptr;
  observer observer_;
};

namespace detail {

/// Whether device buffers without a resource come from a pool of the library.
template <runtime_backend B>
inline constexpr bool has_default_pool = requires { requires B::has_default_pool; };

/// The pools of all devices that buffers without a resource come from. They are never destroyed, because buffers may outlive all objects of
/// static storage duration. At exit they give unused memory back.
template <runtime_backend B>
class default_pools {
 public:
  using pool = basic_memory_pool<memory_kind::device, B>;

  /// Returns the pool of the device; null if the environment variable CROSSLANE_MEMORY_POOL is 0.
  [[gnu::visibility("hidden")]] static pool* of(int device) {
    static default_pools& pools = *new default_pools;
    static at_exit const end{pools};
    if (!pools.enabled_) return nullptr;
    pool** const place = &pools.pools_[device];
    if (pool* const known = __atomic_load_n(place, __ATOMIC_ACQUIRE)) return known;
    spin_guard const guard{pools.lock_};
    if (*place == nullptr) __atomic_store_n(place, new pool{basic_device<B>{known_device{device}}}, __ATOMIC_RELEASE);
    return *place;
  }

 private:
  default_pools() {
    char const* const choice = std::getenv("CROSSLANE_MEMORY_POOL");
    enabled_ = choice == nullptr || choice[0] != '0' || choice[1] != 0;
  }
  struct at_exit {
    default_pools& pools;
    int process = this_process();
    explicit at_exit(default_pools& p) noexcept : pools{p} {}
    at_exit(at_exit const&) = delete;
    at_exit& operator=(at_exit const&) = delete;
    /// A child of fork() leaves the memory of its parent alone: a vendor's runtime does not work there.
    ~at_exit() {
      if (process != this_process()) return;
      for (pool* const p : pools.pools_)
        if (p != nullptr) p->end();
    }
  };
  bool enabled_ = true;
  spin_lock lock_;
  pool* pools_[most_devices] = {};
};

}  // namespace detail

}  // namespace crosslane
