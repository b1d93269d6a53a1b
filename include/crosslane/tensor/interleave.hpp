// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Element-wise work that exchanges interleaved elements and planes, such as pixels of three colours and colour planes. Elements are
/// reordered in registers. This is for bytes, which would move one at a time through shared memory. Larger elements are as fast through
/// shared memory.
#pragma once

#include <crosslane/tensor/transpose.hpp>

namespace crosslane::detail {

/// True if run_interleave() supports the pair of element types.
template <class T, class U>
inline constexpr bool has_interleave = has_tiles<T, U> && (sizeof(T) == 1 || sizeof(U) == 1);

/// `outer` has all axes but that of the interleaved elements. Its last axis is contiguous in the planes and counts vectors. `plane_stride`
/// is the stride from plane to plane.
struct interleave_plan {
  walk_plan<2> outer;
  std::int64_t plane_stride;
};

/// Each thread handles N positions. On the interleaved side these are E vectors of N neighbours. On the other side they are one vector in
/// each of E planes.
template <unsigned N, int E, bool ToPlanes>
struct interleave_kernel {
  static constexpr auto block = block_size<elementwise_block>;

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

inline namespace CROSSLANE_CONFIGURATION {

/// Queues the work if the plan exchanges E interleaved elements and E planes in whole vectors. Otherwise returns false.
template <int E, runtime_backend B, class T, class U, class F>
bool run_interleave(basic_stream_ref<B> q, walk_plan<2> const& p, F const& f, U* to, T const* from, source_location where) {
  constexpr unsigned V = conversion_vector<T, U>;
  if constexpr (V > 1) {
    for (int const together : {0, 1}) {  // the operand with interleaved elements
      int const apart = 1 - together;
      int neighbours = -1, places = -1;  // axes
      for (int i = 0; i < p.rank; ++i) {
        if (p.axis[i].stride[together] == 1 && p.axis[i].extent == E) neighbours = i;
        if (p.axis[i].stride[together] == E && p.axis[i].stride[apart] == 1) places = i;
      }
      if (neighbours < 0 || places < 0 || p.axis[places].extent % V != 0 || !aligned_for<V>(from) || !aligned_for<V>(to) ||
          !whole_steps(p, V, apart, places) || !whole_steps(p, V, together, neighbours, places))
        continue;
      interleave_plan planes{without(p, neighbours, places), p.axis[neighbours].stride[apart]};
      walk_axis<2>& last = planes.outer.axis[planes.outer.rank++] = p.axis[places];
      count_in_vectors(last, V);
      for_each_grid(q, std::uint64_t(planes.outer.size()), 1, where, [&](std::uint64_t begin, std::uint64_t n) {
        auto const run = [&](auto kernel) {
          launch(q, {.grid = cover(n, elementwise_block, where), .where = where}, kernel, f, planes, begin, n, to, from);
        };
        if (together == 1)
          run(interleave_kernel<V, E, true>{});
        else
          run(interleave_kernel<V, E, false>{});
      });
      return true;
    }
  }
  return false;
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
