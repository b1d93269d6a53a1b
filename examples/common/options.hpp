// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The command line, as far as all examples have the same.
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
  std::vector<std::string> operands;  // what is no option, in its order
  std::optional<std::filesystem::path> rows_file;
  int repeat = 100;
  bool no_host = false;
  bool help = false;
};

/// The options' part of a usage text.
extern char const* const options_text;

/// Throws usage_error, also where there are more than `most_operands`.
[[nodiscard]] options parse_options(int count, char const* const* arguments, std::size_t most_operands);

/// A whole number from `least` to `most`. Throws usage_error, which begins with `what`.
[[nodiscard]] std::size_t parse_count(std::string_view text, std::string const& what, std::size_t least, std::size_t most);

}  // namespace examples
