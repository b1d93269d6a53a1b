// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The rival of convolutions: cuDNN. BENCH_CUDNN is 1 if the build found it.
#pragma once

#include <crosslane/crosslane.hpp>

#include <functional>
#include <string>
#include <vector>

namespace bench {

namespace xl = crosslane;

/// Images of halves with `channels` channels, which are adjacent, `outputs` output channels, and a filter of `filter` x `filter` pixels
/// with as many zeros around the images as keep their size.
struct convolution_sizes {
  int images, channels, outputs, height, width, filter;
};
/// The memory of a convolution. The layout of the filter is khwc.
struct convolution_memory {
  void const *in, *filter;
  void* out;
};

/// Returns cuDNN's version.
std::string cudnn_version();
/// Returns a function that queues the convolution by the fastest of cuDNN's plans, which it finds by running them with these operands.
/// `is_right(run)` calls `run`, which queues a plan on the first set, and returns whether the result is right. Plans with wrong results,
/// such as those with sums of few bits, are passed over.
std::function<void(convolution_memory const&)> cudnn_convolution(xl::stream_ref q, convolution_sizes const& s,
                                                                 std::vector<convolution_memory> const& sets,
                                                                 std::function<bool(std::function<void()> const&)> const& is_right);

}  // namespace bench
