// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Launches, and the results of the context's functions, compared with the definitions.
#include <kernel/standard_library.hpp>
#include <support/target.hpp>

#include <algorithm>
#include <numeric>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

// --- positions, extents, ranks ---

/// The results of all position functions of a thread, as 64-bit numbers.
struct position {
  std::uint64_t thread[3], block[3], extent[3], grid[3], global[3];
  std::uint64_t thread_rank, block_size, block_rank, block_count, global_rank, global_size;
  std::uint64_t lane_rank, wave_rank, wave_count, wave_size;
};

template <class I>
CROSSLANE_FN void store(std::uint64_t (&to)[3], I const& from, std::uint64_t missing) {
  to[0] = to[1] = to[2] = missing;
  if constexpr (std::is_integral_v<I>) {
    to[0] = from;
  } else {
    to[0] = from.x, to[1] = from.y;
    if constexpr (requires { from.z; }) to[2] = from.z;
  }
}

/// Threads take the next free slot, so that the test does not depend on the ranks that it tests.
template <class Ctx>
CROSSLANE_FN void record_position(Ctx const& ctx, xl::span<position> out, xl::span<unsigned> used) {
  unsigned const slot = xl::atomic(ctx, used[0]).fetch_add(1u);
  if (slot >= out.size()) return;
  position& p = out[slot];
  store(p.thread, ctx.thread_index(), 0);
  store(p.block, ctx.block_index(), 0);
  store(p.extent, ctx.block_extent(), 1);
  store(p.grid, ctx.grid_extent(), 1);
  store(p.global, ctx.global_index(), 0);
  p.thread_rank = ctx.thread_rank();
  p.block_size = ctx.block_size();
  p.block_rank = ctx.block_rank();
  p.block_count = ctx.block_count();
  p.global_rank = ctx.global_rank();
  p.global_size = ctx.global_size();
  p.lane_rank = ctx.lane_rank();
  p.wave_rank = ctx.wave_rank();
  p.wave_count = ctx.wave_count();
  p.wave_size = Ctx::wave_size;
}

template <int Dimensions>
struct positions {
  static constexpr int dimensions = Dimensions;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<position> out, xl::span<unsigned> used) const {
    record_position(ctx, out, used);
  }
};

/// Dimensions follow from the block.
template <unsigned X, unsigned Y, unsigned Z>
struct fixed_positions {
  static constexpr auto block = xl::block_size<X, Y, Z>;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<position> out, xl::span<unsigned> used) const {
    static_assert(Ctx::dimensions == (Z > 1 ? 3 : Y > 1 ? 2 : 1));
    static_assert(Ctx::shape::fixed && Ctx::shape::threads == X * Y * Z);
    record_position(ctx, out, used);
  }
};

void check_position(position const& p, xl::extent3 grid, xl::extent3 block, unsigned wave_size) {
  std::uint64_t const g[3] = {grid.x, grid.y, grid.z}, b[3] = {block.x, block.y, block.z};
  for (int i = 0; i < 3; ++i) {
    CROSSLANE_CHECK_EQ(p.extent[i], b[i]);
    CROSSLANE_CHECK_EQ(p.grid[i], g[i]);
    CROSSLANE_CHECK(p.thread[i] < b[i]);
    CROSSLANE_CHECK(p.block[i] < g[i]);
    CROSSLANE_CHECK_EQ(p.global[i], p.block[i] * b[i] + p.thread[i]);
  }
  std::uint64_t const thread_rank = p.thread[0] + b[0] * (p.thread[1] + b[1] * p.thread[2]);
  std::uint64_t const block_rank = p.block[0] + g[0] * (p.block[1] + g[1] * p.block[2]);
  CROSSLANE_CHECK_EQ(p.thread_rank, thread_rank);
  CROSSLANE_CHECK_EQ(p.block_rank, block_rank);
  CROSSLANE_CHECK_EQ(p.block_size, block.size());
  CROSSLANE_CHECK_EQ(p.block_count, grid.size());
  CROSSLANE_CHECK_EQ(p.global_rank, block_rank * block.size() + thread_rank);
  CROSSLANE_CHECK_EQ(p.global_size, grid.size() * block.size());
  CROSSLANE_CHECK_EQ(p.wave_size, wave_size);
  CROSSLANE_CHECK_EQ(p.lane_rank, thread_rank % wave_size);
  CROSSLANE_CHECK_EQ(p.wave_rank, thread_rank / wave_size);
  CROSSLANE_CHECK_EQ(p.wave_count, (block.size() + wave_size - 1) / wave_size);
}

/// Launches and checks that every thread of the grid ran once and got the right positions.
template <class K>
void check_positions(xl::device d, K const& kernel, xl::extent3 grid, xl::extent3 block, xl::extent3 expected_block) {
  xl::stream const q{d};
  std::size_t const threads = grid.size() * expected_block.size();
  xl::buffer<position> out{q, threads};
  xl::buffer<unsigned> used{q, 1};
  xl::fill(q, used, 0u);
  xl::launch(q, {.grid = grid, .block = block}, kernel, out, used);
  std::vector<position> const got = read(q, out);
  CROSSLANE_REQUIRE(read(q, used)[0] == threads);
  std::vector<int> seen(threads);
  for (position const& p : got) {
    check_position(p, grid, expected_block, d.properties().wave_size);
    CROSSLANE_REQUIRE(p.global_rank < threads);
    ++seen[p.global_rank];
  }
  CROSSLANE_CHECK_SAME(seen, std::vector<int>(threads, 1));
}

CROSSLANE_TEST(context, positions_1d) {
  for (auto [grid, block] : {std::pair{1, 1}, {1, 64}, {7, 33}, {3, 1000}, {2, 1024}, {40, 1}})
    check_positions(d, positions<1>{}, grid, block, block);
}

CROSSLANE_TEST(context, positions_2d) {
  std::mt19937 random{2};
  auto const up_to = [&random](unsigned n) { return unsigned(random() % n) + 1; };
  check_positions(d, positions<2>{}, {1, 7}, {1, 5}, {1, 5});
  check_positions(d, positions<2>{}, {3, 2}, {32, 32}, {32, 32});
  for (int i = 0; i < 6; ++i) {
    xl::extent3 const grid{up_to(5), up_to(5)}, block{up_to(13), up_to(13)};
    check_positions(d, positions<2>{}, grid, block, block);
  }
}

CROSSLANE_TEST(context, positions_3d) {
  std::mt19937 random{3};
  auto const up_to = [&random](unsigned n) { return unsigned(random() % n) + 1; };
  check_positions(d, positions<3>{}, {1, 1, 5}, {1, 1, 7}, {1, 1, 7});
  check_positions(d, positions<3>{}, {2, 3, 4}, {4, 3, 2}, {4, 3, 2});
  for (int i = 0; i < 6; ++i) {
    xl::extent3 const grid{up_to(4), up_to(4), up_to(4)}, block{up_to(7), up_to(7), up_to(7)};
    check_positions(d, positions<3>{}, grid, block, block);
  }
}

/// A kernel for three dimensions may be launched in fewer.
CROSSLANE_TEST(context, fewer_dimensions_than_the_kernel_has) {
  check_positions(d, positions<3>{}, 5, 70, 70);
  check_positions(d, positions<2>{}, 5, 70, 70);
}

CROSSLANE_TEST(context, fixed_block) {
  check_positions(d, fixed_positions<96, 1, 1>{}, 5, xl::block_of_kernel, 96);
  check_positions(d, fixed_positions<16, 8, 1>{}, {2, 3}, xl::block_of_kernel, {16, 8});
  check_positions(d, fixed_positions<3, 5, 7>{}, {2, 1, 3}, xl::block_of_kernel, {3, 5, 7});
  check_positions(d, fixed_positions<1024, 1, 1>{}, 2, 1024, 1024);
}

/// Primitives that return given positions, for positions that are too large to run.
struct far_away {
  xl::index3 thread, block, extent, grid;
  template <int A>
  CROSSLANE_FN static constexpr unsigned along(xl::index3 i) {
    return A == 0 ? i.x : A == 1 ? i.y : i.z;
  }
  template <int A>
  CROSSLANE_FN unsigned thread_index() const {
    return along<A>(thread);
  }
  template <int A>
  CROSSLANE_FN unsigned block_index() const {
    return along<A>(block);
  }
  template <int A>
  CROSSLANE_FN unsigned block_extent() const {
    return along<A>(extent);
  }
  template <int A>
  CROSSLANE_FN unsigned grid_extent() const {
    return along<A>(grid);
  }
};

CROSSLANE_TEST(context, ranks_need_64_bits) {
  far_away const native{{1023, 0, 0}, {2147483646, 65534, 65533}, {1024, 1, 1}, {2147483647, 65535, 65535}};
  xl::context<far_away, 32, xl::kernel_shape<1, 0, 0, 0>> const line{native};
  std::uint64_t const last = std::uint64_t{2147483647} * 1024 - 1;
  CROSSLANE_CHECK_EQ(line.global_index(), last);
  CROSSLANE_CHECK_EQ(line.global_rank(), last);
  CROSSLANE_CHECK_EQ(line.global_size(), last + 1);

  xl::context<far_away, 64, xl::kernel_shape<2, 0, 0, 0>> const plane{native};
  std::uint64_t const block = std::uint64_t{65534} * 2147483647 + 2147483646;
  CROSSLANE_CHECK_EQ(plane.block_rank(), block);
  CROSSLANE_CHECK_EQ(plane.block_count(), std::uint64_t{65535} * 2147483647);
  CROSSLANE_CHECK_EQ(plane.global_rank(), block * 1024 + 1023);
  CROSSLANE_CHECK_EQ(plane.global_index().y, 65534);

  far_away const deep{{7, 7, 15}, {65533, 65534, 65532}, {8, 8, 16}, {65535, 65535, 65535}};
  xl::context<far_away, 64, xl::kernel_shape<3, 8, 8, 16>> const box{deep};
  std::uint64_t const rank = 65533 + std::uint64_t{65535} * (65534 + std::uint64_t{65535} * 65532);
  CROSSLANE_CHECK_EQ(box.block_rank(), rank);
  CROSSLANE_CHECK_EQ(box.block_count(), std::uint64_t{65535} * 65535 * 65535);
  CROSSLANE_CHECK_EQ(box.global_rank(), rank * 1024 + 1023);
  CROSSLANE_CHECK_EQ(box.thread_rank(), 1023);
  CROSSLANE_CHECK_EQ(box.global_index().z, 65532 * 16 + 15);
}

// --- strided loops ---

/// counts[block * n + i] is how often block_stride() returned i in block `block`. The last n entries are those of grid_stride().
template <class N>
struct count_strides {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, N n, std::uint64_t size, xl::span<unsigned> counts) const {
    for (auto i : ctx.block_stride(n)) {
      static_assert(std::is_same_v<decltype(i), N>);
      if (std::uint64_t(i) < size) xl::atomic(ctx, counts[std::size_t(ctx.block_rank() * size + std::uint64_t(i))]).fetch_add(1u);
    }
    for (auto i : ctx.grid_stride(n)) {
      static_assert(std::is_same_v<decltype(i), N>);
      if (std::uint64_t(i) < size) xl::atomic(ctx, counts[std::size_t(ctx.block_count() * size + std::uint64_t(i))]).fetch_add(1u);
    }
  }
};

template <class N>
void check_strides(xl::device d, std::initializer_list<long long> sizes) {
  xl::stream const q{d};
  for (unsigned const block : {1u, 64u, 100u}) {
    for (long long const n : sizes) {
      std::size_t const size = n < 0 ? 0 : std::size_t(n);
      constexpr unsigned grid = 3;
      xl::buffer<unsigned> counts{q, (grid + 1) * size + 1};
      xl::fill(q, counts, 0u);
      xl::launch(q, {.grid = grid, .block = block}, count_strides<N>{}, N(n), std::uint64_t(size), counts);
      std::vector<unsigned> expected((grid + 1) * size + 1, 1);
      expected.back() = 0;
      CROSSLANE_CHECK_SAME(read(q, counts), expected);
    }
  }
}

CROSSLANE_TEST(context, strides) {
  check_strides<int>(d, {-5, 0, 1, 2, 31, 32, 33, 63, 64, 65, 99, 100, 101, 191, 192, 193, 299, 300, 301, 1000});
  check_strides<unsigned>(d, {0, 1, 63, 64, 65, 257});
  check_strides<signed char>(d, {-128, -1, 0, 100, 127});
  check_strides<unsigned char>(d, {0, 1, 255});
  check_strides<short>(d, {-1, 300});
  check_strides<long long>(d, {-1, 0, 301});
  check_strides<std::size_t>(d, {0, 301});
}

/// The thread with the last rank takes the last element; nothing wraps around.
CROSSLANE_TEST(context, strides_at_the_end_of_the_numbers) {
  auto const count = [](auto range) {
    std::uint64_t visited = 0, last = 0;
    for (auto i : range) {
      if (++visited > 3) break;
      last = std::uint64_t(i);
    }
    return std::pair{visited, last};
  };
  using xl::detail::block_counter;
  using small = xl::stride_range<int, block_counter<int>>;
  CROSSLANE_CHECK(count(small{2147483647u - 2, 1024, 2147483647u}) == std::pair{std::uint64_t{1}, std::uint64_t{2147483645}});
  using large = xl::stride_range<unsigned, block_counter<unsigned>>;
  CROSSLANE_CHECK(count(large{4294967295u - 1025, 1024, 4294967295u}) == std::pair{std::uint64_t{2}, std::uint64_t{4294967294}});

  far_away const native{{1023, 0, 0}, {2147483646, 0, 0}, {1024, 1, 1}, {2147483647, 1, 1}};
  xl::context<far_away, 32, xl::kernel_shape<1, 0, 0, 0>> const ctx{native};
  CROSSLANE_CHECK(count(ctx.grid_stride(2147483647)).first == 0);
  CROSSLANE_CHECK(count(ctx.grid_stride(~0u)).first == 0);
  std::uint64_t const rank = std::uint64_t{2147483647} * 1024 - 1;
  CROSSLANE_CHECK(count(ctx.grid_stride(std::int64_t(rank + 1))) == std::pair{std::uint64_t{1}, rank});
}

// --- shared memory and barriers ---

/// A value walks around the block: each thread passes on what its neighbour wrote, `rounds` times.
struct pass_around {
  struct shared {
    unsigned value[1024];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, unsigned rounds, xl::span<unsigned> out) const {
    unsigned const rank = ctx.thread_rank(), size = ctx.block_size();
    s.value[rank] = unsigned(ctx.global_rank());
    for (unsigned i = 0; i < rounds; ++i) {
      ctx.sync_block();
      unsigned const neighbour = s.value[(rank + 1) % size];
      ctx.sync_block();
      s.value[rank] = neighbour;
    }
    out[std::size_t(ctx.global_rank())] = s.value[rank];
  }
};

CROSSLANE_TEST(shared, barriers_for_every_kind_of_block) {
  xl::stream const q{d};
  for (unsigned const block : {1u, 2u, 31u, 32u, 33u, 63u, 64u, 65u, 127u, 128u, 129u, 255u, 511u, 777u, 1023u, 1024u}) {
    unsigned const rounds = 5;
    xl::buffer<unsigned> out{q, 3 * block};
    xl::launch(q, {.grid = 3, .block = block}, pass_around{}, rounds, out);
    std::vector<unsigned> expected(3 * block);
    for (unsigned i = 0; i < 3 * block; ++i) expected[i] = i / block * block + (i % block + rounds) % block;
    CROSSLANE_CHECK_SAME(read(q, out), expected);
  }
}

/// A struct that depends on the context, and one with a stricter alignment than its elements need.
struct wave_sums {
  template <class Ctx>
  struct shared {
    alignas(64) unsigned char odd[3];
    alignas(64) int sum[1024 / Ctx::wave_size];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<int> out, xl::span<std::uint64_t> misaligned) const {
    if (ctx.lane_rank() == 0) s.sum[ctx.wave_rank()] = 0;
    if (ctx.thread_rank() < 3) s.odd[ctx.thread_rank()] = static_cast<unsigned char>(ctx.thread_rank());
    ctx.sync_block();
    xl::atomic(ctx, s.sum[ctx.wave_rank()]).fetch_add(int(ctx.thread_rank()));
    ctx.sync_block();
    if (ctx.lane_rank() == 0) out[ctx.block_index() * ctx.wave_count() + ctx.wave_rank()] = s.sum[ctx.wave_rank()];
    auto const bits = reinterpret_cast<std::uintptr_t>(&s) | reinterpret_cast<std::uintptr_t>(&s.sum[0]);
    if (ctx.thread_rank() == 0) misaligned[ctx.block_index()] = bits % 64;
  }
};

CROSSLANE_TEST(shared, struct_per_context) {
  xl::stream const q{d};
  unsigned const wave = d.properties().wave_size, block = 200, grid = 4;
  unsigned const waves = (block + wave - 1) / wave;
  xl::buffer<int> out{q, grid * waves};
  xl::buffer<std::uint64_t> misaligned{q, grid};
  xl::launch(q, {.grid = grid, .block = block}, wave_sums{}, out, misaligned);
  std::vector<int> expected(grid * waves);
  for (unsigned b = 0; b < grid; ++b)
    for (unsigned t = 0; t < block; ++t) expected[b * waves + t / wave] += int(t);
  CROSSLANE_CHECK_SAME(read(q, out), expected);
  CROSSLANE_CHECK_SAME(read(q, misaligned), std::vector<std::uint64_t>(grid));
}

/// Writes a pattern into `words` words, reads it back through other threads.
template <class Ctx>
CROSSLANE_FN void reverse_through(Ctx const& ctx, unsigned* memory, unsigned words, xl::span<unsigned> out) {
  for (auto i : ctx.block_stride(words)) memory[i] = i * 7 + ctx.block_index();
  ctx.sync_block();
  for (auto i : ctx.block_stride(words)) out[std::size_t{ctx.block_index()} * words + i] = memory[words - 1 - i];
}

void check_reversed(xl::stream const& q, xl::buffer<unsigned> const& out, unsigned grid, unsigned words, std::size_t offset = 0) {
  std::vector<unsigned> expected(std::size_t{grid} * words);
  for (unsigned b = 0; b < grid; ++b)
    for (unsigned i = 0; i < words; ++i) expected[b * words + i] = (words - 1 - i) * 7 + b;
  CROSSLANE_CHECK_SAME(read(q, xl::span<unsigned const>{out.data() + offset, expected.size()}), expected);
}

template <unsigned Bytes>
struct large_struct {
  struct shared {
    unsigned words[Bytes / 4];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned> out, xl::span<std::uint64_t> dynamic_bytes) const {
    reverse_through(ctx, s.words, Bytes / 4, out);
    if (ctx.global_rank() == 0) dynamic_bytes[0] = xl::dynamic_shared<char>(ctx).size();
  }
};

/// A struct larger than CUDA's 48 KiB of static shared memory needs no request. It does not become the kernel's dynamic memory.
CROSSLANE_TEST(shared, large_struct) {
  xl::stream const q{d};
  constexpr unsigned bytes = 60 * 1024, grid = 2;
  if (d.properties().shared_per_block_optin < bytes) skip("the device has less shared memory");
  xl::buffer<unsigned> out{q, grid * bytes / 4};
  xl::buffer<std::uint64_t> dynamic_bytes{q, 1};
  xl::launch(q, {.grid = grid, .block = 256}, large_struct<bytes>{}, out, dynamic_bytes);
  check_reversed(q, out, grid, bytes / 4);
  CROSSLANE_CHECK_EQ(read(q, dynamic_bytes)[0], 0);
}

struct dynamic_only {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<std::uint64_t> sizes, xl::span<unsigned> out) const {
    auto const words = xl::dynamic_shared<unsigned>(ctx);
    if (ctx.global_rank() == 0) {
      sizes[0] = words.size();
      sizes[1] = xl::dynamic_shared<char>(ctx).size();
      sizes[2] = xl::dynamic_shared<xl::vec<double, 2>>(ctx).size();
      sizes[3] = reinterpret_cast<std::uintptr_t>(words.data()) % 16;
    }
    if (words.size() != 0) reverse_through(ctx, words.data(), unsigned(words.size()), out);
  }
};

CROSSLANE_TEST(shared, dynamic) {
  xl::stream const q{d};
  std::size_t const limit = d.properties().shared_per_block_optin;
  for (std::size_t const bytes : {std::size_t{0}, std::size_t{4}, std::size_t{16}, std::size_t{1000}, std::size_t{1001},
                                  std::size_t{48 * 1024}, std::size_t{48 * 1024 + 4}, limit}) {
    if (bytes > limit) continue;
    constexpr unsigned grid = 2;
    unsigned const words = unsigned(bytes / 4);
    xl::buffer<unsigned> out{q, grid * words};
    xl::buffer<std::uint64_t> sizes{q, 4};
    xl::launch(q, {.grid = grid, .block = 128, .dynamic_shared = bytes}, dynamic_only{}, sizes, out);
    CROSSLANE_CHECK_SAME(read(q, sizes), (std::vector<std::uint64_t>{words, bytes, bytes / 16, 0}));
    check_reversed(q, out, grid, words);
  }
}

template <unsigned Bytes>
struct struct_and_dynamic {
  struct shared {
    unsigned words[Bytes / 4];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned> from_struct, xl::span<unsigned> from_dynamic,
                               xl::span<std::uint64_t> size) const {
    auto const words = xl::dynamic_shared<unsigned>(ctx);
    if (ctx.global_rank() == 0) size[0] = words.size();
    // both filled before either is read: they must not overlap
    for (auto i : ctx.block_stride(Bytes / 4)) s.words[i] = i * 7 + ctx.block_index();
    for (auto i : ctx.block_stride(words.size())) words[i] = unsigned(i) * 7 + ctx.block_index();
    ctx.sync_block();
    for (auto i : ctx.block_stride(Bytes / 4)) from_struct[ctx.block_index() * (Bytes / 4) + i] = s.words[Bytes / 4 - 1 - i];
    for (auto i : ctx.block_stride(words.size())) from_dynamic[ctx.block_index() * words.size() + i] = words[words.size() - 1 - i];
  }
};

template <unsigned Bytes>
void check_struct_and_dynamic(xl::device d, std::size_t dynamic_bytes) {
  xl::stream const q{d};
  constexpr unsigned grid = 2;
  unsigned const words = unsigned(dynamic_bytes / 4);
  xl::buffer<unsigned> a{q, grid * Bytes / 4}, b{q, grid * words};
  xl::buffer<std::uint64_t> size{q, 1};
  xl::launch(q, {.grid = grid, .block = 96, .dynamic_shared = dynamic_bytes}, struct_and_dynamic<Bytes>{}, a, b, size);
  CROSSLANE_CHECK_EQ(read(q, size)[0], words);
  check_reversed(q, a, grid, Bytes / 4);
  check_reversed(q, b, grid, words);
}

/// Three arrays whose sizes the launch states. The array of doubles begins after an odd number of bytes.
struct three_arrays {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned n, xl::span<double> out) const {
    auto const [bytes, numbers, words] = xl::shared_arrays<unsigned char, double, unsigned>(ctx, n, n, n);
    for (auto i : ctx.block_stride(n)) {
      bytes[i] = static_cast<unsigned char>(i);
      numbers[i] = 2.0 * i;
      words[i] = 1000 * i;
    }
    ctx.sync_block();
    for (auto i : ctx.block_stride(n)) out[i] = bytes[n - 1 - i] + numbers[n - 1 - i] + words[n - 1 - i];
  }
};

CROSSLANE_TEST(shared, several_dynamic_arrays) {
  xl::stream const q{d};
  constexpr unsigned n = 77;
  constexpr std::size_t bytes = xl::shared_bytes<unsigned char, double, unsigned>(n, n, n);
  // No launch takes the bytes of sizes that are negative or too large.
  static_assert(xl::shared_bytes<float>(std::size_t{1} << 62) == ~std::size_t{0} && xl::shared_bytes<int, char>(-1, 2) == ~std::size_t{0});
  static_assert(xl::shared_bytes<char, double>(~std::size_t{0} - 3, 1) == ~std::size_t{0});
  static_assert(bytes == 80 + 77 * 8 + 77 * 4);
  xl::buffer<double> out{q, n};
  xl::launch(q, {.grid = 1, .block = 64, .dynamic_shared = bytes}, three_arrays{}, n, out);
  std::vector<double> const got = read(q, out);
  for (unsigned i = 0; i < n; ++i) CROSSLANE_CHECK_EQ(got[i], 1003.0 * (n - 1 - i));
  if (!host_build) return;
  xl::launch(q, {.grid = 1, .block = 64, .dynamic_shared = bytes - 1}, three_arrays{}, n, out);
  expect_error(xl::errc::out_of_bounds, {"shared_arrays: 77 elements of 4 bytes from byte 696 on", "the launch has 1003 bytes"},
               [&] { q.synchronize(); });
}

CROSSLANE_TEST(shared, struct_beside_dynamic) {
  check_struct_and_dynamic<4>(d, 4);
  check_struct_and_dynamic<1000>(d, 3000);
  // neither part is above 48 KiB, their sum is
  check_struct_and_dynamic<40 * 1024>(d, 20 * 1024);
  check_struct_and_dynamic<16>(d, d.properties().shared_per_block_optin - 16);
  check_struct_and_dynamic<4>(d, d.properties().shared_per_block_optin / 2);  // a driver may refuse a limit that is no multiple of 16
}

// --- atomics ---

/// Every thread takes a number from a counter in device memory and adds to a number in shared memory.
template <class T>
struct draw_tickets {
  struct shared {
    T sum;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<T> counter, xl::span<T> tickets, xl::span<T> sums) const {
    if (ctx.thread_rank() == 0) s.sum = T(0);
    ctx.sync_block();
    tickets[std::size_t(ctx.global_rank())] = xl::atomic(ctx, counter[0]).fetch_add(1);
    xl::atomic(ctx, s.sum).fetch_add(T(ctx.thread_rank()));
    if constexpr (std::is_signed_v<T>)
      xl::atomic(ctx, counter[1]).fetch_add(T(-2));
    else
      xl::atomic(ctx, counter[1]).fetch_add(T(2));
    ctx.sync_block();
    if (ctx.thread_rank() == 0) sums[ctx.block_index()] = s.sum;
  }
};

template <class T>
void check_atomics(xl::device d, T start) {
  xl::stream const q{d};
  constexpr unsigned grid = 5, block = 150, n = grid * block;
  xl::buffer<T> counter = upload(q, std::vector<T>{start, 0}), tickets{q, n}, sums{q, grid};
  xl::launch(q, {.grid = grid, .block = block}, draw_tickets<T>{}, counter, tickets, sums);
  std::vector<T> got = read(q, tickets);
  std::sort(got.begin(), got.end());
  std::vector<T> expected(n);
  for (unsigned i = 0; i < n; ++i) expected[i] = T(start + T(i));
  CROSSLANE_CHECK_SAME(got, expected);
  CROSSLANE_CHECK_SAME(read(q, counter), (std::vector<T>{T(start + T(n)), std::is_signed_v<T> ? T(-2 * int(n)) : T(2 * n)}));
  CROSSLANE_CHECK_SAME(read(q, sums), std::vector<T>(grid, T(block * (block - 1) / 2)));
}

CROSSLANE_TEST(atomic, add_of_integers) {
  check_atomics<int>(d, -100);
  check_atomics<unsigned>(d, 0xffffff00u - 750);
  check_atomics<long>(d, -0x100000000);
  check_atomics<unsigned long>(d, 0xfffffffeul);
  check_atomics<long long>(d, 0xfffffff0ll);
  check_atomics<unsigned long long>(d, 0x7ffffffffffffff0ull);
}

CROSSLANE_TEST(atomic, add_of_floats) { check_atomics<float>(d, 0.5f); }
CROSSLANE_TEST(atomic, add_of_doubles) { check_atomics<double>(d, 4294967296.25); }

// --- launches ---

struct many_arguments {
  struct nested {
    char c;
    double d;
    short s[3];
  };
  int factor;  // a kernel is an object: it may hold values itself

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, bool yes, signed char a, nested n, xl::span<int const> in, xl::span<double> out,
                               double const* direct, std::uint64_t big) const {
    if (ctx.thread_rank() != 0) return;
    out[0] = factor;
    out[1] = yes ? a : 0;
    out[2] = n.c + n.d + n.s[2];
    out[3] = in[2] + double(in.size());
    out[4] = direct[1];
    out[5] = double(big);
  }
};

CROSSLANE_TEST(launch, arguments) {
  xl::stream const q{d};
  xl::buffer<int> const in = upload(q, std::vector<int>{5, 6, 7});
  xl::buffer<double> const direct = upload(q, std::vector<double>{1, 2.5});
  xl::buffer<double> out{q, 6};
  bool const yes = true;
  many_arguments::nested const n{1, 0.25, {0, 0, -3}};
  xl::launch(q, {.grid = 1, .block = 32}, many_arguments{42}, yes, static_cast<signed char>(-9), n, in, out.view(), direct.data(),
             std::uint64_t{1} << 40);
  CROSSLANE_CHECK_SAME(read(q, out), (std::vector<double>{42, -9, -1.75, 10, 2.5, 1099511627776.0}));
}

struct bounded {
  static constexpr int max_threads = 256;
  static constexpr int min_blocks = 2;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> out) const {
    out[std::size_t(ctx.global_rank())] = int(ctx.global_rank());
  }
};

struct fixed_and_resident {
  static constexpr auto block = xl::block_size<128>;
  static constexpr int min_blocks = 4;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> out) const {
    out[std::size_t(ctx.global_rank())] = int(ctx.global_rank());
  }
};

CROSSLANE_TEST(launch, bounds) {
  xl::stream const q{d};
  std::vector<int> expected(512);
  std::iota(expected.begin(), expected.end(), 0);
  xl::buffer<int> a{q, 512}, b{q, 512}, c{q, 512};
  xl::launch(q, {.grid = 2, .block = 256}, bounded{}, a);
  xl::launch(q, {.grid = 512, .block = 1}, bounded{}, b);
  xl::launch(q, {.grid = 4}, fixed_and_resident{}, c);
  CROSSLANE_CHECK_SAME(read(q, a), expected);
  CROSSLANE_CHECK_SAME(read(q, b), expected);
  CROSSLANE_CHECK_SAME(read(q, c), expected);
}

struct count_blocks {
  static constexpr int dimensions = 3;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> sum) const {
    xl::atomic(ctx, sum[std::size_t(ctx.block_rank() % sum.size())]).fetch_add(1u);
  }
};

CROSSLANE_TEST(launch, long_grids) {
  xl::stream const q{d};
  for (xl::extent3 const grid : {xl::extent3{70001}, xl::extent3{1, 65535}, xl::extent3{1, 1, 65535}, xl::extent3{40, 41, 42}}) {
    xl::buffer<unsigned> sum{q, 97};
    xl::fill(q, sum, 0u);
    xl::launch(q, {.grid = grid, .block = 1}, count_blocks{}, sum);
    std::vector<unsigned> expected(97);
    for (unsigned i = 0; i < 97; ++i) expected[i] = unsigned(grid.size() / 97 + (i < grid.size() % 97));
    CROSSLANE_CHECK_SAME(read(q, sum), expected);
  }
}

/// Empty grids and blocks are legal, and nothing runs.
CROSSLANE_TEST(launch, nothing_to_do) {
  xl::stream const q{d};
  xl::buffer<int> out{q, 64};
  xl::fill(q, out, 5);
  xl::launch(q, {.grid = 0, .block = 64}, write_ranks{}, out);
  xl::launch(q, {.grid = 1, .block = 0}, write_ranks{}, out);
  xl::launch(q, {.grid = 0}, fixed_and_resident{}, out);
  xl::launch(q, {.grid = {1, 0, 1}, .block = {1, 1, 0}}, count_blocks{}, xl::span<unsigned>{});
  CROSSLANE_CHECK_SAME(read(q, out), std::vector<int>(64, 5));
  xl::launch(q, {.grid = 1, .block = 64}, write_ranks{}, xl::buffer<int>{q, 0});
}

/// A stream_ref works like its stream.
CROSSLANE_TEST(launch, on_a_stream_ref) {
  xl::stream const q{d};
  xl::stream_ref const borrowed = q;
  xl::buffer<int> out{borrowed, 10};
  xl::launch(borrowed, {.grid = 1, .block = 10}, write_ranks{}, out);
  CROSSLANE_CHECK_SAME(read(q, out), (std::vector<int>{1, 4, 7, 10, 13, 16, 19, 22, 25, 28}));
}

CROSSLANE_TEST(launch, waves_are_those_of_the_device) {
  CROSSLANE_CHECK(d.properties().wave_size == 32 || d.properties().wave_size == 64);
  check_positions(d, positions<1>{}, 2, 130, 130);
}

}  // namespace

// --- the kernel's object ---

namespace {

struct counts_its_calls {
  mutable int calls = 0;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> out) const {
    ++calls;
    ctx.sync_block();
    out[ctx.global_index()] = calls;
  }
};

}  // namespace

CROSSLANE_TEST(kernel, each_thread_has_its_own_object) {
  xl::stream const q{d};
  xl::buffer<int> out{q, 128};
  xl::launch(q, {.grid = 2, .block = 64}, counts_its_calls{}, out);
  CROSSLANE_CHECK_SAME(read(q, out), std::vector<int>(128, 1));
}

// --- the standard library in kernels ---

CROSSLANE_TEST(kernel, constexpr_functions_of_the_standard_library) {
  std::vector<float> const in{1, 2, 3, 4, 5, 6, 7, 8};  // whose results are exact in every order of operations
  std::vector<float> want(standard_library::results);
  standard_library::call_all(in.data(), want.data());

  xl::stream const q{d};
  xl::buffer<float> numbers{q, in.size()}, out{q, want.size()};
  xl::copy(q, in, numbers);
  xl::fill(q, out, -1.0f);
  xl::launch(q, {.grid = 1, .block = 64}, standard_library{}, numbers.data(), out.data());
  CROSSLANE_CHECK_SAME(read(q, out), want);
}
