// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "forward/forward_pass.hpp"

namespace chessnet {

template <>
std::unique_ptr<forward> make_pass<xl::bfloat16>(xl::stream_ref q, network const& n, forward_options const& o) {
  return std::make_unique<forward_pass<xl::bfloat16>>(q, n, o);
}

}  // namespace chessnet
