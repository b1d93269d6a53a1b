// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The two passes of the Gaussian blur. Both read each pixel once from device memory into a tile in shared memory, with a halo of the
/// filter's radius. A thread computes several adjacent outputs, so that it uses each loaded value several times.
#pragma once

#include "filters.hpp"
#include "kernels/common.hpp"

namespace photo::kernels {

/// Computes sum[j] += weight[k - j] * value for all outputs j that use value k of their common window.
template <unsigned K, unsigned Outputs, int Radius>
CROSSLANE_FN void accumulate(gaussian<Radius> const& weights, float value, float (&sum)[Outputs]) {
  unrolled<Outputs>([&](auto j) {
    constexpr int tap = int(K) - int(j.value);
    if constexpr (tap >= 0 && tap < gaussian<Radius>::taps) sum[j.value] = std::fma(weights.weight[tap], value, sum[j.value]);
  });
}

/// Copies to(i) = from(i) for i = first, first + Step, ... below Count. Precondition: first < Step. Issues all loads before the first store
/// waits for one.
template <unsigned Count, unsigned Step, class From, class To>
CROSSLANE_FN void load_tile(unsigned first, From const& from, To const& to) {
  constexpr unsigned whole = Count / Step;  // steps that all threads take
  float loaded[whole];
  unrolled<whole>([&](auto k) { loaded[k.value] = from(first + Step * k.value); });
  if constexpr (Count % Step != 0)
    if (first < Count % Step) to(first + Step * whole) = from(first + Step * whole);
  unrolled<whole>([&](auto k) { to(first + Step * k.value) = loaded[k.value]; });
}

/// Blurs along rows. Grid: tiles in x, tiles in y, channels.
struct blur_horizontal {
  static constexpr int dimensions = 3;
  static constexpr auto block = xl::block_size<64, 4>;
  static constexpr unsigned outputs = 4;  // adjacent outputs of a thread: one wide access to the tile reads four values
  static constexpr unsigned columns = 64 * outputs;
  static constexpr unsigned rows = 4;
  static constexpr unsigned halo = blur_radius;
  static_assert(halo % outputs == 0, "the window of a thread begins and ends at a wide access");

  struct shared {
    alignas(16) float tile[rows][columns + 2 * halo];
  };

  gaussian<blur_radius> weights;

  static xl::extent3 grid(picture_extents const& e) {
    return {xl::cover(e.extent<axis::w>(), columns), xl::cover(e.extent<axis::h>(), rows), 3};
  }

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::tensor_view<float const, planar> in,
                               xl::tensor_view<float, planar> out) const {
    int const width = in.extent<axis::w>(), height = in.extent<axis::h>();
    auto const thread = ctx.thread_index();
    auto const tile = ctx.block_index();
    int const x = int(tile.x * columns + thread.x * outputs);
    int const y = int(tile.y * rows + thread.y);

    // Threads beyond the border load the border's pixels again, because all threads must reach the barrier.
    int const row = clamped(y, 0, height - 1);
    int const left = int(tile.x * columns) - int(halo);
    load_tile<columns + 2 * halo, 64>(
        thread.x, [&](unsigned i) { return in(tile.z, row, clamped(left + int(i), 0, width - 1)); },
        [&](unsigned i) -> float& { return s.tile[thread.y][i]; });
    ctx.sync_block();
    if (x >= width || y >= height) return;

    float sum[outputs] = {};
    xl::span<float const> const window{s.tile[thread.y] + thread.x * outputs, outputs + 2 * halo};
    unrolled<(outputs + 2 * halo) / 4>([&](auto part) {
      auto const value = xl::load_vec<4>(window, 4 * part.value);
      unrolled<4>([&](auto i) { accumulate<4 * decltype(part)::value + decltype(i)::value>(weights, value[i.value], sum); });
    });

    if (width % int(outputs) == 0) {
      xl::vec<float, outputs> result;
      for (unsigned j = 0; j < outputs; ++j) result[j] = sum[j];
      xl::store_vec(xl::span<float>{&out(tile.z, y, x), outputs}, 0, result);
    } else {
      for (int j = 0; j < int(outputs); ++j)
        if (x + j < width) out(tile.z, y, x + j) = sum[j];
    }
  }
};

/// Blurs along columns; otherwise like blur_horizontal.
struct blur_vertical {
  static constexpr int dimensions = 3;
  static constexpr auto block = xl::block_size<32, 8>;
  static constexpr unsigned outputs = 16;  // outputs of a thread in a column
  static constexpr unsigned columns = 32;
  static constexpr unsigned rows = 8 * outputs;
  static constexpr unsigned halo = blur_radius;

  struct shared {
    float tile[rows + 2 * halo][columns];
  };

  gaussian<blur_radius> weights;

  static xl::extent3 grid(picture_extents const& e) {
    return {xl::cover(e.extent<axis::w>(), columns), xl::cover(e.extent<axis::h>(), rows), 3};
  }

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::tensor_view<float const, planar> in,
                               xl::tensor_view<float, planar> out) const {
    int const width = in.extent<axis::w>(), height = in.extent<axis::h>();
    auto const thread = ctx.thread_index();
    auto const tile = ctx.block_index();
    int const x = int(tile.x * columns + thread.x);
    int const y = int(tile.y * rows + thread.y * outputs);

    int const column = clamped(x, 0, width - 1);
    int const top = int(tile.y * rows) - int(halo);
    load_tile<rows + 2 * halo, 8>(
        thread.y, [&](unsigned i) { return in(tile.z, clamped(top + int(i), 0, height - 1), column); },
        [&](unsigned i) -> float& { return s.tile[i][thread.x]; });
    ctx.sync_block();
    if (x >= width) return;

    float sum[outputs] = {};
    unrolled<outputs + 2 * halo>(
        [&](auto k) { accumulate<decltype(k)::value>(weights, s.tile[thread.y * outputs + k.value][thread.x], sum); });
    for (int j = 0; j < int(outputs); ++j)
      if (y + j < height) out(tile.z, y + j, x) = sum[j];
  }
};

}  // namespace photo::kernels
