// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Code that all translation units of the program have: the same kernel, by name, and the same inline functions. Code that depends on
/// the backend is a template on it, since the default backend differs from unit to unit.
#pragma once

#include <crosslane/host.hpp>

#include <vector>

namespace two_tu {

namespace xl = crosslane;

struct scale_kernel {
  static constexpr auto block = xl::block_size<128>;
  struct shared {
    int factors[128];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<int> x, int factor) const {
    s.factors[ctx.block_size() - 1 - ctx.thread_rank()] = factor;
    ctx.sync_block();
    auto const i = ctx.global_rank();
    if (i < x.size()) x[i] *= s.factors[ctx.thread_rank()];
  }
};

struct add_one {
  CROSSLANE_FN void operator()(int& x) const { ++x; }
};

struct write_ones {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> x) const {
    x[ctx.thread_rank()] = 1;
  }
};

/// A kernel that is also a function of an index.
struct fail {
  template <class T>
  CROSSLANE_FN void operator()(T const&) const {
#if !CROSSLANE_DEVICE_PASS()
    xl::throw_error(xl::errc::not_supported, {}, "asked to fail");
#endif
  }
};

/// A kernel for the host whose threads wait with more data on the stack than the default size allows.
struct deep {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    char volatile bytes[96 * 1024];
    for (unsigned i = 0; i < sizeof bytes; i += 1024) bytes[i] = char(ctx.thread_rank());
    ctx.sync_block();
    for (unsigned i = 0; i < sizeof bytes; i += 1024)
      if (bytes[i] != char(ctx.thread_rank())) xl::throw_error(xl::errc::vendor, {}, "the stack of a lane is not its own");
  }
};

/// Returns the sum of 1000 elements, each 2 * factor + 1.
template <class B>
int sum_on(xl::basic_stream_ref<B> q, int factor) {
  std::vector<int> values(1000, 2);
  xl::basic_buffer<int, xl::memory_kind::device, B> x{q, values.size()};
  xl::copy(q, values, x);
  xl::launch(q, {.grid = xl::cover(values.size(), 128)}, scale_kernel{}, x, factor);
  xl::for_each(q, x, add_one{});
  xl::copy(q, x, values);
  q.synchronize();
  int sum = 0;
  for (int const value : values) sum += value;
  return sum;
}

inline void copy_too_much(xl::basic_stream_ref<xl::host> q) {
  std::vector<int> const values(7);
  xl::basic_buffer<int, xl::memory_kind::device, xl::host> to{q, 6};
  xl::copy(q, values, to);
}

}  // namespace two_tu
