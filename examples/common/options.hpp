// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The command-line options that all examples share.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace examples {

/// what() is one line.
struct usage_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct options {
  std::vector<std::string> operands;  // arguments that are not options, in their order
  std::optional<std::filesystem::path> rows_file;
  int repeat = 100;
  bool no_host = false;
  bool help = false;
};

/// The usage text of the shared options.
extern char const* const options_text;

/// Returns the options. Throws usage_error if they are wrong or there are more than `most_operands` operands.
[[nodiscard]] options parse_options(int count, char const* const* arguments, std::size_t most_operands);

/// Returns the text as a whole number from `least` to `most`. Throws usage_error with a message that begins with `what`.
[[nodiscard]] std::size_t parse_count(std::string_view text, std::string const& what, std::size_t least, std::size_t most);

}  // namespace examples
