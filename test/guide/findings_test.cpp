// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The wrong kernels of docs/guide. The folder findings has the checker's findings for them.
#include <crosslane/check.hpp>
#include <support/recorded.hpp>
#include <support/target.hpp>

#include <cstdio>
#include <fstream>
#include <map>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

/// Replaces places in this file by places in the code that a page shows: "name.cpp:3" is the third line of the region of that name.
std::string as_shown(std::string text) {
  text = without_folders(std::move(text));
  std::map<std::string, unsigned> begin;
  std::ifstream in{source_path("test/guide/findings_test.cpp")};
  std::string line;
  for (unsigned number = 1; std::getline(in, line); ++number) {
    line.erase(0, line.find_first_not_of(' '));
    if (line.size() > 5 && line.starts_with("// [") && line.ends_with("]")) {
      std::string const name = line.substr(4, line.size() - 5);
      if (begin.try_emplace(name, number).second) continue;
      for (unsigned i = begin[name] + 1; i < number; ++i) {
        std::string const place = "findings_test.cpp:" + std::to_string(i);
        for (std::size_t at = 0; (at = text.find(place, at)) != std::string::npos;) {
          if (auto const end = at + place.size(); end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) {
            at = end;
            continue;
          }
          text.replace(at, place.size(), name + ".cpp:" + std::to_string(i - begin[name]));
        }
      }
    }
  }
  return text;
}

void check_finding(xl::device d, unsigned of_width, std::string const& name, xl::checks::report const& r) {
  if (d.properties().wave_size == of_width) check_recorded(source_path("test/guide/findings/" + name + ".txt"), as_shown(r.text()));
}

}  // namespace

// [rows-by-warps]
/// sums[r] = sum of row r of a row-major [rows x 32] matrix. One warp for each row.
struct row_sums_by_warps {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> m, unsigned rows, xl::span<float> sums) const {
    auto const row = ctx.global_rank() / 32;
    if (row >= rows) return;
    float const sum = xl::wave(ctx).reduce(m[ctx.global_rank()], xl::plus{});
    if (ctx.thread_rank() % 32 == 0) sums[row] = sum;
  }
};
// [rows-by-warps]

// [rows-by-tiles]
struct row_sums_by_tiles {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> m, unsigned rows, xl::span<float> sums) const {
    auto const tile = xl::tile<32>(ctx);
    auto const row = ctx.global_rank() / 32;
    if (row >= rows) return;
    float const sum = tile.reduce(m[ctx.global_rank()], xl::plus{});
    if (tile.is_leader()) sums[row] = sum;
  }
};
// [rows-by-tiles]

namespace {

/// Returns the sums of a row of ones, a row of twos and so on.
template <class K>
std::vector<float> sums(xl::stream const& q, unsigned rows, K const& kernel) {
  std::vector<float> values(rows * 32);
  for (unsigned i = 0; i < values.size(); ++i) values[i] = float(i / 32 + 1);
  xl::buffer<float> const m = upload(q, values);
  xl::buffer<float> result{q, rows};
  xl::fill(q, result, 0.0f);
  // [rows-launched]
  xl::launch(q, {.grid = 1, .block = 128}, kernel, m, rows, result);
  // [rows-launched]
  return read(q, result);
}

}  // namespace

CROSSLANE_TEST(guide_findings, rows_by_warps) {
  xl::stream const q{d};
  auto const wrong = xl::checks::collect([&] { sums(q, 3, row_sums_by_warps{}); });
  CROSSLANE_CHECK_EQ(wrong.empty(), d.properties().wave_size == 32);
  check_finding(d, 64, "rows-by-warps", wrong);
  auto const right = xl::checks::collect([&] { CROSSLANE_CHECK_SAME(sums(q, 3, row_sums_by_tiles{}), (std::vector<float>{32, 64, 96})); });
  CROSSLANE_CHECK(right.empty());
}

CROSSLANE_TEST_ONCE(guide_findings, same_on_all_targets) {
  // [compare-widths]
  auto const wrong = xl::checks::same_on_all_targets([](auto const& q) { return sums(q, 4, row_sums_by_warps{}); });
  auto const right = xl::checks::same_on_all_targets([](auto const& q) { return sums(q, 4, row_sums_by_tiles{}); });
  // [compare-widths]
  CROSSLANE_CHECK(!wrong);
  std::string const text = wrong.text();
  check_recorded(source_path("test/guide/findings/compare-widths.txt"), text.substr(0, text.find("  error of")));
  CROSSLANE_CHECK(bool(right));
}

struct largest_by_warps {
  static constexpr auto block = xl::block_size<256>;
  template <class Ctx>
  struct shared {
    int of_wave[xl::max_waves<Ctx>];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<int const> in, xl::span<int> largest) const {
    // [wave-by-32]
    int const of_wave = xl::wave(ctx).reduce(in[ctx.global_index()], xl::maximum{});
    if (ctx.thread_rank() % 32 == 0) s.of_wave[ctx.thread_rank() / 32] = of_wave;
    // [wave-by-32]
    ctx.sync_block();
    if (ctx.thread_rank() == 0) largest[ctx.block_index()] = s.of_wave[0];
  }
};

CROSSLANE_TEST(guide_findings, wave_by_32) {
  xl::stream const q{d};
  xl::buffer<int> const in = upload(q, std::vector<int>(256, 7));
  xl::buffer<int> largest{q, 1};
  auto const found = xl::checks::collect([&] {
    // [wave-by-32-launched]
    xl::launch(q, {.grid = 1}, largest_by_warps{}, in, largest);
    // [wave-by-32-launched]
  });
  CROSSLANE_CHECK_EQ(found.empty(), d.properties().wave_size == 32);
#if !defined(__clang__)  // whose own check of indices finds it before the access, with other words
  check_finding(d, 64, "wave-by-32", found);
#endif
}

// [lockstep]
/// sums[b] = sum of 64 numbers. Assumes that the threads of the last warp run in lockstep.
struct sum_in_lockstep {
  static constexpr auto block = xl::block_size<64>;
  struct shared {
    float x[64];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<float const> in, xl::span<float> sums) const {
    unsigned const t = ctx.thread_rank();
    s.x[t] = in[ctx.global_index()];
    ctx.sync_block();
    if (t < 32)
      for (unsigned half = 32; half > 0; half /= 2) s.x[t] += s.x[t + half];
    if (t == 0) sums[ctx.block_index()] = s.x[0];
  }
};
// [lockstep]

// [no-lockstep]
struct sum_by_a_tile {
  static constexpr auto block = xl::block_size<64>;
  struct shared {
    float x[64];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<float const> in, xl::span<float> sums) const {
    unsigned const t = ctx.thread_rank();
    s.x[t] = in[ctx.global_index()];
    ctx.sync_block();
    if (t < 32) {
      float const sum = xl::tile<32>(ctx).reduce(s.x[t] + s.x[t + 32], xl::plus{});
      if (t == 0) sums[ctx.block_index()] = sum;
    }
  }
};
// [no-lockstep]

namespace {

template <class K>
xl::checks::report report_of(xl::device d, K const& kernel) {
  xl::stream const q{d};
  std::vector<float> ones(256, 1);
  xl::buffer<float> const in = upload(q, ones);
  xl::buffer<float> sums{q, 4};
  // [collect]
  xl::checks::report const report = xl::checks::collect([&] { xl::launch(q, {.grid = 4}, kernel, in, sums); });
  // [collect]
  if (report.empty()) CROSSLANE_CHECK_SAME(read(q, sums), std::vector<float>(4, 64));
  return report;
}

}  // namespace

CROSSLANE_TEST(guide_findings, lockstep) {
  auto const wrong = report_of(d, sum_in_lockstep{});
  CROSSLANE_CHECK(!wrong.empty());
  check_finding(d, 32, "lockstep", wrong);
  CROSSLANE_CHECK(report_of(d, sum_by_a_tile{}).empty());
}

// [explore]
#include <crosslane/check.hpp>

/// out[t] = the rank of the thread that took ticket t. Wrong: a thread whose ticket is above its rank returns before the second barrier.
/// There is none if the threads take their tickets in the order of their ranks.
struct take_tickets {
  struct shared {
    unsigned taken;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned> out) const {
    if (ctx.thread_rank() == 0) s.taken = 0;
    ctx.sync_block();
    unsigned const ticket = xl::atomic<xl::scope::block>(ctx, s.taken).fetch_add(1);
    out[ticket] = ctx.thread_rank();
    if (ticket > ctx.thread_rank()) return;
    ctx.sync_block();
  }
};

xl::checks::exploration explore_tickets(xl::stream const& q, xl::buffer<unsigned>& out) {
  auto const run = [&] { xl::launch(q, {.grid = 1, .block = 64}, take_tickets{}, out); };
  xl::checks::exploration const e = xl::checks::explore(run, {.seeds = 20});
  if (e.report.empty())
    std::printf("no findings in %u orders\n", e.runs);
  else
    std::printf("findings with seed %u, after %u runs:\n%s", unsigned(e.seed), e.runs, e.report.text().c_str());
  return e;
}
// [explore]

CROSSLANE_TEST(guide_findings, explore) {
  xl::stream const q{d};
  xl::buffer<unsigned> out{q, 64};
  auto const e = explore_tickets(q, out);
  CROSSLANE_CHECK_EQ(e.seed, 1u);
  CROSSLANE_CHECK_EQ(e.runs, 2u);
  check_finding(d, 32, "explore", e.report);
}
