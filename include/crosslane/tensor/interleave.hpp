// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Element-wise work between a few neighbours at each place and as many planes: pictures of three colours, complex numbers. In registers.
#pragma once

#include <crosslane/tensor/walk.hpp>

namespace crosslane::detail {

/// Strides of the other axes; the last is the one that is contiguous in the planes, counted in vectors.
struct interleave_plan {
  walk_plan<2> outer;
  std::int64_t plane_stride;
};

/// A thread has N places: E vectors of N neighbours on one side, a vector of each of E planes on the other.
template <unsigned N, int E, bool ToPlanes>
struct interleave_kernel {
  static constexpr auto block = block_size<elementwise_block>;

  CROSSLANE_NO_EXEC_CHECK
  template <kernel_context Ctx, class F, class T, class U>
  CROSSLANE_FN void operator()(Ctx const& ctx, F f, interleave_plan p, std::uint64_t begin, std::uint64_t n, U* to, T const* from) const {
    if (ctx.global_rank() >= n) return;
    auto const at = offsets_of(p.outer, begin + ctx.global_rank());
    to += at.at[0];
    from += at.at[1];
    vec<T, N> x[unsigned(E)], moved[unsigned(E)];
    CROSSLANE_UNROLL
    for (int i = 0; i < E; ++i) x[i] = *reinterpret_cast<vec<T, N> const*>(from + i * (ToPlanes ? std::int64_t{N} : p.plane_stride));
    CROSSLANE_UNROLL
    for (unsigned plane = 0; plane < unsigned(E); ++plane) {
      CROSSLANE_UNROLL
      for (unsigned j = 0; j < N; ++j) {
        unsigned const together = j * unsigned(E) + plane;
        if constexpr (ToPlanes)
          moved[plane][j] = x[together / N][together % N];
        else
          moved[together / N][together % N] = x[plane][j];
      }
    }
    CROSSLANE_UNROLL
    for (int i = 0; i < E; ++i)
      *reinterpret_cast<vec<U, N>*>(to + i * (ToPlanes ? p.plane_stride : std::int64_t{N})) = apply_to_vector<U, N>(f, moved[i]);
  }
};

}  // namespace crosslane::detail
