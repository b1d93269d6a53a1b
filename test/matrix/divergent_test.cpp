// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operations of fragments that not all lanes of the wave call, or at different places, or with different arguments; fragments outside of a
/// matrix; a missing synchronisation of the wave.
#include <crosslane/matrix.hpp>
#include <support/failing_kernel.hpp>

#include <vector>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using use = xl::matrix_use;

template <class Ctx, use U>
using fragment_in = xl::fragment<U, xl::native_shape<xl::half, xl::matrix_target_of<Ctx>>, xl::matrix_target_of<Ctx>>;

struct a_lane_is_missing {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    fragment_in<Ctx, use::accumulator> c{};
    if (ctx.lane_rank() != 5) c = xl::multiply_add(ctx, fragment_in<Ctx, use::a>{}, fragment_in<Ctx, use::b>{}, c);
  }
};
CROSSLANE_TEST(divergent_fragment, a_lane_is_missing) {
  expect_error(error_in(d, unsigned(d.properties().wave_size), a_lane_is_missing{}), xl::errc::divergent_wave,
               {"a_lane_is_missing", "lane 5 has returned", "divergent_test.cpp"});
}

struct two_places {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    fragment_in<Ctx, use::accumulator> c{};
    if (ctx.lane_rank() < 16)
      c = xl::multiply_add(ctx, fragment_in<Ctx, use::a>{}, fragment_in<Ctx, use::b>{}, c);
    else
      c = xl::multiply_add(ctx, fragment_in<Ctx, use::a>{}, fragment_in<Ctx, use::b>{}, c);
  }
};
CROSSLANE_TEST(divergent_fragment, two_places) {
  expect_error(error_in(d, unsigned(d.properties().wave_size), two_places{}), xl::errc::divergent_wave,
               {"two_places", "lane 16 waits in an operation"});
}

/// The block has fewer threads than a wave has lanes.
struct partial_wave {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    (void)xl::multiply_add(ctx, fragment_in<Ctx, use::a>{}, fragment_in<Ctx, use::b>{}, fragment_in<Ctx, use::accumulator>{});
  }
};
CROSSLANE_TEST(divergent_fragment, partial_wave) {
  expect_error(error_in(d, 20, partial_wave{}), xl::errc::divergent_wave, {"partial_wave", "lane 20"});
}

struct load_by_some {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::half const* x) const {
    xl::tensor_view const matrix{x, xl::row_major<>{{32, 32}}};
    if (ctx.lane_rank() < 8) (void)xl::load_fragment<fragment_in<Ctx, use::a>>(ctx, matrix, 0, 0);
  }
};
CROSSLANE_TEST(divergent_fragment, load_by_some) {
  auto const x = upload(xl::stream{d}, std::vector<xl::half>(1024, xl::half(1)));
  expect_error(error_in(d, unsigned(d.properties().wave_size), load_by_some{}, x.data()), xl::errc::divergent_wave,
               {"load_by_some", "lane 8 has returned"});
}

struct outside {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::half const* x, int row, int col) const {
    xl::tensor_view const matrix{x, xl::row_major<>{{32, 48}}};
    (void)xl::load_fragment<fragment_in<Ctx, use::a>>(ctx, matrix, row, col);
  }
};
struct misaligned {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::half const* x) const {
    using layout = xl::with_fixed<xl::row_major<>, xl::fixed<xl::axis::row, 32>, xl::fixed<xl::axis::col, 48>>;
    xl::tensor_view const matrix{x, layout{}};
    (void)xl::load_partial_fragment<fragment_in<Ctx, use::a>>(ctx, matrix, 3, 4);
    (void)xl::load_fragment<fragment_in<Ctx, use::a>>(ctx, matrix, 3, 8);
    (void)xl::load_fragment<fragment_in<Ctx, use::a>>(ctx, matrix, 3, 4);
  }
};
/// A load by columns from lines that begin at half of 16 bytes. The host's own accesses need no alignment there.
struct misaligned_columns {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::half const* x) const {
    using layout = xl::with_fixed<xl::column_major<>, xl::fixed<xl::axis::row, 32>, xl::fixed<xl::axis::col, 48>>;
    (void)xl::load_fragment<fragment_in<Ctx, use::a>>(ctx, xl::tensor_view{x + 4, layout{}}, 0, 0);
  }
};
struct partial {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::half* x, int row, int col, bool store) const {
    xl::tensor_view const matrix{x, xl::row_major<>{{32, 48}}};
    auto const f =
        store ? fragment_in<Ctx, use::a>::filled(xl::half(2)) : xl::load_partial_fragment<fragment_in<Ctx, use::a>>(ctx, matrix, row, col);
    xl::store_partial_fragment(ctx, matrix, store ? row : 0, store ? col : 0, f);
  }
};
CROSSLANE_TEST(divergent_fragment, outside) {
#if CROSSLANE_CONFIG_BOUNDS_CHECKS || CROSSLANE_CONFIG_ACCESS_CHECKS
  auto const x = upload(xl::stream{d}, std::vector<xl::half>(2048, xl::half(1)));
  unsigned const wave = unsigned(d.properties().wave_size);
  expect_error(error_in(d, wave, outside{}, x.data(), 17, 0), xl::errc::out_of_bounds,
               {"load of a fragment of 16 x 16 elements from row 17 and column 0 on is outside a tensor of row = 32, col = 48",
                "divergent_test.cpp"});
  expect_error(error_in(d, wave, outside{}, x.data(), 0, 33), xl::errc::out_of_bounds, {"from row 0 and column 33 on"});
  expect_error(error_in(d, wave, outside{}, x.data(), -1, 0), xl::errc::out_of_bounds, {"from row -1 and column 0 on"});
  expect_error(error_in(d, wave, misaligned{}, x.data()), xl::errc::misaligned,
               {"load of a fragment of 16 x 16 elements from row 3 and column 4 on: the address 0x", "must be a multiple of 16",
                "load_partial_fragment() takes any position"});
  expect_error(error_in(d, wave, misaligned_columns{}, x.data()), xl::errc::misaligned, {"must be a multiple of 16"});
  auto y = upload(xl::stream{d}, std::vector<xl::half>(2048, xl::half(1)));
  expect_error(
      error_in(d, wave, partial{}, y.data() + 256, -1, 0, false), xl::errc::out_of_bounds,
      {"load of a part of a fragment of 16 x 16 elements from row -1 and column 0 on: neither may be negative", "divergent_test.cpp"});
  expect_error(error_in(d, wave, partial{}, y.data() + 256, 0, -7, true), xl::errc::out_of_bounds,
               {"store of a part", "row 0 and column -7 on"});
#endif
}

/// Positions near the largest index are outside, like all others beyond the extents.
CROSSLANE_TEST(divergent_fragment, far_outside) {
  unsigned const wave = unsigned(d.properties().wave_size);
  xl::stream const q{d};
  for (bool const store : {false, true}) {
    auto x = upload(q, std::vector<xl::half>(32 * 48, xl::half(1)));
    xl::launch(q, {.grid = 1, .block = wave}, partial{}, x.data(), 0x7fffffff - 3, 0x7fffffff, store);
    std::vector<xl::half> const got = read(q, x);
    for (std::size_t i = 0; i < got.size(); ++i) CROSSLANE_CHECK_EQ(float(got[i]), !store && i / 48 < 16 && i % 48 < 16 ? 0.0f : 1.0f);
  }
}

#if CROSSLANE_CONFIG_ACCESS_CHECKS
/// A fragment goes through shared memory to one of use a, whose elements are some columns farther on.
template <use U>
struct through_shared_memory {
  int col;
  bool synchronise;
  template <class Ctx>
  struct shared {
    alignas(16) xl::half tile[16 * 32];
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared<Ctx>& s) const {
    for (unsigned i : ctx.block_stride(16u * 32u)) s.tile[i] = xl::half(0);
    ctx.sync_block();
    xl::tensor_view const tile{s.tile, xl::row_major<>{{16, 32}}};
    auto const zeros = xl::fragment_cast<xl::half>(fragment_in<Ctx, U>{});
    xl::store_fragment(ctx, tile, 0, 0, zeros);
    if (synchronise) xl::wave(ctx).sync();
    (void)xl::load_fragment<fragment_in<Ctx, use::a>>(ctx, tile, 0, col);
  }
};
template <use U>
void check_through_shared_memory(xl::device d, int cols) {
  // of the kernel above
  constexpr int line_of_store = __LINE__ - 8, line_of_load = __LINE__ - 6;
  unsigned const wave = unsigned(d.properties().wave_size);
  xl::stream const q{d};
  for (int col = 0; col < cols; col += 4) {
    expect_error(
        error_in(d, wave, through_shared_memory<U>{col, false}), xl::errc::data_race,
        {"data race", "divergent_test.cpp:" + std::to_string(line_of_store), "divergent_test.cpp:" + std::to_string(line_of_load)});
    xl::launch(q, {.grid = 1, .block = wave}, through_shared_memory<U>{col, true});
    q.synchronize();
  }
}
CROSSLANE_TEST(divergent_fragment, through_shared_memory) {
  check_through_shared_memory<use::a>(d, 16);
  check_through_shared_memory<use::accumulator>(d, 8);
}

/// Each lane writes the elements that the lane before it, or another one, has of the fragment.
struct written_by_others {
  unsigned distance;
  template <class Ctx>
  struct shared {
    alignas(16) xl::half tile[16 * 16];
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared<Ctx>& s) const {
    constexpr unsigned each = 16 * 16 / Ctx::wave_size;
    unsigned const first = (ctx.lane_rank() + distance) % Ctx::wave_size * each;
    for (unsigned i = 0; i < each; ++i) s.tile[first + i] = xl::half(1);
    (void)xl::load_fragment<fragment_in<Ctx, use::a>>(ctx, xl::tensor_view{s.tile, xl::row_major<>{{16, 16}}}, 0, 0);
  }
};
CROSSLANE_TEST(divergent_fragment, written_by_others) {
  unsigned const wave = unsigned(d.properties().wave_size);
  for (unsigned const distance : {0u, 1u, 2u, wave - 1})
    expect_error(error_in(d, wave, written_by_others{distance}), xl::errc::data_race, {"data race", "written_by_others"});
}

struct other_places {
  int rows, cols;
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::half const* x) const {
    int const odd = int(ctx.lane_rank() % 2);
    (void)xl::load_fragment<fragment_in<Ctx, use::a>>(ctx, xl::tensor_view{x, xl::row_major<>{{32, 64}}}, odd * rows, odd * cols);
  }
};
CROSSLANE_TEST(divergent_fragment, other_places) {
  auto const x = upload(xl::stream{d}, std::vector<xl::half>(2048, xl::half(1)));
  unsigned const wave = unsigned(d.properties().wave_size);
  expect_error(error_in(d, wave, other_places{3, 0}, x.data()), xl::errc::invalid_argument, {"with row 3", "with row 0"});
  expect_error(error_in(d, wave, other_places{0, 5}, x.data()), xl::errc::invalid_argument, {"with column 5", "with column 0"});
}
#endif

}  // namespace
