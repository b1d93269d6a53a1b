// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// histogram() against a plain loop over the samples that finds the bin of each by exact arithmetic.
#include <crosslane/algorithm.hpp>

#include <support/target.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr std::size_t sizes[] = {0, 1, 15, 16, 17, 65, 1009, 20011};

/// Returns the counts of even bins of integers. `wide` holds products exactly.
__extension__ typedef __int128 wide;
template <class T, class L>
std::vector<unsigned> even_counts(std::vector<T> const& samples, std::size_t bins, L lower, L upper) {
  std::vector<unsigned> counts(bins);
  for (T const x : samples) {
    wide const from = wide(x) - wide(lower), width = wide(upper) - wide(lower);
    if (from >= 0 && from < width) ++counts[std::size_t(from * wide(bins) / width)];
  }
  return counts;
}
template <class T>
std::vector<unsigned> level_counts(std::vector<T> const& samples, std::vector<T> const& levels) {
  std::vector<unsigned> counts(levels.size() - 1);
  for (T const x : samples)
    for (std::size_t i = 0; i + 1 < levels.size(); ++i)
      if (levels[i] <= x && x < levels[i + 1]) ++counts[i];
  return counts;
}

template <class T, class L>
void check_even(xl::stream const& q, std::vector<T> const& samples, std::size_t bins, L lower, L upper) {
  xl::buffer<T> in = upload(q, samples);
  xl::buffer<unsigned> counts{q, bins};
  xl::fill(q, counts, 77u);
  xl::histogram(q, in, counts, xl::even_bins(lower, upper));
  CROSSLANE_CHECK_SAME(read(q, counts), even_counts(samples, bins, lower, upper));
}

/// Samples that are random, all equal, or two values in turn.
template <class T>
std::vector<T> samples_of(int kind, std::size_t n) {
  std::mt19937_64 random{n};
  std::vector<T> result(n);
  for (std::size_t i = 0; i < n; ++i) result[i] = kind == 0 ? T(random()) : kind == 1 ? T(5) : T(i % 2 * 100);
  return result;
}

CROSSLANE_TEST(histogram, bytes) {
  xl::stream const q{d};
  for (std::size_t const n : sizes)
    for (int const kind : {0, 1, 2}) {
      if (n > 2000 && kind != 0) continue;
      check_even(q, samples_of<unsigned char>(kind, n), 256, 0, 256);
      check_even(q, samples_of<signed char>(kind, n), 7, -100, 90);
    }
  check_even(q, samples_of<char>(0, 1000), 3, -3, 100);
}
CROSSLANE_TEST(histogram, integers) {
  xl::stream const q{d};
  for (std::size_t const n : {std::size_t{0}, std::size_t{1009}, std::size_t{6007}})
    for (int const kind : {0, 1, 2}) {
      if (in_another_order() && n > 2000) continue;
      check_even(q, samples_of<short>(kind, n), 100, -30000, 40000);
      check_even(q, samples_of<unsigned>(kind, n), 1000, 0u, ~0u);
      check_even(q, samples_of<int>(kind, n), 3, -5ll, 1ll << 40);
      check_even(q, samples_of<std::uint64_t>(kind, n), 17, std::uint64_t{1} << 62, (std::uint64_t{3} << 62) - 1);
      check_even(q, samples_of<std::int64_t>(kind, n), 50, std::int64_t{-1} << 61, std::int64_t{1} << 61);
    }
  // Each value has bins of its own; each bin one value; and bounds that the samples cannot have.
  std::vector<unsigned short> all(65536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<unsigned short>(i);
  if (!in_another_order()) {
    check_even(q, all, 1000, 7, 65530);
    check_even(q, all, 999, 0, 65536);
  }
  check_even(q, all, 90, 10, 40);
  check_even(q, all, 30, 10, 40);
  check_even(q, all, 4, -1000, -5);
  check_even(q, all, 4, 65536, 70000);
  check_even(q, all, 4, 65534, 70000);
}
/// More bins than shared memory holds.
CROSSLANE_TEST(histogram, many_bins) {
  xl::stream const q{d};
  std::size_t const n = 6000;
  for (int const kind : {0, 1, 2}) {
    check_even(q, samples_of<unsigned>(kind, n), 9000, 0u, ~0u);
    std::vector<unsigned> skewed = samples_of<unsigned>(0, n);
    for (std::size_t i = 0; i < n; i += 3) skewed[i] = unsigned(kind);
    check_even(q, skewed, 100000, 0u, ~0u);
  }
}
CROSSLANE_TEST(histogram, numbers) {
  xl::stream const q{d};
  std::vector<float> samples;
  for (int i = 0; i < 4000; ++i) samples.push_back(float(i % 1300) / 1024.f - 0.125f);
  for (float const x : {std::nanf(""), -std::nanf(""), std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                        -0.f, 0.f, 1.f, std::nextafter(1.f, 0.f), std::nextafter(0.f, -1.f)})
    samples.push_back(x);
  auto const expected = [&](float lower, float upper, unsigned bins) {
    std::vector<unsigned> counts(bins);
    for (float const x : samples)
      if (x >= lower && x < upper) ++counts[std::min(unsigned((x - lower) * (float(bins) / (upper - lower))), bins - 1)];
    return counts;
  };
  xl::buffer<float> in = upload(q, samples);
  xl::buffer<unsigned> counts{q, 10};
  xl::histogram(q, in, counts, xl::even_bins(0.f, 1.f));
  CROSSLANE_CHECK_SAME(read(q, counts), expected(0.f, 1.f, 10));
  xl::histogram(q, in, counts, xl::even_bins(-0.1, 0.7));
  CROSSLANE_CHECK_SAME(read(q, counts), expected(-0.1f, 0.7f, 10));

  std::vector<float> const levels{-1.f, -0.f, 0.25f, 0.25f, 0.5f, 1.f, std::numeric_limits<float>::infinity()};
  xl::buffer<float> bounds = upload(q, levels);
  xl::buffer<std::uint64_t> large{q, 6};
  xl::histogram(q, in, large, xl::level_bins(bounds));
  std::vector<std::uint64_t> const found = read(q, large);
  CROSSLANE_CHECK_SAME(std::vector<unsigned>(found.begin(), found.end()), level_counts(samples, levels));

  std::vector<double> doubles(samples.begin(), samples.end());
  xl::buffer<double> in_doubles = upload(q, doubles);
  xl::histogram(q, in_doubles, counts, xl::even_bins(0., 1.));
  std::vector<unsigned> expected_doubles(10);
  for (double const x : doubles)
    if (x >= 0 && x < 1) ++expected_doubles[std::size_t(x * 10)];
  CROSSLANE_CHECK_SAME(read(q, counts), expected_doubles);

  std::vector<xl::half> halves;
  for (float const x : samples) halves.push_back(xl::half(x));
  xl::buffer<xl::half> in_halves = upload(q, halves);
  xl::histogram(q, in_halves, counts, xl::even_bins(0.f, 1.f));
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = float(halves[i]);
  CROSSLANE_CHECK_SAME(read(q, counts), expected(0.f, 1.f, 10));
}
CROSSLANE_TEST(histogram, levels) {
  xl::stream const q{d};
  std::vector<unsigned char> const bytes = samples_of<unsigned char>(0, 5000);
  std::vector<unsigned char> const levels{3, 10, 10, 11, 128, 250};
  xl::buffer<unsigned char> in = upload(q, bytes), bounds = upload(q, levels);
  xl::buffer<int> counts{q, 5};
  xl::histogram(q, in, counts, xl::level_bins(bounds));
  std::vector<int> const found = read(q, counts);
  CROSSLANE_CHECK_SAME(std::vector<unsigned>(found.begin(), found.end()), level_counts(bytes, levels));

  // More levels than shared memory holds, from a lazy range: bin i is the value 2 i + 1 and the next.
  std::vector<unsigned> samples = samples_of<unsigned>(0, 3000);
  for (unsigned& x : samples) x %= 50000;
  xl::buffer<unsigned> numbers = upload(q, samples), large{q, 20000};
  xl::histogram(q, numbers, large,
                xl::level_bins(xl::transformed<unsigned>(xl::counting(0u, 20001), [] CROSSLANE_LAMBDA(unsigned i) { return 2 * i + 1; })));
  std::vector<unsigned> expected(20000);
  for (unsigned const x : samples)
    if (x >= 1 && (x - 1) / 2 < 20000) ++expected[(x - 1) / 2];
  CROSSLANE_CHECK_SAME(read(q, large), expected);
}

template <class T, unsigned N>
void check_channels(xl::stream const& q, std::size_t pixels, std::size_t offset) {
  std::vector<T> const samples = samples_of<T>(0, (pixels + offset) * N);
  xl::buffer<T> in = upload(q, samples);
  xl::buffer<unsigned> counts{q, 16 * N};
  std::vector<unsigned> expected;
  for (std::size_t c = 0; c < N; ++c) {
    std::vector<T> channel;
    for (std::size_t i = offset; i < pixels + offset; ++i) channel.push_back(samples[i * N + c]);
    std::vector<unsigned> const part = even_counts(channel, 16, 10, 110);
    expected.insert(expected.end(), part.begin(), part.end());
  }
  xl::span<xl::vec<T, N>> const view{reinterpret_cast<xl::vec<T, N>*>(in.data()) + offset, pixels};
  xl::histogram(q, view, counts, xl::even_bins(10, 110));
  CROSSLANE_CHECK_SAME(read(q, counts), expected);
}
CROSSLANE_TEST(histogram, channels) {
  xl::stream const q{d};
  for (std::size_t const pixels : {std::size_t{0}, std::size_t{1}, std::size_t{50}, std::size_t{3001}})
    for (std::size_t const offset : {std::size_t{0}, std::size_t{1}}) {
      check_channels<unsigned char, 2>(q, pixels, offset);
      check_channels<unsigned char, 3>(q, pixels, offset);
      check_channels<unsigned char, 4>(q, pixels, offset);
      check_channels<short, 3>(q, pixels, offset);
      check_channels<std::int64_t, 4>(q, pixels, offset);
    }
}
CROSSLANE_TEST(histogram, ranges) {
  xl::stream const q{d};
  std::uint64_t const n = 2000;
  xl::buffer<unsigned> counts{q, 10};
  xl::buffer<std::uint64_t> count = upload(q, std::vector<std::uint64_t>{1234});
  xl::histogram(q, xl::counted(xl::counting(0, n), count), counts, xl::even_bins(100, 1300));
  std::vector<int> numbers(1234);
  for (int i = 0; i < 1234; ++i) numbers[std::size_t(i)] = i;
  CROSSLANE_CHECK_SAME(read(q, counts), even_counts(numbers, 10, 100, 1300));
  // A view that begins at any address.
  std::vector<unsigned char> const bytes = samples_of<unsigned char>(0, 3000);
  xl::buffer<unsigned char> in = upload(q, bytes);
  for (std::size_t const first : {1u, 7u, 2999u}) {
    xl::histogram(q, in.view().subspan(first, bytes.size() - first), counts, xl::even_bins(0, 250));
    std::vector<unsigned char> const part(bytes.begin() + long(first), bytes.end());
    CROSSLANE_CHECK_SAME(read(q, counts), even_counts(part, 10, 0, 250));
  }
}
CROSSLANE_TEST(histogram, workspace) {
  xl::stream const q{d};
  std::vector<int> const values = samples_of<int>(0, 30000);
  xl::buffer<int> in = upload(q, values), sorted = upload(q, values);
  xl::buffer<unsigned> counts{q, 64};
  xl::workspace const memory{q, xl::workspace_size([&](auto const& o) {
                               xl::histogram(q, in, counts, xl::even_bins(-1 << 30, 1 << 30), o);
                               xl::merge_sort(q, sorted, xl::less{}, o);
                             })};
  xl::options<> const o{.workspace = memory};
  int const sum = xl::reduce(q, in, xl::bit_xor{}, o);
  for (int i = 0; i < 3; ++i) {
    xl::histogram(q, in, counts, xl::even_bins(-1 << 30, 1 << 30), o);
    CROSSLANE_CHECK_SAME(read(q, counts), even_counts(values, 64, -1 << 30, 1 << 30));
    xl::merge_sort(q, sorted, xl::less{}, o);
    CROSSLANE_CHECK_EQ(xl::reduce(q, sorted, xl::bit_xor{}, o), sum);
  }
}
CROSSLANE_TEST(histogram, errors) {
  xl::stream const q{d};
  xl::buffer<float> in{q, 100}, levels{q, 10};
  xl::buffer<unsigned> counts{q, 10}, none{q, 0};
  xl::buffer<xl::vec<float, 3>> pixels{q, 100};
  expect_error(xl::errc::size_mismatch, {"histogram", "0 counts"}, [&] { xl::histogram(q, in, none, xl::even_bins(0.f, 1.f)); });
  expect_error(xl::errc::size_mismatch, {"histogram", "10 counts", "3 channels"},
               [&] { xl::histogram(q, pixels, counts, xl::even_bins(0.f, 1.f)); });
  expect_error(xl::errc::size_mismatch, {"histogram", "11 levels", "10"}, [&] { xl::histogram(q, in, counts, xl::level_bins(levels)); });
  expect_error(xl::errc::invalid_argument, {"histogram", "from 1 to 1"}, [&] { xl::histogram(q, in, counts, xl::even_bins(1.f, 1.f)); });
  expect_error(xl::errc::invalid_argument, {"histogram", "from 0 to"},
               [&] { xl::histogram(q, in, counts, xl::even_bins(0.f, std::numeric_limits<float>::infinity())); });
  xl::buffer<int> numbers{q, 100};
  expect_error(xl::errc::invalid_argument, {"histogram", "from 5 to 5"}, [&] { xl::histogram(q, numbers, counts, xl::even_bins(5, 5)); });
  expect_error(xl::errc::invalid_argument, {"histogram", "overlaps"}, [&] {
    xl::histogram(q, numbers, xl::span<unsigned>{reinterpret_cast<unsigned*>(numbers.data()), 10}, xl::even_bins(0, 5));
  });
}

}  // namespace
