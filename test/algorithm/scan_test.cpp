// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reductions, scans, selections and algorithms by key, against the C++ standard library. A policy of small tiles and few blocks makes
/// kernels walk over many rounds.
#include <crosslane/algorithm.hpp>

#include <support/target.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using small_tiles = xl::scan_policy<64, 2, 1>;
/// Sums are published three rounds ahead.
using far_ahead = xl::scan_policy<64, 3, 1, 6, 3>;
constexpr std::size_t small_sizes[] = {0, 1, 31, 63, 64, 65, 127, 128, 129, 1023, 4097};
constexpr std::size_t large_sizes[] = {0, 1, 4096, 4097, 9001};

std::vector<int> random_values(std::size_t n, unsigned below) {
  std::mt19937 random{unsigned(n)};
  std::vector<int> result(n);
  for (int& x : result) x = int(random() % below);
  return result;
}

/// The composition of functions x -> a * x + b, modulo 2^32: associative and not commutative.
struct function {
  unsigned a, b;
  bool operator==(function const&) const = default;
};
struct compose {
  CROSSLANE_FN function operator()(function const& f, function const& g) const { return {f.a * g.a, f.b * g.a + g.b}; }
};
struct to_function {
  CROSSLANE_FN function operator()(int x) const { return {unsigned(x) | 1u, unsigned(x) * 7u}; }
};
struct is_even {
  CROSSLANE_FN bool operator()(int x) const { return x % 2 == 0; }
};
struct square {
  CROSSLANE_FN double operator()(int x) const { return double(x) * x; }
};

template <class O>
void check_scans(xl::stream const& q, std::vector<int> const& values, O const& o) {
  std::size_t const n = values.size();
  xl::buffer<int> in{q, n}, out{q, n};
  xl::copy(q, values, in);
  std::vector<int> expected(n);
  std::inclusive_scan(values.begin(), values.end(), expected.begin());
  xl::inclusive_scan(q, in, out, xl::plus{}, o);
  CROSSLANE_CHECK_SAME(read(q, out), expected);
  std::inclusive_scan(values.begin(), values.end(), expected.begin(), std::plus{}, 100);
  xl::inclusive_scan(q, in, out, xl::plus{}, 100, o);
  CROSSLANE_CHECK_SAME(read(q, out), expected);
  std::exclusive_scan(values.begin(), values.end(), expected.begin(), -5);
  xl::exclusive_scan(q, in, in, -5, xl::plus{}, o);
  CROSSLANE_CHECK_SAME(read(q, in), expected);
}

template <class O>
void check_functions(xl::stream const& q, std::vector<int> const& values, O const& o) {
  std::size_t const n = values.size();
  std::vector<function> functions(n), expected(n);
  std::transform(values.begin(), values.end(), functions.begin(), to_function{});
  xl::buffer<int> in{q, n};
  xl::buffer<function> out{q, n};
  xl::copy(q, values, in);
  std::inclusive_scan(functions.begin(), functions.end(), expected.begin(), compose{});
  xl::inclusive_scan(q, xl::transformed(in, to_function{}), out, compose{}, o);
  CROSSLANE_CHECK(read(q, out) == expected);
}

template <class O>
void check_selections(xl::stream const& q, std::vector<int> const& values, O const& o) {
  std::size_t const n = values.size();
  xl::buffer<int> in{q, n}, out{q, n}, others{q, n};
  xl::buffer<std::uint64_t> count{q, 1};
  xl::copy(q, values, in);
  auto const front = [&](auto const& range) { return read(q, range.subspan(0, read(q, count)[0])); };
  std::vector<int> expected, rejected;
  std::partition_copy(values.begin(), values.end(), std::back_inserter(expected), std::back_inserter(rejected), is_even{});
  xl::copy_if(q, in, out, count, is_even{}, o);
  CROSSLANE_CHECK_SAME(front(out), expected);
  xl::copy_if(q, xl::counting(0, n), in, out, count, is_even{}, o);
  std::vector<int> places;
  for (std::size_t i = 0; i < n; ++i)
    if (values[i] % 2 == 0) places.push_back(int(i));
  CROSSLANE_CHECK_SAME(front(out), places);
  xl::partition_copy(q, in, out, others, count, is_even{}, o);
  CROSSLANE_CHECK_SAME(front(out), expected);
  CROSSLANE_CHECK_SAME(read(q, others.subspan(0, n - expected.size())), rejected);
  std::vector<int> runs;
  std::unique_copy(values.begin(), values.end(), std::back_inserter(runs));
  xl::unique(q, in, out, count, xl::equal_to{}, o);
  CROSSLANE_CHECK_SAME(front(out), runs);
}

template <class O>
void check_by_key(xl::stream const& q, std::vector<int> const& keys, std::vector<int> const& values, O const& o) {
  std::size_t const n = values.size();
  xl::buffer<int> key{q, n}, in{q, n}, out{q, n}, key_out{q, n};
  xl::buffer<unsigned> count{q, 1};
  xl::copy(q, keys, key);
  xl::copy(q, values, in);
  std::vector<int> scan(n), before(n), run_keys, sums, lengths;
  for (std::size_t i = 0; i < n; ++i) {
    bool const head = i == 0 || keys[i] != keys[i - 1];
    before[i] = head ? 3 : before[i - 1] + values[i - 1];
    scan[i] = head ? values[i] : scan[i - 1] + values[i];
    if (head) {
      run_keys.push_back(keys[i]);
      sums.push_back(0);
      lengths.push_back(0);
    }
    sums.back() += values[i];
    ++lengths.back();
  }
  auto const front = [&](auto const& range) { return read(q, range.subspan(0, read(q, count)[0])); };
  xl::inclusive_scan_by_key(q, key, in, out, xl::plus{}, xl::equal_to{}, o);
  CROSSLANE_CHECK_SAME(read(q, out), scan);
  xl::exclusive_scan_by_key(q, key, in, out, 3, xl::plus{}, xl::equal_to{}, o);
  CROSSLANE_CHECK_SAME(read(q, out), before);
  xl::reduce_by_key(q, key, in, key_out, out, count, xl::plus{}, xl::equal_to{}, o);
  CROSSLANE_CHECK_SAME(front(key_out), run_keys);
  CROSSLANE_CHECK_SAME(front(out), sums);
  xl::run_length_encode(q, key, key_out, out, count, o);
  CROSSLANE_CHECK_SAME(front(key_out), run_keys);
  CROSSLANE_CHECK_SAME(front(out), lengths);
}

template <class O>
void check_segments(xl::stream const& q, std::vector<int> const& values, O const& o) {
  std::size_t const n = values.size();
  std::mt19937 random{unsigned(n)};
  std::vector<unsigned> offsets{0};
  while (offsets.back() < n) {
    unsigned const length = random() % 4 == 0 ? 0 : random() % 8 == 0 ? random() % 300 : random() % 9;
    offsets.push_back(std::min(offsets.back() + length, unsigned(n)));
  }
  std::vector<int> sums(offsets.size() - 1), scan(n);
  for (std::size_t k = 0; k + 1 < offsets.size(); ++k) {
    sums[k] = std::accumulate(values.begin() + offsets[k], values.begin() + offsets[k + 1], 10);
    std::partial_sum(values.begin() + offsets[k], values.begin() + offsets[k + 1], scan.begin() + offsets[k]);
  }
  xl::buffer<int> in{q, n}, out{q, n}, rows{q, sums.size()};
  xl::buffer<unsigned> at{q, offsets.size()};
  xl::copy(q, values, in);
  xl::copy(q, offsets, at);
  xl::segmented_reduce(q, in, at, rows, 10, xl::plus{}, o);
  CROSSLANE_CHECK_SAME(read(q, rows), sums);
  if (n == 0) return;
  xl::segmented_scan(q, in, at, out, xl::plus{}, o);
  CROSSLANE_CHECK_SAME(read(q, out), scan);
}

CROSSLANE_TEST(scan, sums) {
  xl::stream const q{d};
  xl::workspace const memory{q, 0};
  for (std::size_t const n : large_sizes) check_scans(q, random_values(n, 100), xl::options<>{});
  for (std::size_t const n : small_sizes) {
    check_scans(q, random_values(n, 100), xl::options<xl::everywhere, small_tiles>{.workspace = memory});
    check_scans(q, random_values(n, 100), xl::options<xl::run_to_run, far_ahead>{.workspace = memory});
  }
}
CROSSLANE_TEST(scan, functions) {
  xl::stream const q{d};
  for (std::size_t const n : large_sizes) check_functions(q, random_values(n, 100), xl::options<>{});
  for (std::size_t const n : small_sizes) {
    check_functions(q, random_values(n, 100), xl::options<xl::run_to_run, small_tiles>{});
  }
}
CROSSLANE_TEST(select, elements) {
  xl::stream const q{d};
  for (std::size_t const n : large_sizes) check_selections(q, random_values(n, 3), xl::options<>{});
  for (std::size_t const n : small_sizes) {
    check_selections(q, random_values(n, 100), xl::options<xl::run_to_run, small_tiles>{});
    check_selections(q, std::vector<int>(n, 1), xl::options<xl::run_to_run, far_ahead>{});
  }
}
CROSSLANE_TEST(by_key, runs) {
  xl::stream const q{d};
  for (std::size_t const n : large_sizes) check_by_key(q, random_values(n, 3), random_values(n, 100), xl::options<>{});
  for (std::size_t const n : small_sizes) {
    check_by_key(q, random_values(n, 3), random_values(n, 100), xl::options<xl::run_to_run, small_tiles>{});
    check_by_key(q, std::vector<int>(n, 7), random_values(n, 100), xl::options<xl::run_to_run, far_ahead>{});
  }
}
/// Operators that do not commute, on runs that begin and end with tiles, beside them, and over many of them.
template <class K, class O>
void check_runs_of_functions(xl::stream const& q, std::size_t n, unsigned length, O const& o) {
  std::vector<K> keys(n), run_keys;
  std::vector<int> const values = random_values(n, 100);
  std::vector<function> functions(n), before(n), sums;
  for (std::size_t i = 0; i < n; ++i) {
    bool const head = i % length == 0;
    keys[i] = K(i / length % 100);
    functions[i] = to_function{}(values[i]);
    before[i] = head ? function{3, 1} : compose{}(before[i - 1], functions[i - 1]);
    if (head) {
      run_keys.push_back(keys[i]);
      sums.push_back(functions[i]);
    } else {
      sums.back() = compose{}(sums.back(), functions[i]);
    }
  }
  xl::buffer<K> key{q, n}, key_out{q, n};
  xl::buffer<int> lazy{q, n};
  xl::buffer<function> in{q, n}, out{q, n};
  xl::buffer<unsigned> count{q, 1};
  xl::copy(q, keys, key);
  xl::copy(q, values, lazy);
  xl::copy(q, functions, in);
  auto const check = [&] {
    std::size_t const runs = read(q, count)[0];
    CROSSLANE_CHECK(read(q, key_out.subspan(0, runs)) == run_keys);
    CROSSLANE_CHECK(read(q, out.subspan(0, runs)) == sums);
  };
  xl::reduce_by_key(q, key, in, key_out, out, count, compose{}, xl::equal_to{}, o);
  check();
  xl::reduce_by_key(q, key, xl::transformed(lazy, to_function{}), key_out, out, count, compose{}, xl::equal_to{}, o);
  check();
  xl::exclusive_scan_by_key(q, key, in, in, function{3, 1}, compose{}, xl::equal_to{}, o);
  CROSSLANE_CHECK(read(q, in) == before);
}
CROSSLANE_TEST(by_key, functions) {
  xl::stream const q{d};
  for (unsigned const length : {1u, 8u, 127u, 128u, 129u, 1000u}) {
    check_runs_of_functions<unsigned char>(q, 129, length, xl::options<xl::run_to_run, small_tiles>{});
    check_runs_of_functions<unsigned char>(q, 1500, length, xl::options<xl::run_to_run, small_tiles>{});
  }
  check_runs_of_functions<unsigned>(q, 1537, 192, xl::options<xl::run_to_run, far_ahead>{});
}
/// Fewer keys than the range has, or a count that is larger than the range: outputs behind the results stay as they were.
CROSSLANE_TEST(by_key, count_in_device_memory) {
  xl::stream const q{d};
  xl::options<xl::run_to_run, small_tiles> const o;
  std::size_t const n = 1000;
  std::vector<unsigned> keys(n);
  for (std::size_t i = 0; i < n; ++i) keys[i] = unsigned(i / 7);
  xl::buffer<unsigned> key{q, n}, ones{q, n}, key_out{q, n}, out{q, n};
  xl::buffer<std::uint64_t> count{q, 1}, runs{q, 1};
  xl::copy(q, keys, key);
  xl::fill(q, ones, 1u);
  for (std::uint64_t const size : {0u, 1u, 7u, 128u, 129u, 1000u, 5000u}) {
    std::size_t const used = std::min<std::size_t>(size, n), all = (used + 6) / 7;
    std::vector<unsigned> lengths(n, 77), scan(n, 77);
    for (std::size_t i = 0; i < all; ++i) lengths[i] = unsigned(std::min<std::size_t>(7, used - 7 * i));
    for (std::size_t i = 0; i < used; ++i) scan[i] = unsigned(i % 7 + 1);
    xl::fill(q, count, size);
    xl::fill(q, out, 77u);
    xl::reduce_by_key(q, xl::counted(key, count), ones, key_out, out, runs, xl::plus{}, xl::equal_to{}, o);
    CROSSLANE_CHECK_EQ(read(q, runs)[0], all);
    CROSSLANE_CHECK_SAME(read(q, out), lengths);
    xl::fill(q, out, 77u);
    xl::inclusive_scan_by_key(q, xl::counted(key, count), ones, out, xl::plus{}, xl::equal_to{}, o);
    CROSSLANE_CHECK_SAME(read(q, out), scan);
  }
}
CROSSLANE_TEST(by_key, rows) {
  xl::stream const q{d};
  for (std::size_t const n : large_sizes) check_segments(q, random_values(n, 100), xl::options<>{});
  for (std::size_t const n : small_sizes) {
    check_segments(q, random_values(n, 100), xl::options<xl::run_to_run, small_tiles>{});
  }
}

CROSSLANE_TEST(by_key, rows_of_one_length) {
  xl::stream const q{d};
  for (unsigned const length : {1u, 2u, 3u, 8u, 32u, 33u, 100u, 1000u, 8192u, 20000u}) {
    std::size_t const rows = length > 5000 ? 3 : 4000 / length + 1;
    std::vector<int> const values = random_values(rows * length, 100);
    std::vector<int> sums(rows);
    std::vector<double> squares(rows);
    std::vector<function> functions(rows, function{1, 0});
    for (std::size_t i = 0; i < values.size(); ++i) {
      sums[i / length] += values[i];
      squares[i / length] += double(values[i]) * values[i];
      functions[i / length] = compose{}(functions[i / length], to_function{}(values[i]));
    }
    xl::buffer<int> in{q, values.size()}, out{q, rows};
    xl::buffer<double> large{q, rows};
    xl::buffer<function> composed{q, rows};
    xl::copy(q, values, in);
    xl::segmented_reduce(q, in, length, out, 0, xl::plus{});
    CROSSLANE_CHECK_SAME(read(q, out), sums);
    xl::segmented_reduce(q, xl::transformed(in, square{}), length, large, 0.0, xl::plus{});
    CROSSLANE_CHECK_SAME(read(q, large), squares);
    xl::segmented_reduce(q, xl::transformed(in, to_function{}), length, composed, function{1, 0}, compose{});
    CROSSLANE_CHECK(read(q, composed) == functions);
  }
}

/// An element of 12 bytes.
struct three {
  unsigned x, y, z;
  bool operator==(three const&) const = default;
};
struct add_three {
  CROSSLANE_FN three operator()(three const& a, three const& b) const { return {a.x + b.x, a.y * b.y, a.z ^ b.z}; }
};
struct is_marked {
  template <class T>
  CROSSLANE_FN bool operator()(T const& x) const {
    return x < T(64);
  }
  CROSSLANE_FN bool operator()(three const& x) const { return x.x % 3 == 0; }
};
struct make_value {
  template <class T>
  void operator()(int x, T& to) const {
    to = T(x);
  }
  void operator()(int x, three& to) const { to = {unsigned(x), unsigned(x) * 2 + 1, unsigned(x) * 5}; }
};
struct halved {
  CROSSLANE_FN unsigned char operator()(double x) const { return static_cast<unsigned char>(x / 2); }
};

/// Elements of many sizes, at addresses that are aligned to one element only.
template <class T, class Op, class O>
void check_unaligned(xl::stream const& q, Op const& op, O const& o) {
  for (std::size_t const n : {1u, 65u, 3001u}) {
    std::vector<int> const random = random_values(n, 128);
    std::vector<T> values(n), expected(n), kept;
    for (std::size_t i = 0; i < n; ++i) make_value{}(random[i], values[i]);
    xl::buffer<T> in{q, n + 1}, out{q, n + 1};
    xl::buffer<std::uint64_t> count{q, 1};
    auto const from = in.view().subspan(1, n), to = out.view().subspan(1, n);
    xl::copy(q, values, from);
    std::inclusive_scan(values.begin(), values.end(), expected.begin(), op);
    xl::inclusive_scan(q, from, to, op, o);
    CROSSLANE_CHECK(read(q, to) == expected);
    std::copy_if(values.begin(), values.end(), std::back_inserter(kept), is_marked{});
    xl::copy_if(q, from, to, count, is_marked{}, o);
    CROSSLANE_CHECK(read(q, to.subspan(0, read(q, count)[0])) == kept);
  }
}
CROSSLANE_TEST(scan, unaligned_elements) {
  xl::stream const q{d};
  xl::options<xl::run_to_run, small_tiles> const o;
  check_unaligned<unsigned char>(q, xl::bit_xor{}, o);
  check_unaligned<unsigned short>(q, xl::bit_xor{}, xl::options<>{});
  check_unaligned<double>(q, xl::plus{}, o);
  check_unaligned<three>(q, add_three{}, o);
  // Elements are smaller than those that they are computed from.
  std::vector<int> const random = random_values(3001, 128);
  xl::buffer<double> in{q, random.size()};
  xl::buffer<unsigned char> out{q, random.size()};
  std::vector<unsigned char> expected(random.size());
  std::transform(random.begin(), random.end(), expected.begin(), halved{});
  std::inclusive_scan(expected.begin(), expected.end(), expected.begin(), std::bit_xor{});
  std::vector<double> const doubles(random.begin(), random.end());
  xl::copy(q, doubles, in);
  xl::inclusive_scan(q, xl::transformed(in, halved{}), out, xl::bit_xor{});
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

/// Elements of 3 and of 6 bytes, whose copies are no whole words.
template <class T>
struct triple {
  T x, y, z;
  CROSSLANE_FN bool operator==(triple const& o) const { return x == o.x && y == o.y && z == o.z; }
};
template <class T, class O>
void check_unique_triples(xl::stream const& q, O const& o) {
  std::vector<triple<T>> values(3001), expected;
  std::vector<int> const random = random_values(values.size(), 2);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = {T(random[i]), T(7), T(9)};
  std::unique_copy(values.begin(), values.end(), std::back_inserter(expected));
  xl::buffer<triple<T>> in{q, values.size()}, out{q, values.size()};
  xl::buffer<std::uint64_t> count{q, 1};
  xl::copy(q, values, in);
  xl::unique(q, in, out, count, xl::equal_to{}, o);
  CROSSLANE_CHECK(read(q, out.subspan(0, read(q, count)[0])) == expected);
}
CROSSLANE_TEST(select, unaligned_runs) {
  xl::stream const q{d};
  xl::options<xl::run_to_run, small_tiles> const o;
  check_unique_triples<unsigned char>(q, o);
  check_unique_triples<unsigned short>(q, xl::options<>{});
}
/// The input and the stencil lie in memory, in elements of different sizes.
template <class T, class S>
void check_stencil(xl::stream const& q) {
  std::vector<int> const random = random_values(3001, 100);
  std::vector<T> values(random.begin(), random.end()), expected;
  std::vector<S> flags(random.rbegin(), random.rend());
  for (std::size_t i = 0; i < values.size(); ++i)
    if (int(flags[i]) % 2 == 0) expected.push_back(values[i]);
  xl::buffer<T> in{q, values.size()}, out{q, values.size()};
  xl::buffer<S> stencil{q, values.size()};
  xl::buffer<std::uint64_t> count{q, 1};
  xl::copy(q, values, in);
  xl::copy(q, flags, stencil);
  xl::copy_if(q, in, stencil, out, count, is_even{});
  CROSSLANE_CHECK(read(q, out.subspan(0, read(q, count)[0])) == expected);
}
CROSSLANE_TEST(select, stencils) {
  xl::stream const q{d};
  check_stencil<int, int>(q);
  check_stencil<double, unsigned char>(q);
}
/// Nothing has written the elements of the stencil behind its count.
CROSSLANE_TEST(select, counted_stencil) {
  xl::stream const q{d};
  xl::buffer<int> stencil{q, 3001}, out{q, 3001};
  xl::buffer<std::uint64_t> count{q, 1}, kept{q, 1};
  xl::fill(q, stencil.subspan(0, 1500), 2);
  xl::fill(q, count, std::uint64_t{1500});
  xl::copy_if(q, xl::counting(0, 3001), xl::counted(stencil, count), out, kept, is_even{});
  CROSSLANE_CHECK_EQ(read(q, kept)[0], 1500u);
  CROSSLANE_CHECK_EQ(read(q, out.subspan(0, 1500))[1499], 1499);
}
template <class F>
void refused(char const* call, F const& f, source_location where = source_location::current()) {
  expect_error(xl::errc::invalid_argument, {call, "overlaps"}, f, where);
}
/// Outputs that overlap the input or each other, also as parts of zipped and of counted ranges.
CROSSLANE_TEST(select, overlaps) {
  xl::stream const q{d};
  xl::buffer<int> x{q, 100}, y{q, 100}, z{q, 100};
  xl::buffer<std::uint64_t> count{q, 1}, number{q, 1};
  refused("copy_if", [&] { xl::copy_if(q, xl::counting(0, 100), x, x, count, is_even{}); });
  refused("copy_if", [&] { xl::copy_if(q, xl::counted(x, number), x, count, is_even{}); });
  refused("partition_copy", [&] { xl::partition_copy(q, x, y, y, count, is_even{}); });
  refused("unique", [&] { xl::unique(q, xl::zipped(x, y), xl::zipped(z, x), count); });
  refused("unique", [&] { xl::unique(q, x, y, x); });
  refused("unique_by_key", [&] { xl::unique_by_key(q, x, y, x, z, count); });
  refused("unique_by_key", [&] { xl::unique_by_key(q, x, y, z, z, count); });
  refused("reduce_by_key", [&] { xl::reduce_by_key(q, x, y, z, x, count, xl::plus{}); });
  refused("reduce_by_key", [&] { xl::reduce_by_key(q, x, y, y, z, count, xl::plus{}); });
  refused("reduce_by_key", [&] { xl::run_length_encode(q, x, z, z, count); });
  refused("segmented_reduce", [&] { xl::segmented_reduce(q, x, y, x, 0, xl::plus{}); });
  refused("segmented_reduce", [&] { xl::segmented_reduce(q, x, y, y, 0, xl::plus{}); });
  refused("segmented_scan", [&] { xl::segmented_scan(q, x, y, y, xl::plus{}); });
}
/// Nothing has written the elements behind the count.
CROSSLANE_TEST(select, counted_input) {
  xl::stream const q{d};
  std::vector<int> const values = random_values(3001, 5);
  std::vector<int> kept, runs, lengths;
  std::copy_if(values.begin(), values.end(), std::back_inserter(kept), is_even{});
  for (std::size_t i = 0; i < kept.size(); ++i)
    if (i == 0 || kept[i] != kept[i - 1]) {
      runs.push_back(kept[i]);
      lengths.push_back(1);
    } else {
      ++lengths.back();
    }
  xl::buffer<int> in{q, values.size()}, front{q, values.size()}, out{q, values.size()}, length{q, values.size()};
  xl::buffer<std::uint64_t> count{q, 1}, run_count{q, 1};
  xl::copy(q, values, in);
  xl::copy_if(q, in, front, count, is_even{});
  xl::unique(q, xl::counted(front, count), out, run_count);
  CROSSLANE_CHECK_SAME(read(q, out.subspan(0, read(q, run_count)[0])), runs);
  xl::run_length_encode(q, xl::counted(front, count), out, length, run_count);
  CROSSLANE_CHECK_SAME(read(q, length.subspan(0, read(q, run_count)[0])), lengths);
}
/// Keys and values of a few bits.
template <class T>
void check_small_keys(xl::stream const& q) {
  std::vector<int> const random = random_values(3001, 3);
  std::vector<T> keys(random.begin(), random.end()), run_keys, sums;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i == 0 || keys[i] != keys[i - 1]) {
      run_keys.push_back(keys[i]);
      sums.push_back(0);
    }
    sums.back() = T(sums.back() ^ T(i));
  }
  std::vector<T> values(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) values[i] = T(i);
  xl::buffer<T> key{q, keys.size()}, in{q, keys.size()}, key_out{q, keys.size()}, out{q, keys.size()};
  xl::buffer<std::uint64_t> count{q, 1};
  xl::copy(q, keys, key);
  xl::copy(q, values, in);
  xl::reduce_by_key(q, key, in, key_out, out, count, xl::bit_xor{});
  CROSSLANE_CHECK(read(q, key_out.subspan(0, read(q, count)[0])) == run_keys);
  CROSSLANE_CHECK(read(q, out.subspan(0, read(q, count)[0])) == sums);
}
/// A sum that does not fit words with tags.
struct wide {
  unsigned part[6];
  bool operator==(wide const&) const = default;
};
struct add_wide {
  CROSSLANE_FN wide operator()(wide a, wide const& b) const {
    for (unsigned i = 0; i < 6; ++i) a.part[i] += b.part[i];
    return a;
  }
};
CROSSLANE_TEST(by_key, small_types) {
  xl::stream const q{d};
  check_small_keys<unsigned char>(q);
  check_small_keys<unsigned short>(q);
}
CROSSLANE_TEST(scan, wide_sums) {
  xl::stream const q{d};
  std::vector<wide> values(1001), expected(1001);
  for (unsigned i = 0; i < values.size(); ++i)
    for (unsigned k = 0; k < 6; ++k) values[i].part[k] = i * (k + 1);
  std::inclusive_scan(values.begin(), values.end(), expected.begin(), add_wide{});
  xl::buffer<wide> in{q, values.size()};
  xl::copy(q, values, in);
  xl::inclusive_scan(q, in, in, add_wide{}, xl::options<xl::run_to_run, small_tiles>{});
  CROSSLANE_CHECK(read(q, in) == expected);
}

CROSSLANE_TEST(reduce, sums) {
  xl::stream const q{d};
  for (std::size_t const n : {0u, 1u, 63u, 129u, 4097u, 20011u}) {
    std::vector<int> const values = random_values(n, 100);
    xl::buffer<int> in{q, n};
    xl::copy(q, values, in);
    using small = xl::options<xl::run_to_run, xl::reduce_policy<64, 2, 1>>;
    int const sum = std::accumulate(values.begin(), values.end(), 0);
    CROSSLANE_CHECK_EQ(xl::reduce(q, in, xl::plus{}), sum);
    CROSSLANE_CHECK_EQ(xl::reduce(q, in, 1000L, xl::plus{}, small{}), sum + 1000L);
    CROSSLANE_CHECK_EQ(xl::reduce(q, xl::transformed(in, square{}), xl::plus{}),
                       std::inner_product(values.begin(), values.end(), values.begin(), 0.0));
    function f{1, 0};
    for (int const x : values) f = compose{}(f, to_function{}(x));
    CROSSLANE_CHECK(xl::reduce(q, xl::transformed(in, to_function{}), function{1, 0}, compose{}, small{}) == f);
    CROSSLANE_CHECK(xl::reduce(q, xl::transformed(in, to_function{}), function{1, 0}, compose{}) == f);
  }
}
CROSSLANE_TEST(reduce, count_in_device_memory) {
  xl::stream const q{d};
  xl::buffer<int> in{q, 1000}, out{q, 1000};
  xl::buffer<std::uint64_t> count{q, 1};
  std::vector<int> const values = random_values(1000, 100);
  xl::copy(q, values, in);
  xl::copy_if(q, in, out, count, is_even{});
  int expected = 0;
  for (int const x : values) expected += x % 2 == 0 ? x : 0;
  CROSSLANE_CHECK_EQ(xl::reduce(q, xl::counted(out, count), xl::plus{}), expected);
}

/// Tags begin again after 2^31 rounds.
CROSSLANE_TEST(workspace, tags) {
  xl::stream const q{d};
  xl::buffer<std::byte> memory{q, std::size_t{1} << 17};
  xl::workspace const workspace{q, memory.view()};
  std::array<unsigned, 1> const last{(1u << 31) - 40};
  xl::copy(q, last, xl::span<unsigned>{reinterpret_cast<unsigned*>(memory.data()) + 1, 1});
  for (int i = 0; i < 4; ++i) check_scans(q, random_values(4097, 100), xl::options<xl::run_to_run, small_tiles>{.workspace = workspace});
}

/// Blocks for which there are no tiles, because the number of elements is known on the device only.
CROSSLANE_TEST(workspace, idle_blocks) {
  xl::stream const q{d};
  xl::workspace const workspace{q, 0};
  xl::options<xl::run_to_run, small_tiles> const o{.workspace = workspace};
  xl::buffer<int> in{q, 5000}, out{q, 5000};
  xl::buffer<std::uint64_t> count{q, 1}, kept{q, 1};
  xl::fill(q, in, 1);
  expect_error(xl::errc::invalid_argument, {"copy_if", "number of elements"},
               [&] { xl::copy_if(q, xl::counted(in, count), out, count, is_even{}); });
  for (std::uint64_t const n : {0u, 1u, 128u, 129u, 4000u, 9000u}) {
    xl::fill(q, count, n);
    xl::inclusive_scan(q, xl::counted(in, count), out, xl::plus{}, o);
    xl::copy_if(q, xl::counted(out, count), in, kept, is_even{}, o);
    std::uint64_t const elements = n < 5000 ? n : 5000;
    CROSSLANE_CHECK_EQ(read(q, kept)[0], elements / 2);
    if (elements > 1) CROSSLANE_CHECK_EQ(read(q, in)[elements / 2 - 1], int(elements / 2 * 2));
    xl::fill(q, in, 1);
  }
}

CROSSLANE_TEST(workspace, errors) {
  xl::stream const q{d};
  xl::buffer<int> in{q, 100000}, out{q, 100000};
  xl::fill(q, in, 1);
  std::size_t const bytes = xl::workspace_size([&](auto const& o) { xl::inclusive_scan(q, in, out, xl::plus{}, o); });
  xl::workspace const memory{q, bytes};
  for (int i = 0; i < 3; ++i) xl::inclusive_scan(q, in, out, xl::plus{}, {.workspace = memory});
  CROSSLANE_CHECK_EQ(read(q, out)[99999], 100000);
  expect_error(xl::errc::size_mismatch, {"inclusive_scan", "100000", "99999"},
               [&] { xl::inclusive_scan(q, in, out.subspan(0, 99999), xl::plus{}); });
  expect_error(xl::errc::invalid_argument, {"inclusive_scan", "overlaps"},
               [&] { xl::inclusive_scan(q, in.subspan(0, 1000), in.subspan(1, 1000), xl::plus{}); });
  // The input lies in the workspace.
  xl::buffer<std::byte> both{q, bytes + 4096};
  xl::workspace const around{q, both.view()};
  xl::span<int> const inside{reinterpret_cast<int*>(both.data() + bytes), 1000};
  expect_error(xl::errc::invalid_argument, {"inclusive_scan", "the workspace", "overlaps"},
               [&] { xl::inclusive_scan(q, inside, out, xl::plus{}, {.workspace = around}); });
  expect_error(xl::errc::invalid_argument, {"segmented_reduce", "the workspace", "overlaps"},
               [&] { xl::segmented_reduce(q, in, 10, inside, 1, xl::plus{}, {.workspace = around}); });
}

#if !CROSSLANE_COMPILER_GPU() && !CROSSLANE_CONFIG_ACCESS_CHECKS
/// Enough elements for several pieces of the host's loops.
CROSSLANE_TEST(scan, pieces) {
  xl::stream const q{d};
  for (std::size_t const n : {65536u, 65537u, 200003u}) {
    std::vector<int> const values = random_values(n, 100);
    check_scans(q, values, xl::options<>{});
    check_functions(q, values, xl::options<>{});
    check_selections(q, values, xl::options<>{});
    check_by_key(q, random_values(n, 3), values, xl::options<>{});
    check_segments(q, values, xl::options<>{});
    xl::buffer<int> in{q, n};
    xl::copy(q, values, in);
    CROSSLANE_CHECK_EQ(xl::reduce(q, in, xl::plus{}), std::accumulate(values.begin(), values.end(), 0));
    function f{1, 0};
    for (int const x : values) f = compose{}(f, to_function{}(x));
    CROSSLANE_CHECK(xl::reduce(q, xl::transformed(in, to_function{}), function{1, 0}, compose{}) == f);
  }
}
#endif

}  // namespace
