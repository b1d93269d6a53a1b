// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// radix_sort against std::stable_sort: types, orders, sizes, ranges of bits, hard inputs, in place, lazy inputs, workspaces.
#include <support/target.hpp>

#include <crosslane/algorithm.hpp>

#include <algorithm>
#include <numeric>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using order = xl::sort_order;
/// Tiles of 512 elements, in launches of at most 4 tiles; one block sorts up to 512 elements.
using small_tiles = xl::radix_sort_policy<256, 2, 1, 4, 1, 4, 0>;

template <class Key>
using word_of = typename xl::radix_key<Key>::word;

template <class Key>
std::vector<word_of<Key>> words(std::vector<Key> const& keys) {
  std::vector<word_of<Key>> result;
  for (Key const& k : keys) result.push_back(xl::radix_key<Key>::to_word(k));
  return result;
}

/// Returns the words' places in sorted order.
template <order Order, class Word>
std::vector<std::size_t> sorted_places(std::vector<Word> const& keys, xl::bit_range bits) {
  unsigned const end = std::min(bits.end, unsigned(sizeof(Word) * 8));
  auto const part = [&](std::size_t i) {
    if (bits.begin >= end) return Word{0};
    unsigned const count = end - bits.begin;
    Word const all = Word(~Word{0}), mask = count == sizeof(Word) * 8 ? all : Word((Word{1} << count) - 1);
    return Word(Word(keys[i] >> bits.begin) & mask);
  };
  std::vector<std::size_t> places(keys.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::stable_sort(places.begin(), places.end(),
                   [&](std::size_t a, std::size_t b) { return Order == order::ascending ? part(a) < part(b) : part(b) < part(a); });
  return places;
}
template <class T>
std::vector<T> taken(std::vector<T> const& from, std::vector<std::size_t> const& places) {
  std::vector<T> result;
  for (std::size_t p : places) result.push_back(from[p]);
  return result;
}

template <class Key>
std::vector<Key> any_keys(std::size_t n, unsigned seed = 1) {
  std::mt19937_64 random{seed};
  std::vector<Key> result;
  for (std::size_t i = 0; i < n; ++i) result.push_back(xl::radix_key<Key>::from_word(word_of<Key>(random())));
  return result;
}

template <order Order, class Key, class P = xl::tuned>
void check_keys(xl::stream const& q, std::vector<Key> const& keys, xl::bit_range bits = {}, P = {},
                source_location where = source_location::current()) {
  auto const expected = taken(words(keys), sorted_places<Order>(words(keys), bits));
  xl::buffer<Key> const in = upload(q, keys);
  xl::buffer<Key> out{q, keys.size() + 1};
  xl::options<xl::run_to_run, P> const o;
  xl::radix_sort<Order>(q, in, out, bits, o);
  auto got = words(read(q, out.view().subspan(0, keys.size())));
  if (got != expected) return fail("keys of " + std::to_string(keys.size()) + " are not sorted", where);
  if (words(read(q, in)) != words(keys)) return fail("the input has changed", where);
  xl::buffer<Key> both = upload(q, keys);
  xl::radix_sort<Order>(q, both, both, bits, o);
  got = words(read(q, both));
  if (got != expected) fail("keys of " + std::to_string(keys.size()) + " are not sorted in place", where);
}

template <order Order, class Value, class Key, class P = xl::tuned>
void check_pairs(xl::stream const& q, std::vector<Key> const& keys, xl::bit_range bits = {}, P = {},
                 source_location where = source_location::current()) {
  std::vector<Value> values(keys.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = Value(i * 7 + 1);
  auto const places = sorted_places<Order>(words(keys), bits);
  xl::buffer<Key> k = upload(q, keys);
  xl::buffer<Value> v = upload(q, values);
  xl::buffer<Key> k_out{q, keys.size()};
  xl::buffer<Value> v_out{q, keys.size()};
  xl::options<xl::run_to_run, P> const o;
  xl::radix_sort_by_key<Order>(q, k, v, k_out, v_out, bits, o);
  if (words(read(q, k_out)) != taken(words(keys), places)) return fail("the keys of pairs are not sorted", where);
  if (!(read(q, v_out) == taken(values, places))) return fail("values do not go with their keys", where);
  xl::radix_sort_by_key<Order>(q, k, v, k, v_out, bits, o);
  xl::radix_sort_by_key<Order>(q, k_out, v, k_out, v, xl::bit_range{0, 0}, o);
  if (words(read(q, k)) != taken(words(keys), places)) return fail("the keys of pairs are not sorted in place", where);
  if (!(read(q, v) == values)) fail("a sort by no bits moves values", where);
}

template <std::size_t Words>
struct words_value {
  unsigned data[Words];
  words_value() = default;
  explicit words_value(std::size_t value) {
    for (unsigned& w : data) w = unsigned(value++);
  }
  bool operator==(words_value const&) const = default;
};

CROSSLANE_TEST(radix_sort, sizes) {
  xl::stream const q{d};
  for (std::size_t n : {0, 1, 2, 31, 33, 64, 511, 512, 513, 1024, 1025, 2048, 2049, 4099})
    check_keys<order::ascending>(q, any_keys<unsigned>(n), {}, small_tiles{});
  for (std::size_t n : {1, 2, 3, 4, 5, 130, 4097, 8191, 8192, 8193, 8449}) check_keys<order::ascending>(q, any_keys<unsigned>(n));
  if constexpr (xl::detail::loop_backend<xl::default_backend>)  // one to several pieces of 2^14 elements
    for (std::size_t n : {1 << 14, (1 << 14) + 1, 1 << 16, 70'000}) check_keys<order::ascending>(q, any_keys<unsigned>(n));
}

CROSSLANE_TEST(radix_sort, types) {
  xl::stream const q{d};
  check_keys<order::descending>(q, any_keys<std::uint8_t>(1111), {}, small_tiles{});
  check_keys<order::ascending>(q, any_keys<xl::half>(1111), {}, small_tiles{});
  check_keys<order::descending>(q, any_keys<xl::bfloat16>(300), {}, small_tiles{});
  check_pairs<order::ascending, words_value<3>>(q, any_keys<std::int16_t>(1111), {}, small_tiles{});
  check_pairs<order::descending, words_value<16>>(q, any_keys<double>(1111), {}, small_tiles{});
  check_pairs<order::ascending, std::uint8_t>(q, any_keys<std::int64_t>(9001), {30, 41});
  check_pairs<order::descending, words_value<3>>(q, any_keys<double>(1111));
  check_pairs<order::ascending, words_value<16>>(q, any_keys<std::uint8_t>(1111), {2, 5});
}

CROSSLANE_TEST(radix_sort, bits) {
  xl::stream const q{d};
  auto const keys = any_keys<unsigned>(1133);
  for (xl::bit_range const bits : {xl::bit_range{31, 32}, {3, 11}, {3, 12}, {0, 20}, {5, 5}, {9, 3}, {40, 50}, {17, 99}})
    check_keys<order::ascending>(q, keys, bits, small_tiles{});
  check_keys<order::ascending>(q, any_keys<unsigned>(400), {2, 9}, small_tiles{});
}

CROSSLANE_TEST(radix_sort, hard_inputs) {
  xl::stream const q{d};
  std::size_t const n = 1101;
  std::vector<unsigned> equal(n, 77u), top(n, ~0u), rising(n), falling(n), two(n), one_high(n, 0u);
  std::iota(rising.begin(), rising.end(), 0u);
  for (std::size_t i = 0; i < n; ++i) falling[i] = unsigned(n - i) << 16, two[i] = i % 3 == 0 ? ~0u : 1u;
  one_high[n / 2] = ~0u;
  for (auto const& keys : {equal, top, rising, falling, two, one_high}) check_keys<order::ascending>(q, keys, {}, small_tiles{});
  float const inf = __builtin_inff(), nan = __builtin_nanf("");
  std::vector<float> special;
  for (std::size_t i = 0; i < 130; ++i)
    for (float x : {0.f, -0.f, nan, -nan, inf, -inf, 1e-45f, -1e-45f, 3.f}) special.push_back(i % 5 == 0 ? -x : x);
  check_pairs<order::descending, unsigned>(q, special, {}, small_tiles{});
}

#if !CROSSLANE_CONFIG_ACCESS_CHECKS
/// Enough elements for several pieces of the host's loops.
CROSSLANE_TEST(radix_sort, many) {
  xl::stream const q{d};
  check_keys<order::ascending>(q, any_keys<unsigned>(200003));
  auto keys = any_keys<float>(150001);
  for (std::size_t i = 0; i < keys.size(); i += 2) keys[i] = float(i % 7);
  check_pairs<order::descending, unsigned>(q, keys, {}, small_tiles{});
}
#endif

struct square {
  CROSSLANE_FN unsigned operator()(unsigned x) const { return x * x % 1009; }
};
struct set_count {
  std::uint64_t* count;
  std::uint64_t value;
  CROSSLANE_FN void operator()(std::size_t) const { *count = value; }
};

CROSSLANE_TEST(radix_sort, lazy_and_counted_inputs) {
  xl::stream const q{d};
  std::size_t const n = 2100;
  std::vector<unsigned> keys(n);
  for (std::size_t i = 0; i < n; ++i) keys[i] = square{}(unsigned(i));
  auto const places = sorted_places<order::ascending>(keys, {});
  std::vector<unsigned> expected(places.begin(), places.end());
  xl::buffer<unsigned> k_out{q, n};
  xl::buffer<unsigned> v_out{q, n};
  xl::options<xl::run_to_run, small_tiles> const o;
  xl::radix_sort_by_key(q, xl::transformed(xl::counting(0u, n), square{}), xl::counting(0u, n), k_out, v_out, o);
  CROSSLANE_CHECK_SAME(read(q, k_out), taken(keys, places));
  CROSSLANE_CHECK_SAME(read(q, v_out), expected);

  xl::buffer<std::uint64_t> count{q, 1};
  xl::buffer<unsigned> const in = upload(q, keys);
  for (std::uint64_t const used : {std::uint64_t{0}, std::uint64_t{511}, std::uint64_t{n}}) {
    xl::for_each(q, std::size_t{1}, set_count{count.data(), used});
    xl::fill(q, k_out, 5u);
    xl::radix_sort(q, xl::counted(in, count), k_out, o);
    std::vector<unsigned> some(keys.begin(), keys.begin() + std::ptrdiff_t(used));
    std::stable_sort(some.begin(), some.end());
    some.resize(n, 5u);
    CROSSLANE_CHECK_SAME(read(q, k_out), some);
  }
}

/// The keys are computed from the memory that the sort writes, and no bit tells them apart.
CROSSLANE_TEST(radix_sort, reversed_in_place) {
  xl::stream const q{d};
  auto keys = any_keys<unsigned>(1133);
  for (unsigned& key : keys) key &= 0xffff;
  xl::buffer<unsigned> x = upload(q, keys), v = upload(q, keys);
  std::reverse(keys.begin(), keys.end());
  xl::radix_sort(q, xl::reversed(x), x, xl::bit_range{16, 24});
  CROSSLANE_CHECK_SAME(read(q, x), keys);
  xl::buffer<unsigned> same{q, keys.size()};
  xl::radix_sort_by_key(q, xl::constant(1u, keys.size()), xl::reversed(v), same, v);
  CROSSLANE_CHECK_SAME(read(q, v), keys);
}

CROSSLANE_TEST(radix_sort, workspace_is_used_again) {
  xl::stream const q{d};
  auto const keys = any_keys<unsigned>(5001);
  xl::buffer<unsigned> const in = upload(q, keys);
  xl::buffer<unsigned> out{q, keys.size()}, sums{q, keys.size()};
  auto const call = [&](auto const& o) {
    xl::radix_sort(q, in, out, o);
    xl::inclusive_scan(q, out, sums, xl::plus{}, o);
  };
  xl::workspace const memory{q, xl::workspace_size(call)};
  auto expected = keys;
  std::sort(expected.begin(), expected.end());
  std::vector<unsigned> expected_sums(keys.size());
  std::partial_sum(expected.begin(), expected.end(), expected_sums.begin());
  for (int i = 0; i < 3; ++i) {
    xl::fill(q, out, 0u);
    call(xl::options<>{.workspace = memory});
    CROSSLANE_CHECK_SAME(read(q, out), expected);
    CROSSLANE_CHECK_SAME(read(q, sums), expected_sums);
  }
}

CROSSLANE_TEST(radix_sort, refuses) {
  xl::stream const q{d};
  xl::buffer<unsigned> in{q, 6000}, out{q, 5999};
  xl::fill(q, in, 1u);
  expect_error(xl::errc::size_mismatch, {"radix_sort", "6000", "5999"}, [&] { xl::radix_sort(q, in, out); });
  expect_error(xl::errc::invalid_argument, {"radix_sort", "overlaps"},
               [&] { xl::radix_sort(q, in.view().subspan(0, 5000), in.view().subspan(1, 5000)); });
  expect_error(xl::errc::size_mismatch, {"radix_sort_by_key", "6000 keys and 5999 values"},
               [&] { xl::radix_sort_by_key(q, in, out, in, in); });
  expect_error(xl::errc::invalid_argument, {"radix_sort_by_key", "overlaps"}, [&] { xl::radix_sort_by_key(q, in, in, in, in); });
  std::size_t const needed = xl::workspace_size([&](auto const& o) { xl::radix_sort(q, in, in, o); });
  if (needed > sizeof(xl::detail::workspace_front)) {  // plain loops need no workspace
    xl::workspace const memory{q, needed - 256};
    expect_error(xl::errc::size_mismatch, {"radix_sort", std::to_string(needed)},
                 [&] { xl::radix_sort(q, in, in, {.workspace = memory}); });
  }
}

}  // namespace
