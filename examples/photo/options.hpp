// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The command-line options of this example, in addition to the shared ones.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace photo {

extern char const* const usage_text;

struct file_names {
  std::filesystem::path input;  // by default the photograph of the example
  std::filesystem::path output_directory = "photo-out";

  /// Takes the operands, at most two.
  explicit file_names(std::vector<std::string> const& operands);
};

}  // namespace photo
