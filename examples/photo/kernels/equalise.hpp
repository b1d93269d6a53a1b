// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Histogram equalisation: count, make a curve of the counts, apply it.
#pragma once

#include "filters.hpp"
#include "kernels/common.hpp"

namespace photo::kernels {

/// The bin of a pixel's luminance. Whole numbers throughout: there is no rounding in which targets could differ.
CROSSLANE_FN inline unsigned bin_of(float red, float green, float blue) {
  return (luma_red_256 * to_byte(red) + luma_green_256 * to_byte(green) + luma_blue_256 * to_byte(blue) + 128) / 256;
}

/// counts [bins] += number of pixels of planes [3 x pixels] in each bin. Any grid. Each wave counts into an array of its own in
/// shared memory, where it meets itself only; the block then adds the sums to device memory.
struct histogram {
  static constexpr auto block = xl::block_size<256>;

  template <class Ctx>
  struct shared {
    unsigned counts[256 / Ctx::wave_size][bins];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> planes, xl::span<unsigned> counts, frame f) const {
    for (auto bin : ctx.block_stride(bins))
      for (auto& own : s.counts) own[bin] = 0;
    ctx.sync_block();

    auto& own = s.counts[ctx.wave_rank()];
    std::size_t const green = f.pitch;
    std::size_t const blue = 2 * green;
    for (auto g : ctx.grid_stride(f.pixels() / group)) {
      auto const r = xl::load_vec<group>(planes, g * group);
      auto const gr = xl::load_vec<group>(planes, green + g * group);
      auto const b = xl::load_vec<group>(planes, blue + g * group);
      // Neighbours are often of one tone: they are added together.
      unsigned bin = bin_of(r[0], gr[0], b[0]);
      unsigned count = 1;
      for (unsigned i = 1; i < group; ++i) {
        unsigned const next = bin_of(r[i], gr[i], b[i]);
        if (next != bin) {
          xl::atomic(ctx, own[bin]).fetch_add(count);
          bin = next;
          count = 0;
        }
        ++count;
      }
      xl::atomic(ctx, own[bin]).fetch_add(count);
    }
    for (auto i : ctx.grid_stride(f.pixels() % group)) {
      std::size_t const pixel = f.pixels() / group * group + i;
      xl::atomic(ctx, own[bin_of(planes[pixel], planes[green + pixel], planes[blue + pixel])]).fetch_add(1);
    }
    ctx.sync_block();

    for (auto bin : ctx.block_stride(bins)) {
      unsigned sum = 0;
      for (auto const& of_wave : s.counts) sum += of_wave[bin];
      if (sum != 0) xl::atomic(ctx, counts[bin]).fetch_add(sum);
    }
  }
};

/// curve [bins] = what equalisation adds to a pixel of each bin, see reference::equalising_curve. One block.
struct equalising_curve {
  static constexpr auto block = xl::block_size<bins>;

  struct shared {
    unsigned sums[2][bins];
    unsigned lowest;  // pixels in the lowest bin in use
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned const> counts, xl::span<float> curve) const {
    unsigned const bin = ctx.thread_rank();
    unsigned const count = counts[bin];
    s.sums[0][bin] = count;
    ctx.sync_block();
    // Inclusive scan: after the step of distance d, each bin holds the sum of the last 2 d.
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

/// out [3 x pixels] = in [3 x pixels] + curve[bin of the pixel], within [0, 1]. A thread for every four pixels.
struct equalise {
  static constexpr auto block = xl::block_size<256>;

  struct shared {
    float curve[bins];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<float const> in, xl::span<float const> curve, xl::span<float> out,
                               frame f) const {
    for (auto bin : ctx.block_stride(bins)) s.curve[bin] = curve[bin];
    ctx.sync_block();

    unsigned const first = unsigned(ctx.global_index()) * group;
    if (first >= f.pixels()) return;
    std::size_t const plane[3] = {0, f.pitch, 2 * std::size_t{f.pitch}};
    if (first + group > f.pixels()) {
      for (unsigned i = first; i < f.pixels(); ++i) {
        float const lift = s.curve[bin_of(in[i], in[plane[1] + i], in[plane[2] + i])];
        for (unsigned c = 0; c < 3; ++c) out[plane[c] + i] = clamped(in[plane[c] + i] + lift, 0.0f, 1.0f);
      }
      return;
    }
    xl::vec<float, group> value[3];
    for (unsigned c = 0; c < 3; ++c) value[c] = xl::load_vec<group>(in, plane[c] + first);
    for (unsigned i = 0; i < group; ++i) {
      float const lift = s.curve[bin_of(value[0][i], value[1][i], value[2][i])];
      for (unsigned c = 0; c < 3; ++c) value[c][i] = clamped(value[c][i] + lift, 0.0f, 1.0f);
    }
    for (unsigned c = 0; c < 3; ++c) xl::store_vec(out, plane[c] + first, value[c]);
  }
};

}  // namespace photo::kernels
