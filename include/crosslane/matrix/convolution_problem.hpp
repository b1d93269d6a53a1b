// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Convolutions in the form in which schedules get them, and the check of the tensors.
#pragma once

#include <crosslane/matrix/gemm_problem.hpp>
#include <crosslane/matrix/patch_operand.hpp>
#include <crosslane/tensor/blocked.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane {

/// The extents of filters, indexed (k, c, h, w): for each output channel k a patch of c input channels, h rows and w columns.
using filter_extents = extents<std::int32_t, axis::k, axis::c, axis::h, axis::w>;
using khwc = packed<filter_extents, axes<axis::k, axis::h, axis::w, axis::c>>;  ///< filters; the channels of a pixel are adjacent

namespace detail {

/// Whether a layout is one of images whose channels lie side by side, and in groups of how many. A failed assertion shows the layout.
template <class L>
struct convolution_layout {
  static constexpr bool is_of_images = same_axes<typename L::extents_type::axes, axes<axis::n, axis::c, axis::h, axis::w>>;
  static_assert(is_of_images, "crosslane: images of a convolution have the axes n, c, h and w: see L of convolution_layout");
  static_assert(strided_layout<L> && std::is_same_v<typename L::contiguous_axis, axis::c>,
                "crosslane: the channels of a pixel of a convolution must be adjacent: the layout is nhwc, with_strides<nhwc> or "
                "nchw_c<N>; see L of convolution_layout. convert() brings images into such a layout");
  static constexpr std::int32_t in_block = 0;  ///< all channels
};
template <class Extents, class Order, std::int64_t N>
struct convolution_layout<blocked<Extents, Order, fixed<axis::c, N>>> {
  static constexpr std::int32_t in_block = N;
};

template <class T, class L>
image_memory<T> image_memory_of(tensor_view<T, L> const& v) {
  using E = typename L::extents_type;
  L const& layout = v.layout();
  auto const offset = [&](std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) {
    typename E::multi_index i{};
    using index = typename L::index_type;
    i[position_of<E, axis::n>] = index(n);
    i[position_of<E, axis::c>] = index(c);
    i[position_of<E, axis::h>] = index(y);
    i[position_of<E, axis::w>] = index(x);
    return std::int64_t(layout.offset(i));
  };
  constexpr std::int32_t in_block = convolution_layout<L>::in_block;
  auto const extent = [&](std::int64_t n) { return std::int32_t(n); };
  image_memory<T> m{};
  m.data = v.data();
  m.images = extent(v.template extent<axis::n>());
  m.channels = extent(v.template extent<axis::c>());
  m.height = extent(v.template extent<axis::h>());
  m.width = extent(v.template extent<axis::w>());
  // Only strides along axes with several indices count.
  m.image = m.images > 1 ? offset(1, 0, 0, 0) : 0;
  m.row = m.height > 1 ? offset(0, 0, 1, 0) : 0;
  m.pixel = m.width > 1 ? offset(0, 0, 0, 1) : 0;
  m.in_block = in_block == 0 ? m.channels : in_block;
  m.block = in_block != 0 && m.channels > in_block ? offset(0, in_block, 0, 0) : 0;
  return m;
}

/// A convolution in the form in which schedules get it: the product of the patches, one for each pixel of the output, and the filter. See
/// gemm_problem.
template <class A, class B, class C>
struct convolution_problem {
  using a_type = A;
  using b_type = B;
  using c_type = C;
  patch_operand<A> patches;
  B const* filter;
  image_memory<C> out;
  std::int32_t m, n, k, batches;

  CROSSLANE_FN patch_operand<A> const& a_of(std::int32_t) const { return patches; }
  CROSSLANE_FN gemm_operand<B> b_of(std::int32_t) const { return {filter, k, n}; }
  CROSSLANE_FN C* c_at(std::int32_t, std::int32_t row, std::int32_t col) const {
    pixel_index const p = pixel_index::of(row, patches.height, patches.width);
    return out.at(p.image, col, p.y, p.x);
  }
  CROSSLANE_FN bool c_has_groups_of(unsigned count) const { return out.has_groups_of(count); }
};

template <class A, class LA, class B, class C, class LC>
auto make_convolution_problem(tensor_view<A, LA> const& in, tensor_view<B, khwc> const& filter, tensor_view<C, LC> const& out,
                              source_location where) {
  static_assert(!std::is_const_v<C>, "crosslane: convolve(): the elements of the output must not be constant");
  convolution_problem<std::remove_const_t<A>, std::remove_const_t<B>, C> p{};
  image_memory<A const> const images = image_memory_of(tensor_view<A const, LA>{in.data(), in.layout()});
  p.out = image_memory_of(out);
  std::int32_t const rows = filter.template extent<axis::h>(), cols = filter.template extent<axis::w>();
  if (filter.template extent<axis::c>() != images.channels)
    throw_error(errc::size_mismatch, where, "convolve: the filter is of %d channels, the images have %d",
                int(filter.template extent<axis::c>()), int(images.channels));
  if (filter.template extent<axis::k>() != p.out.channels)
    throw_error(errc::size_mismatch, where, "convolve: the filter has %d output channels, the output has %d",
                int(filter.template extent<axis::k>()), int(p.out.channels));
  if (images.images != p.out.images)
    throw_error(errc::size_mismatch, where, "convolve: %d images and an output of %d images", int(images.images), int(p.out.images));
  auto const zeros = [&](char const* what, std::int32_t from, std::int32_t patch, std::int32_t to) {
    std::int64_t const twice = std::int64_t{to} - from + patch - 1;
    if (to != 0 && (twice < 0 || twice % 2 != 0 || twice / 2 >= patch))
      throw_error(errc::size_mismatch, where,
                  "convolve: an output of %d %s for images of %d and a filter of %d: the output has %s + 2 p - %d + 1, where p is 0 to %d",
                  int(to), what, int(from), int(patch), what, int(patch), int(patch) - 1);
    return std::int32_t(twice / 2);
  };
  std::int32_t const top = zeros("rows", images.height, rows, p.out.height), left = zeros("columns", images.width, cols, p.out.width);
  std::int64_t const pixels = std::int64_t{p.out.images} * p.out.height * p.out.width;
  std::int64_t const k = std::int64_t{rows} * cols * images.channels;
  constexpr std::int64_t most = (std::int64_t{1} << 31) - 4096;  // the end of a tile is an int
  if (pixels > most || k > most || p.out.channels > most)
    throw_error(errc::limit_exceeded, where,
                "convolve: an output of %lld pixels from patches of %lld elements, the limit is %lld pixels and elements",
                static_cast<long long>(pixels), static_cast<long long>(k), static_cast<long long>(most));
  require_views_disjoint("convolve", out, in, where);
  require_views_disjoint("convolve", out, filter, where);
  p.patches = {images, std::int32_t(pixels), p.out.height, p.out.width, rows, cols, top, left};
  p.filter = filter.data();
  p.m = std::int32_t(pixels);
  p.n = p.out.channels;
  p.k = std::int32_t(k);
  p.batches = 1;
  return p;
}

}  // namespace detail

}  // namespace crosslane
