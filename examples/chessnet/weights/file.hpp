// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The bytes of a file, unpacked if gzip packed them.
#pragma once

#include "wire.hpp"

#include <filesystem>
#include <vector>

namespace chessnet {

/// The most bytes that a file of weights may have, packed and unpacked. The largest known networks have 0.7 GB. A small file can unpack to
/// any size.
inline constexpr std::size_t most_weights_bytes = std::size_t{2} << 30;

/// Returns the bytes of a regular file. Throws weights_error with the reason, also if there are more than `most`.
[[nodiscard]] std::vector<std::byte> read_file(std::filesystem::path const& path, std::size_t most = most_weights_bytes);

/// Returns the content of a gzip file. Bytes without gzip's mark are returned as they are. Throws weights_error if the file is cut off or
/// damaged, or if more than `most` bytes come out.
[[nodiscard]] std::vector<std::byte> unpack(std::vector<std::byte> bytes, std::size_t most = most_weights_bytes);

}  // namespace chessnet
