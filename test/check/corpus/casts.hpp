// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Casts of floating-point numbers to integer types that cannot hold them.
#pragma once

#include "corpus.hpp"

namespace corpus {

struct casts_what_does_not_fit {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    float const x = 1e8f * float(ctx.thread_rank());
    m.data[ctx.global_rank()] = int(x);  // @casts_what_does_not_fit
  }
};
struct casts_to_limits {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    float const x = 1e8f * float(ctx.thread_rank());
    m.data[ctx.global_rank()] = xl::saturate_cast<int>(x);
  }
};

/// Of a double, to an unsigned byte, through NaN too.
template <bool Right>
struct averages {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    double const count = double(ctx.thread_rank() / 2), sum = 100 * double(ctx.thread_rank() / 4), average = sum / count;
    if (Right && ctx.thread_rank() < 2) return;
    m.data[ctx.global_rank()] = static_cast<unsigned char>(average);  // @averages
  }
};

#ifdef __FLT16_MAX__
/// Of a type that is narrower than float.
struct casts_a_half {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    __extension__ _Float16 const x = static_cast<_Float16>(16.f * float(ctx.thread_rank()));
    m.data[ctx.global_rank()] = static_cast<unsigned char>(x);  // @casts_a_half
  }
};
#endif

}  // namespace corpus
