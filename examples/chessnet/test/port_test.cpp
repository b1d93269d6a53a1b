// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Five mistakes of a real port of such kernels from waves of 32 lanes to waves of 64. Each is found on the CPU, or does not compile, and
/// has a right twin.
#include <crosslane/check/collect.hpp>
#include <crosslane/check/same_on_all_targets.hpp>
#include <crosslane/kernel/block.hpp>

#include <support/target.hpp>

#include <concepts>
#include <cstdlib>
#include <string_view>

namespace {

namespace xl = crosslane;
using namespace crosslane_test;

// --- 1: a row of 64 is reduced by 32 lanes, and its result is read from lane 0 of the wave ---

/// Subtracts from each row of 64 its maximum, as a softmax does. 32 lanes for each row.
template <bool Right>
struct less_the_maximum {
  static constexpr auto block = xl::block_size<256>;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float> rows) const {
    auto const lanes = xl::tile<32>(ctx);
    float* const row = &rows[ctx.thread_rank() / 32 * 64];
    float& a = row[lanes.rank()];
    float& b = row[lanes.rank() + 32];
    float most = lanes.reduce(xl::max(a, b), xl::maximum{});  // all lanes of the row have it
    if constexpr (!Right) most = xl::wave(ctx).broadcast(most, 0);
    a -= most;
    b -= most;
  }
};

/// The largest of row r is r.
template <bool Right>
auto rows_less_their_maximum = [](auto const& q) {
  using backend = typename std::remove_cvref_t<decltype(q)>::backend;
  std::vector<float> rows(8 * 64);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = float(i / 64) - float(i % 64);
  xl::basic_buffer<float, xl::memory_kind::device, backend> there{q, rows.size()};
  xl::copy(q, rows, there);
  xl::launch(q, {.grid = 1}, less_the_maximum<Right>{}, there);
  xl::copy(q, there, rows);
  q.synchronize();
  return rows;
};

CROSSLANE_TEST_ONCE(port, softmax_that_reads_lane_0_of_the_wave) {
  auto const wrong = xl::checks::same_on_all_targets(rows_less_their_maximum<false>);
  CROSSLANE_CHECK(!wrong);
  auto const right = xl::checks::same_on_all_targets(rows_less_their_maximum<true>);
  if (!right) fail(right.text(), source_location::current());
  std::vector<float> expected(8 * 64);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = -float(i % 64);
  CROSSLANE_CHECK_SAME(rows_less_their_maximum<true>(xl::basic_stream<xl::host>{xl::basic_device<xl::host>{0}}), expected);
}

// --- findings ---

/// Returns the error of a kernel, which must have this code and contain these parts.
void expect_finding(xl::errc code, std::initializer_list<std::string_view> parts, xl::error const& e) {
  CROSSLANE_CHECK_EQ(e.code(), code);
  for (auto const part : parts)
    if (std::string_view{e.what()}.find(part) == std::string_view::npos)
      fail("no '" + std::string{part} + "' in: " + e.what(), source_location::current());
}

// --- 2: rows that only fill the block return before a barrier ---

/// out[row] = the sum of a row of 64, added in shared memory. 32 threads for each row.
template <bool Right>
struct sums_of_rows {
  static constexpr auto block = xl::block_size<128>;
  struct shared {
    float sum[128];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, unsigned rows, xl::span<float const> in, xl::span<float> out) const {
    unsigned const row = ctx.thread_rank() / 32, lane = ctx.thread_rank() % 32;
    if (!Right && row >= rows) return;
    s.sum[ctx.thread_rank()] = row < rows ? in[row * 64 + lane] + in[row * 64 + lane + 32] : 0;
    for (unsigned half = 16; half != 0; half /= 2) {
      ctx.sync_block();
      if (lane < half) s.sum[ctx.thread_rank()] += s.sum[ctx.thread_rank() + half];
    }
    if (row < rows && lane == 0) out[row] = s.sum[ctx.thread_rank()];
  }
};

CROSSLANE_TEST(port, padding_rows_that_leave_before_a_barrier) {
  xl::stream const q{d};
  xl::buffer<float> in{q, 3 * 64}, out{q, 3};
  xl::fill(q, in, 0.5f);
  xl::launch(q, {.grid = 1}, sums_of_rows<true>{}, 3u, in, out);
  CROSSLANE_CHECK_SAME(read(q, out), std::vector<float>(3, 32));
  xl::launch(q, {.grid = 1}, sums_of_rows<false>{}, 3u, in, out);
  expect_finding(xl::errc::divergent_barrier, {"sums_of_rows", "32 thread(s) have returned"}, error_of([&] { q.synchronize(); }));
}

// --- 3: a shuffle with the mask of a full wave, where the last wave has not all lanes ---

/// out[t] = the sum of the values of the thread's wave.
template <bool Right>
struct sums_of_waves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> out) const {
    unsigned const t = ctx.thread_rank();
    if (!Right && t >= out.size()) return;  // the other lanes of the last wave are expected below
    unsigned const sum = xl::wave(ctx).reduce(t < out.size() ? 1u : 0u, xl::plus{});
    if (t < out.size()) out[t] = sum;
  }
};

/// A mask is no integer: it comes from a group, which knows its lanes.
static_assert(!std::convertible_to<unsigned, xl::lane_mask<32>> && !std::convertible_to<std::uint64_t, xl::lane_mask<64>>);

CROSSLANE_TEST(port, masks_of_waves_that_are_not_full) {
  xl::stream const q{d};
  constexpr unsigned size = 64 + 20;
  xl::buffer<unsigned> out{q, size};
  for (unsigned const threads : {size, 96u}) {  // the last wave has 20 lanes, then 32
    xl::launch(q, {.grid = 1, .block = threads}, sums_of_waves<true>{}, out);
    auto const got = read(q, out);
    for (unsigned t = 0; t < size; ++t) CROSSLANE_CHECK_EQ(got[t], t >= 64 ? 20u : d.properties().wave_size);
  }
  xl::launch(q, {.grid = 1, .block = 96}, sums_of_waves<false>{}, out);
  expect_finding(xl::errc::divergent_wave, {"sums_of_waves", "has returned"}, error_of([&] { q.synchronize(); }));
}

// --- 4: a kernel that is empty where a vendor's macro is not defined ---

template <bool Right>
struct doubles {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()([[maybe_unused]] Ctx const& ctx, [[maybe_unused]] xl::span<float const> in,
                               [[maybe_unused]] xl::span<float> out) const {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ < 530
    if constexpr (!Right) return;
#endif
    for (auto i : ctx.grid_stride(in.size())) out[i] = 2 * in[i];
  }
};

#if CROSSLANE_CONFIG_ACCESS_CHECKS
CROSSLANE_TEST(port, kernel_that_is_empty_on_other_targets) {
  xl::stream const q{d};
  xl::buffer<float> in{q, 64};
  xl::fill(q, in, 1.0f);
  auto const twice = [&](auto const& kernel) {
    xl::buffer<float> out{q, 64}, next{q, 64};
    xl::launch(q, {.grid = 1, .block = 64}, kernel, in, out);
    xl::launch(q, {.grid = 1, .block = 64}, doubles<true>{}, out, next);
    return read(q, next);
  };
  CROSSLANE_CHECK_SAME(twice(doubles<true>{}), std::vector<float>(64, 4));
  expect_finding(xl::errc::unwritten_memory, {"doubles"}, error_of([&] { (void)twice(doubles<false>{}); }));
}
#endif

// --- 5: a capability is told from the number of an architecture ---

/// Whether code that asks for a number compiles. Properties are asked by name, and instructions by matrix_target_of<Ctx>.
template <class P>
concept has_numbers =
    requires(P const& p) { p.major; } || requires(P const& p) { p.compute_capability; } || requires(P const& p) { p.architecture >= 70; };
static_assert(!has_numbers<xl::device_properties>);

}  // namespace
