// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kernels whose findings are easily put at a wrong line: compilers merge equal code, and the accesses are in functions of a library.
#pragma once

#include "corpus.hpp"

#include <algorithm>

namespace corpus {

namespace {

/// Two kernels with the same code.
struct writes_here {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.data[0] = int(ctx.thread_rank());  // @writes_here
  }
};
struct writes_there {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.data[0] = int(ctx.thread_rank());  // @writes_there
  }
};

}  // namespace

/// Functions with the same code, which are not inlined.
struct calls_equal_functions {
  [[gnu::noinline]] static void write_here(int& x, int value) { x = value; }   // @calls_equal_functions
  [[gnu::noinline]] static void write_there(int& x, int value) { x = value; }  // @calls_equal_functions
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() == 0)
      write_here(m.data[0], 1);
    else if (ctx.thread_rank() == 1)
      write_there(m.data[0], 1);
  }
};

/// Scratch memory that is used again without a barrier. With a barrier it is right.
template <bool Waits>
struct reduces_twice {
  template <class Ctx>
  struct shared {
    xl::block_scratch<int, Ctx> scratch;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, memory m) const {
    int const sum = xl::block_reduce(ctx, s.scratch, 1, xl::plus{});  // @reduces_twice
    if (Waits) ctx.sync_block();
    int const most = xl::block_reduce(ctx, s.scratch, sum, xl::maximum{});  // @reduces_twice
    m.data[ctx.global_rank()] = most;
  }
};
/// The same for a reduction and a scan.
template <bool Waits>
struct reduces_and_scans {
  template <class Ctx>
  struct shared {
    xl::block_scratch<int, Ctx> scratch;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, memory m) const {
    int const sum = xl::block_reduce(ctx, s.scratch, 1, xl::plus{});  // @reduces_and_scans
    if (Waits) ctx.sync_block();
    m.data[ctx.global_rank()] = xl::block_inclusive_scan(ctx, s.scratch, sum, xl::plus{});  // @reduces_and_scans
  }
};

/// An algorithm of the standard library.
struct fills_by_algorithm {
  struct shared {
    int value[256];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    if (r == 0) std::fill(s.value, s.value + 256, 1);  // @fills_by_algorithm
    m.data[r] = s.value[r];                            // @fills_by_algorithm
  }
};

/// Equal loads in both branches, of which compilers may make one.
struct loads_in_both_branches {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const r = ctx.thread_rank();
    int value;
    if (r % 2 == 0)
      value = m.unwritten[r] + 1;  // @loads_in_both_branches
    else
      value = m.unwritten[r] * 3;  // @loads_in_both_branches
    m.data[r] = value;
  }
};

/// Waits in a loop of atomic loads, in one of plain reads, and in a function.
struct waits_by_loads {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() == 0)
      while (xl::atomic(ctx, m.data[0]).load() == 0) {  // @waits_by_loads
      }
  }
};
struct waits_by_exchanges {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int expected = 1;
    if (ctx.thread_rank() == 0)
      while (!xl::atomic(ctx, m.data[0]).compare_exchange(expected, 2)) expected = 1;  // @waits_by_exchanges
  }
};
struct waits_for_a_volatile {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int const volatile& flag = m.data[0];
    if (ctx.thread_rank() == 0)
      while (flag == 0) {  // @waits_for_a_volatile
      }
  }
};

/// Lambdas with the same code.
inline constexpr auto writes_by_lambda = [](auto const& ctx, memory m) {
  m.data[0] = int(ctx.thread_rank());  // @writes_by_lambda
};
inline constexpr auto writes_by_another_lambda = [](auto const& ctx, memory m) {
  m.data[0] = int(ctx.thread_rank());  // @writes_by_another_lambda
};

}  // namespace corpus
