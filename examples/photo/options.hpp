// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What the command line says beside the options of all examples.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace photo {

extern char const* const usage_text;

struct file_names {
  std::filesystem::path input;  // the photograph of the example unless said
  std::filesystem::path output_directory = "photo-out";

  /// Of at most two operands.
  explicit file_names(std::vector<std::string> const& operands);
};

}  // namespace photo
