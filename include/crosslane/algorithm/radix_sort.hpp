// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Radix sorts of whole ranges: radix_sort(), radix_sort_by_key().
///
///   xl::radix_sort(q, keys, sorted);
///   xl::radix_sort<xl::sort_order::descending>(q, scores, sorted);
///   xl::radix_sort_by_key(q, keys, values, sorted_keys, sorted_values);
///   xl::radix_sort(q, keys, sorted, xl::bit_range{0, 20});  // compares 20 bits only
///
/// The host calls them, and they do not wait. The sort is stable. radix_key defines the order of each type of keys: numbers of up to 64
/// bits, half and bfloat16, and what the program specialises it for. Inputs are buffers, spans and lazy ranges, outputs are buffers and
/// spans. An output may be its input. Other ranges of a call must not overlap.
///
/// Up to 8192 keys of up to 4 bytes, or 4096 of 8 bytes, are sorted by one kernel (rank_sort.hpp). More take one kernel that reads the keys
/// and one that reads and writes the elements for each 8 bits, and memory for a copy of the elements.
#pragma once

#include <crosslane/algorithm/radix_loops.hpp>
#include <crosslane/algorithm/radix_passes.hpp>
#include <crosslane/algorithm/scan.hpp>

namespace crosslane {

/// Sizes of a radix sort: `threads` of a block, `items` of a thread in a tile, `blocks` that must fit on a multiprocessor, `look_back`
/// words that a thread reads at once when it looks for the counts of earlier tiles. If tiles would occupy less than a quarter
/// of the multiprocessors, a thread has `few_items` in a tile instead. A launch has at most `tiles` tiles. Up to `ranked` elements are
/// sorted by counting.
template <unsigned Threads, unsigned Items, unsigned Blocks, unsigned LookBack, unsigned FewItems, unsigned Tiles,
          unsigned Ranked = detail::most_ranked>
struct radix_sort_policy {
  static constexpr unsigned threads = Threads;     ///< threads of a block
  static constexpr unsigned items = Items;         ///< elements of a thread in a tile
  static constexpr int blocks = Blocks;            ///< blocks on a multiprocessor
  static constexpr unsigned look_back = LookBack;  ///< words that a thread reads at once
  static constexpr unsigned few_items = FewItems;  ///< elements of a thread in a tile of a range that does not fill the device
  static constexpr std::uint64_t tiles = Tiles;    ///< most tiles of a launch
  static constexpr unsigned ranked = Ranked;       ///< most elements that are sorted by counting
};

namespace detail {

/// Returns the policy for keys and values of which the larger has `Bytes` bytes. On an H200, 2^16 and 2^18 keys of 4 bytes take 29.3 and
/// 36.0 us with 8 items in a tile, 37.3 and 43.0 us with 22; 2^20 keys take 62.8 and 51.1 us.
template <std::size_t Bytes, bool HasValues>
constexpr auto tuned_radix_sort() {
  constexpr unsigned items = Bytes <= 4 ? (HasValues ? 18 : 22) : Bytes <= 8 ? 11 : Bytes <= 88 ? 88 / Bytes : 1;
  constexpr unsigned few = items < 8 ? items : 8;
  return radix_sort_policy<384, items, 2, 8, few, (1u << 28) / (384 * items)>{};
}
template <class Policy, std::size_t Bytes, bool HasValues>
using radix_sort_policy_of = policy_or<Policy, decltype(tuned_radix_sort<Bytes, HasValues>())>;

/// The range as a pass reads it: spans of constant and other elements are one type.
template <class R>
constexpr auto read_only(R const& r) {
  if constexpr (is_span<R>)
    return span<typename R::value_type const>{r.data(), r.size()};
  else
    return r;
}

inline namespace CROSSLANE_CONFIGURATION {

template <class A, class B>
constexpr bool is_same_memory(A const& a, B const& b) {
  if constexpr (is_span<A> && is_span<B>)
    return static_cast<void const*>(a.data()) == static_cast<void const*>(b.data());
  else
    return !is_span<A>;  // a lazy range may read the memory of the output
}

/// The sort by loops.
template <class Words, class Value, class KeysIn, class ValuesIn, class KeysOut, class ValuesOut, loop_backend B>
void queue_radix_loops(basic_stream_ref<B> q, KeysIn const& keys, ValuesIn const& values, KeysOut const& keys_out,
                       ValuesOut const& values_out, radix_plan const& plan, source_location where) {
  using state = radix_loop<Words, Value, KeysIn, ValuesIn, KeysOut, ValuesOut>;
  std::uint64_t const n = keys.size(), least = std::uint64_t{1} << 16, piece = n / 256 < least ? least : n / 256;
  std::uint64_t const pieces = (n - 1) / piece + 1;
  auto const s = std::make_shared<state>(state{keys, values, keys_out, values_out, piece, {}, {}, {}});
  s->other_keys.reset(new typename Words::key[n]);
  if constexpr (state::has_values) s->other_values.reset(new Value[n]);
  s->counts.resize(pieces * radix_digits);
  if (pieces == 1)
    return run_loops<Words>(
        q, 1,
        [=](std::uint64_t, std::uint64_t) {
          for (unsigned p = 0; p < plan.passes; ++p) {
            s->count_piece(0, n, plan.digit(p), p == 0);
            s->scan(1, p == 0);
            s->move_piece(0, n, plan.digit(p));
            s->from = s->to;
          }
          s->finish_piece(0, n);
        },
        where);
  for (unsigned p = 0; p < plan.passes; ++p) {
    radix_digit const digit = plan.digit(p);
    run_loops<Words>(q, n, [=](std::uint64_t begin, std::uint64_t end) { s->count_piece(begin, end, digit, p == 0); }, where, piece);
    run_loops<Words>(q, 1, [=](std::uint64_t, std::uint64_t) { s->scan(pieces, p == 0); }, where);
    run_loops<Words>(q, n, [=](std::uint64_t begin, std::uint64_t end) { s->move_piece(begin, end, digit); }, where, piece);
    run_loops<Words>(q, 1, [=](std::uint64_t, std::uint64_t) { s->from = s->to; }, where);
  }
  run_loops<Words>(q, n, [=](std::uint64_t begin, std::uint64_t end) { s->finish_piece(begin, end); }, where, piece);
}

/// Queues the sort by kernels. `IsFew`: whether the elements do not fill the device.
template <class Policy, bool IsFew, class Words, class Value, runtime_backend B, class KeysIn, class ValuesIn, class Key, class ValuesOut>
void queue_radix_passes(basic_stream_ref<B> q, char const* call, KeysIn const& keys, ValuesIn const& values, span<Key> keys_out,
                        ValuesOut const& values_out, radix_plan const& plan, workspace_reference const& given, source_location where) {
  constexpr unsigned items = IsFew ? Policy::few_items : Policy::items;
  using kernel = radix_pass_kernel<Policy, items, Words, Value>;
  constexpr bool has_values = kernel::has_values;
  std::uint64_t const n = keys.size(), portion = Policy::tiles * kernel::tile_size, portions = (n - 1) / portion + 1;
  unsigned const tiles = unsigned(((n < portion ? n : portion) - 1) / kernel::tile_size + 1);
  std::uint64_t const launches = portions * plan.passes, tickets = (launches + 63) / 64 * 64;
  std::uint64_t const zero_count = tickets + std::uint64_t{tiles} * radix_digits, starts = plan.passes * radix_digits;
  std::uint64_t *first[2], *count;
  unsigned* zeros;
  Key* other_keys;
  Value* other_values;
  auto const lay_out = [&](std::byte* memory) {
    payload_layout layout{memory};
    for (auto& f : first) f = layout.take<std::uint64_t>(starts);
    count = layout.take<std::uint64_t>(1);
    zeros = layout.take<unsigned>(zero_count);
    other_keys = layout.take<Key>(n);
    other_values = layout.take<Value>(has_values ? n : 0);
    return layout.bytes();
  };
  call_memory<B> const memory{q, call, given, lay_out(nullptr), where};
  if (memory.measures()) return;
  lay_out(memory.payload());

  // More copies of the counters take fewer turns of the lanes that add, and more time to clear and to add up.
  using histogram = radix_histogram_kernel<Words, 512, (IsFew ? 4 : Words::bits > 32 ? 8 : 16)>;
  unsigned const blocks = blocks_for(q, (n - 1) / histogram::tile + 1, 1, where);
  std::size_t const copy_bytes = starts * sizeof(unsigned), most = q.properties(where).shared_per_block_optin - 1024;
  unsigned log_copies = 0;
  while (log_copies < 5 && (copy_bytes << (log_copies + 1)) <= most && (starts << log_copies) <= n / blocks) ++log_copies;
  launch(q, {.grid = blocks, .dynamic_shared = copy_bytes << log_copies, .where = where}, histogram{}, keys, plan, log_copies,
         memory.front(), first[0], count, zeros, zero_count);

  unsigned launch_number = 0;
  for (unsigned p = 0; p < plan.passes; ++p)
    for (std::uint64_t k = 0; k < portions; ++k, ++launch_number) {
      std::uint64_t const begin = k * portion;
      radix_pass const pass{plan.digit(p),
                            launch_number,
                            portions > 1,
                            begin,
                            n - begin < portion ? n - begin : portion,
                            count,
                            first[k % 2] + p * radix_digits,
                            k + 1 < portions ? first[(k + 1) % 2] + p * radix_digits : nullptr,
                            zeros + launch_number,
                            zeros + tickets};
      bool const to_output = (plan.passes - 1 - p) % 2 == 0;
      auto const move = [&](auto const& keys_from, auto const& values_from) {
        span<Key> const keys_to = to_output ? keys_out : span<Key>{other_keys, std::size_t(n)};
        ValuesOut values_to = values_out;
        if constexpr (has_values)
          if (!to_output) values_to = {other_values, std::size_t(n)};
        launch(q, {.grid = tiles, .where = where}, kernel{}, keys_from, values_from, keys_to, values_to, pass);
      };
      if (p == 0)
        move(keys, values);
      else if constexpr (has_values)
        move(to_output ? span<Key const>{other_keys, std::size_t(n)} : span<Key const>{keys_out},
             to_output ? span<Value const>{other_values, std::size_t(n)} : span<Value const>{values_out});
      else
        move(to_output ? span<Key const>{other_keys, std::size_t(n)} : span<Key const>{keys_out}, values);
    }
}

template <sort_order Order, class P, runtime_backend B, class KeysIn, class ValuesIn, class KeysOut, class ValuesOut>
void queue_radix_sort(basic_stream_ref<B> q, char const* call, KeysIn const& keys, ValuesIn const& values, KeysOut const& keys_out,
                      ValuesOut const& values_out, bit_range bits, workspace_reference const& given, source_location where) {
  static_assert(is_span<KeysOut> && (is_span<ValuesOut> || std::is_same_v<ValuesOut, no_values>),
                "crosslane: the outputs of a sort are buffers and spans");
  using Key = typename KeysOut::value_type;
  using Value = typename ValuesOut::value_type;
  static_assert(std::is_same_v<typename KeysIn::value_type, Key> && std::is_same_v<typename ValuesIn::value_type, Value>,
                "crosslane: a sort writes elements of the types that it reads");
  static_assert(std::is_trivially_copyable_v<Value> && std::is_trivially_default_constructible_v<Value> && sizeof(Value) <= 64,
                "crosslane: the values of a sort must be trivially copyable, have a trivial default constructor and at most 64 bytes: sort "
                "indices of larger ones");
  static_assert(!has_count<ValuesIn> || has_count<KeysIn>, "crosslane: the number of elements is that of the keys: pass counted(keys, n)");
  using words = radix_words<Key, Order>;
  constexpr bool has_values = !std::is_same_v<Value, no_value>;
  using policy = radix_sort_policy_of<P, (sizeof(Key) > sizeof(Value) ? sizeof(Key) : sizeof(Value)), has_values>;
  std::uint64_t const n = keys.size();
  if (n == 0) return;

  unsigned const end = bits.end < words::bits ? bits.end : words::bits, compared = bits.begin < end ? end - bits.begin : 0;
  radix_plan plan{compared == 0 ? 0 : bits.begin, compared, compared == 0 ? 1 : (compared + radix_bits - 1) / radix_bits};
  if constexpr (loop_backend<B>) {
    if (given.measured == nullptr) queue_radix_loops<words, Value>(q, keys, values, keys_out, values_out, plan, where);
  } else {
    // With an even number of passes, the first one does not write where it reads if an output is its input.
    bool in_place = is_same_memory(keys, keys_out);
    if constexpr (has_values) in_place = in_place || is_same_memory(values, values_out);
    auto const mask = typename words::word(compared == 0 ? 0 : typename words::word(~typename words::word{0}) >> (words::bits - compared));
    radix_rank_job<words, KeysIn, ValuesIn, KeysOut, ValuesOut> const by_ranks{keys, values, keys_out, values_out, plan.begin, mask, {}};
    bool const measures = given.measured != nullptr;
    if (in_place ? queue_rank_sort<policy::ranked, true>(q, by_ranks, n, measures, where)
                 : queue_rank_sort<policy::ranked, false>(q, by_ranks, n, measures, where))
      return;
    if (in_place && plan.passes % 2 != 0) ++plan.passes;
    auto const queue = [&](auto is_few) {
      queue_radix_passes<policy, is_few(), words, Value>(q, call, keys, values, keys_out, values_out, plan, given, where);
    };
    if (n < std::uint64_t{q.properties(where).multiprocessors} * policy::threads * policy::items / 4)
      queue(std::true_type{});
    else
      queue(std::false_type{});
  }
}

}  // namespace CROSSLANE_CONFIGURATION
}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// @{
/// Queues a stable sort of the keys by their bits `bits`, in the order of radix_key. `bits` are those of the key's word, by default all.
/// The host calls it, and it does not wait. The output may be the input. Throws size_mismatch if the output has fewer elements than the
/// input or the workspace is too small, and invalid_argument if the output overlaps the input without being the input.
template <sort_order Order = sort_order::ascending, stream_like S, class In, class Out, class D = run_to_run, class P = tuned>
requires(detail::range_argument<In> && detail::range_argument<Out>)
void radix_sort(S const& stream, In&& keys, Out&& sorted, bit_range bits, options<D, P> const& o = {},
                source_location where = source_location::current()) {
  auto const q = detail::ref_of(stream, where);
  detail::require_operands(q, "radix_sort", o.workspace, where, keys, sorted);
  auto const from = detail::read_only(detail::view_for_kernel(keys, where));
  auto const to = detail::view_for_kernel(sorted, where);
  detail::check_output("radix_sort", from, to, true, where);
  detail::queue_radix_sort<Order, P>(q, "radix_sort", from, detail::no_values{}, to, detail::no_values{}, bits, o.workspace, where);
}
template <sort_order Order = sort_order::ascending, stream_like S, class In, class Out, class D = run_to_run, class P = tuned>
requires(detail::range_argument<In> && detail::range_argument<Out>)
void radix_sort(S const& stream, In&& keys, Out&& sorted, options<D, P> const& o = {}, source_location where = source_location::current()) {
  radix_sort<Order>(stream, keys, sorted, bit_range{}, o, where);
}
/// @}

/// @{
/// Queues a stable sort of the keys, and moves the value of each key with it: element i of `values` belongs to element i of `keys`.
/// Otherwise it is like radix_sort(). Throws size_mismatch also if there are fewer values than keys.
template <sort_order Order = sort_order::ascending, stream_like S, class Keys, class Values, class KeysOut, class ValuesOut,
          class D = run_to_run, class P = tuned>
requires(detail::range_argument<Keys> && detail::range_argument<Values> && detail::range_argument<KeysOut> &&
         detail::range_argument<ValuesOut>)
void radix_sort_by_key(S const& stream, Keys&& keys, Values&& values, KeysOut&& sorted_keys, ValuesOut&& sorted_values, bit_range bits,
                       options<D, P> const& o = {}, source_location where = source_location::current()) {
  constexpr char const* call = "radix_sort_by_key";
  auto const q = detail::ref_of(stream, where);
  detail::require_operands(q, call, o.workspace, where, keys, values, sorted_keys, sorted_values);
  auto const k = detail::read_only(detail::view_for_kernel(keys, where));
  auto const v = detail::read_only(detail::view_for_kernel(values, where));
  auto const k_out = detail::view_for_kernel(sorted_keys, where);
  auto const v_out = detail::view_for_kernel(sorted_values, where);
  std::uint64_t const n = k.size();
  detail::check_values(call, k, v, true, where);
  detail::check_output(call, k, k_out, true, where);
  if (std::uint64_t(v_out.size()) < n)
    throw_error(errc::size_mismatch, where, "%s: there are %llu keys, the output of the values has %llu elements", call,
                static_cast<unsigned long long>(n), static_cast<unsigned long long>(v_out.size()));
  if (!detail::is_same_memory(v, v_out)) detail::check_apart(call, v, n, v_out, n, where);
  detail::check_apart(call, k, n, v_out, n, where);
  detail::check_apart(call, v, n, k_out, n, where);
  detail::check_apart(call, k_out, n, v_out, n, where);
  detail::queue_radix_sort<Order, P>(q, call, k, v, k_out, v_out, bits, o.workspace, where);
}
template <sort_order Order = sort_order::ascending, stream_like S, class Keys, class Values, class KeysOut, class ValuesOut,
          class D = run_to_run, class P = tuned>
requires(detail::range_argument<Keys> && detail::range_argument<Values> && detail::range_argument<KeysOut> &&
         detail::range_argument<ValuesOut>)
void radix_sort_by_key(S const& stream, Keys&& keys, Values&& values, KeysOut&& sorted_keys, ValuesOut&& sorted_values,
                       options<D, P> const& o = {}, source_location where = source_location::current()) {
  radix_sort_by_key<Order>(stream, keys, values, sorted_keys, sorted_values, bit_range{}, o, where);
}
/// @}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
