// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// segmented_sort against std::sort of each row: rows by offsets and of one length, of each class of lengths.
#include <support/target.hpp>

#include <crosslane/algorithm.hpp>

#include <algorithm>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using order = xl::sort_order;
/// A wave sorts up to 128 elements, a small block up to 256, a large one has tiles of 512.
using short_rows = xl::segmented_sort_policy<128, 64, 4, 256, 2>;

template <class Key>
auto words(std::vector<Key> const& keys) {
  std::vector<typename xl::radix_key<Key>::word> result;
  for (Key const& k : keys) result.push_back(xl::radix_key<Key>::to_word(k));
  return result;
}
template <class Key>
std::vector<Key> any_keys(std::size_t n) {
  std::mt19937_64 random{3};
  std::vector<Key> result;
  for (std::size_t i = 0; i < n; ++i) result.push_back(xl::radix_key<Key>::from_word(typename xl::radix_key<Key>::word(random())));
  return result;
}
template <order Order, class Key>
std::vector<Key> sorted_rows(std::vector<Key> keys, std::vector<unsigned> const& offsets) {
  auto const before = [](Key const& a, Key const& b) {
    auto const x = xl::radix_key<Key>::to_word(a), y = xl::radix_key<Key>::to_word(b);
    return Order == order::ascending ? x < y : y < x;
  };
  for (std::size_t r = 0; r + 1 < offsets.size(); ++r)
    std::sort(keys.begin() + std::ptrdiff_t(offsets[r]), keys.begin() + std::ptrdiff_t(offsets[r + 1]), before);
  return keys;
}

template <order Order, class P = short_rows, class Key>
void check_offsets(xl::stream const& q, std::vector<Key> const& keys, std::vector<unsigned> const& offsets,
                   source_location where = source_location::current()) {
  auto const expected = sorted_rows<Order>(keys, offsets);
  xl::buffer<Key> both = upload(q, keys);
  xl::buffer<unsigned> const at = upload(q, offsets);
  xl::segmented_sort<Order>(q, both, at, both, xl::options<xl::run_to_run, P>{});
  if (words(read(q, both)) != words(expected)) fail("rows of " + std::to_string(keys.size()) + " keys are not sorted", where);
}
template <order Order, class P = short_rows, class Key>
void check_length(xl::stream const& q, std::vector<Key> const& keys, unsigned length, source_location where = source_location::current()) {
  std::vector<unsigned> offsets;
  for (unsigned at = 0; at <= keys.size(); at += length) offsets.push_back(at);
  xl::buffer<Key> const in = upload(q, keys);
  xl::buffer<Key> out{q, keys.size()};
  xl::segmented_sort<Order>(q, in, length, out, xl::options<xl::run_to_run, P>{});
  if (words(read(q, out)) != words(sorted_rows<Order>(keys, offsets))) fail("rows of " + std::to_string(length) + " are not sorted", where);
}

CROSSLANE_TEST(segmented_sort, offsets) {
  xl::stream const q{d};
  std::vector<unsigned> offsets{0};
  for (unsigned length : {0, 1, 2, 31, 32, 33, 63, 64, 65, 127, 128, 129, 0, 0, 255, 256, 257, 512, 513, 3, 1300, 5})
    offsets.push_back(offsets.back() + length);
  check_offsets<order::ascending>(q, any_keys<unsigned>(offsets.back()), offsets);
  check_offsets<order::ascending>(q, any_keys<unsigned>(offsets.back() + 10), offsets);  // the last elements are in no row
  check_offsets<order::ascending>(q, std::vector<unsigned>(offsets.back(), 9u), offsets);
  check_offsets<order::ascending>(q, any_keys<unsigned>(50), {0, 20, 20, 50});
  check_offsets<order::ascending>(q, any_keys<unsigned>(50), {0});
  check_offsets<order::ascending>(q, any_keys<unsigned>(600), {0, 600});
}

CROSSLANE_TEST(segmented_sort, rows_of_one_length) {
  xl::stream const q{d};
  for (unsigned length : {1, 7, 32, 48, 64, 100, 128, 129, 256, 512, 1030})
    check_length<order::descending>(q, any_keys<std::uint8_t>(length * 5), length);
}

CROSSLANE_TEST(segmented_sort, workspace_is_used_again) {
  xl::stream const q{d};
  auto const keys = any_keys<unsigned>(2000);
  std::vector<unsigned> const offsets{0, 10, 500, 1999};
  auto const expected = sorted_rows<order::ascending>(keys, offsets);
  xl::buffer<unsigned> const in = upload(q, keys), at = upload(q, offsets);
  xl::buffer<unsigned> out = upload(q, keys);
  std::size_t bytes = 0;
  auto const call = [&](auto const& o) {
    xl::segmented_sort(q, in, at, out, xl::options<xl::run_to_run, short_rows>{.workspace = o.workspace});
  };
  bytes = xl::workspace_size(call);
  xl::workspace const memory{q, bytes};
  for (int i = 0; i < 3; ++i) {
    xl::copy(q, in, out);
    call(xl::options<>{.workspace = memory});
    CROSSLANE_CHECK_SAME(read(q, out), expected);
  }
}

CROSSLANE_TEST(segmented_sort, refuses) {
  xl::stream const q{d};
  xl::buffer<unsigned> in{q, 1000}, out{q, 999};
  expect_error(xl::errc::size_mismatch, {"segmented_sort", "1000", "999"}, [&] { xl::segmented_sort(q, in, 10, out); });
  expect_error(xl::errc::invalid_argument, {"segmented_sort", "rows of 7"}, [&] { xl::segmented_sort(q, in, 7, in); });
  expect_error(xl::errc::invalid_argument, {"segmented_sort", "rows of 0"}, [&] { xl::segmented_sort(q, in, 0, in); });
}

}  // namespace
