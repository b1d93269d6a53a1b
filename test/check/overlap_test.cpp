// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Findings about kernels that may begin before the kernel before them has ended.
#include <crosslane/check.hpp>
#include <support/recorded.hpp>
#include <support/target.hpp>

namespace xl = crosslane;
namespace checks = crosslane::checks;
using checks::kind;
using namespace crosslane_test;

/// Reads what the kernel before writes, and then waits for it.
struct waits_too_late {
  static constexpr bool overlaps_previous = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int const> x, xl::span<int> out) const {
    int const mine = x[ctx.global_index()];
    ctx.wait_for_previous();
    out[ctx.global_index()] = mine;
  }
};

struct writes {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> x) const {
    for (auto i : ctx.grid_stride(x.size())) x[i] = int(i);
  }
};

namespace {

constexpr unsigned n = 256;

struct reads {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int const> x, xl::span<int> out) const {
    for (auto i : ctx.grid_stride(x.size())) out[i] = x[i];
  }
};

/// Where a kernel that overlaps the previous one waits for it.
enum class waits { never, before, after, in_thread_0, in_thread_0_with_barrier, in_lane_0_with_sync, by_flag };

/// to[i] = from[i + 1]: threads read what others write.
template <waits Where>
struct moves {
  static constexpr bool overlaps_previous = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int const> from, xl::span<int> to, int* flag) const {
    unsigned const me = ctx.thread_rank();
    if constexpr (Where == waits::before) ctx.wait_for_previous();
    if constexpr (Where == waits::in_thread_0 || Where == waits::in_thread_0_with_barrier)
      if (me == 0) ctx.wait_for_previous();
    if constexpr (Where == waits::in_thread_0_with_barrier) ctx.sync_block();
    if constexpr (Where == waits::in_lane_0_with_sync) {
      if (ctx.lane_rank() == 0) ctx.wait_for_previous();
      xl::wave(ctx).sync();
    }
    if constexpr (Where == waits::by_flag) {
      auto const told = xl::atomic<xl::scope::device>(ctx, *flag);
      if (ctx.global_rank() == 0) {
        ctx.wait_for_previous();
        told.template store<xl::release>(1);
      } else {
        while (told.template load<xl::acquire>() == 0) {
        }
      }
    }
    unsigned const i = unsigned(ctx.global_rank());
    to[i] = from[(i + 1) % from.size()];
    if constexpr (Where == waits::after) ctx.wait_for_previous();
  }
};

struct waits_only {
  static constexpr bool overlaps_previous = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx) const {
    ctx.let_next_start();
  }
};

struct memory {
  xl::stream q, other;
  xl::buffer<int> a{q, n}, b{q, n}, c{q, n}, flag{q, 1};
  explicit memory(xl::device d) : q{d}, other{d} {
    for (xl::buffer<int>* x : {&a, &b, &c, &flag}) xl::fill(q, *x, 0);
    q.synchronize();
  }
};

template <waits Where>
void move(memory& m, xl::buffer<int> const& from, xl::buffer<int>& to) {
  xl::launch(m.q, {.grid = n / 64, .block = 64}, moves<Where>{}, from, to, m.flag.data());
}
void write(memory& m, xl::buffer<int>& x) { xl::launch(m.q, {.grid = n / 64, .block = 64}, writes{}, x); }

template <class Program>
checks::report report_of(xl::device d, Program const& program) {
  memory m{d};
  return checks::collect([&] {
    program(m);
    m.q.synchronize();
    m.other.synchronize();
  });
}

template <class Program>
void right(xl::device d, Program const& program, source_location where = source_location::current()) {
  checks::report const r = report_of(d, program);
  if (!r.empty()) fail(r.text(), where);
}
template <class Program>
void wrong(xl::device d, Program const& program, source_location where = source_location::current()) {
  checks::report const r = report_of(d, program);
  if (r.size() != 1) return fail("expected 1 finding: " + r.text(), where);
  checks::finding const& f = r.entries()[0].finding;
  if (f.kind != kind::stream_race) fail(r.text(), where);
  if (!contains(f.text.c_str(), "it states overlaps_previous")) fail(r.text(), where);
  if (!contains(f.advice(), "ctx.wait_for_previous()")) fail(r.text(), where);
}

CROSSLANE_TEST(overlap, reads_what_the_previous_kernel_writes) {
  auto const program = [](auto how) {
    return [](memory& m) {
      write(m, m.a);
      move<decltype(how)::value>(m, m.a, m.b);
    };
  };
  wrong(d, program(std::integral_constant<waits, waits::never>{}));
  wrong(d, program(std::integral_constant<waits, waits::after>{}));
  wrong(d, program(std::integral_constant<waits, waits::in_thread_0>{}));
  right(d, program(std::integral_constant<waits, waits::before>{}));
  right(d, program(std::integral_constant<waits, waits::in_thread_0_with_barrier>{}));
  right(d, program(std::integral_constant<waits, waits::in_lane_0_with_sync>{}));
  right(d, program(std::integral_constant<waits, waits::by_flag>{}));
}

/// docs/guide/devices.md shows the finding.
CROSSLANE_TEST(overlap, finding) {
  checks::report const r = report_of(d, [](memory& m) {
    write(m, m.a);
    xl::launch(m.q, {.grid = n / 64, .block = 64}, waits_too_late{}, m.a, m.b);
  });
  CROSSLANE_CHECK_EQ(r.size(), 1);
  if (r.size() != 1 || d.index() != 0) return;
  checks::finding const& f = r.entries()[0].finding;
  std::string text = without_folders(std::string(to_string(f.kind)) + ": " + f.text.c_str() + '\n' + f.advice() + '\n');
  for (std::size_t at = 0; (at = text.find("stream 0x", at)) != std::string::npos;) {  // both are one, whose number may be any
    at += 9;
    text.replace(at, text.find_first_not_of("0123456789abcdef", at) - at, "1");
  }
  check_recorded(source_path("test/check/findings/overlap.txt"), text);
}

CROSSLANE_TEST(overlap, writes_what_the_previous_kernel_reads) {
  auto const read_a = [](memory& m) { xl::launch(m.q, {.grid = n / 64, .block = 64}, reads{}, m.a, m.b); };
  wrong(d, [&](memory& m) {
    read_a(m);
    move<waits::never>(m, m.c, m.a);
  });
  right(d, [&](memory& m) {
    read_a(m);
    move<waits::before>(m, m.c, m.a);
  });
  right(d, [&](memory& m) {  // other memory
    read_a(m);
    xl::launch(m.q, {.grid = n / 64, .block = 64}, moves<waits::never>{}, m.a, m.c, m.flag.data());
  });
}

/// The previous kernel has begun when those before it had ended, unless it overlaps them.
CROSSLANE_TEST(overlap, chains) {
  right(d, [](memory& m) {
    write(m, m.a);
    write(m, m.c);
    move<waits::never>(m, m.a, m.b);
  });
  wrong(d, [](memory& m) {
    write(m, m.a);
    xl::launch(m.q, {.grid = 1, .block = 32}, waits_only{});
    xl::launch(m.q, {.grid = 1, .block = 32}, waits_only{});
    move<waits::never>(m, m.a, m.b);
  });
  right(d, [](memory& m) {
    write(m, m.a);
    xl::launch(m.q, {.grid = 1, .block = 32}, waits_only{});
    xl::launch(m.q, {.grid = 1, .block = 32}, waits_only{});
    move<waits::before>(m, m.a, m.b);
    move<waits::before>(m, m.b, m.a);
    write(m, m.a);  // an ordinary kernel comes after all
    write(m, m.b);
  });
}

/// Other work between two kernels, and the host, order them.
CROSSLANE_TEST(overlap, other_work_between) {
  right(d, [](memory& m) {
    write(m, m.a);
    m.q.synchronize();
    move<waits::never>(m, m.a, m.b);
  });
  right(d, [](memory& m) {
    write(m, m.a);
    xl::fill(m.q, m.c, 1);
    move<waits::never>(m, m.a, m.b);
  });
  right(d, [](memory& m) {
    write(m, m.a);
    xl::event e{m.q.device()};
    e.record(m.q);
    move<waits::never>(m, m.a, m.b);
  });
  wrong(d, [](memory& m) {  // freed memory orders nothing
    write(m, m.a);
    {
      xl::buffer<int> const scratch{m.q, n};
    }
    move<waits::never>(m, m.a, m.b);
  });
}

/// A stream that waits for the end of a kernel comes after what that kernel overlaps.
CROSSLANE_TEST(overlap, other_streams) {
  right(d, [](memory& m) {
    write(m, m.a);
    xl::launch(m.q, {.grid = 1, .block = 32}, waits_only{});
    xl::event e{m.q.device()};
    e.record(m.q);
    m.other.wait(e);
    xl::launch(m.other, {.grid = n / 64, .block = 64}, reads{}, m.a, m.b);
  });
}

/// Memory that was allocated in stream order may be memory that the previous kernel still uses.
CROSSLANE_TEST(overlap, new_memory) {
  auto const program = [](auto how) {
    return [](memory& m) {
      write(m, m.a);
      xl::buffer<int> fresh{m.q, n};
      move<decltype(how)::value>(m, m.c, fresh);
      m.q.synchronize();
    };
  };
  checks::report const r = report_of(d, program(std::integral_constant<waits, waits::never>{}));
  CROSSLANE_CHECK_EQ(r.size(), 1);
  if (r.size() == 1) CROSSLANE_CHECK(r.entries()[0].finding.kind == kind::stream_race);
  right(d, program(std::integral_constant<waits, waits::before>{}));
}

}  // namespace
