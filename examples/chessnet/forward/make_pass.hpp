// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// make_forward() for one type of weights and activations. Each type is a source file of its own, because their kernels take long to
/// compile.
#pragma once

#include "forward/forward.hpp"

namespace chessnet {

template <class T>
[[nodiscard]] std::unique_ptr<forward> make_pass(xl::stream_ref q, network const& n, forward_options const& o);

template <>
[[nodiscard]] std::unique_ptr<forward> make_pass<float>(xl::stream_ref q, network const& n, forward_options const& o);
template <>
[[nodiscard]] std::unique_ptr<forward> make_pass<xl::half>(xl::stream_ref q, network const& n, forward_options const& o);
template <>
[[nodiscard]] std::unique_ptr<forward> make_pass<xl::bfloat16>(xl::stream_ref q, network const& n, forward_options const& o);

}  // namespace chessnet
