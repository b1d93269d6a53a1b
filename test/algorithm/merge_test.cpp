// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// merge(), merge_by_key() and merge_sort() against the C++ standard library. Policies of small tiles give many passes over few elements.
#include <crosslane/algorithm.hpp>

#include <support/target.hpp>

#include <algorithm>
#include <cmath>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using small_merge = xl::merge_policy<64, 3>;
using small_sort = xl::merge_sort_policy<128, 64, 3, 0>;
constexpr std::size_t sizes[] = {0, 1, 2, 31, 33, 65, 191, 192, 383, 384, 385, 1009, 6001};

/// A key with a place, so that a test sees the order of equal keys.
struct item {
  int key;
  unsigned place;
  bool operator==(item const&) const = default;
};
struct by_key {
  template <class T>
  CROSSLANE_FN bool operator()(T const& a, T const& b) const {
    return a.key < b.key;
  }
};
template <unsigned Bytes>
struct wide {
  int key;
  unsigned char rest[Bytes - sizeof(int)];
  bool operator==(wide const&) const = default;
};
struct descending {
  CROSSLANE_FN bool operator()(int a, int b) const { return a > b; }
};
struct plain_less {
  CROSSLANE_FN bool operator()(float a, float b) const { return a < b; }
};
struct twice {
  CROSSLANE_FN int operator()(int x) const { return 2 * x; }
};

enum class order { random, few, equal, sorted, reversed, saw };
constexpr order orders[] = {order::random, order::few, order::equal, order::sorted, order::reversed, order::saw};
std::vector<int> keys_of(order o, std::size_t n) {
  std::mt19937 random{unsigned(n)};
  std::vector<int> result(n);
  for (std::size_t i = 0; i < n; ++i) switch (o) {
      case order::random: result[i] = int(random()); break;
      case order::few: result[i] = int(random() % 3); break;
      case order::equal: result[i] = 7; break;
      case order::sorted: result[i] = int(i / 2); break;
      case order::reversed: result[i] = int(n - i); break;
      case order::saw: result[i] = int(i % 17); break;
    }
  return result;
}
std::vector<item> with_places(std::vector<int> const& keys, unsigned first = 0) {
  std::vector<item> result;
  for (std::size_t i = 0; i < keys.size(); ++i) result.push_back({keys[i], first + unsigned(i)});
  return result;
}

/// Returns the sorted elements. std::stable_sort warns of deprecated functions with some compilers.
template <class T, class Less>
std::vector<T> stable_sorted(std::vector<T> const& elements, Less const& below) {
  std::vector<std::size_t> places(elements.size());
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
  std::sort(places.begin(), places.end(),
            [&](std::size_t a, std::size_t b) { return below(elements[a], elements[b]) || (!below(elements[b], elements[a]) && a < b); });
  std::vector<T> result;
  for (std::size_t const i : places) result.push_back(elements[i]);
  return result;
}

template <class O>
void check_merges(xl::stream const& q, std::vector<int> first, std::vector<int> second, O const& o) {
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  std::vector<item> const a = with_places(first), b = with_places(second, 1u << 20);
  std::vector<item> expected(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), expected.begin(), by_key{});
  xl::buffer<item> in_a = upload(q, a), in_b = upload(q, b), out{q, expected.size()};
  xl::merge(q, in_a, in_b, out, by_key{}, o);
  CROSSLANE_CHECK(read(q, out) == expected);

  auto const split = [&](std::vector<item> const& items, std::vector<int>& keys, std::vector<unsigned>& places) {
    for (item const& x : items) {
      keys.push_back(x.key);
      places.push_back(x.place);
    }
  };
  std::vector<int> a_keys, b_keys, keys;
  std::vector<unsigned> a_places, b_places, places;
  split(a, a_keys, a_places);
  split(b, b_keys, b_places);
  split(expected, keys, places);
  xl::buffer<int> in_a_keys = upload(q, a_keys), in_b_keys = upload(q, b_keys), out_keys{q, keys.size()};
  xl::buffer<unsigned> in_a_places = upload(q, a_places), in_b_places = upload(q, b_places), out_places{q, keys.size()};
  xl::merge_by_key(q, in_a_keys, in_a_places, in_b_keys, in_b_places, out_keys, out_places, xl::less{}, o);
  CROSSLANE_CHECK_SAME(read(q, out_keys), keys);
  CROSSLANE_CHECK_SAME(read(q, out_places), places);
}

template <class O>
void check_sort(xl::stream const& q, std::vector<int> const& keys, O const& o) {
  std::size_t const n = keys.size();
  std::vector<item> const items = with_places(keys);
  std::vector<item> const expected = stable_sorted(items, by_key{});
  xl::buffer<item> data = upload(q, items);
  xl::merge_sort(q, data, by_key{}, o);
  CROSSLANE_CHECK(read(q, data) == expected);

  xl::buffer<int> key = upload(q, keys);
  xl::buffer<unsigned> place{q, n};
  xl::for_each(q, n, [p = place.view()] CROSSLANE_LAMBDA(std::size_t i) { p[i] = unsigned(i); });
  xl::merge_sort(q, key, place, xl::less{}, o);
  std::vector<int> const got = read(q, key);
  std::vector<unsigned> const got_places = read(q, place);
  std::vector<item> both(n);
  for (std::size_t i = 0; i < n; ++i) both[i] = {got[i], got_places[i]};
  CROSSLANE_CHECK(both == expected);
}

template <unsigned Bytes>
void check_wide(xl::stream const& q, std::size_t n) {
  std::vector<int> const keys = keys_of(order::few, n);
  std::vector<wide<Bytes>> items(n);
  for (std::size_t i = 0; i < n; ++i) {
    items[i].key = keys[i];
    for (std::size_t k = 0; k < Bytes - sizeof(int); ++k) items[i].rest[k] = static_cast<unsigned char>(i >> k % 3 * 8);
  }
  std::vector<wide<Bytes>> const expected = stable_sorted(items, by_key{});
  xl::buffer<wide<Bytes>> data = upload(q, items);
  xl::merge_sort(q, data, by_key{});
  CROSSLANE_CHECK(read(q, data) == expected);
}

template <class T>
void check_numbers(xl::stream const& q, std::size_t n) {
  std::mt19937 random{7};
  std::vector<T> values(n), expected;
  for (T& x : values) x = T(random());
  expected = values;
  std::sort(expected.begin(), expected.end());
  xl::buffer<T> data = upload(q, values);
  xl::merge_sort(q, data);
  CROSSLANE_CHECK_SAME(read(q, data), expected);
}

CROSSLANE_TEST(merge, sizes) {
  xl::stream const q{d};
  xl::options<xl::run_to_run, small_merge> const o{};
  for (std::size_t const n : sizes)
    for (std::size_t const m : {std::size_t{0}, std::size_t{1}, n / 3, std::size_t{500}})
      if (!in_another_order() || n < 400) check_merges(q, keys_of(order::few, n), keys_of(order::random, m), o);
}
CROSSLANE_TEST(merge, orders) {
  xl::stream const q{d};
  xl::options<xl::run_to_run, small_merge> const o{};
  for (order const first : orders)
    for (order const second : {order::few, order::equal, order::sorted}) check_merges(q, keys_of(first, 700), keys_of(second, 900), o);
  check_merges(q, keys_of(order::saw, 9000), keys_of(order::saw, 5000), xl::options<>{});
}
CROSSLANE_TEST(merge, lazy_ranges) {
  xl::stream const q{d};
  std::uint64_t const n = 5000;
  xl::buffer<std::uint64_t> count = upload(q, std::vector<std::uint64_t>{777});
  xl::buffer<int> out{q, 2 * n};
  xl::fill(q, out, -1);
  xl::merge(q, xl::transformed(xl::counting(0, n), twice{}), xl::counted(xl::counting(100, n), count), out, xl::less{});
  std::vector<int> expected(2 * n, -1), evens(n), others(777);
  for (int i = 0; i < int(n); ++i) evens[std::size_t(i)] = 2 * i;
  for (int i = 0; i < 777; ++i) others[std::size_t(i)] = 100 + i;
  std::merge(evens.begin(), evens.end(), others.begin(), others.end(), expected.begin());
  CROSSLANE_CHECK_SAME(read(q, out), expected);
  xl::buffer<int> back{q, 2 * n};
  xl::merge(q, xl::reversed(xl::counting(0, n)), xl::constant(3000, n), xl::reversed(back), descending{});
  expected.assign(n, 3000);
  for (int i = 0; i < int(n); ++i) expected.push_back(i);
  std::sort(expected.begin(), expected.end());
  CROSSLANE_CHECK_SAME(read(q, back), expected);
}
CROSSLANE_TEST(merge, errors) {
  xl::stream const q{d};
  xl::buffer<int> a{q, 100}, b{q, 50}, out{q, 149}, values{q, 99};
  expect_error(xl::errc::size_mismatch, {"merge", "100 and 50", "149"}, [&] { xl::merge(q, a, b, out); });
  expect_error(xl::errc::invalid_argument, {"merge", "overlaps"}, [&] { xl::merge(q, a.view().subspan(0, 10), b, a); });
  expect_error(xl::errc::size_mismatch, {"zipped", "100", "99"}, [&] { xl::merge_sort(q, a, values); });
  expect_error(xl::errc::invalid_argument, {"merge_sort", "overlaps"}, [&] { xl::merge_sort(q, a, a); });
}

/// Parts of a buffer, whose addresses and ends are no multiples of what one access loads.
CROSSLANE_TEST(merge, unaligned) {
  xl::stream const q{d};
  std::vector<int> keys = keys_of(order::random, 6000);
  std::sort(keys.begin(), keys.begin() + 3000);
  std::sort(keys.begin() + 3000, keys.end());
  xl::buffer<int> in = upload(q, keys), out{q, 6000};
  for (std::size_t const shift : {0, 1, 2, 3, 7})
    for (std::size_t const n : {std::size_t{2990}, 2001 + shift}) {
      xl::fill(q, out, -1);
      xl::merge(q, in.subspan(shift, n), in.subspan(3000 + 7 - shift, n - 11), out.subspan(shift, 2 * n - 11));
      std::vector<int> expected(6000, -1);
      auto const at = [&](std::size_t i) { return keys.begin() + std::ptrdiff_t(i); };
      std::merge(at(shift), at(shift + n), at(3007 - shift), at(3007 - shift + n - 11), expected.begin() + std::ptrdiff_t(shift));
      CROSSLANE_CHECK_SAME(read(q, out), expected);
    }
}

CROSSLANE_TEST(merge_sort, sizes) {
  xl::stream const q{d};
  xl::options<xl::run_to_run, small_sort> const o{};
  for (std::size_t const n : sizes)
    if (!in_another_order() || n < 1500) check_sort(q, keys_of(n % 2 == 0 ? order::few : order::random, n), o);
}
CROSSLANE_TEST(merge_sort, orders) {
  xl::stream const q{d};
  for (order const o : orders) check_sort(q, keys_of(o, 1700), xl::options<xl::run_to_run, small_sort>{});
  for (std::size_t const n : {5, 3002, in_another_order() ? 9000 : 20011}) check_sort(q, keys_of(order::few, n), xl::options<>{});
}
CROSSLANE_TEST(merge_sort, types) {
  xl::stream const q{d};
  check_numbers<unsigned char>(q, 10007);
  check_numbers<double>(q, 8705);
  check_wide<64>(q, 1301);
  check_wide<64>(q, 301);
#if CROSSLANE_TEST_ALL
  check_numbers<short>(q, 4353);
  check_numbers<std::uint64_t>(q, 4352);
  check_wide<12>(q, 3001);
  check_wide<16>(q, 3001);
  check_wide<32>(q, 1301);
  check_wide<128>(q, 1301);
#endif
}
/// By < zeros with and without a sign are equal, so they keep their order. By xl::less there is one order, also of NaN.
CROSSLANE_TEST(merge_sort, signed_zeros_and_nan) {
  xl::stream const q{d};
  xl::options<xl::run_to_run, small_sort> const o{};
  std::vector<float> values(3000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 3 == 0 ? -0.f : i % 3 == 1 ? 0.f : float(i % 2) - 0.5f;
  auto const bits = [](std::vector<float> const& numbers) {
    std::vector<unsigned> result;
    for (float const x : numbers) result.push_back(__builtin_bit_cast(unsigned, x));
    return result;
  };
  std::vector<float> expected = stable_sorted(values, plain_less{});
  xl::buffer<float> data = upload(q, values);
  xl::merge_sort(q, data, plain_less{}, o);
  CROSSLANE_CHECK_SAME(bits(read(q, data)), bits(expected));

  for (std::size_t i = 0; i < values.size(); i += 7) values[i] = i % 2 == 0 ? std::nanf("") : -std::nanf("");
  expected = stable_sorted(values, xl::less{});
  CROSSLANE_CHECK(std::isnan(expected.front()) && std::isnan(expected.back()));
  xl::copy(q, values, data);
  xl::merge_sort(q, data, plain_less{}, o);  // no order: any result, but no access outside
  xl::copy(q, values, data);
  xl::merge_sort(q, data, xl::less{}, o);
  CROSSLANE_CHECK_SAME(bits(read(q, data)), bits(expected));
}
/// A pair of a key and a value that has a gap.
/// The AMD emulator takes the choice between two pairs for a use of the gap in them.
using narrow = std::conditional_t<CROSSLANE_COMPILER_HIP(), std::uint64_t, unsigned char>;
CROSSLANE_TEST(merge_sort, narrow_values) {
  xl::stream const q{d};
  std::size_t const n = 5000;
  std::vector<std::uint64_t> keys(n);
  std::vector<narrow> values(n);
  for (std::size_t i = 0; i < n; ++i) {
    keys[i] = (i * 7919) % n;
    values[i] = static_cast<narrow>(keys[i] * 3);
  }
  xl::buffer<std::uint64_t> key = upload(q, keys);
  xl::buffer<narrow> value = upload(q, values);
  xl::merge_sort(q, key, value);
  for (std::size_t i = 0; i < n; ++i) {
    keys[i] = i;
    values[i] = static_cast<narrow>(i * 3);
  }
  CROSSLANE_CHECK_SAME(read(q, key), keys);
  CROSSLANE_CHECK_SAME(read(q, value), values);
}
CROSSLANE_TEST(merge_sort, counted_and_reversed) {
  xl::stream const q{d};
  std::vector<int> const values = keys_of(order::random, 3000);
  for (std::uint64_t const n : {0u, 1u, 384u, 385u, 2100u, 4000u}) {
    xl::buffer<std::uint64_t> count = upload(q, std::vector<std::uint64_t>{n});
    xl::buffer<int> data = upload(q, values);
    xl::merge_sort(q, xl::counted(data, count), xl::less{}, xl::options<xl::run_to_run, small_sort>{});
    std::vector<int> expected = values;
    std::sort(expected.begin(), expected.begin() + long(n < 3000 ? n : 3000));
    CROSSLANE_CHECK_SAME(read(q, data), expected);
  }
  xl::buffer<int> data = upload(q, values);
  xl::merge_sort(q, xl::reversed(data), xl::less{}, xl::options<xl::run_to_run, small_sort>{});
  std::vector<int> expected = values;
  std::sort(expected.rbegin(), expected.rend());
  CROSSLANE_CHECK_SAME(read(q, data), expected);
}
CROSSLANE_TEST(merge_sort, workspace) {
  xl::stream const q{d};
  std::vector<int> const values = keys_of(order::random, 30000);
  xl::buffer<int> data{q, values.size()}, other{q, values.size()}, merged{q, 2 * values.size()};
  std::size_t const bytes = xl::workspace_size([&](auto const& o) {
    xl::merge_sort(q, data, xl::less{}, o);
    xl::merge(q, data, other, merged, xl::less{}, o);
  });
  xl::workspace const memory{q, bytes};
  xl::options<> const o{.workspace = memory};
  std::vector<int> expected(2 * values.size()), sorted = values;
  std::sort(sorted.begin(), sorted.end());
  std::merge(sorted.begin(), sorted.end(), sorted.begin(), sorted.end(), expected.begin());
  for (int i = 0; i < 2; ++i) {
    xl::copy(q, values, data);
    xl::copy(q, values, other);
    xl::merge_sort(q, data, xl::less{}, o);
    int const sum = xl::reduce(q, data, xl::bit_xor{}, o);
    xl::merge_sort(q, other, xl::less{}, o);
    xl::merge(q, data, other, merged, xl::less{}, o);
    CROSSLANE_CHECK_EQ(sum, xl::reduce(q, other, xl::bit_xor{}, o));
    CROSSLANE_CHECK_SAME(read(q, merged), expected);
  }
  if (bytes > sizeof(xl::detail::workspace_front)) {  // not in loops on the host
    xl::workspace const small{q, bytes - 256};
    expect_error(xl::errc::size_mismatch, {"merge_sort", "workspace", std::to_string(bytes)},
                 [&] { xl::merge_sort(q, data, xl::less{}, {.workspace = small}); });
  }
}
/// The kernel that finds the parts of tiles for large arrays gives what tiles find themselves.
CROSSLANE_TEST(merge, cuts) {
  xl::stream const q{d};
  std::vector<int> a = keys_of(order::few, 1000), b = keys_of(order::saw, 1500);
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  xl::buffer<int> first = upload(q, a), second = upload(q, b), out{q, 2500};
  xl::buffer<std::uint64_t> cuts{q, 2500 / (64 * 3) + 1};
  auto const where = xl::source_location::current();
  xl::detail::merge_ranges<xl::span<int>, xl::span<int>, xl::span<int>, xl::less> const job{first.view(), second.view(), out.view(), {}};
  xl::detail::queue_merge<small_merge>(xl::detail::ref_of(q, where), job, 2500, cuts.data(), where);
  std::vector<int> expected(2500);
  std::merge(a.begin(), a.end(), b.begin(), b.end(), expected.begin());
  CROSSLANE_CHECK_SAME(read(q, out), expected);

  // Large arrays are searched by one lane for each tile.
  using by_one = xl::detail::merge_cuts_kernel<64 * 3, 1, std::remove_const_t<decltype(job)>>;
  xl::buffer<std::uint64_t> same{q, cuts.size()};
  xl::launch(q, {.grid = 2}, by_one{}, job, same.data());
  CROSSLANE_CHECK_SAME(read(q, same), read(q, cuts));

  std::vector<int> runs = keys_of(order::few, 2000);
  for (std::size_t i = 0; i < runs.size(); i += 384) std::sort(runs.begin() + long(i), runs.begin() + long(std::min(i + 384, runs.size())));
  xl::buffer<int> in = upload(q, runs), to{q, 2000};
  xl::detail::merge_runs<xl::span<int>, xl::span<int>, xl::span<int>, xl::less> const passes{in.view(), to.view(), in.view(), {}, 384};
  xl::detail::queue_merge<small_merge>(xl::detail::ref_of(q, where), passes, 2000, cuts.data(), where);
  for (std::size_t i = 0; i < runs.size(); i += 768) std::sort(runs.begin() + long(i), runs.begin() + long(std::min(i + 768, runs.size())));
  CROSSLANE_CHECK_SAME(read(q, to), runs);
}

}  // namespace
