// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reads a network from a file of weights of Leela Chess Zero: protobuf, as it is or in gzip.
#pragma once

#include "file.hpp"
#include "network.hpp"

#include <filesystem>

namespace chessnet {

/// Reads a network. Throws weights_error with one line that begins with the path, if the file is missing, too large, cut off or damaged, if
/// an array has a wrong size or numbers that are not finite, or if the network is of a kind that this program does not know.
[[nodiscard]] network read_network(std::filesystem::path const& path);

/// Reads a network from the bytes of a file. At most `most` bytes may come out of gzip. Messages do not begin with a path.
[[nodiscard]] network read_network(std::vector<std::byte> bytes, std::size_t most = most_weights_bytes);

}  // namespace chessnet
