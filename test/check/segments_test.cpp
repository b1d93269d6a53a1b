// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Races are found after the numbers of the checker's segments have begun again.
#include <crosslane/check.hpp>
#include <support/target.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

/// Lanes read what others have written before a sync() of the wave and one of each pair of lanes.
struct exchanges {
  struct shared {
    int values[64];
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, xl::span<int> out) const {
    unsigned const t = ctx.thread_rank();
    s.values[t] = 1;
    xl::wave(ctx).sync();
    out[t] = s.values[t ^ 3];
    xl::wave(ctx).sync();
    s.values[t] = 2;
    xl::tile<2>(ctx).sync();
    out[t] += s.values[t ^ 1];
  }
};
/// Wrong: no sync(), or one of pairs for lanes of two pairs.
template <bool OfPairs>
struct does_not_wait {
  struct shared {
    int values[64];
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, xl::span<int> out) const {
    unsigned const t = ctx.thread_rank();
    s.values[t] = 1;
    if constexpr (OfPairs) xl::tile<2>(ctx).sync();
    out[t] = s.values[t ^ (OfPairs ? 2 : 1)];
  }
};

template <class K>
xl::checks::report report_of(xl::stream const& q, K const& kernel, xl::buffer<int>& out) {
  return xl::checks::collect([&] { xl::launch(q, {.grid = 1, .block = 64}, kernel, out); });
}

CROSSLANE_TEST(segments, begin_again) {
  xl::stream const q{d};
  xl::buffer<int> out{q, 64};
  auto const expect_race = [&](auto const& kernel) {
    xl::checks::report const r = report_of(q, kernel, out);
    bool right = !r.empty();
    for (auto const& e : r.entries()) right = right && e.finding.kind == xl::checks::kind::shared_race;
    if (!right) fail(r.text(), source_location::current());
  };
  for ([[maybe_unused]] bool const used_up : {false, true, true}) {
#if CROSSLANE_CONFIG_ACCESS_CHECKS
    if (used_up) xl::backend::use_up_segments();
#endif
    if (xl::checks::report const r = report_of(q, exchanges{}, out); !r.empty()) fail(r.text(), source_location::current());
    expect_race(does_not_wait<false>{});
    expect_race(does_not_wait<true>{});
    if (xl::checks::report const r = report_of(q, exchanges{}, out); !r.empty()) fail(r.text(), source_location::current());
  }
}

}  // namespace
