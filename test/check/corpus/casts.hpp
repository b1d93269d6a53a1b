// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Casts of floating-point numbers to integer types that cannot hold them, and shifts by more bits than a type has.
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

/// Casts doubles, among them NaN, to an unsigned byte.
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
/// Casts a type that is narrower than float.
struct casts_a_half {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    __extension__ _Float16 const x = static_cast<_Float16>(16.f * float(ctx.thread_rank()));
    m.data[ctx.global_rank()] = static_cast<unsigned char>(x);  // @casts_a_half
  }
};
#endif

struct masks_of_a_word {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const before = ctx.thread_rank();
    m.data[ctx.global_rank()] = int((1u << before) - 1);  // @masks_of_a_word
  }
};
struct masks_of_two_words {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const before = ctx.thread_rank();
    m.data[ctx.global_rank()] = int(((std::uint64_t{1} << before) - 1) >> 32);
  }
};
/// Shifts by a negative amount, or by an amount of another type.
template <bool Right>
struct shifts_back {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const amount = static_cast<short>(static_cast<int>(ctx.thread_rank()) - 2);
    if (Right && amount < 0) return;
    m.data[ctx.global_rank()] = int(std::uint64_t{5} >> amount);  // @shifts_back
  }
};

}  // namespace corpus
