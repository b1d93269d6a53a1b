// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The best k elements of a range, sorted: top_k(), top_k_by_key().
///
///   xl::top_k(q, scores, best, 64);                                      // the largest 64, the largest first
///   xl::top_k<xl::sort_order::ascending>(q, distances, nearest, 10);     // the smallest 10
///   xl::top_k_by_key(q, scores, xl::counting(0u, n), best, places, 64);  // and where they are
///
/// The host calls them, and they do not wait. radix_key defines the order of keys. Of equal keys the first ones of the range are taken, in
/// their order. Inputs are buffers, spans and lazy ranges, outputs are buffers and spans, which must not overlap the inputs. It is one
/// kernel. It reads the keys once if the guess that it makes from 1 of 64 keys is good, as it is for keys in random order; otherwise it
/// reads them once more for each 8 bits that it needs to tell the best k from the others.
#pragma once

#include <crosslane/algorithm/radix_sort.hpp>

#include <algorithm>

namespace crosslane {

/// Sizes of top_k(): `threads` of a block, `items` that a thread loads at once, `blocks` on a multiprocessor. k is at most threads * items.
/// Up to `ranked` elements are ranked by counting.
template <unsigned Threads, unsigned Items, unsigned Blocks, unsigned Ranked = detail::most_ranked>
struct top_k_policy {
  static constexpr unsigned threads = Threads;  ///< threads of a block
  static constexpr unsigned items = Items;      ///< elements that a thread loads at once
  static constexpr int blocks = Blocks;         ///< blocks on a multiprocessor
  static constexpr unsigned ranked = Ranked;    ///< most elements that are ranked by counting
};

namespace detail {

/// Returns the policy.
constexpr auto tuned_top_k() { return top_k_policy<512, 8, 2>{}; }
template <class Policy>
using top_k_policy_of = policy_or<Policy, decltype(tuned_top_k())>;

/// The memory of a call.
template <class Word>
struct top_k_memory {
  static constexpr unsigned rounds = 2 * 8;  ///< digits of a word and of a place
  Word* guesses;                             ///< one of each block
  Word* words;                               ///< what has been found, in any order
  std::uint64_t* places;                     ///< where it was, if there are values
  std::uint64_t* found;                      ///< its number: by the guess, and by the second try
  std::uint64_t* counts;                     ///< of a digit's values, for each round
};

/// Which elements to take: those with a smaller word, and those with this word at places below `end`.
template <class Word>
struct top_k_limit {
  Word word;
  std::uint64_t end;
  CROSSLANE_FN bool holds(Word w, std::uint64_t place) const { return w < word || (w == word && place < end); }
};

/// All blocks look for elements that belong to the best k, and write them to a list that one block can sort. First they guess a limit from
/// a sample: the best elements of the blocks' parts of the sample are compared, and the limit is the one that about `aim` elements hold. If
/// fewer than k elements hold it, or more than the list takes, they find an exact limit digit by digit, by histograms.
template <class Policy, class Words, bool HasValues>
struct top_k_kernel {
  static constexpr auto block = block_size<Policy::threads>;
  static constexpr bool cooperative = true;
  static constexpr int min_blocks = Policy::blocks;
  static constexpr unsigned threads = Policy::threads, items = Policy::items, tile = threads * items;
  static_assert(threads >= radix_digits && threads % 64 == 0, "crosslane: a block of top_k() has at least 256 threads, in whole waves");
  using word = typename Words::word;
  using memory = top_k_memory<word>;
  using limit = top_k_limit<word>;
  static constexpr std::uint64_t no_end = ~std::uint64_t{0};

  template <class Ctx>
  struct shared {
    block_scratch<word, Ctx> best;
    block_scratch<std::uint64_t, Ctx> scan;
    word guess;
    std::uint64_t before, inside;
    unsigned digit;
    union {
      alignas(16) word guesses[workspace_front::most_blocks];
      unsigned counts[radix_digits];
      alignas(16) word found[tile];
    };
  };

  template <kernel_context Ctx, class Keys, class Values, class KeysOut, class ValuesOut>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, Keys const keys, Values const values, KeysOut const keys_out,
                               ValuesOut const values_out, unsigned wanted, memory const m) const {
    std::uint64_t const n = count_in_kernel(keys);
    unsigned const k = n < wanted ? unsigned(n) : wanted;
    if (k == 0) return;
    if (ctx.block_rank() == 0) {
      if (ctx.thread_rank() < 2) m.found[ctx.thread_rank()] = 0;
      for (auto i : ctx.block_stride(memory::rounds * radix_digits)) m.counts[i] = 0;
    }
    limit taken{word(~word{0}), no_end};
    if (n <= tile) {
      ctx.sync_grid();
    } else if (k <= tile / 2) {
      taken.word = guess(ctx, s, keys, n, k, m);
    } else {
      ctx.sync_grid();
      taken = narrow(ctx, s, keys, n, k, m);
    }
    collect(ctx, keys, n, taken, m, m.found[0]);
    ctx.sync_grid();
    std::uint64_t total = atomic(ctx, m.found[0]).load();
    if (n > tile && k <= tile / 2 && (total < k || total > tile)) {
      taken = narrow(ctx, s, keys, n, k, m);
      collect(ctx, keys, n, taken, m, m.found[1]);
      ctx.sync_grid();
      total = atomic(ctx, m.found[1]).load();
    }
    finish(ctx, s, values, keys_out, values_out, k, unsigned(total), taken.word, m);
  }

 private:
  /// Loads the thread's elements of a tile, in the widest accesses that are possible. Returns the number of neighbours in one access.
  /// Missing elements have the highest word.
  template <class Ctx, class Keys>
  CROSSLANE_FN static unsigned load(Ctx const& ctx, Keys const& keys, std::uint64_t at, std::uint64_t n, word (&words)[items]) {
    unsigned const rank = ctx.thread_rank();
    if constexpr (is_span<Keys>) {
      constexpr unsigned width = elements_of_access<typename Words::key, items>;
      using vector = vec<typename Words::key, width>;
      if (width > 1 && at < n && n - at >= tile && aligned_for<width>(keys.data() + at)) {
        auto const* const vectors = reinterpret_cast<vector const*>(keys.data() + at);
        CROSSLANE_UNROLL
        for (unsigned j = 0; j < items / width; ++j) {
          vector const v = vectors[j * threads + rank];
          for (unsigned i = 0; i < width; ++i) words[j * width + i] = Words::of(v[i]);
        }
        return width;
      }
    }
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < items; ++i) {
      std::uint64_t const place = at + i * threads + rank;
      words[i] = place < n ? Words::of(keys[place]) : word(~word{0});
    }
    return 1;
  }
  /// Calls `visit(words, place)` for the tiles of the block, of which it loads two at once: `place(i)` is where words[i] was, n or more if
  /// it is missing.
  template <class Ctx, class Keys, class Visit>
  CROSSLANE_FN static void for_tiles(Ctx const& ctx, Keys const& keys, std::uint64_t n, Visit const& visit) {
    std::uint64_t const step = ctx.block_count() * tile;
    for (std::uint64_t at = ctx.block_rank() * tile; at < n; at += 2 * step) {
      word words[2][items];
      unsigned width[2];
      CROSSLANE_UNROLL
      for (unsigned t = 0; t < 2; ++t) width[t] = load(ctx, keys, at + t * step, n, words[t]);
      CROSSLANE_UNROLL
      for (unsigned t = 0; t < 2; ++t)
        visit(words[t], [&](unsigned i) { return at + t * step + (i / width[t] * threads + ctx.thread_rank()) * width[t] + i % width[t]; });
    }
  }

  /// Returns a word that about `aim` elements do not exceed. Each block finds the best element of its part of a sample. The sample has so
  /// many elements that the best `rank` of them are as many as the best `aim` of all.
  template <class Ctx, class Keys>
  CROSSLANE_FN static word guess(Ctx const& ctx, shared<Ctx>& s, Keys const& keys, std::uint64_t n, unsigned k, memory const& m) {
    auto const w = wave(ctx);
    constexpr unsigned run = 8;  // neighbours, as memory is read in pieces of 32 bytes
    unsigned const blocks = unsigned(ctx.block_count()), rank = blocks < 4 ? 1 : blocks < 64 ? blocks / 4 : 16;
    unsigned const aim = 2 * k < tile / 4 ? tile / 4 : 2 * k < tile / 4 * 3 ? 2 * k : tile / 4 * 3;
    std::uint64_t const runs = n / aim * rank / run + 1, distance = n / runs;
    word best = word(~word{0});
    for (std::uint64_t r = ctx.block_rank() + ctx.thread_rank() * std::uint64_t{blocks}; r < runs; r += std::uint64_t{blocks} * threads)
      for (unsigned i = 0; i < run && r * distance + i < n; ++i) {
        word const here = Words::of(keys[r * distance + i]);
        best = here < best ? here : best;
      }
    best = block_reduce(ctx, s.best, best, minimum{});
    if (ctx.thread_rank() == 0) m.guesses[ctx.block_rank()] = best;
    ctx.sync_grid();
    for (auto i : ctx.block_stride(blocks)) s.guesses[i] = m.guesses[i];
    ctx.sync_block();
    for (unsigned own = ctx.wave_rank() * ranked_by_wave; own < blocks; own += ctx.wave_count() * ranked_by_wave) {
      unsigned const i = own + w.rank(), better = rank_in_wave(w, s.guesses, blocks, own, stable_order<less>{});
      if (w.rank() < ranked_by_wave && i < blocks && better == rank - 1) s.guess = s.guesses[i];
    }
    ctx.sync_block();
    return s.guess;
  }

  /// Appends the elements that hold the limit to the list, while there is room, and counts all of them.
  template <class Ctx, class Keys>
  CROSSLANE_FN static void collect(Ctx const& ctx, Keys const& keys, std::uint64_t n, limit const& taken, memory const& m,
                                   std::uint64_t& found) {
    auto const w = wave(ctx);
    for_tiles(ctx, keys, n, [&](word(&words)[items], auto const& place) {
      word best = words[0];
      CROSSLANE_UNROLL
      for (unsigned i = 1; i < items; ++i) best = words[i] < best ? words[i] : best;
      if (!w.any(best <= taken.word)) return;
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < items; ++i) {
        std::uint64_t const from = place(i);
        bool const holds = from < n && taken.holds(words[i], from);
        auto const holders = w.ballot(holds);
        if (holders.empty()) continue;
        std::uint64_t first = 0;
        if (w.rank() == holders.first()) first = atomic(ctx, found).fetch_add(std::uint64_t{holders.count()});
        std::uint64_t const to = w.shuffle(first, holders.first()) + w.rank_in(holders);
        if (!holds || to >= tile) continue;
        m.words[to] = words[i];
        if constexpr (HasValues) m.places[to] = from;
      }
    });
  }

  /// Returns a limit that at least k elements hold, or exactly k with copies of its word, and at most as many as the list takes.
  template <class Ctx, class Keys>
  CROSSLANE_FN static limit narrow(Ctx const& ctx, shared<Ctx>& s, Keys const& keys, std::uint64_t n, unsigned k, memory const& m) {
    constexpr unsigned bits = Words::bits;
    std::uint64_t before = 0;
    std::uint64_t* counts = m.counts;
    word prefix = 0;
    for (unsigned shift = bits; shift != 0;) {
      shift -= radix_bits;
      word const above = shift + radix_bits == bits ? word{0} : word(word(~word{0}) << (shift + radix_bits) % bits);
      pick(
          ctx, s, keys, n, k, before, counts, shift, [=](word w, std::uint64_t) { return (w & above) == (prefix & above); },
          [](word w, std::uint64_t) { return w; });
      prefix = word(prefix | word(word(s.digit) << shift));
      before += s.before;
      counts += radix_digits;
      if (before + s.inside <= tile) return {word(prefix | word((word{1} << shift) - 1)), no_end};
    }
    // More elements than the list takes have this word.
    if constexpr (!HasValues) {
      return {prefix, 0};
    } else {
      std::uint64_t first = 0;
      unsigned shift = 0;
      while (shift < 64 && (n - 1) >> shift != 0) shift += radix_bits;
      for (bool is_top = true; shift != 0; is_top = false) {
        shift -= radix_bits;
        std::uint64_t const above = is_top ? 0 : ~std::uint64_t{0} << (shift + radix_bits);
        pick(
            ctx, s, keys, n, k, before, counts, shift,
            [=](word w, std::uint64_t place) { return w == prefix && (place & above) == (first & above); },
            [](word, std::uint64_t place) { return place; });
        first |= std::uint64_t{s.digit} << shift;
        before += s.before;
        counts += radix_digits;
        if (before + s.inside <= tile) return {prefix, (first | ((std::uint64_t{1} << shift) - 1)) + 1};
      }
      return {prefix, first + 1};
    }
  }

  /// Finds the value of the digit at `shift` that the element of rank k has, among the elements for which `inside` holds; `before` others
  /// come before them. The digit is one of `number(word, place)`. All blocks get the same result in shared memory.
  template <class Ctx, class Keys, class Inside, class Number>
  CROSSLANE_FN static void pick(Ctx const& ctx, shared<Ctx>& s, Keys const& keys, std::uint64_t n, unsigned k, std::uint64_t before,
                                std::uint64_t* counts, unsigned shift, Inside const& inside, Number const& number) {
    unsigned const rank = ctx.thread_rank();
    ctx.sync_block();
    for (auto d : ctx.block_stride(radix_digits)) s.counts[d] = 0;
    ctx.sync_block();
    for_tiles(ctx, keys, n, [&](word(&words)[items], auto const& place) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < items; ++i) {
        std::uint64_t const from = place(i);
        if (from < n && inside(words[i], from))
          atomic<scope::block>(ctx, s.counts[unsigned(number(words[i], from) >> shift) & (radix_digits - 1)]).fetch_add(1u);
      }
    });
    ctx.sync_block();
    for (auto d : ctx.block_stride(radix_digits))
      if (s.counts[d] != 0) atomic(ctx, counts[d]).fetch_add(std::uint64_t{s.counts[d]});
    ctx.sync_grid();
    std::uint64_t const own = rank < radix_digits ? atomic(ctx, counts[rank]).load() : 0;
    std::uint64_t const lower = before + block_exclusive_scan(ctx, s.scan, own, plus{}, std::uint64_t{0});
    if (lower < k && k <= lower + own) {
      s.digit = rank;
      s.before = lower - before;
      s.inside = own;
    }
    ctx.sync_block();
  }

  /// Writes the best k of the list, by their ranks. What the list lacks are copies of `rest`.
  template <class Ctx, class Values, class KeysOut, class ValuesOut>
  CROSSLANE_FN static void finish(Ctx const& ctx, shared<Ctx>& s, Values const& values, KeysOut const& keys_out,
                                  ValuesOut const& values_out, unsigned k, unsigned total, word rest, memory const& m) {
    constexpr unsigned each = ranked_by_wave;
    auto const w = wave(ctx);
    unsigned const waves = unsigned(ctx.block_count()) * ctx.wave_count();
    unsigned own = (unsigned(ctx.block_rank()) * ctx.wave_count() + ctx.wave_rank()) * each;
    if (own - ctx.wave_rank() * each < total) {
      ctx.sync_block();
      for (auto i : ctx.block_stride(total)) s.found[i] = m.words[i];
      ctx.sync_block();
    }
    for (; own < total; own += waves * each) {
      unsigned const from = own + w.rank(), to = rank_in_wave(w, s.found, total, own, order{m.places});
      if (w.rank() >= each || from >= total || to >= k) continue;
      keys_out[to] = Words::key_of(s.found[from]);
      if constexpr (HasValues) values_out[to] = values[m.places[from]];
    }
    for (auto i : ctx.grid_stride(total < k ? k - total : 0u)) keys_out[total + i] = Words::key_of(rest);
  }

  /// Compares words of the list, and their places if the elements have values.
  struct order {
    std::uint64_t const* places;
    CROSSLANE_FN bool earlier(word a, unsigned i, word b, unsigned j) const {
      if constexpr (HasValues)
        return a < b || (a == b && places[i] < places[j]);
      else
        return a <= b;
    }
    CROSSLANE_FN bool later(word a, unsigned i, word b, unsigned j) const {
      if constexpr (HasValues)
        return earlier(a, i, b, j);
      else
        return a < b;
    }
  };
};

/// A search among a few elements by ranks.
template <class Words, class Keys, class Values, class KeysOut, class ValuesOut>
struct top_k_rank_job : radix_rank_job<Words, Keys, Values, KeysOut, ValuesOut> {
  using base = radix_rank_job<Words, Keys, Values, KeysOut, ValuesOut>;
  unsigned k;
  CROSSLANE_FN void store(unsigned i, typename base::element const& moved) const {
    if (i < k) base::store(i, moved);
  }
};

/// The order of words and their places: of equal words the first one in the input comes first. A sort by it needs no std::stable_sort, which
/// warns of deprecated functions with some compilers.
template <class Word>
bool is_before(pair<Word, std::uint64_t> const& a, pair<Word, std::uint64_t> const& b) {
  return a.first < b.first || (a.first == b.first && a.second < b.second);
}

/// The best k of a piece, by loops: words and their places.
template <class Words, class Keys>
std::vector<pair<typename Words::word, std::uint64_t>> best_of_piece(Keys const& keys, std::uint64_t begin, std::uint64_t end,
                                                                     std::uint64_t k) {
  using element = pair<typename Words::word, std::uint64_t>;
  std::vector<element> best;
  typename Words::word last = typename Words::word(~typename Words::word{0});
  for (std::uint64_t i = begin; i < end; ++i) {
    typename Words::word const w = Words::of(keys[i]);
    if (w > last || (w == last && best.size() >= k)) continue;
    best.push_back({w, i});
    if (best.size() < 2 * k + 64) continue;
    std::nth_element(best.begin(), best.begin() + std::ptrdiff_t(k - 1), best.end(), is_before<typename Words::word>);
    best.resize(k);
    last = best.back().first;
  }
  std::sort(best.begin(), best.end(), is_before<typename Words::word>);
  if (best.size() > k) best.resize(k);
  return best;
}

inline namespace CROSSLANE_CONFIGURATION {

/// Returns the number of elements that an output gets. If it has fewer, the call is refused later.
template <class Out>
std::uint64_t written_by_top_k(Out const& out, std::uint64_t n, std::uint64_t k) {
  std::uint64_t const most = k < n ? k : n;
  return out.size() < most ? out.size() : most;
}

template <sort_order Order, class P, runtime_backend B, class Keys, class Values, class KeysOut, class ValuesOut>
void queue_top_k(basic_stream_ref<B> q, char const* call, Keys const& keys, Values const& values, KeysOut const& keys_out,
                 ValuesOut const& values_out, std::uint64_t k, workspace_reference const& given, source_location where) {
  static_assert(is_span<KeysOut> && (is_span<ValuesOut> || std::is_same_v<ValuesOut, no_values>),
                "crosslane: the outputs of top_k() are buffers and spans");
  using Key = typename KeysOut::value_type;
  static_assert(
      std::is_same_v<typename Keys::value_type, Key> && std::is_same_v<typename Values::value_type, typename ValuesOut::value_type>,
      "crosslane: top_k() writes elements of the types that it reads");
  static_assert(!has_count<Values> || has_count<Keys>, "crosslane: the number of elements is that of the keys: pass counted(keys, n)");
  constexpr bool has_values = !std::is_same_v<ValuesOut, no_values>;
  using words = radix_words<Key, Order>;
  using kernel = top_k_kernel<top_k_policy_of<P>, words, has_values>;
  using word = typename words::word;
  std::uint64_t const n = keys.size(), most = n < k ? n : k;
  if (k > kernel::tile)
    throw_error(errc::limit_exceeded, where, "%s: k is %llu, the limit is %u: use radix_sort() for more", call,
                static_cast<unsigned long long>(k), kernel::tile);
  bool too_small = std::uint64_t(keys_out.size()) < most;
  if constexpr (has_values) too_small = too_small || std::uint64_t(values_out.size()) < most;
  if (too_small)
    throw_error(errc::size_mismatch, where, "%s: an output has fewer than %llu elements", call, static_cast<unsigned long long>(most));
  if (most == 0) return;
  if constexpr (loop_backend<B>) {
    if (given.measured != nullptr) return;
    using element = pair<word, std::uint64_t>;
    std::uint64_t const piece = std::uint64_t{1} << 16;
    auto const parts = std::make_shared<std::vector<std::vector<element>>>(n / piece + 1);
    run_loops<words>(
        q, n,
        [=](std::uint64_t begin, std::uint64_t end) {
          std::uint64_t const count = count_in_kernel(keys);
          (*parts)[begin / piece] = best_of_piece<words>(keys, begin, end < count ? end : count, k);
        },
        where, piece);
    run_loops<words>(
        q, 1,
        [=](std::uint64_t, std::uint64_t) {
          std::vector<element> all;
          for (auto const& part : *parts) all.insert(all.end(), part.begin(), part.end());
          std::sort(all.begin(), all.end(), is_before<word>);
          for (std::size_t i = 0; i < all.size() && i < k; ++i) {
            keys_out[i] = words::key_of(all[i].first);
            if constexpr (has_values) values_out[i] = values[all[i].second];
          }
        },
        where);
  } else {
    using memory = typename kernel::memory;
    unsigned const wanted = unsigned(k);
    top_k_rank_job<words, Keys, Values, KeysOut, ValuesOut> const few{{keys, values, keys_out, values_out, 0, word(~word{0}), {}}, wanted};
    if (queue_rank_sort<top_k_policy_of<P>::ranked, false>(q, few, n, given.measured != nullptr, where)) return;
    std::uint64_t const listed = n < kernel::tile ? n : kernel::tile,
                        ranked_by_block = kernel::threads / q.properties(where).wave_size * ranked_by_wave;
    unsigned const blocks = blocks_for(q, std::max(pieces_of(n, kernel::tile), pieces_of(listed, ranked_by_block)),
                                       unsigned(top_k_policy_of<P>::blocks), where);
    memory m;
    auto const lay_out = [&](std::byte* data) {
      payload_layout layout{data};
      m.guesses = layout.take<word>(workspace_front::most_blocks);
      m.words = layout.take<word>(kernel::tile);
      m.places = layout.take<std::uint64_t>(has_values ? kernel::tile : 0);
      m.found = layout.take<std::uint64_t>(2);
      m.counts = layout.take<std::uint64_t>(memory::rounds * radix_digits);
      return layout.bytes();
    };
    call_memory<B> const workspace{q, call, given, lay_out(nullptr), where};
    if (workspace.measures()) return;
    lay_out(workspace.payload());
    unsigned const grid = blocks_at_once<kernel, Keys, Values, KeysOut, ValuesOut, unsigned, memory>(q, blocks, {.where = where});
    launch(q, {.grid = grid, .where = where}, kernel{}, keys, values, keys_out, values_out, wanted, m);
  }
}

}  // namespace CROSSLANE_CONFIGURATION
}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues a search for the best k keys: best[0] is the largest key, best[1] the next, or the smallest ones with sort_order::ascending. If
/// there are fewer keys, all are written, sorted. The host calls it, and it does not wait. Throws limit_exceeded if k is above the policy's
/// threads * items, 4096 by default, size_mismatch if the output has fewer elements or the workspace is too small, and invalid_argument if
/// the output overlaps the input.
template <sort_order Order = sort_order::descending, stream_like S, class Keys, class Best, class D = run_to_run, class P = tuned>
requires(detail::range_argument<Keys> && detail::range_argument<Best>)
void top_k(S const& stream, Keys&& keys, Best&& best, std::uint64_t k, options<D, P> const& o = {},
           source_location where = source_location::current()) {
  auto const q = detail::ref_of(stream, where);
  detail::require_operands(q, "top_k", o.workspace, where, keys, best);
  auto const from = detail::read_only(detail::view_for_kernel(keys, where));
  auto const to = detail::view_for_kernel(best, where);
  detail::check_apart("top_k", from, from.size(), to, detail::written_by_top_k(to, from.size(), k), where);
  detail::queue_top_k<Order, P>(q, "top_k", from, detail::no_values{}, to, detail::no_values{}, k, o.workspace, where);
}

/// Queues a search for the best k keys, and writes the value of each: element i of `values` belongs to element i of `keys`. Otherwise it is
/// like top_k(). Throws size_mismatch also if there are fewer values than keys.
template <sort_order Order = sort_order::descending, stream_like S, class Keys, class Values, class BestKeys, class BestValues,
          class D = run_to_run, class P = tuned>
requires(detail::range_argument<Keys> && detail::range_argument<Values> && detail::range_argument<BestKeys> &&
         detail::range_argument<BestValues>)
void top_k_by_key(S const& stream, Keys&& keys, Values&& values, BestKeys&& best_keys, BestValues&& best_values, std::uint64_t k,
                  options<D, P> const& o = {}, source_location where = source_location::current()) {
  constexpr char const* call = "top_k_by_key";
  auto const q = detail::ref_of(stream, where);
  detail::require_operands(q, call, o.workspace, where, keys, values, best_keys, best_values);
  auto const key = detail::read_only(detail::view_for_kernel(keys, where));
  auto const value = detail::read_only(detail::view_for_kernel(values, where));
  auto const key_out = detail::view_for_kernel(best_keys, where);
  auto const value_out = detail::view_for_kernel(best_values, where);
  std::uint64_t const n = key.size();
  detail::check_values(call, key, value, true, where);
  std::uint64_t const keys_written = detail::written_by_top_k(key_out, n, k), values_written = detail::written_by_top_k(value_out, n, k);
  detail::check_apart(call, key, n, key_out, keys_written, where);
  detail::check_apart(call, key, n, value_out, values_written, where);
  detail::check_apart(call, value, n, key_out, keys_written, where);
  detail::check_apart(call, value, n, value_out, values_written, where);
  detail::check_apart(call, key_out, keys_written, value_out, values_written, where);
  detail::queue_top_k<Order, P>(q, call, key, value, key_out, value_out, k, o.workspace, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
