// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Which layout of images an operation prefers where: a default to build on, which a program overrides by a specialisation. Nothing
/// converts unless asked.
#pragma once

#include <crosslane/tensor/packed.hpp>

namespace crosslane {

/// What is done with the images.
namespace operation {
struct convolution {};         ///< as a product of matrices
struct pooling {};             ///< windows of each channel
struct channel_statistics {};  ///< sums over the images and pixels of each channel
struct pixel_statistics {};    ///< sums over the channels of each pixel
}  // namespace operation

/// What does it.
namespace architecture {
struct matrix_units {};  ///< multiplies matrices in hardware and takes operands with channels together: NVIDIA from sm_70 on, AMD's gfx9
struct vector_units {};  ///< other GPUs, and those whose convolutions do not use matrix units: AMD's gfx10, gfx11
struct processor {};     ///< the CPU
}  // namespace architecture

/// preferred_layout<Operation, Architecture>::type: nchw, except
///
///   convolution, pooling   matrix_units        nhwc: the product sums over channels, which one load then brings
///   pixel_statistics       everywhere          nhwc: the channels of a pixel are neighbours
///
/// A program's own: template <> struct crosslane::preferred_layout<my_operation, xl::architecture::matrix_units> { using type = ...; };
template <class Operation, class Architecture>
struct preferred_layout {
  using type = nchw;  ///< a layout of images
};
/// For products of matrices.
template <>
struct preferred_layout<operation::convolution, architecture::matrix_units> {
  using type = nhwc;  ///< channels together
};
/// As its neighbours in a network, the convolutions.
template <>
struct preferred_layout<operation::pooling, architecture::matrix_units> {
  using type = nhwc;  ///< channels together
};
/// Whatever the architecture.
template <class Architecture>
struct preferred_layout<operation::pixel_statistics, Architecture> {
  using type = nhwc;  ///< channels together
};

/// The layout itself.
template <class Operation, class Architecture>
using preferred_layout_type = typename preferred_layout<Operation, Architecture>::type;

}  // namespace crosslane
