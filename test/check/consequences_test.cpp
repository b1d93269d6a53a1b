// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The consequences of a finding are no findings; independent mistakes are.
#include <crosslane/check.hpp>
#include <support/target.hpp>

#include <initializer_list>

namespace xl = crosslane;
namespace checks = crosslane::checks;
using namespace crosslane_test;
using checks::kind;

namespace {

/// A racing write decides which threads wait where.
struct decided_by_a_race {
  struct shared {
    int which;
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, xl::span<int> out) const {
    s.which = int(ctx.thread_rank());
    if (s.which % 2 == 1)
      out[ctx.thread_rank()] = xl::wave(ctx).any(true);
    else
      ctx.sync_block();
  }
};
/// Wrong: a thread returns before the barrier.
struct returns_early {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> out) const {
    if (ctx.thread_rank() == 3) return;
    ctx.sync_block();
    out[ctx.thread_rank()] = 1;
  }
};
/// Wrong: reads what nothing has written, and a thread returns before the barrier.
struct reads_and_returns_early {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int const> in, xl::span<int> out) const {
    out[ctx.thread_rank()] = in[ctx.thread_rank()];
    if (ctx.thread_rank() == 3) return;
    ctx.sync_block();
  }
};
/// Wrong: all threads write one element. They write their own ones too.
struct writes_one_element {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> out) const {
    out[0] = int(ctx.thread_rank());
    if (ctx.thread_rank() < 32) out[ctx.thread_rank()] = 1;
  }
};
struct doubles {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int const> in, xl::span<int> out) const {
    out[ctx.thread_rank()] = 2 * in[ctx.thread_rank()];
  }
};
struct uses_dynamic_memory {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> out) const {
    int* const values = xl::dynamic_shared<int>(ctx).data();
    values[ctx.thread_rank()] = 1;
    ctx.sync_block();
    out[ctx.thread_rank()] = values[63 - ctx.thread_rank()];
  }
};

/// Expects findings of exactly these kinds, in some orders of the threads.
template <class F>
checks::report expect_kinds(std::initializer_list<kind> kinds, F const& f) {
  checks::report result;
  for (std::uint64_t seed = 0; seed < 9; ++seed) {
    checks::report const r = checks::collect(f, {.level = checks::level::full, .seed = seed});
    bool right = kinds.size() != 0 || r.empty();
    for (kind const k : kinds) {
      bool there = false;
      for (checks::report::entry const& e : r.entries()) there = there || e.finding.kind == k;
      right = right && there;
    }
    for (checks::report::entry const& e : r.entries()) {
      bool expected = false;
      for (kind const k : kinds) expected = expected || e.finding.kind == k;
      right = right && expected;
    }
    if (!right) fail("seed " + std::to_string(seed) + ":\n" + r.text(), source_location::current());
    result = r;
  }
  return result;
}

CROSSLANE_TEST(consequences, of_a_race) {
  xl::stream const q{d};
  xl::buffer<int> out{q, 64};
  q.synchronize();
  expect_kinds({kind::shared_race}, [&] { xl::launch(q, {.grid = 1, .block = 64}, decided_by_a_race{}, out); });
}

/// The next kernels read what threads that have ended did not write. A race ends no thread.
CROSSLANE_TEST(consequences, of_lost_threads) {
  xl::stream const q{d};
  xl::buffer<int> out{q, 64};
  auto const then_read = [&](auto const& first) {
    xl::buffer<int> results{q, 64}, doubled{q, 64};
    xl::launch(q, {.grid = 1, .block = 64}, first, results);
    xl::launch(q, {.grid = 1, .block = 64}, doubles{}, results, doubled);
    xl::launch(q, {.grid = 1, .block = 64}, doubles{}, doubled, out);
  };
  expect_kinds({kind::early_exit}, [&] { then_read(returns_early{}); });
  expect_kinds({kind::device_race, kind::unwritten_memory}, [&] { then_read(writes_one_element{}); });
}

/// The stream that frees a buffer did not wait for the kernel of another stream, nor did its own kernel.
CROSSLANE_TEST(consequences, of_a_missing_wait) {
  xl::stream const a{d}, b{d};
  xl::buffer<int> in{a, 64};
  xl::fill(a, in, 1);
  a.synchronize();
  checks::report const r = expect_kinds({kind::stream_race}, [&] {
    xl::buffer<int> results{a, 64};
    a.synchronize();
    xl::launch(a, {.grid = 1, .block = 64}, doubles{}, in, results);
    a.synchronize();
    xl::launch(a, {.grid = 1, .block = 64}, doubles{}, in, results);
    xl::launch(b, {.grid = 1, .block = 64}, doubles{}, in, results);
    b.synchronize();
  });
  CROSSLANE_CHECK_EQ(r.size(), 1u);
  CROSSLANE_CHECK(!contains(r.text(), "frees"));
}

CROSSLANE_TEST(consequences, dynamic_memory_is_named) {
  xl::stream const q{d};
  xl::buffer<int> out{q, 64};
  auto const launch = [&](std::size_t bytes) {
    xl::launch(q, {.grid = 1, .block = 64, .dynamic_shared = bytes}, uses_dynamic_memory{}, out);
  };
  expect_kinds({}, [&] { launch(256); });
  checks::report const r = expect_kinds({kind::out_of_bounds}, [&] { launch(0); });
  CROSSLANE_CHECK(contains(r.text(), "the launch asks for no dynamic shared memory (.dynamic_shared)"));
}

}  // namespace

/// A block with two mistakes never ends without a finding.
CROSSLANE_TEST(consequences, two_mistakes) {
  for (std::uint64_t seed = 0; seed <= 8; ++seed) {
    xl::stream const q{d};
    xl::buffer<int> in{q, 64}, out{q, 64};
    checks::report const r =
        checks::collect([&] { xl::launch(q, {.grid = 1, .block = 64}, reads_and_returns_early{}, in, out); }, {.seed = seed});
    CROSSLANE_CHECK(!r.empty());
  }
}
