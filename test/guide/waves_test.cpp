// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The code of docs/guide, with tests of it: waves, tiles, blocks, atomics, numeric types.
#include "softmax.hpp"

#include <support/target.hpp>

#include <algorithm>
#include <cmath>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

/// Whole numbers from -50 to 50: sums of them are exact in any order.
template <class T = float>
std::vector<T> whole_numbers(std::size_t count) {
  std::mt19937 random{1};
  std::vector<T> result(count);
  for (T& x : result) x = T(int(random() % 101) - 50);
  return result;
}

std::vector<float> sums_of(std::vector<float> const& m, std::size_t cols) {
  std::vector<float> result(m.size() / cols);
  for (std::size_t i = 0; i < m.size(); ++i) result[i / cols] += m[i];
  return result;
}

}  // namespace

// [row-per-wave]
/// sums[r] = sum of row r of a row-major [rows x cols] matrix. One wave for each row, at any wave width.
struct row_sums {
  static constexpr auto block = xl::block_size<256>;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> m, unsigned rows, unsigned cols, xl::span<float> sums) const {
    auto const wave = xl::wave(ctx);
    auto const row = ctx.global_rank() / Ctx::wave_size;
    if (row >= rows) return;  // the same for all lanes of the wave
    float sum = 0;
    for (unsigned c = wave.rank(); c < cols; c += wave.size()) sum += m[row * cols + c];
    sum = wave.reduce(sum, xl::plus{});
    if (wave.is_leader()) sums[row] = sum;
  }
};

void sum_rows(xl::stream const& q, xl::span<float const> m, unsigned rows, unsigned cols, xl::span<float> sums) {
  unsigned const waves = 256 / q.device().properties().wave_size;  // per block: 8 or 4
  xl::launch(q, {.grid = xl::cover(rows, waves)}, row_sums{}, m, rows, cols, sums);
}
// [row-per-wave]

CROSSLANE_TEST(guide, row_per_wave) {
  xl::stream const q{d};
  unsigned const rows = 13, cols = 150;
  std::vector<float> const m = whole_numbers(rows * cols);
  xl::buffer<float> const from = upload(q, m);
  xl::buffer<float> sums{q, rows};
  sum_rows(q, from, rows, cols, sums);
  CROSSLANE_CHECK_SAME(read(q, sums), sums_of(m, cols));
}

// [row-per-tile]
/// The same for short rows: `Lanes` lanes for each row, several rows for each wave.
template <unsigned Lanes>
struct short_row_sums {
  static constexpr auto block = xl::block_size<256>;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> m, unsigned rows, unsigned cols, xl::span<float> sums) const {
    auto const tile = xl::tile<Lanes>(ctx);
    auto const row = ctx.global_rank() / Lanes;
    if (row >= rows) return;  // the same for all lanes of the tile
    float sum = 0;
    for (unsigned c = tile.rank(); c < cols; c += tile.size()) sum += m[row * cols + c];
    sum = tile.reduce(sum, xl::plus{});
    if (tile.is_leader()) sums[row] = sum;
  }
};

void sum_short_rows(xl::stream const& q, xl::span<float const> m, unsigned rows, unsigned cols, xl::span<float> sums) {
  xl::launch(q, {.grid = xl::cover(rows, 256 / 8)}, short_row_sums<8>{}, m, rows, cols, sums);
}
// [row-per-tile]

CROSSLANE_TEST(guide, row_per_tile) {
  xl::stream const q{d};
  unsigned const rows = 45, cols = 19;
  std::vector<float> const m = whole_numbers(rows * cols);
  xl::buffer<float> const from = upload(q, m);
  xl::buffer<float> sums{q, rows};
  sum_short_rows(q, from, rows, cols, sums);
  CROSSLANE_CHECK_SAME(read(q, sums), sums_of(m, cols));
  xl::launch(q, {.grid = xl::cover(rows, 256 / 32)}, short_row_sums<32>{}, from, rows, cols, sums);
  CROSSLANE_CHECK_SAME(read(q, sums), sums_of(m, cols));
}

// [partial-wave]
/// mean[i] = the mean of the elements that the wave of thread i reads. Blocks and arrays may have any size.
struct means_of_waves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> x, xl::span<float> mean) const {
    auto const i = ctx.global_index();
    auto const here = xl::wave(ctx).where(i < x.size());  // all lanes of the wave call it: none has returned before
    if (i >= x.size()) return;                            // now lanes may return: the others are a group
    mean[i] = here.reduce(x[i], xl::plus{}) / float(here.size());
  }
};
// [partial-wave]

CROSSLANE_TEST(guide, partial_wave) {
  xl::stream const q{d};
  unsigned const n = 333, block = 100, width = d.properties().wave_size;
  std::vector<float> const x = whole_numbers(n);
  std::vector<float> expected(n);
  for (unsigned i = 0; i < n; ++i) {
    unsigned const first = i / block * block + i % block / width * width;
    unsigned const last = std::min({first + width, i / block * block + block, n});
    float sum = 0;
    for (unsigned k = first; k < last; ++k) sum += x[k];
    expected[i] = sum / float(last - first);
  }
  xl::buffer<float> const from = upload(q, x);
  xl::buffer<float> mean{q, n};
  xl::launch(q, {.grid = xl::cover(n, block), .block = block}, means_of_waves{}, from, mean);
  std::vector<float> const got = read(q, mean);
  for (unsigned i = 0; i < n; ++i) CROSSLANE_CHECK(std::abs(got[i] - expected[i]) <= 1e-6f * std::abs(expected[i]));
}

// [append]
/// Appends the positive elements of x to kept, in no order; used[0], zero before, counts them. One atomic addition for each wave.
struct keep_positive {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> x, xl::span<float> kept, xl::span<unsigned> used) const {
    auto const i = ctx.global_index();
    bool const keep = i < x.size() && x[i] > 0;  // a condition instead of a return: every lane calls where()
    auto const keepers = xl::wave(ctx).where(keep);
    if (keep) kept[xl::aggregated_increment(keepers, xl::atomic(ctx, used[0]))] = x[i];
  }
};
// [append]

CROSSLANE_TEST(guide, append) {
  xl::stream const q{d};
  std::vector<float> const x = whole_numbers(1000);
  std::vector<float> expected;
  for (float const value : x)
    if (value > 0) expected.push_back(value);
  xl::buffer<float> const from = upload(q, x);
  xl::buffer<float> kept{q, 1000};
  xl::buffer<unsigned> used{q, 1};
  xl::fill(q, used, 0u);
  xl::launch(q, {.grid = xl::cover(1000, 96), .block = 96}, keep_positive{}, from, kept, used);
  unsigned const count = read(q, used)[0];
  CROSSLANE_REQUIRE(count == expected.size());
  std::vector<float> got = read(q, kept.view().subspan(0, count));
  std::sort(got.begin(), got.end());
  std::sort(expected.begin(), expected.end());
  CROSSLANE_CHECK_SAME(got, expected);
}

CROSSLANE_TEST(guide, softmax) {
  xl::stream const q{d};
  std::vector<float> const m = whole_numbers(3 * 700);
  auto const c = xl::checks::compare(softmax_of_rows(m, 700), softmax_on(q, 700, m), softmax_tolerance(700));
  if (!c) fail(c.text(), source_location::current());
}

// [sort-pieces]
/// Sorts each run of 1024 keys of data separately. One block for each run; the last run may be shorter.
struct sort_pieces {
  static constexpr auto block = xl::block_size<256>;
  template <class Ctx>
  struct shared {
    xl::block_sort_scratch<unsigned, 4, Ctx> sort;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<unsigned> data) const {
    auto const first = std::size_t{ctx.block_index()} * 1024, left = data.size() - first;
    auto const piece = data.subspan(first, left < 1024 ? left : 1024);
    unsigned keys[4];
    xl::block_load<xl::arrangement::blocked>(ctx, piece, keys, ~0u);  // past the end: the largest key, which sorts last
    xl::block_sort(ctx, s.sort, keys);
    xl::block_store<xl::arrangement::blocked>(ctx, keys, piece);
  }
};
// [sort-pieces]

CROSSLANE_TEST(guide, sort_pieces) {
  xl::stream const q{d};
  std::mt19937 random{2};
  std::vector<unsigned> data(2500);
  for (unsigned& x : data) x = unsigned(random());
  xl::buffer<unsigned> on_device = upload(q, data);
  xl::launch(q, {.grid = 3}, sort_pieces{}, on_device);
  for (std::size_t i = 0; i < 2500; i += 1024)
    std::sort(data.begin() + std::ptrdiff_t(i), data.begin() + std::ptrdiff_t(std::min(i + 1024, data.size())));
  CROSSLANE_CHECK_SAME(read(q, on_device), data);
}

// [offsets]
/// offsets[i] = counts[0] + ... + counts[i - 1]; total[0] = the sum of all. One block, any number of counts.
struct offsets_of_counts {
  static constexpr auto block = xl::block_size<256>;
  template <class Ctx>
  struct shared {
    xl::block_scratch<unsigned, Ctx> scan;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<unsigned const> counts, xl::span<unsigned> offsets,
                               xl::span<unsigned> total) const {
    unsigned running = 0;
    for (std::size_t first = 0; first < counts.size(); first += 256) {  // the same number of rounds in all threads: each has barriers
      auto const i = first + ctx.thread_rank();
      auto const [prefix, sum] = xl::block_exclusive_scan_and_total(ctx, s.scan, i < counts.size() ? counts[i] : 0u, xl::plus{}, running);
      if (i < counts.size()) offsets[i] = prefix;
      running += sum;
      ctx.sync_block();  // before the scratch is used again
    }
    if (ctx.thread_rank() == 0) total[0] = running;
  }
};
// [offsets]

CROSSLANE_TEST(guide, offsets) {
  xl::stream const q{d};
  std::vector<unsigned> counts(700), expected(700);
  for (unsigned i = 0; i < 700; ++i) counts[i] = i * 7 % 11;
  unsigned sum = 0;
  for (unsigned i = 0; i < 700; ++i) {
    expected[i] = sum;
    sum += counts[i];
  }
  xl::buffer<unsigned> const from = upload(q, counts);
  xl::buffer<unsigned> offsets{q, 700}, total{q, 1};
  xl::launch(q, {.grid = 1}, offsets_of_counts{}, from, offsets, total);
  CROSSLANE_CHECK_SAME(read(q, offsets), expected);
  CROSSLANE_CHECK_EQ(read(q, total)[0], sum);
}

// [histogram]
/// bins[v] += the number of elements of data that equal v. Each block counts in shared memory and adds its counts at the end.
struct histogram {
  static constexpr auto block = xl::block_size<256>;
  struct shared {
    unsigned bins[256];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned char const> data, xl::span<unsigned> bins) const {
    unsigned const own = ctx.thread_rank();
    s.bins[own] = 0;
    ctx.sync_block();
    for (auto i : ctx.grid_stride(data.size())) xl::atomic<xl::scope::block>(ctx, s.bins[data[i]]).fetch_add(1);
    ctx.sync_block();
    if (s.bins[own] != 0) xl::atomic(ctx, bins[own]).fetch_add(s.bins[own]);
  }
};
// [histogram]

CROSSLANE_TEST(guide, histogram) {
  xl::stream const q{d};
  std::vector<unsigned char> data(5000);
  std::vector<unsigned> expected(256);
  for (unsigned i = 0; i < 5000; ++i) {
    data[i] = static_cast<unsigned char>(i * i >> 3);
    ++expected[data[i]];
  }
  xl::buffer<unsigned char> const from = upload(q, data);
  xl::buffer<unsigned> bins{q, 256};
  xl::fill(q, bins, 0u);
  xl::launch(q, {.grid = 5}, histogram{}, from, bins);
  CROSSLANE_CHECK_SAME(read(q, bins), expected);
}

// [last-block]
/// total[0] = the sum of x, in one launch: the last block to finish adds the partial sums of all blocks. done[0] is zero at the launch.
struct sum_at_once {
  static constexpr auto block = xl::block_size<256>;
  template <class Ctx>
  struct shared {
    xl::block_scratch<float, Ctx> sum;
    bool last;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> x, xl::span<float> partial, xl::span<unsigned> done,
                               xl::span<float> total) const {
    float sum = 0;
    for (auto i : ctx.grid_stride(x.size())) sum += x[i];
    sum = xl::block_reduce(ctx, s.sum, sum, xl::plus{});
    if (ctx.thread_rank() == 0) {
      partial[ctx.block_index()] = sum;
      // Releases this block's sum, and acquires the sums of the blocks that counted before.
      s.last = xl::atomic(ctx, done[0]).fetch_add(1, xl::acq_rel{}) == ctx.block_count() - 1;
    }
    ctx.sync_block();
    if (!s.last) return;  // all threads of the block return, or none
    sum = 0;
    for (auto b : ctx.block_stride(ctx.block_count())) sum += partial[b];
    sum = xl::block_reduce(ctx, s.sum, sum, xl::plus{});
    if (ctx.thread_rank() == 0) total[0] = sum;
  }
};
// [last-block]

CROSSLANE_TEST(guide, last_block) {
  xl::stream const q{d};
  std::vector<float> const x = whole_numbers(7000);
  float expected = 0;
  for (float const value : x) expected += value;
  xl::buffer<float> const from = upload(q, x);
  xl::buffer<float> partial{q, 6}, total{q, 1};
  xl::buffer<unsigned> done{q, 1};
  xl::fill(q, done, 0u);
  xl::launch(q, {.grid = 6}, sum_at_once{}, from, partial, done, total);
  CROSSLANE_CHECK_EQ(read(q, total)[0], expected);
}

// [half]
/// y[i] = fma(a, x[i], y[i]) of half numbers, computed in float. Each access has 8 numbers, 16 bytes. y.size() is a multiple of 8.
struct add_scaled_halves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float a, xl::span<xl::half const> x, xl::span<xl::half> y) const {
    for (auto i : ctx.grid_stride(y.size() / 8)) {
      auto const from = xl::vec_cast<float>(xl::load_vec<8>(x, 8 * i));
      auto to = xl::vec_cast<float>(xl::load_vec<8>(y, 8 * i));
      for (unsigned k = 0; k < 8; ++k) to[k] = xl::fma(a, from[k], to[k]);
      xl::store_vec(y, 8 * i, xl::vec_cast<xl::half>(to));
    }
  }
};
// [half]

CROSSLANE_TEST(guide, half) {
  xl::stream const q{d};
  std::vector<xl::half> x(4000), y(4000), expected(4000);
  for (std::size_t i = 0; i < 4000; ++i) {
    x[i] = xl::half(float(i) / 7);
    y[i] = xl::half(float(i % 13));
    expected[i] = xl::half(std::fma(0.3f, float(x[i]), float(y[i])));
  }
  xl::buffer<xl::half> const from = upload(q, x);
  xl::buffer<xl::half> to = upload(q, y);
  xl::launch(q, {.grid = 2, .block = 128}, add_scaled_halves{}, 0.3f, from, to);
  CROSSLANE_CHECK_SAME(read(q, to), expected);
}
