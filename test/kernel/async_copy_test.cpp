// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies to shared memory that proceed while threads compute, with and without pipelines.
#include <support/target.hpp>

#include <crosslane/check.hpp>

#include <cstring>
#include <numeric>
#include <string>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

// --- a thread's own copies ---

/// out = in, through shared memory. Each thread copies one element in each of two groups.
template <class T>
struct copy_two_groups {
  static constexpr auto block = xl::block_size<96>;
  struct shared {
    T first[96], second[96];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<T const> in, xl::span<T> out) const {
    unsigned const i = ctx.thread_rank(), from = ctx.block_index() * 192 + i;
    xl::async_copies copies{ctx};
    copies.copy(s.first[i], in[from]);
    copies.commit();
    copies.copy(s.second[i], in[from + 96]);
    copies.commit();
    copies.template wait<1>();
    out[from] = s.first[i];
    copies.wait();
    ctx.sync_block();
    unsigned const other = 95 - i;  // what another thread has copied
    out[ctx.block_index() * 192 + 96 + other] = s.second[other];
  }
};

template <class T>
void check_two_groups(xl::device d) {
  constexpr unsigned grid = 3;
  xl::stream const q{d};
  std::vector<T> in(grid * 192);
  for (std::size_t i = 0; i < in.size() * sizeof(T) / 4; ++i) {
    unsigned const word = unsigned(i) * 2654435761u;
    std::memcpy(reinterpret_cast<char*>(in.data()) + 4 * i, &word, 4);
  }
  auto const input = upload(q, in);
  xl::buffer<T> output{q, in.size()};
  xl::launch(q, {.grid = grid}, copy_two_groups<T>{}, input, output);
  std::vector<T> const out = read(q, output);
  CROSSLANE_CHECK(std::memcmp(in.data(), out.data(), in.size() * sizeof(T)) == 0);
}

/// before[i] is the value that thread i reads from its target after it has started the copy, after[i] the value after the wait.
struct look_before_waiting {
  struct shared {
    unsigned data[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned const> in, xl::span<unsigned> before,
                               xl::span<unsigned> after) const {
    unsigned const i = ctx.thread_rank();
    xl::async_copies copies{ctx};
    copies.copy(s.data[i], in[i]);
    copies.wait();  // of no group yet
    copies.commit();
    before[i] = s.data[i];
    copies.wait();
    after[i] = s.data[i];
  }
};

// --- a block's copies ---

/// Fills a tile of shared memory with 7, copies `count` elements from in[offset] on to position `to` of it, and stores the tile to out.
template <class T, unsigned Size>
struct copy_to_tile {
  struct shared {
    alignas(16) T tile[Size];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<T const> in, unsigned offset, unsigned count, unsigned to,
                               xl::span<T> out) const {
    for (auto i : ctx.block_stride(Size)) s.tile[i] = T(7);
    ctx.sync_block();
    xl::async_copies copies{ctx};
    copies.copy_block(xl::span<T>{s.tile}.subspan(to, Size - to), in.subspan(offset, count));
    copies.commit();
    copies.wait();
    ctx.sync_block();
    for (auto i : ctx.block_stride(Size)) out[i] = s.tile[i];
  }
};

template <class T>
void check_tiles(xl::device d, std::initializer_list<unsigned> offsets, std::initializer_list<unsigned> counts, unsigned block) {
  constexpr unsigned size = 2048;
  xl::stream const q{d};
  std::vector<T> in(size + 64);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = T(i * 31 + 11);
  auto const input = upload(q, in);
  for (unsigned offset : offsets) {
    for (unsigned to : offsets) {
      for (unsigned count : counts) {
        if (count + to > size) continue;
        xl::buffer<T> output{q, size};
        xl::launch(q, {.grid = 1, .block = block}, copy_to_tile<T, size>{}, input, offset, count, to, output);
        std::vector<T> expected(size, T(7));
        for (unsigned i = 0; i < count; ++i) expected[to + i] = in[offset + i];
        CROSSLANE_CHECK_SAME(read(q, output), expected);
      }
    }
  }
}

// --- pipelines ---

/// out[r] = the sum of the elements that thread r reads of its block's tiles. If requested, the block squares its tile before the sum, so
/// that the copy engine writes memory that ordinary stores have written.
template <unsigned Stages, unsigned Size>
struct tiled_sum {
  bool square = false;

  template <class Ctx>
  struct shared {
    xl::pipeline_state<Stages, Ctx> state;
    alignas(16) unsigned tile[Stages][Size];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<unsigned const> in, unsigned tiles, xl::span<unsigned> out) const {
    auto const all = in.subspan(std::size_t{ctx.block_index()} * tiles * Size, std::size_t{tiles} * Size);
    xl::pipeline pipe{ctx, s.state};
    auto const fetch = [&](unsigned t) {
      unsigned const stage = pipe.acquire();
      if (t < tiles) pipe.copy_block(s.tile[stage], all.subspan(t * Size, Size));
      pipe.commit();
    };
    for (unsigned t = 0; t < Stages - 1; ++t) fetch(t);
    unsigned sum = 0;
    for (unsigned t = 0; t < tiles; ++t) {
      auto& tile = s.tile[pipe.wait()];
      fetch(t + Stages - 1);
      if (square) {
        for (auto i : ctx.block_stride(Size)) tile[i] *= tile[i];
        ctx.sync_block();
      }
      for (auto i : ctx.block_stride(Size)) sum = sum * 31 + tile[Size - 1 - i];  // of another thread
    }
    for (unsigned t = 0; t < Stages - 1; ++t) pipe.wait();
    out[ctx.global_index()] = sum;
  }
};

template <unsigned Stages, unsigned Size>
void check_tiled_sum(xl::device d, unsigned block, bool square) {
  constexpr unsigned grid = 2;
  xl::stream const q{d};
  for (unsigned tiles : {0u, 1u, 2u, 3u, 4u, 5u, 11u}) {
    std::vector<unsigned> in(grid * tiles * Size + 1);
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = unsigned(i) * 2654435761u >> 7;
    auto const input = upload(q, in);
    xl::buffer<unsigned> output{q, grid * block};
    xl::launch(q, {.grid = grid, .block = block}, tiled_sum<Stages, Size>{square}, input, tiles, output);
    std::vector<unsigned> expected(grid * block);
    for (unsigned b = 0; b < grid; ++b)
      for (unsigned r = 0; r < block; ++r)
        for (unsigned t = 0; t < tiles; ++t)
          for (unsigned i = r; i < Size; i += block) {
            unsigned const x = in[(b * tiles + t) * Size + (Size - 1 - i)];
            expected[b * block + r] = expected[b * block + r] * 31 + (square ? x * x : x);
          }
    CROSSLANE_CHECK_SAME(read(q, output), expected);
  }
}

/// out = in, each tile of 256 reversed. The number of stages in flight changes.
struct fill_and_drain {
  template <class Ctx>
  struct shared {
    xl::pipeline_state<3, Ctx> state;
    alignas(16) unsigned tile[3][256];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<unsigned const> in, xl::span<unsigned> out) const {
    xl::pipeline pipe{ctx, s.state};
    unsigned fetched = 0, used = 0;
    for (unsigned const in_flight : {3u, 1u, 2u, 2u, 1u}) {
      for (unsigned i = 0; i < in_flight; ++i, ++fetched) {
        unsigned const stage = pipe.acquire();
        pipe.copy_block(s.tile[stage], in.subspan(fetched * 256, 256));
        pipe.commit();
      }
      for (unsigned i = 0; i < in_flight; ++i, ++used) {
        auto const& tile = s.tile[pipe.wait()];
        for (auto k : ctx.block_stride(256)) out[used * 256 + k] = tile[255 - k];
      }
      unsigned const stage = pipe.acquire();
      for (auto k : ctx.block_stride(256)) pipe.copy(s.tile[stage][k], in[fetched * 256 + k]);
      pipe.commit();
      ++fetched;
      auto const& tile = s.tile[pipe.wait()];
      for (auto k : ctx.block_stride(256)) out[used * 256 + k] = tile[255 - k];
      ++used;
      pipe.acquire();  // a stage with nothing in it
      pipe.commit();
      pipe.wait();
    }
  }
};

/// out[i] = in[i - 1] + 2 * in[i] + in[i + 1], where in is 0 outside; a block goes through `tiles` tiles of 512.
struct stencil {
  static constexpr auto block = xl::block_size<128>;
  static constexpr unsigned size = 512, stages = 3;
  template <class Ctx>
  struct shared {
    xl::pipeline_state<stages, Ctx> state;
    alignas(16) float tile[stages][size + 8];  // element i at i + 4: the tile proper is aligned, its halo is at 3 and size + 4
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> in, unsigned tiles, xl::span<float> out) const {
    std::size_t const first = std::size_t{ctx.block_index()} * tiles * size;
    xl::pipeline pipe{ctx, s.state};
    auto const fetch = [&](unsigned t) {
      xl::span<float> const tile{s.tile[pipe.acquire()]};
      std::size_t const begin = first + t * size;
      if (t < tiles && begin < in.size()) {
        std::size_t const count = in.size() - begin < size ? in.size() - begin : size;
        pipe.copy_block(tile.subspan(4, size), in.subspan(begin, count));
        if (ctx.thread_rank() == 0 && begin > 0) pipe.copy(tile[3], in[begin - 1]);
        if (ctx.thread_rank() == 1 && begin + count < in.size()) pipe.copy(tile[size + 4], in[begin + count]);
      }
      pipe.commit();
    };
    for (unsigned t = 0; t < stages - 1; ++t) fetch(t);
    for (unsigned t = 0; t < tiles; ++t) {
      auto const& tile = s.tile[pipe.wait()];
      fetch(t + stages - 1);
      for (unsigned i : ctx.block_stride(int(size))) {
        std::size_t const at = first + t * size + i;
        if (at >= in.size()) break;
        float const left = at > 0 ? tile[i + 3] : 0, right = at + 1 < in.size() ? tile[i + 5] : 0;
        out[at] = left + 2 * tile[i + 4] + right;
      }
    }
    for (unsigned t = 0; t < stages - 1; ++t) pipe.wait();
  }
};

// --- mistakes ---

enum class mistake { none, acquire_twice, no_free_stage, copy_without_stage, commit_without_stage, nothing_to_wait_for };

struct wrong_order {
  mistake what;
  template <class Ctx>
  struct shared {
    xl::pipeline_state<2, Ctx> state;
    alignas(16) float tile[2][64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> in) const {
    xl::pipeline pipe{ctx, s.state};
    if (what == mistake::copy_without_stage) pipe.copy_block(s.tile[0], in);
    if (what == mistake::commit_without_stage) pipe.commit();
    if (what == mistake::nothing_to_wait_for) pipe.wait();
    for (unsigned t = 0; t < 2; ++t) {
      pipe.copy_block(s.tile[pipe.acquire()], in);
      if (what == mistake::acquire_twice) pipe.acquire();
      pipe.commit();
    }
    pipe.wait();
    if (what == mistake::no_free_stage) pipe.acquire();
    pipe.wait();
    pipe.acquire();
    pipe.commit();
    pipe.wait();
  }
};

void expect_fault(xl::stream const& q, xl::errc code, std::initializer_list<std::string> parts,
                  xl::source_location where = xl::source_location::current()) {
  xl::error const e = error_of([&] { q.synchronize(); }, where);
  if (e.code() != code) fail(std::string("another error: ") + e.what(), where);
  for (std::string const& part : parts)
    if (!contains(e.what(), part)) fail("no '" + part + "' in: " + e.what(), where);
}

}  // namespace

CROSSLANE_TEST(async_copy, threads_copy_words_of_each_size) {
  check_two_groups<unsigned>(d);
  check_two_groups<double>(d);
  check_two_groups<xl::vec<float, 4>>(d);
}
CROSSLANE_TEST(async_copy, arrives_when_waited_for) {
  xl::stream const q{d};
  std::vector<unsigned> in(64);
  std::iota(in.begin(), in.end(), 1u);
  auto const input = upload(q, in);
  xl::buffer<unsigned> before{q, 64}, after{q, 64};
  auto const run = [&] { xl::launch(q, {.grid = 1, .block = 64}, look_before_waiting{}, input, before, after); };
  if constexpr (host_build)
    xl::checks::collect(run, {.level = xl::checks::level::basic});  // at level full the early look is a finding
  else
    run();
  CROSSLANE_CHECK_SAME(read(q, after), in);
  if constexpr (host_build) CROSSLANE_CHECK_SAME(read(q, before), std::vector<unsigned>(64, ~0u));
}
CROSSLANE_TEST(async_copy, blocks_copy_spans_of_any_alignment) {
  for (unsigned block : {1u, 33u, 256u}) {
    check_tiles<float>(d, {0, 1, 2, 4}, {0, 1, 4, 6, 255, 256, 2044}, block);
    check_tiles<std::uint16_t>(d, {0, 2, 4}, {0, 2, 64, 1000}, block);
    check_tiles<std::uint8_t>(d, {0, 4, 8}, {0, 4, 8, 16, 100, 2040}, block);
    check_tiles<double>(d, {0, 1}, {0, 1, 2, 999, 1000}, block);
  }
}

CROSSLANE_TEST(pipeline, sums_tiles) {
  for (unsigned block : {32u, 100u, 256u}) {
    check_tiled_sum<2, 1024>(d, block, false);
    check_tiled_sum<3, 1024>(d, block, false);
    check_tiled_sum<4, 1024>(d, block, false);
    check_tiled_sum<3, 97>(d, block, false);  // copied in pieces of 4 bytes
  }
}
CROSSLANE_TEST(pipeline, tiles_may_be_written) {
  check_tiled_sum<2, 1024>(d, 128, true);
  check_tiled_sum<3, 1024>(d, 128, true);
}
CROSSLANE_TEST(pipeline, number_in_flight_varies) {
  xl::stream const q{d};
  std::vector<unsigned> in(14 * 256);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = unsigned(i) * 2654435761u;
  auto const input = upload(q, in);
  for (unsigned block : {64u, 256u}) {
    xl::buffer<unsigned> output{q, in.size()};
    xl::launch(q, {.grid = 1, .block = block}, fill_and_drain{}, input, output);
    std::vector<unsigned> expected(in.size());
    for (std::size_t i = 0; i < in.size(); ++i) expected[i] = in[i / 256 * 256 + 255 - i % 256];
    CROSSLANE_CHECK_SAME(read(q, output), expected);
  }
}
CROSSLANE_TEST(pipeline, stencil_with_halo) {
  xl::stream const q{d};
  for (unsigned n : {1u, 2u, 511u, 512u, 513u, 3000u, 40000u}) {
    for (unsigned tiles : {1u, 4u}) {
      std::vector<float> in(n);
      for (unsigned i = 0; i < n; ++i) in[i] = float(i * 7919u % 1000);
      auto const input = upload(q, in);
      xl::buffer<float> output{q, n};
      xl::launch(q, {.grid = xl::cover(n, tiles * stencil::size)}, stencil{}, input, tiles, output);
      std::vector<float> expected(n);
      for (unsigned i = 0; i < n; ++i) expected[i] = (i > 0 ? in[i - 1] : 0) + 2 * in[i] + (i + 1 < n ? in[i + 1] : 0);
      CROSSLANE_CHECK_SAME(read(q, output), expected);
    }
  }
}

// On a GPU the device would be lost for the other tests.
CROSSLANE_TEST(pipeline, wrong_orders_are_errors) {
  if constexpr (!host_build) skip("the host checks");
  xl::stream const q{d};
  auto const input = upload(q, std::vector<float>(64));
  auto const run = [&](mistake what) { xl::launch(q, {.grid = 1, .block = 64}, wrong_order{what}, input); };
  run(mistake::none);
  q.synchronize();
  run(mistake::acquire_twice);
  expect_fault(q, xl::errc::kernel_fault, {"acquire() before the last stage is committed", "wrong_order", "async_copy_test.cpp"});
  run(mistake::no_free_stage);
  expect_fault(q, xl::errc::kernel_fault, {"acquire() without a free stage"});
  run(mistake::copy_without_stage);
  expect_fault(q, xl::errc::kernel_fault, {"copy without an acquired stage"});
  run(mistake::commit_without_stage);
  expect_fault(q, xl::errc::kernel_fault, {"commit() without an acquired stage"});
  run(mistake::nothing_to_wait_for);
  expect_fault(q, xl::errc::kernel_fault, {"wait() without a committed stage"});
}
CROSSLANE_TEST(async_copy, misaligned_and_outside_copies_are_errors) {
  if constexpr (!host_build) skip("the host checks");
  xl::stream const q{d};
  auto const input = upload(q, std::vector<std::uint16_t>(64));
  xl::buffer<std::uint16_t> output{q, 64};
  auto const run = [&](unsigned offset, unsigned count, unsigned to) {
    xl::launch(q, {.grid = 1, .block = 32}, copy_to_tile<std::uint16_t, 64>{}, input, offset, count, to, output);
  };
  run(1, 4, 0);
  expect_fault(q, xl::errc::misaligned, {"asynchronous copy of 8 bytes from 0x", "multiples of 4", "copy_to_tile", "async_copy_test.cpp"});
  run(0, 4, 3);
  expect_fault(q, xl::errc::misaligned, {"multiples of 4"});
  run(0, 3, 0);
  expect_fault(q, xl::errc::misaligned, {"asynchronous copy of 6 bytes", "multiples of 4"});
  run(0, 64, 2);
  expect_fault(q, xl::errc::out_of_bounds, {"asynchronous copy of 64 elements to a span of 62"});
}
#if !CROSSLANE_COMPILER_GPU()
CROSSLANE_TEST_ONCE(async_copy, misaligned_words_are_errors) {
  alignas(16) char from[32] = {}, to[32] = {};
  xl::backend::host_async_copies copies;
  expect_error(xl::errc::misaligned, {"asynchronous copy of 16 bytes from 0x", "the address must be a multiple of 16"},
               [&] { copies.copy<16>(to, from + 8, xl::source_location::current()); });
  expect_error(xl::errc::misaligned, {"asynchronous copy of 8 bytes to 0x", "the address must be a multiple of 8"},
               [&] { copies.copy<8>(to + 4, from, xl::source_location::current()); });
}
#endif
