// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs one function at both widths of the host and on the GPU of this file's backend, compares its results and checks its kernels.
#include <crosslane/check.hpp>
#include <support/target.hpp>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace checks = crosslane::checks;
using namespace crosslane_test;

namespace {

using host_stream = xl::basic_stream<xl::host>;

struct fill_ranks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float> out) const {
    if (auto const i = ctx.global_rank(); i < out.size()) out[i] = float(i) / 3;
  }
};

struct fill_widths {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float> out) const {
    if (auto const i = ctx.global_rank(); i < out.size()) out[i] = 1000 + float(i == 40 ? Ctx::wave_size : 0) / 32;
  }
};

template <class Kernel>
struct hundred {
  template <class Stream>
  std::vector<float> operator()(Stream const& q) const {
    xl::basic_buffer<float, xl::memory_kind::device, typename Stream::backend> out{q, 100};
    xl::launch(q, {.grid = 4, .block = 32}, Kernel{}, out);
    std::vector<float> result(100);
    xl::copy(q, out, result);
    return result;  // not waited for: same_on_all_targets() does
  }
};

CROSSLANE_TEST_ONCE(same_on_all_targets, same) {
  checks::target_comparison const c = checks::same_on_all_targets(hundred<fill_ranks>{});
  CROSSLANE_CHECK(c);
  CROSSLANE_CHECK_EQ(c.targets.size(), 2u + (host_build ? 0u : unsigned(xl::device::count())));
  CROSSLANE_CHECK(c.text().starts_with("the same: host, 32 lanes; host, 64 lanes"));
  if (!host_build && xl::device::count() > 0)
    CROSSLANE_CHECK(contains(c.text(), std::string("; ") + xl::default_backend::name + ' ' + xl::device{0}.properties().architecture));
}

CROSSLANE_TEST_ONCE(same_on_all_targets, different) {
  checks::target_comparison const c = checks::same_on_all_targets(hundred<fill_widths>{});
  CROSSLANE_CHECK(!c);
  CROSSLANE_CHECK(contains(c.text(),
                           "1 of 100 elements differ; the first is 40\n"
                           "         index    host, 32 lanes    host, 64 lanes    difference  ulps\n"));
  CROSSLANE_CHECK(contains(c.text(), ">           40              1001              1002             1  16384  the worst\n"));
  CROSSLANE_CHECK(!checks::same_on_all_targets(hundred<fill_widths>{}, {.absolute = 0.5}));
  CROSSLANE_CHECK(checks::same_on_all_targets(hundred<fill_widths>{}, {.absolute = 1}));
}

/// If a GPU returns another result than the host, the comparison fails and names the GPU.
CROSSLANE_TEST(same_on_all_targets, different_on_a_gpu) {
  if (host_build) skip("no GPU takes part");
  auto const run = [](auto const& q) {
    return std::vector<int>{std::is_same_v<typename std::remove_cvref_t<decltype(q)>::backend, xl::host> ? 1 : 2};
  };
  checks::target_comparison const c = checks::same_on_all_targets(run);
  CROSSLANE_CHECK(!c && contains(c.text(), d.properties().architecture) && !contains(c.text(), "host, 64 lanes"));
}

CROSSLANE_TEST_ONCE(same_on_all_targets, lengths) {
  auto const run = [](auto const& q) { return std::vector<int>(q.device().properties().wave_size); };
  CROSSLANE_CHECK(contains(checks::same_on_all_targets(run).text(), "host, 32 lanes has 32 elements, host, 64 lanes has 64\n"));
}

struct votes_in_a_branch {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx) const {
    if (ctx.lane_rank() < 5) (void)xl::wave(ctx).any(true);
  }
};

/// A kernel that is wrong if the last thread runs first.
struct leaves_in_reverse {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, int* first) const {
    if (*first == 0) *first = 1 + int(ctx.thread_rank());
    if (ctx.thread_rank() == 63 && *first == 64) return;
    ctx.sync_block();
  }
};

CROSSLANE_TEST_ONCE(findings, of_both_widths) {
  checks::search const basic{.seeds = 2, .level = checks::level::basic};
  checks::report const r =
      checks::findings([](host_stream const& q) { xl::launch(q, {.grid = 1, .block = 64}, votes_in_a_branch{}); }, basic);
  CROSSLANE_CHECK(!r.empty() && r.total() == 2);  // the block ends at its first
  CROSSLANE_CHECK(checks::findings([](host_stream const& q) { return hundred<fill_ranks>{}(q); }, basic).empty());
}

CROSSLANE_TEST_ONCE(findings, of_orders) {
  auto const run = [](host_stream const& q) {
    int first = 0;
    xl::launch(q, {.grid = 1, .block = 64}, leaves_in_reverse{}, &first);
    q.synchronize();
  };
  CROSSLANE_CHECK(checks::findings(run, {.seeds = 1, .level = checks::level::basic}).empty());
  checks::report const r = checks::findings(run, {.seeds = 2, .level = checks::level::basic});
  CROSSLANE_CHECK(contains(r.text(), "early-exit") && contains(r.text(), "seed 1"));
  CROSSLANE_CHECK_EQ(error_of([&] { (void)checks::findings(run, {.seeds = 0}); }).code(), xl::errc::invalid_argument);
}

/// All findings of the program so far are in the file, each once; the file is there without findings too.
CROSSLANE_TEST_ONCE(findings, as_sarif) {
  auto const path = (std::filesystem::temp_directory_path() / ("crosslane-" + std::to_string(::getpid()))).native();
  ::setenv("CROSSLANE_SARIF", path.c_str(), 1);
  auto const content = [&] {
    std::ifstream in{path};
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  };
  checks::search const basic{.seeds = 1, .level = checks::level::basic};
  (void)checks::findings([](host_stream const&) {}, basic);
  CROSSLANE_CHECK(contains(content(), "\"results\":[]"));
  for (int i = 0; i < 2; ++i)
    (void)checks::findings([](host_stream const& q) { xl::launch(q, {.grid = 1, .block = 32}, votes_in_a_branch{}); }, basic);
  (void)checks::findings([](host_stream const&) {}, basic);
  std::string const text = content();
  CROSSLANE_CHECK(contains(text, "\"ruleId\":\"absent-lane\"") && contains(text, "\"occurrenceCount\":4"));
  ::setenv("CROSSLANE_SARIF", "/no/such/folder/f", 1);
  xl::error const e = error_of([&] { (void)checks::findings([](host_stream const&) {}, basic); });
  CROSSLANE_CHECK(contains(e.what(), "CROSSLANE_SARIF is '/no/such/folder/f'"));
  ::unsetenv("CROSSLANE_SARIF");
  std::filesystem::remove(path);
}

}  // namespace
