// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Between interleaved bytes and planes of floats.
#pragma once

#include "kernels/common.hpp"

namespace photo::kernels {

/// planes [3 x pixels] = bytes [pixels x 3] * (1 / 255). A thread for every four pixels.
struct unpack {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned char const> bytes, xl::span<float> planes, frame f) const {
    unsigned const first = unsigned(ctx.global_index()) * group;
    if (first >= f.pixels()) return;
    if (first + group > f.pixels()) {
      for (unsigned i = first; i < f.pixels(); ++i)
        for (unsigned c = 0; c < 3; ++c) planes[c * std::size_t{f.pitch} + i] = float(bytes[3 * i + c]) * (1 / 255.0f);
      return;
    }
    xl::vec<unsigned char, group> in[3];  // r g b r | g b r g | b r g b
    for (unsigned k = 0; k < 3; ++k) in[k] = xl::load_vec<group>(bytes, 3 * first + group * k);
    for (unsigned c = 0; c < 3; ++c) {
      xl::vec<float, group> out;
      for (unsigned i = 0; i < group; ++i) out[i] = float(in[(3 * i + c) / group][(3 * i + c) % group]) * (1 / 255.0f);
      xl::store_vec(planes, c * std::size_t{f.pitch} + first, out);
    }
  }
};

/// bytes [pixels x 3] = the nearest steps to `red`, `green` and `blue` [pixels each], which may be one plane. A thread for every
/// four pixels.
struct pack {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> red, xl::span<float const> green, xl::span<float const> blue,
                               xl::span<unsigned char> bytes, frame f) const {
    unsigned const first = unsigned(ctx.global_index()) * group;
    if (first >= f.pixels()) return;
    xl::span<float const> const planes[3] = {red, green, blue};
    if (first + group > f.pixels()) {
      for (unsigned i = first; i < f.pixels(); ++i)
        for (unsigned c = 0; c < 3; ++c) bytes[3 * i + c] = static_cast<unsigned char>(to_byte(planes[c][i]));
      return;
    }
    xl::vec<unsigned char, group> out[3];
    for (unsigned c = 0; c < 3; ++c) {
      auto const in = xl::load_vec<group>(planes[c], first);
      for (unsigned i = 0; i < group; ++i) out[(3 * i + c) / group][(3 * i + c) % group] = static_cast<unsigned char>(to_byte(in[i]));
    }
    for (unsigned k = 0; k < 3; ++k) xl::store_vec(bytes, 3 * first + group * k, out[k]);
  }
};

}  // namespace photo::kernels
