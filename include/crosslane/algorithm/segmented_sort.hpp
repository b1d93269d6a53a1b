// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// segmented_sort(): sorts each row of a range by itself.
///
///   xl::segmented_sort(q, keys, offsets, sorted);  // row k has the elements offsets[k] ... offsets[k + 1] - 1
///   xl::segmented_sort(q, keys, 64, sorted);       // rows of 64 elements
///
/// The host calls it, and it does not wait. A row of up to 256 elements is sorted by a wave in registers, one of up to 4096 by a block in
/// shared memory: these are read and written once. A longer row is sorted by a block, which reads it twice and writes it once for each 8
/// bits of a key. Few long rows of one length are sorted one after another as by radix_sort().
#pragma once

#include <crosslane/algorithm/by_key.hpp>
#include <crosslane/algorithm/radix_sort.hpp>

#include <algorithm>

namespace crosslane {

/// Sizes of segmented_sort(). A wave sorts rows of up to `wave_row` elements, a power of two. Longer rows are sorted by blocks of
/// `small_threads`, if they have up to small_threads * small_items elements, or of `threads`, in tiles of threads * items.
template <unsigned WaveRow, unsigned SmallThreads, unsigned SmallItems, unsigned Threads, unsigned Items>
struct segmented_sort_policy {
  static constexpr unsigned wave_row = WaveRow;            ///< longest row that a wave sorts
  static constexpr unsigned small_threads = SmallThreads;  ///< threads of a small block
  static constexpr unsigned small_items = SmallItems;      ///< elements of a thread of a small block
  static constexpr unsigned threads = Threads;             ///< threads of a large block
  static constexpr unsigned items = Items;                 ///< elements of a thread of a large block in a tile
};

namespace detail {

/// Returns the policy.
constexpr auto tuned_segmented_sort() { return segmented_sort_policy<256, 256, 4, 512, 8>{}; }
template <class Policy>
using segmented_sort_policy_of = policy_or<Policy, decltype(tuned_segmented_sort())>;

/// Where rows begin and end.
struct sort_rows_of_length {
  std::uint64_t length;
  CROSSLANE_FN std::uint64_t begin(std::uint64_t row) const { return row * length; }
  CROSSLANE_FN std::uint64_t end(std::uint64_t row) const { return (row + 1) * length; }
};
template <class Offsets>
struct sort_rows_at_offsets {
  Offsets offsets;
  CROSSLANE_FN std::uint64_t begin(std::uint64_t row) const { return std::uint64_t(offsets[row]); }
  CROSSLANE_FN std::uint64_t end(std::uint64_t row) const { return std::uint64_t(offsets[row + 1]); }
};

/// A bitonic sort of N words of each lane of a wave: word i of lane l comes to place l * N + i. Each stage first compares a sequence with
/// the reversed other half, so all comparisons have the same direction.
template <unsigned N, class Word, class Group>
class wave_sort {
 public:
  CROSSLANE_FN wave_sort(Group const& w, Word (&words)[N]) : w_{w}, words_{words} { stage<2>(); }

 private:
  static constexpr unsigned total = N * Group::wave_size;

  CROSSLANE_FN static void order(Word& low, Word& high) {
    Word const a = low, b = high;
    low = a < b ? a : b;
    high = a < b ? b : a;
  }
  template <unsigned Size>
  CROSSLANE_FN void stage() {
    if constexpr (Size <= N) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < N; ++i)
        if ((i & Size / 2) == 0) order(words_[i], words_[i ^ (Size - 1)]);
    } else {
      Word other[N];
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < N; ++i) other[i] = w_.shuffle_xor(words_[N - 1 - i], Size / N - 1);
      keep<Size / N / 2>(other);
    }
    step<Size / 4>();
    if constexpr (Size < total) stage<Size * 2>();
  }
  template <unsigned Distance>
  CROSSLANE_FN void step() {
    if constexpr (Distance != 0) {
      if constexpr (Distance < N) {
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < N; ++i)
          if ((i & Distance) == 0) order(words_[i], words_[i + Distance]);
      } else {
        Word other[N];
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < N; ++i) other[i] = w_.shuffle_xor(words_[i], Distance / N);
        keep<Distance / N>(other);
      }
      step<Distance / 2>();
    }
  }
  /// Keeps the smaller words in lanes whose rank has not the bit, the larger ones in others.
  template <unsigned Bit>
  CROSSLANE_FN void keep(Word const (&other)[N]) {
    bool const low = (w_.rank() & Bit) == 0;
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < N; ++i) words_[i] = (other[i] < words_[i]) == low ? other[i] : words_[i];
  }

  Group const& w_;
  Word (&words_)[N];
};

/// Sorts short rows, one by each wave. Longer ones are appended to the list, those for small blocks from its begin on, others from its end.
template <class Policy, class Words>
struct sort_rows_by_wave_kernel {
  static constexpr auto block = block_size<256>;
  /// Words of 32 or 64 bits.
  using word = std::conditional_t<sizeof(typename Words::word) == 8, std::uint64_t, unsigned>;

  template <kernel_context Ctx, class In, class Rows, class Out>
  CROSSLANE_FN void operator()(Ctx const& ctx, In const in, Rows const rows, Out const out, std::uint64_t row_count, std::uint64_t* list,
                               workspace_front* front) const {
    auto const w = wave(ctx);
    std::uint64_t const step = ctx.block_count() * ctx.wave_count();
    for (std::uint64_t row = ctx.block_rank() * ctx.wave_count() + ctx.wave_rank(); row < row_count; row += step) {
      std::uint64_t const begin = rows.begin(row), length = rows.end(row) - begin;
      if (length <= Policy::wave_row) {
        sort<1>(w, in, out, begin, unsigned(length));
      } else if (list != nullptr && w.is_leader()) {
        bool const is_small = length <= Policy::small_threads * Policy::small_items;
        std::uint64_t const place = atomic(ctx, front->counts[is_small ? 0 : 1]).fetch_add(std::uint64_t{1});
        list[is_small ? place : row_count - 1 - place] = row;
      }
    }
  }

 private:
  template <unsigned N, class Group, class In, class Out>
  CROSSLANE_FN static void sort(Group const& w, In const& in, Out const& out, std::uint64_t begin, unsigned length) {
    constexpr unsigned size = Group::wave_size;
    if constexpr (N * size < Policy::wave_row) {
      if (length > N * size) return sort<N * 2>(w, in, out, begin, length);
    }
    word words[N];
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < N; ++i) {
      unsigned const at = i * size + w.rank();
      words[i] = at < length ? word(Words::of(in[begin + at])) : word(~word{0});
    }
    wave_sort<N, word, Group>{w, words};
    w.sync();  // all lanes have loaded their elements: the output may be the input
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < N; ++i) {
      unsigned const at = w.rank() * N + i;
      if (at < length) out[begin + at] = Words::key_of(typename Words::word(words[i]));
    }
  }
};

/// Sorts rows, one by each block: all rows, or those of the list that `Class` names. Class 1 also sorts rows of any length: by a pass over
/// the row for each digit, between the output and `other`.
template <class Words, unsigned Threads, unsigned Items, unsigned Class>
struct sort_rows_by_block_kernel {
  static constexpr auto block = block_size<Threads>;
  static constexpr int min_blocks = 1024 / Threads;
  static constexpr unsigned tile = Threads * Items;
  using word = typename Words::word;
  using key = typename Words::key;

  template <class Ctx>
  struct shared {
    block_sort_scratch<word, Items, Ctx, no_value, radix_bits> sort;
    block_scratch<std::uint64_t, Ctx> scan;
    std::uint64_t next[Class == 1 ? radix_digits : 1];  ///< where the next key with a digit goes
    unsigned counts[Class == 1 ? radix_digits : 1];
  };

  template <kernel_context Ctx, class In, class Rows>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, In const in, Rows const rows, span<key> const out, key* other,
                               std::uint64_t row_count, std::uint64_t const* list, workspace_front* front) const {
    std::uint64_t const count = list == nullptr ? row_count : atomic(ctx, front->counts[Class]).load();
    for (std::uint64_t t = ctx.block_rank(); t < count; t += ctx.block_count()) {
      std::uint64_t const row = list == nullptr ? t : list[Class == 0 ? t : row_count - 1 - t];
      std::uint64_t const begin = rows.begin(row), length = rows.end(row) - begin;
      if (length <= tile)
        sort_tile(ctx, s, in, out, begin, unsigned(length));
      else if constexpr (Class == 1)
        sort_long(ctx, s, in, out, span<key>{other, out.size()}, begin, length);
      ctx.sync_block();
    }
    if (list == nullptr) return;
    ctx.sync_block();  // all threads have read the count
    if (ctx.thread_rank() == 0 && is_last_block(ctx, front)) atomic(ctx, front->counts[Class]).store(std::uint64_t{0});
  }

 private:
  template <class Ctx, class In>
  CROSSLANE_FN static void sort_tile(Ctx const& ctx, shared<Ctx>& s, In const& in, span<key> const& out, std::uint64_t begin,
                                     unsigned length) {
    word words[Items];
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < Items; ++i) {
      unsigned const at = item_position<arrangement::striped, Items>(ctx, i);
      words[i] = at < length ? Words::of(in[begin + at]) : word(~word{0});
    }
    block_sort(ctx, s.sort, words);
    key keys[Items];
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < Items; ++i) keys[i] = Words::key_of(words[i]);
    block_store<arrangement::blocked>(ctx, keys, out.subspan(begin, length));
  }

  template <class Ctx, class In>
  CROSSLANE_FN static void sort_long(Ctx const& ctx, shared<Ctx>& s, In const& in, span<key> const& out, span<key> const& other,
                                     std::uint64_t begin, std::uint64_t length) {
    static_assert(Threads >= radix_digits);
    // The number of passes is even, so that the last one writes to the output, and the first one to other memory.
    radix_plan const plan{0, Words::bits, Words::bits == 8 ? 2 : Words::bits / radix_bits};
    for (unsigned p = 0; p < plan.passes; ++p) {
      span<key> const to = p % 2 == 0 ? other : out;
      if (p == 0)
        pass(ctx, s, in, to, begin, length, plan.digit(p));
      else
        pass(ctx, s, p % 2 == 0 ? out : other, to, begin, length, plan.digit(p));
    }
  }
  template <class Ctx, class From>
  CROSSLANE_FN static void pass(Ctx const& ctx, shared<Ctx>& s, From const& from, span<key> const& to, std::uint64_t begin,
                                std::uint64_t length, radix_digit const& digit) {
    unsigned const rank = ctx.thread_rank();
    constexpr std::uint64_t most = std::uint64_t{1} << 31;  // a counter has 32 bits
    std::uint64_t total = 0;
    for (std::uint64_t first = 0; first < length; first += most) {
      std::uint64_t const end = length - first < most ? length : first + most;
      if (rank < radix_digits) s.counts[rank] = 0;
      ctx.sync_block();
      for (std::uint64_t i = first + rank; i < end; i += Threads)
        atomic<scope::block>(ctx, s.counts[digit.of(Words::of(from[begin + i]))]).fetch_add(1u);
      ctx.sync_block();
      if (rank < radix_digits) total += s.counts[rank];
    }
    std::uint64_t const before = block_exclusive_scan(ctx, s.scan, total, plus{}, std::uint64_t{0});
    if (rank < radix_digits) s.next[rank] = begin + before;

    unsigned* const starts = s.sort.rank.counts;  // those of the first wave: where a digit begins in the sorted tile
    for (std::uint64_t first = 0; first < length; first += tile) {
      unsigned const count = length - first < tile ? unsigned(length - first) : tile;
      word words[Items];
      unsigned digits[Items], ranks[Items];
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < Items; ++i) {
        unsigned const at = item_position<arrangement::wave_striped, Items>(ctx, i);
        words[i] = at < count ? Words::of(from[begin + first + at]) : word(~word{0});
        digits[i] = digit.of(words[i]);
      }
      block_radix_rank<radix_bits>(ctx, s.sort.rank, digits, ranks);
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < Items; ++i) s.sort.keys.at(ranks[i]) = words[i];
      ctx.sync_block();
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < Items; ++i) {
        unsigned const at = i * Threads + rank;
        word const moved = s.sort.keys.at(at);
        unsigned const d = digit.of(moved);
        if (at < count) to[s.next[d] + at - starts[d]] = Words::key_of(moved);
      }
      ctx.sync_block();
      if (rank < radix_digits) s.next[rank] += (rank + 1 < radix_digits ? starts[rank + 1] : tile) - starts[rank];
      ctx.sync_block();
    }
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Sorts rows by loops.
template <class Words, runtime_backend B, class In, class Rows, class Out>
void queue_sort_rows_by_loops(basic_stream_ref<B> q, In const& in, Rows const& rows, Out const& out, std::uint64_t row_count,
                              source_location where) {
  using key = typename Words::key;
  run_loops<Words>(
      q, row_count,
      [=](std::uint64_t first, std::uint64_t last) {
        for (std::uint64_t row = first; row < last; ++row) {
          std::uint64_t const begin = rows.begin(row), end = rows.end(row);
          for (std::uint64_t i = begin; i < end; ++i) out[i] = key(in[i]);
          std::sort(out.data() + begin, out.data() + end, [](key const& a, key const& b) { return Words::of(a) < Words::of(b); });
        }
      },
      where, row_count * (std::uint64_t{1} << 15) / in.size() + 1);
}

template <class Policy, class Words, runtime_backend B, class In, class Rows, class Out>
void queue_sort_rows(basic_stream_ref<B> q, In const& in, Rows const& rows, Out const& out, std::uint64_t row_count,
                     workspace_reference const& given, source_location where) {
  using key = typename Words::key;
  using by_wave = sort_rows_by_wave_kernel<Policy, Words>;
  using by_small = sort_rows_by_block_kernel<Words, Policy::small_threads, Policy::small_items, 0>;
  using by_block = sort_rows_by_block_kernel<Words, Policy::threads, Policy::items, 1>;
  static_assert(Policy::wave_row >= 64 && (Policy::wave_row & (Policy::wave_row - 1)) == 0);
  constexpr bool is_even = std::is_same_v<Rows, sort_rows_of_length>;
  std::uint64_t const n = in.size();
  std::uint64_t longest = n;  // that a row can be
  if constexpr (is_even) longest = rows.length;

  std::uint64_t* list = nullptr;
  key* other = nullptr;
  auto const lay_out = [&](std::byte* memory) {
    payload_layout layout{memory};
    if (!is_even && longest > Policy::wave_row) list = layout.take<std::uint64_t>(row_count);
    if (longest > by_block::tile) other = layout.take<key>(n);
    return layout.bytes();
  };
  std::size_t const bytes = lay_out(nullptr);
  std::optional<call_memory<B>> memory;
  workspace_front* front = nullptr;
  if (bytes != 0) {
    memory.emplace(q, "segmented_sort", given, bytes, where);
    if (memory->measures()) return;
    lay_out(memory->payload());
    front = memory->front();
  }
  if (given.measured != nullptr) return;
  if (!is_even || longest <= Policy::wave_row) {
    std::uint64_t const waves = 256 / q.properties(where).wave_size;
    launch(q, {.grid = blocks_for(q, (row_count - 1) / waves + 1, 8, where), .where = where}, by_wave{}, in, rows, out, row_count, list,
           front);
  }
  if (longest > Policy::wave_row && (!is_even || longest <= by_small::tile))
    launch(q, {.grid = blocks_for(q, row_count, by_small::min_blocks, where), .where = where}, by_small{}, in, rows, out, other, row_count,
           list, front);
  if (longest > by_small::tile)
    launch(q, {.grid = blocks_for(q, row_count, by_block::min_blocks, where), .where = where}, by_block{}, in, rows, out, other, row_count,
           list, front);
}

}  // namespace CROSSLANE_CONFIGURATION
}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues a sort of each row by the order of radix_key. `offsets` is a range in device memory with one element more than there are rows: it
/// does not decrease, and ends with at most the number of elements. Or it is one number, the length of all rows. Elements that are in no
/// row are not written. The host calls it, and it does not wait. The output may be the input. Throws size_mismatch if the output has fewer
/// elements than the input or the workspace is too small, and invalid_argument for rows of a length that is 0 or does not divide the number
/// of elements, or if the output overlaps the input without being the input.
template <sort_order Order = sort_order::ascending, stream_like S, class In, class Offsets, class Out, class D = run_to_run,
          class P = tuned>
requires(detail::range_argument<In> && detail::range_argument<Out>)
void segmented_sort(S const& stream, In&& in, Offsets&& offsets, Out&& out, options<D, P> const& o = {},
                    source_location where = source_location::current()) {
  using B = typename S::backend;
  static_assert(!detail::has_count<detail::view_of<In>>,
                "crosslane: segmented_sort() takes no counted() range: its rows say what is sorted");
  auto const q = detail::ref_of(stream, where);
  detail::require_operands(q, "segmented_sort", o.workspace, where, in, offsets, out);
  auto const from = detail::read_only(detail::view_for_kernel(in, where));
  auto const to = detail::view_for_kernel(out, where);
  using Key = typename decltype(to)::value_type;
  static_assert(detail::is_span<std::remove_const_t<decltype(to)>> && std::is_same_v<typename decltype(from)::value_type, Key>,
                "crosslane: segmented_sort() writes elements of the type that it reads, to a buffer or span");
  detail::check_output("segmented_sort", from, to, true, where);
  auto const heads = detail::heads_of("segmented_sort", offsets, from.size(), where);
  detail::check_offsets_apart("segmented_sort", heads, to, from.size(), where);
  std::uint64_t const count = detail::rows_of(heads, from.size());
  if (count == 0 || from.size() == 0) return;
  using words = detail::radix_words<Key, Order>;
  auto const queue = [&](auto const& rows) {
    if constexpr (detail::loop_backend<B>) {
      if (o.workspace.measured == nullptr) detail::queue_sort_rows_by_loops<words>(q, from, rows, to, count, where);
    } else {
      detail::queue_sort_rows<detail::segmented_sort_policy_of<P>, words>(q, from, rows, to, count, o.workspace, where);
    }
  };
  if constexpr (std::integral<std::remove_cvref_t<Offsets>>) {
    std::uint64_t const length = heads.length, half = q.properties(where).multiprocessors / 2;
    if constexpr (detail::is_span<std::remove_const_t<decltype(from)>>) {
      // A block for each row would leave most of the device idle.
      if (length >= 1 << 16 && count <= (half == 0 ? 1 : half)) {
        for (std::uint64_t row = 0; row < count; ++row)
          detail::queue_radix_sort<Order, tuned>(q, "segmented_sort", from.subspan(row * length, length), detail::no_values{},
                                                 to.subspan(row * length, length), detail::no_values{}, bit_range{}, o.workspace, where);
        return;
      }
    }
    queue(detail::sort_rows_of_length{length});
  } else {
    auto const places = detail::read_only(detail::view_for_kernel(offsets, where));
    queue(detail::sort_rows_at_offsets<std::remove_const_t<decltype(places)>>{places});
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
