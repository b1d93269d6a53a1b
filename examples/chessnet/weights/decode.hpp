// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Arrays of a file of weights as floats.
#pragma once

#include "message.hpp"

#include <vector>

namespace chessnet {

/// Returns the number of values of an array. Throws weights_error if its bytes are not whole values, if its encoding is unknown, or if its
/// extents state another number.
[[nodiscard]] std::size_t size_of(message::array const& a, part_name const& where);

/// Returns the values of an array, rounded once. Throws weights_error if one is not finite.
[[nodiscard]] std::vector<float> decode(message::array const& a, part_name const& where);

}  // namespace chessnet
