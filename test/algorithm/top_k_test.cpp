// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// top_k against std::stable_sort: sizes, orders, inputs whose sample says nothing, equal keys, lazy inputs.
#include <support/target.hpp>

#include <crosslane/algorithm.hpp>

#include <algorithm>
#include <numeric>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using order = xl::sort_order;
/// A list of 512 elements.
using short_list = xl::top_k_policy<256, 2, 2, 0>;

template <class Key>
std::vector<typename xl::radix_key<Key>::word> words(std::vector<Key> const& keys) {
  std::vector<typename xl::radix_key<Key>::word> result;
  for (Key const& k : keys) result.push_back(xl::radix_key<Key>::to_word(k));
  return result;
}
template <order Order, class Key>
std::vector<unsigned> best_places(std::vector<Key> const& keys, std::size_t k) {
  auto const w = words(keys);
  std::vector<unsigned> places(keys.size());
  std::iota(places.begin(), places.end(), 0u);
  std::stable_sort(places.begin(), places.end(),
                   [&](unsigned a, unsigned b) { return Order == order::ascending ? w[a] < w[b] : w[b] < w[a]; });
  if (k < places.size()) places.resize(k);
  return places;
}

template <order Order, class P, class Key>
void check_best(xl::stream const& q, std::vector<Key> const& keys, std::size_t k, source_location where = source_location::current()) {
  auto const places = best_places<Order>(keys, k);
  std::vector<Key> expected;
  for (unsigned p : places) expected.push_back(keys[p]);
  xl::buffer<Key> const in = upload(q, keys);
  xl::buffer<Key> best{q, places.size()}, best_keys{q, places.size()};
  xl::buffer<unsigned> best_values{q, places.size()};
  xl::options<xl::run_to_run, P> const o;
  xl::top_k<Order>(q, in, best, k, o);
  xl::top_k_by_key<Order>(q, in, xl::counting(0u, keys.size()), best_keys, best_values, k, o);
  std::string const which = std::to_string(k) + " of " + std::to_string(keys.size());
  if (words(read(q, best)) != words(expected)) return fail("wrong keys: " + which, where);
  if (words(read(q, best_keys)) != words(expected)) return fail("wrong keys with values: " + which, where);
  if (read(q, best_values) != places) fail("wrong values: " + which, where);
}

std::vector<unsigned> random_keys(std::size_t n, unsigned below) {
  std::mt19937 random{5};
  std::vector<unsigned> result(n);
  for (unsigned& x : result) x = below == 0 ? random() : random() % below;
  return result;
}

CROSSLANE_TEST(top_k, sizes) {
  xl::stream const q{d};
  for (std::size_t n : {0, 1, 31, 65, 511, 512, 513, 1024, 2049})
    for (std::size_t k : {1, 10, 300, 512}) check_best<order::descending, short_list>(q, random_keys(n, 0), k);
  check_best<order::descending, short_list>(q, random_keys(40000, 0), 64);
  check_best<order::descending, short_list>(q, random_keys(9999, 0), 0);
  for (std::size_t n : {1, 6, 3000, 8192}) check_best<order::descending, xl::tuned>(q, random_keys(n, 1000), 64);
  check_best<order::descending, xl::tuned>(q, random_keys(20000, 0), 64);
}

CROSSLANE_TEST(top_k, hard_inputs) {
  xl::stream const q{d};
  std::size_t const n = 3001;
  std::vector<unsigned> equal(n, 7u), top(n, ~0u), zero(n, 0u), rising(n), falling(n), few(n);
  std::iota(rising.begin(), rising.end(), 1000000u);
  for (std::size_t i = 0; i < n; ++i) falling[i] = unsigned(n - i), few[i] = i % 1000 == 999 ? 9u : unsigned(i % 3);
  for (auto const& keys : {equal, top, zero, rising, falling, few, random_keys(n, 4)})
    for (std::size_t k : {1, 100, 512}) check_best<order::descending, short_list>(q, keys, k);
}

CROSSLANE_TEST(top_k, types) {
  xl::stream const q{d};
  float const nan = __builtin_nanf("");
  std::vector<float> numbers;
  for (unsigned x : random_keys(2000, 1000)) numbers.push_back(x == 0 ? nan : x == 1 ? -0.f : x == 2 ? 0.f : 500.f - float(x));
  check_best<order::ascending, short_list>(q, numbers, 100);
  std::vector<std::int64_t> wide;
  for (unsigned x : random_keys(2000, 0)) wide.push_back(std::int64_t(std::uint64_t{x} * 8589934592 + x % 2));
  check_best<order::ascending, short_list>(q, wide, 77);
  std::vector<std::uint8_t> bytes;
  for (unsigned x : random_keys(2000, 256)) bytes.push_back(std::uint8_t(x));
  check_best<order::ascending, short_list>(q, bytes, 100);
}

CROSSLANE_TEST(top_k, counted_and_workspace) {
  xl::stream const q{d};
  auto keys = random_keys(9000, 0);
  xl::buffer<unsigned> const in = upload(q, keys);
  xl::buffer<unsigned> best{q, 50};
  auto const count = upload(q, std::vector<std::uint64_t>{1234});
  auto const call = [&](auto const& o) { xl::top_k<order::ascending>(q, xl::counted(in, count), best, 50, o); };
  xl::workspace const memory{q, xl::workspace_size(call)};
  keys.resize(1234);
  std::sort(keys.begin(), keys.end());
  keys.resize(50);
  for (int i = 0; i < 3; ++i) {
    xl::fill(q, best, 0u);
    call(xl::options<xl::run_to_run, short_list>{.workspace = memory});
    CROSSLANE_CHECK_SAME(read(q, best), keys);
  }
}

CROSSLANE_TEST(top_k, refuses) {
  xl::stream const q{d};
  xl::buffer<unsigned> in{q, 6000}, best{q, 99};
  xl::fill(q, in, 1u);
  expect_error(xl::errc::size_mismatch, {"top_k", "100"}, [&] { xl::top_k(q, in, best, 100); });
  expect_error(xl::errc::limit_exceeded, {"top_k", "4097", "4096"}, [&] { xl::top_k(q, in, best, 4097); });
  expect_error(xl::errc::invalid_argument, {"top_k", "overlaps"}, [&] { xl::top_k(q, in, in, 10); });
  expect_error(xl::errc::size_mismatch, {"top_k_by_key", "6000 keys and 99 values"},
               [&] { xl::top_k_by_key(q, in, best, best, best, 10); });
}

}  // namespace
