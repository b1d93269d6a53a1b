// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Histogram equalisation in three kernels: count, compute a curve from the counts, apply the curve.
#pragma once

#include "filters.hpp"
#include "kernels/common.hpp"

namespace photo::kernels {

/// Returns the bin of a pixel's luminance. All numbers are integers, so targets cannot differ in rounding.
CROSSLANE_FN inline unsigned bin_of(float red, float green, float blue) {
  constexpr to_byte step;
  return unsigned(luma_red_256 * step(red) + luma_green_256 * step(green) + luma_blue_256 * step(blue) + 128) / 256;
}

/// counts [bins] += the number of pixels of `in` in each bin. Grid: any. Each wave counts in its own array in shared memory, so that only
/// its own lanes contend. The block then adds the sums to device memory.
struct histogram {
  static constexpr auto block = xl::block_size<256>;

  template <class Ctx>
  struct shared {
    unsigned counts[256 / Ctx::wave_size][bins];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, pixel_groups<float const> in, xl::span<unsigned> counts) const {
    for (auto bin : ctx.block_stride(bins))
      for (auto& own : s.counts) own[bin] = 0;
    ctx.sync_block();

    auto& own = s.counts[ctx.wave_rank()];
    for (auto g : ctx.grid_stride(in.groups.extent<pixel>())) {
      auto const red = in.groups(0, g), green = in.groups(1, g), blue = in.groups(2, g);
      // Adjacent pixels often have the same bin, so their counts are added together.
      unsigned bin = bin_of(red[0], green[0], blue[0]);
      unsigned count = 1;
      for (unsigned i = 1; i < in.size; ++i) {
        unsigned const next = bin_of(red[i], green[i], blue[i]);
        if (next != bin) {
          xl::atomic(ctx, own[bin]).fetch_add(count);
          bin = next;
          count = 0;
        }
        ++count;
      }
      xl::atomic(ctx, own[bin]).fetch_add(count);
    }
    for (auto i : ctx.grid_stride(in.rest.extent<pixel>()))
      xl::atomic(ctx, own[bin_of(in.rest(0, i), in.rest(1, i), in.rest(2, i))]).fetch_add(1);
    ctx.sync_block();

    for (auto bin : ctx.block_stride(bins)) {
      unsigned sum = 0;
      for (auto const& of_wave : s.counts) sum += of_wave[bin];
      if (sum != 0) xl::atomic(ctx, counts[bin]).fetch_add(sum);
    }
  }
};

/// curve [bins] = the value that equalisation adds to a pixel of each bin, see reference::equalising_curve. Grid: one block.
struct equalising_curve {
  static constexpr auto block = xl::block_size<bins>;

  struct shared {
    unsigned sums[2][bins];
    unsigned lowest;  // pixels in the lowest used bin
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned const> counts, xl::span<float> curve) const {
    unsigned const bin = ctx.thread_rank();
    unsigned const count = counts[bin];
    s.sums[0][bin] = count;
    ctx.sync_block();
    // Inclusive scan: after the step of distance d, each bin holds the sum of the last 2 d bins.
    unsigned from = 0;
    for (unsigned distance = 1; distance < bins; distance *= 2) {
      unsigned const before = bin >= distance ? s.sums[from][bin - distance] : 0;
      s.sums[1 - from][bin] = s.sums[from][bin] + before;
      from = 1 - from;
      ctx.sync_block();
    }
    unsigned const cdf = s.sums[from][bin];
    if (count != 0 && cdf == count) s.lowest = count;
    ctx.sync_block();

    unsigned const pixels = s.sums[from][bins - 1];
    curve[bin] = cdf == 0 || pixels == s.lowest ? 0.0f : float(cdf - s.lowest) / float(pixels - s.lowest) - float(bin) / 255.0f;
  }
};

/// out = in + curve[bin of the pixel], clamped to [0, 1]. Grid: one thread for every group and every remaining pixel.
struct equalise {
  static constexpr auto block = xl::block_size<256>;

  struct shared {
    float curve[bins];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, pixel_groups<float const> in, xl::span<float const> curve,
                               pixel_groups<float> out) const {
    for (auto bin : ctx.block_stride(bins)) s.curve[bin] = curve[bin];
    ctx.sync_block();

    int const g = int(ctx.global_index());
    int const i = g - in.groups.extent<pixel>();
    if (i >= in.rest.extent<pixel>()) return;
    if (i >= 0) {
      float const lift = s.curve[bin_of(in.rest(0, i), in.rest(1, i), in.rest(2, i))];
      for (int c = 0; c < 3; ++c) out.rest(c, i) = clamped(in.rest(c, i) + lift, 0.0f, 1.0f);
      return;
    }
    xl::vec<float, in.size> value[3] = {in.groups(0, g), in.groups(1, g), in.groups(2, g)};
    for (unsigned k = 0; k < in.size; ++k) {
      float const lift = s.curve[bin_of(value[0][k], value[1][k], value[2][k])];
      for (auto& plane : value) plane[k] = clamped(plane[k] + lift, 0.0f, 1.0f);
    }
    for (int c = 0; c < 3; ++c) out.groups(c, g) = value[c];
  }
};

}  // namespace photo::kernels
