// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The layout of images that an operation prefers on an architecture. It is a default that a program overrides with a specialisation. The
/// library never converts a tensor to it by itself.
#pragma once

#include <crosslane/tensor/packed.hpp>

namespace crosslane {

/// The operation on the images.
namespace operation {
struct convolution {};         ///< computed as a matrix product
struct pooling {};             ///< over the windows of each channel
struct channel_statistics {};  ///< sums over the images and pixels of each channel
struct pixel_statistics {};    ///< sums over the channels of each pixel
}  // namespace operation

/// The processor that runs the operation.
namespace architecture {
struct matrix_units {};  ///< hardware matrix products of operands with adjacent channels: NVIDIA from sm_70 on, AMD's gfx9
struct vector_units {};  ///< all other GPUs, among them AMD's gfx10 and gfx11, whose convolutions do not use matrix units
struct processor {};     ///< the CPU
}  // namespace architecture

/// preferred_layout<Operation, Architecture>::type is nchw, except:
///
///   convolution, pooling   matrix_units    nhwc: the product sums over the channels, and one load reads several of them
///   pixel_statistics       all             nhwc: the channels of a pixel are adjacent
///
/// A program adds its own preference as a specialisation:
///
///   template <>
///   struct crosslane::preferred_layout<my_operation, xl::architecture::matrix_units> { using type = xl::nhwc; };
template <class Operation, class Architecture>
struct preferred_layout {
  using type = nchw;  ///< a layout of images
};
/// Convolutions on matrix units prefer nhwc.
template <>
struct preferred_layout<operation::convolution, architecture::matrix_units> {
  using type = nhwc;  ///< the channels of a pixel are adjacent
};
/// Pooling on matrix units prefers nhwc, the layout of the convolutions before and after it.
template <>
struct preferred_layout<operation::pooling, architecture::matrix_units> {
  using type = nhwc;  ///< the channels of a pixel are adjacent
};
/// Statistics of pixels prefer nhwc on every architecture.
template <class Architecture>
struct preferred_layout<operation::pixel_statistics, Architecture> {
  using type = nhwc;  ///< the channels of a pixel are adjacent
};

/// The layout that preferred_layout<Operation, Architecture> names.
template <class Operation, class Architecture>
using preferred_layout_type = typename preferred_layout<Operation, Architecture>::type;

}  // namespace crosslane
