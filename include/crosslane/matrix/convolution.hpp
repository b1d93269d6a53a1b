// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Convolutions of images with filters as products of matrices: convolve(). The host calls it.
///
///   xl::tensor<xl::half, xl::nhwc> in{q, {n, 64, 8, 8}}, out{q, {n, 128, 8, 8}};
///   xl::tensor<xl::half, xl::khwc> filter{q, {128, 64, 3, 3}};
///   xl::convolve(q, in, filter, out, xl::epilogue_chain{xl::add_to_columns{bias.view()}, xl::relu{}});
#pragma once

#include <crosslane/matrix/convolution_problem.hpp>
#include <crosslane/matrix/gemm.hpp>
#include <crosslane/matrix/warpgroup_convolution.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane {

namespace detail {

/// An epilogue of a convolution as one of a product whose rows are the pixels of all images.
template <class E>
struct image_epilogue {
  E e;
  std::int32_t pixels;  ///< of an image
  template <class X>
  CROSSLANE_FN CROSSLANE_INLINE auto operator()(X x, gemm_index const& at) const {
    return e(x, gemm_index{at.row % pixels, at.col, at.row / pixels});
  }
};

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues the convolution of images with a filter: for each image n, output channel k and pixel (y, x)
///
///   out(n, k, y, x) = epilogue(sum over c, i, j of in(n, c, y + i - p, x + j - q) * filter(k, c, i, j)).
///
/// It is the cross-correlation that neural networks call a convolution, with a stride of 1. Elements outside the images are zeros. Their
/// rows p and columns q follow from the extents: out has `h + 2 p - i + 1` rows for images of h rows and a filter of i. So an output as
/// high as the images and a filter of 3 rows have p = 1. The host calls it, and it does not wait.
///
/// `in` and `out` are tensors or views with axes n, c, h and w and adjacent channels: nhwc, with_strides<nhwc>, or nchw_c<N>. `filter` is
/// khwc. Types, the epilogue, options and the order of additions are those of gemm(). The epilogue's index has the pixel of its image in
/// `row`, counted row by row, the output channel in `col`, and the image in `batch`.
///
/// The patches are never in device memory. It is fastest if the channels are multiples of 16 bytes.
///
/// Throws size_mismatch if the extents do not fit, invalid_argument if `out` overlaps the others or a tensor is of another device, and
/// limit_exceeded if the output has 2^31 - 4096 pixels or more.
template <stream_like S, detail::tensor_like Images, detail::tensor_like Filter, detail::tensor_like Out, class E = plain_epilogue,
          class D = run_to_run, class P = tuned>
void convolve(S const& stream, Images&& in, Filter&& filter, Out&& out, E const& epilogue = {}, options<D, P> const& o = {},
              source_location where = source_location::current()) {
  auto const q = detail::ref_of(stream, where);
  detail::require_on_device(q, "convolve", where, in, filter, out);
  auto const in_view = detail::tensor_argument(in, where);
  auto const filter_view = detail::tensor_argument(filter, where);
  auto const out_view = detail::tensor_argument(out, where);
  using A = typename decltype(in_view)::value_type;
  using B = typename decltype(filter_view)::value_type;
  static_assert(std::is_same_v<typename decltype(filter_view)::layout_type, khwc>,
                "crosslane: convolve(): the layout of the filter is khwc");
  static_assert(detail::gemm_has_types<A, B>::ok && detail::check_epilogue<E, detail::gemm_sum<A>>::ok);
  static_assert(!std::is_same_v<D, everywhere> || std::is_integral_v<A>,
                "crosslane: convolve(): only convolutions of integers have the same bits everywhere");
  auto const p = detail::make_convolution_problem(in_view, filter_view, out_view, where);
  auto const run = [&](auto const& e) {
    detail::queue_gemm<P, true, true>(q, "convolve", p, e, detail::parts_of(o.policy), o.workspace, where);
  };
  if constexpr (std::is_invocable_v<E const&, detail::gemm_sum<A>, gemm_index>)
    run(detail::image_epilogue<E>{epilogue, p.patches.height * p.patches.width});
  else
    run(epilogue);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
