// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The command line.
#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>

namespace photo {

/// what() is one line.
struct usage_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct options {
  std::filesystem::path input;  // the photograph of the example unless said
  std::filesystem::path output_directory = "photo-out";
  std::optional<std::filesystem::path> rows_file;
  int repeat = 100;
  bool no_host = false;
  bool help = false;
};

extern char const* const usage_text;

/// Throws usage_error.
[[nodiscard]] options parse_options(int count, char const* const* arguments);

}  // namespace photo
