// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "forward/forward_pass.hpp"

namespace chessnet {

template <>
std::unique_ptr<forward> make_pass<float>(xl::stream_ref q, network const& n, forward_options const& o) {
  return std::make_unique<forward_pass<float>>(q, n, o);
}

}  // namespace chessnet
