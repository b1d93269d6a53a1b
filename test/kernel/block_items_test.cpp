// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operations of blocks on several items of each thread, against plain C++.
#include <crosslane/kernel/block.hpp>
#include <support/affine_maps.hpp>
#include <support/target.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <utility>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr unsigned block_sizes[] = {1, 31, 32, 33, 63, 64, 65, 100, 128, 200, 256};

/// Random bytes, and values that are often equal; for floating point without NaN, whose bytes std::sort could not order.
template <class T>
std::vector<T> random_values(std::size_t count, std::mt19937& random) {
  std::vector<T> values(count);
  for (T& v : values) {
    std::uint64_t const bits = std::uint64_t{random()} << 32 | random();
    if (random() % 3 == 0)
      v = static_cast<T>(static_cast<int>(random() % 7) - 3);
    else
      std::memcpy(&v, &bits, sizeof v);
    if (v != v) v = T(0);
  }
  return values;
}

/// Runs a kernel of one block on keys and values, and returns its results.
template <class K, class... T>
void run_block(xl::stream const& q, unsigned threads, K const& kernel, std::vector<T>&... arrays) {
  auto const run = [&](auto&... buffers) {
    (xl::copy(q, arrays, buffers), ...);
    xl::launch(q, {.grid = 1, .block = threads}, kernel, buffers...);
    (xl::copy(q, buffers, arrays), ...);
    q.synchronize();
  };
  [&](auto... buffers) { run(buffers...); }(xl::buffer<T>{q, arrays.size()}...);
}

// --- sort ---

template <class Key, unsigned N, xl::sort_order Order, unsigned Bits, class Value = unsigned>
struct sort_kernel {
  static constexpr int max_threads = 256;
  template <class Ctx>
  struct shared {
    xl::block_sort_scratch<Key, N, Ctx, Value, Bits> pairs;
    xl::block_sort_scratch<Key, N, Ctx, xl::no_value, Bits> keys;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<Key> keys, xl::span<Key> keys_alone, xl::span<Value> values,
                               xl::span<unsigned const> bits) const {
    xl::bit_range const range{bits[0], bits[1]};
    Key k[N], alone[N];
    Value v[N];
    xl::block_load<xl::arrangement::blocked>(ctx, keys, k);
    xl::block_load<xl::arrangement::blocked>(ctx, keys_alone, alone);
    xl::block_load<xl::arrangement::blocked>(ctx, values, v);
    xl::block_sort<Order>(ctx, s.pairs, k, v, range);
    xl::block_sort<Order>(ctx, s.keys, alone, range);
    xl::block_store<xl::arrangement::blocked>(ctx, k, keys);
    xl::block_store<xl::arrangement::blocked>(ctx, alone, keys_alone);
    xl::block_store<xl::arrangement::blocked>(ctx, v, values);
  }
};

/// The order of block_sort(), for numbers that are not NaN.
template <class T>
bool comes_before(T a, T b) {
  if (a < b || b < a) return a < b;
  return std::is_floating_point_v<T> && std::signbit(static_cast<double>(a)) && !std::signbit(static_cast<double>(b));
}

/// Sorts `places` by the bits `range` of their keys. Keys are unsigned.
template <xl::sort_order Order, class Key>
void sort_by_bits(std::vector<unsigned>& places, std::vector<Key> const& input, xl::bit_range range) {
  auto const digits = [&](unsigned place) {
    auto word = static_cast<std::uint64_t>(input[place]);
    if (range.end < 64) word &= (std::uint64_t{1} << range.end) - 1;
    return word >> range.begin;
  };
  std::sort(places.begin(), places.end(), [&](unsigned a, unsigned b) {
    auto const x = digits(a), y = digits(b);
    return x == y ? a < b : (Order == xl::sort_order::ascending ? x < y : x > y);
  });
}

template <unsigned Threads, class Key, unsigned N, xl::sort_order Order, unsigned Bits, class Value>
struct sort_kernel_of : sort_kernel<Key, N, Order, Bits, Value> {
  static constexpr auto block = xl::block_size<Threads>;
};

template <class Key, unsigned N, xl::sort_order Order, class Value = unsigned, class K>
void check_sort_of(xl::stream const& q, unsigned threads, xl::bit_range range, K const& kernel) {
  std::mt19937 random{N + threads};
  auto const input = random_values<Key>(std::size_t{threads} * N, random);
  std::vector<Key> keys = input, alone = input;
  std::vector<unsigned> places(input.size()), bits{range.begin, range.end};
  std::iota(places.begin(), places.end(), 0u);
  std::vector<Value> values(places.begin(), places.end());
  run_block(q, threads, kernel, keys, alone, values, bits);

  if (range.begin != 0 || range.end < sizeof(Key) * 8)
    sort_by_bits<Order>(places, input, range);
  else
    std::sort(places.begin(), places.end(), [&](unsigned a, unsigned b) {
      bool const less = comes_before(input[a], input[b]), greater = comes_before(input[b], input[a]);
      return !less && !greater ? a < b : Order == xl::sort_order::ascending ? less : greater;
    });
  std::vector<Key> want;
  for (unsigned place : places) want.push_back(input[place]);
  CROSSLANE_CHECK_SAME(values, places);
  CROSSLANE_CHECK(std::memcmp(keys.data(), want.data(), want.size() * sizeof(Key)) == 0);
  CROSSLANE_CHECK(std::memcmp(alone.data(), want.data(), want.size() * sizeof(Key)) == 0);
}

template <class Key, unsigned N, xl::sort_order Order = xl::sort_order::ascending, unsigned Bits = 8>
void check_sort(xl::device d, xl::bit_range range = {}) {
  xl::stream const q{d};
  for (unsigned threads : block_sizes) check_sort_of<Key, N, Order>(q, threads, range, sort_kernel<Key, N, Order, Bits>{});
}
template <unsigned Threads, class Key, unsigned N, unsigned Bits, class Value = unsigned>
void check_fixed_sort(xl::device d) {
  constexpr auto order = xl::sort_order::ascending;
  check_sort_of<Key, N, order, Value>(xl::stream{d}, Threads, {}, sort_kernel_of<Threads, Key, N, order, Bits, Value>{});
}

// --- exchange, load and store ---

template <class T, unsigned N>
struct exchange_kernel {
  static constexpr int max_threads = 256;
  template <class Ctx>
  struct shared {
    xl::block_exchange_scratch<T, N, Ctx> memory;
  };

  /// Each array holds the block's items in order; each is loaded in one arrangement, exchanged and stored in another.
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<T> a, xl::span<T> b, xl::span<T> c, xl::span<T> d, xl::span<T> e,
                               xl::span<T> f) const {
    using enum xl::arrangement;
    pass<blocked, striped>(ctx, s, a);
    pass<striped, blocked>(ctx, s, b);
    pass<blocked, wave_striped>(ctx, s, c);
    pass<wave_striped, blocked>(ctx, s, d);
    pass<striped, wave_striped>(ctx, s, e);
    T items[N];
    unsigned positions[N];
    xl::block_load<striped>(ctx, f, items);
    for (unsigned i = 0; i < N; ++i) positions[i] = N * ctx.block_size() - 1 - xl::item_position<striped, N>(ctx, i);
    xl::block_scatter<blocked>(ctx, s.memory, items, positions);
    xl::block_store<blocked>(ctx, items, f);
  }

 private:
  template <xl::arrangement From, xl::arrangement To, class Ctx>
  CROSSLANE_FN static void pass(Ctx const& ctx, shared<Ctx>& s, xl::span<T> array) {
    T items[N];
    xl::block_load<From>(ctx, array, items);
    xl::block_exchange<From, To>(ctx, s.memory, items);
    ctx.sync_block();
    // The results have one item more than the inputs, so that a store to a wrong place shows.
    for (T& item : items) item = static_cast<T>(item + 1);
    xl::block_store<To>(ctx, items, array);
    ctx.sync_block();
  }
};

template <class T, unsigned N>
void check_exchange(xl::device d) {
  xl::stream const q{d};
  for (unsigned threads : block_sizes) {
    std::vector<T> in(std::size_t{threads} * N);
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<T>(i * 7 + 3);
    std::vector<T> a = in, b = in, c = in, d_ = in, e = in, f = in, plus_one = in, reversed = in;
    for (T& x : plus_one) x = static_cast<T>(x + 1);
    std::reverse(reversed.begin(), reversed.end());
    run_block(q, threads, exchange_kernel<T, N>{}, a, b, c, d_, e, f);
    CROSSLANE_CHECK_SAME(a, plus_one);
    CROSSLANE_CHECK_SAME(b, plus_one);
    CROSSLANE_CHECK_SAME(c, plus_one);
    CROSSLANE_CHECK_SAME(d_, plus_one);
    CROSSLANE_CHECK_SAME(e, plus_one);
    CROSSLANE_CHECK_SAME(f, reversed);
  }
}

/// Loads from the front of `in` and stores to the front of `out`. Both may be short and misaligned.
template <class T, unsigned N, xl::arrangement A>
struct load_store_kernel {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<T> in, xl::span<T> all, xl::span<T> out, xl::span<unsigned const> range) const {
    T items[N];
    xl::block_load<A>(ctx, in.subspan(range[0], range[1]), items, T(99));
    xl::block_store<A>(ctx, items, all);
    xl::block_store<A>(ctx, items, out.subspan(range[0], range[1]));
  }
};

template <class T, unsigned N, xl::arrangement A>
void check_load_store(xl::device d) {
  xl::stream const q{d};
  unsigned const threads = 96, count = threads * N;
  for (unsigned offset : {0u, 1u, 4u})
    for (unsigned size : {0u, 1u, N, N + 1, count / 2 + 1, count - 1, count}) {
      std::vector<T> in(count + 8), all(count), out(count + 8, T(5)), want_all(count, T(99)), want_out(count + 8, T(5));
      for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<T>(i % 90);
      std::copy_n(in.begin() + offset, size, want_all.begin());
      std::copy_n(in.begin() + offset, size, want_out.begin() + offset);
      std::vector<unsigned> range{offset, size};
      run_block(q, threads, load_store_kernel<T, N, A>{}, in, all, out, range);
      CROSSLANE_CHECK_SAME(all, want_all);
      CROSSLANE_CHECK_SAME(out, want_out);
    }
}

template <unsigned Bits, unsigned N>
struct rank_kernel {
  template <class Ctx>
  struct shared {
    xl::block_radix_rank_scratch<Bits, Ctx> rank;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<unsigned const> digits, xl::span<unsigned> ranks) const {
    unsigned own[N], own_ranks[N];
    xl::block_load<xl::arrangement::wave_striped>(ctx, digits, own);
    xl::block_radix_rank<Bits>(ctx, s.rank, own, own_ranks);
    xl::block_store<xl::arrangement::wave_striped>(ctx, own_ranks, ranks);
  }
};

/// Compares with the items' places sorted by digit, and by place if digits are equal.
template <unsigned Bits, unsigned N>
void check_ranks(xl::device d) {
  xl::stream const q{d};
  std::mt19937 random{9};
  for (unsigned const block : block_sizes) {
    std::vector<unsigned> digits(block * N), places(block * N), expected(block * N);
    for (unsigned& digit : digits) digit = random() % 4 == 0 ? (1u << Bits) - 1 : random() & random() & ((1u << Bits) - 1);
    std::iota(places.begin(), places.end(), 0u);
    std::sort(places.begin(), places.end(), [&](unsigned i, unsigned j) { return std::pair{digits[i], i} < std::pair{digits[j], j}; });
    for (unsigned rank = 0; rank < places.size(); ++rank) expected[places[rank]] = rank;
    xl::buffer<unsigned> const in = upload(q, digits);
    xl::buffer<unsigned> ranks{q, digits.size()};
    xl::launch(q, {.grid = 1, .block = block}, rank_kernel<Bits, N>{}, in, ranks);
    CROSSLANE_CHECK_SAME(read(q, ranks), expected);
  }
}

// --- reductions, scans and histograms of several items ---

template <unsigned N>
struct scan_kernel {
  static constexpr int max_threads = 1024;
  template <class Ctx>
  struct shared {
    xl::block_scratch<map, Ctx> scratch;
    xl::block_reduce_scratch<map, Ctx> reduce;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<map> exclusive, xl::span<map> exclusive_bare,
                               xl::span<map> inclusive, xl::span<map> totals) const {
    using enum xl::arrangement;
    map const initial{{3}, {4}};
    map x[N], y[N], z[N], total[5], again[3][N];
    xl::block_load<blocked>(ctx, exclusive, x);
    xl::block_load<blocked>(ctx, exclusive_bare, y);
    xl::block_load<blocked>(ctx, inclusive, z);
    for (unsigned i = 0; i < N; ++i) again[0][i] = x[i], again[1][i] = x[i], again[2][i] = x[i];
    total[0] = xl::block_reduce_to_leader(ctx, s.reduce, x, compose{});
    total[1] = xl::block_reduce(ctx, s.scratch, x, compose{});
    ctx.sync_block();
    xl::block_exclusive_scan(ctx, s.scratch, x, compose{}, initial);
    ctx.sync_block();
    xl::block_exclusive_scan(ctx, s.scratch, y, compose{});
    ctx.sync_block();
    xl::block_inclusive_scan(ctx, s.scratch, z, compose{});
    ctx.sync_block();
    total[2] = xl::block_exclusive_scan_and_total(ctx, s.scratch, again[0], compose{}, initial);
    ctx.sync_block();
    total[3] = xl::block_exclusive_scan_and_total(ctx, s.scratch, again[1], compose{});
    ctx.sync_block();
    total[4] = xl::block_inclusive_scan_and_total(ctx, s.scratch, again[2], compose{});
    // If a scan with the total differs from the scan without it, the result is replaced by a wrong value.
    for (unsigned i = 0; i < N; ++i) {
      if (!(x[i] == again[0][i])) x[i] = {};
      if (!(y[i] == again[1][i])) y[i] = {};
      if (!(z[i] == again[2][i])) z[i] = {};
    }
    xl::block_store<blocked>(ctx, x, exclusive);
    xl::block_store<blocked>(ctx, y, exclusive_bare);
    xl::block_store<blocked>(ctx, z, inclusive);
    if (ctx.thread_rank() == 0) totals[0] = total[0];
    if (ctx.thread_rank() == ctx.block_size() - 1)
      for (unsigned i = 1; i < 5; ++i) totals[i] = total[i];
  }
};

struct histogram_kernel {
  struct shared {
    unsigned counts[37];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned> items, xl::span<unsigned> counts) const {
    for (auto b : ctx.block_stride(37)) s.counts[b] = 0;
    ctx.sync_block();
    unsigned mine[5];
    xl::block_load<xl::arrangement::striped>(ctx, items, mine, ~0u);
    xl::block_histogram(ctx, s.counts, mine);
    ctx.sync_block();
    for (auto b : ctx.block_stride(37)) counts[b] = s.counts[b];
  }
};

}  // namespace

CROSSLANE_TEST(block_sort, of_unsigned) { check_sort<unsigned, 4>(d); }
CROSSLANE_TEST(block_sort, of_int_descending) { check_sort<int, 3, xl::sort_order::descending>(d); }
CROSSLANE_TEST(block_sort, of_float) { check_sort<float, 1>(d); }
CROSSLANE_TEST(block_sort, of_digits_of_6_bits) { check_sort<std::int64_t, 2, xl::sort_order::ascending, 6>(d); }
#if CROSSLANE_TEST_ALL
CROSSLANE_TEST(block_sort, of_double) { check_sort<double, 2, xl::sort_order::descending>(d); }
CROSSLANE_TEST(block_sort, of_int8) { check_sort<std::int8_t, 5>(d); }
CROSSLANE_TEST(block_sort, of_digits_of_4_bits) { check_sort<std::uint16_t, 8, xl::sort_order::ascending, 4>(d); }
#endif
CROSSLANE_TEST(block_sort, of_blocks_of_fixed_size) {
  check_fixed_sort<100, int, 2, 8, std::uint64_t>(d);
  check_fixed_sort<64, std::uint16_t, 3, 1>(d);
#if CROSSLANE_TEST_ALL
  check_fixed_sort<512, unsigned, 2, 8>(d);
  check_fixed_sort<1024, float, 1, 7>(d);
  check_fixed_sort<64, unsigned, 3, 10>(d);
#endif
}
CROSSLANE_TEST(block_sort, by_some_bits_keeps_the_order_of_equal_ones) {
  check_sort<unsigned, 4>(d, {5, 17});
  check_sort<unsigned, 4>(d, {30, 40});
  check_sort<unsigned, 4>(d, {8, 8});
}

template <class Key>
void check_order_of_keys(std::initializer_list<Key> ascending) {
  using key = xl::radix_key<Key>;
  Key const* before = nullptr;
  for (Key const& x : ascending) {
    Key const back = key::from_word(key::to_word(x));
    CROSSLANE_CHECK(std::memcmp(&back, &x, sizeof x) == 0);
    if (before != nullptr) CROSSLANE_CHECK(key::to_word(*before) < key::to_word(x));
    before = &x;
  }
}
CROSSLANE_TEST(block_radix_rank, by_one_bit) { check_ranks<1, 2>(d); }
CROSSLANE_TEST(block_radix_rank, by_six_bits) { check_ranks<6, 3>(d); }
CROSSLANE_TEST_ONCE(radix_key, orders_numbers) {
  check_order_of_keys<int>({std::numeric_limits<int>::min(), -2, -1, 0, 1, std::numeric_limits<int>::max()});
  check_order_of_keys<unsigned char>({0, 1, 127, 128, 255});
  check_order_of_keys<std::int64_t>({std::numeric_limits<std::int64_t>::min(), -1, 0, std::int64_t{1} << 40});
  float const infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  check_order_of_keys<float>({-nan, -infinity, -1.5f, -1e-40f, -0.f, 0.f, 1e-40f, 1.5f, infinity, nan});
  check_order_of_keys<double>({-1e300, -1., -0., 0., 5e-324, 1., 1e300});
}

CROSSLANE_TEST(block_exchange, of_words) { check_exchange<unsigned, 4>(d); }
CROSSLANE_TEST(block_exchange, of_doubles) { check_exchange<double, 3>(d); }
CROSSLANE_TEST(block_exchange, of_bytes) { check_exchange<unsigned char, 8>(d); }

CROSSLANE_TEST(block_load, blocked_with_a_tail) {
  check_load_store<float, 4, xl::arrangement::blocked>(d);
  check_load_store<unsigned char, 16, xl::arrangement::blocked>(d);
  check_load_store<double, 3, xl::arrangement::blocked>(d);
}
CROSSLANE_TEST(block_load, striped_with_a_tail) {
  check_load_store<float, 4, xl::arrangement::striped>(d);
  check_load_store<short, 3, xl::arrangement::wave_striped>(d);
}

CROSSLANE_TEST(block, scans_of_several_items) {
  xl::stream const q{d};
  std::mt19937 random{5};
  for (unsigned threads : {1u, 32u, 33u, 64u, 100u, 256u, 1000u, 1024u}) {
    constexpr unsigned n = 3;
    std::vector<map> in(threads * n);
    for (map& m : in) m = {{std::uint32_t(random() | 1)}, {std::uint32_t(random())}};
    std::vector<map> exclusive = in, bare = in, inclusive = in, totals(5), want_exclusive, want_bare, want_inclusive;
    map before{{3}, {4}}, all{};
    for (std::size_t i = 0; i < in.size(); ++i) {
      want_exclusive.push_back(before);
      want_bare.push_back(i == 0 ? in[0] : all);
      before = compose{}(before, in[i]);
      all = i == 0 ? in[0] : compose{}(all, in[i]);
      want_inclusive.push_back(all);
    }
    run_block(q, threads, scan_kernel<n>{}, exclusive, bare, inclusive, totals);
    CROSSLANE_CHECK(exclusive == want_exclusive);
    CROSSLANE_CHECK(bare == want_bare);
    CROSSLANE_CHECK(inclusive == want_inclusive);
    CROSSLANE_CHECK(totals == std::vector<map>(5, all));
  }
}

CROSSLANE_TEST(block, histogram) {
  xl::stream const q{d};
  std::mt19937 random{6};
  for (unsigned threads : {1u, 33u, 256u}) {
    std::vector<unsigned> items(threads * 5 - 1), counts(37), want(37);
    for (unsigned& item : items) {
      item = unsigned(random() % 40);
      if (item < 37) ++want[item];
    }
    run_block(q, threads, histogram_kernel{}, items, counts);
    CROSSLANE_CHECK_SAME(counts, want);
  }
}
