// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "options.hpp"

#include <charconv>

namespace examples {

char const* const options_text =
    "  --repeat N    launches of each kernel for its time, the best counts; fewer where they take long (100)\n"
    "  --rows FILE   adds the table's rows to those in FILE and prints them all: one table for several programs\n"
    "  --no-host     leaves out the CPU in a program built for GPUs; without a device that ends with code 77\n"
    "  --help        this text\n";

std::size_t parse_count(std::string_view text, std::string const& what, std::size_t least, std::size_t most) {
  std::size_t value = 0;
  auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    throw usage_error{what + " needs a number from " + std::to_string(least) + " to " + std::to_string(most) + ", not '" +
                      std::string{text} + "'"};
  return value;
}

options parse_options(int count, char const* const* arguments, std::size_t most_operands) {
  options result;
  bool operands_only = false;
  for (int i = 1; i < count; ++i) {
    std::string_view const argument = arguments[i];
    auto const value = [&] {
      if (i + 1 == count) throw usage_error{std::string{argument} + " needs a value; see --help"};
      return std::string_view{arguments[++i]};
    };
    if (operands_only || !argument.starts_with("-")) {
      result.operands.emplace_back(argument);
    } else if (argument == "--") {
      operands_only = true;
    } else if (argument == "--help" || argument == "-h") {
      result.help = true;
    } else if (argument == "--no-host") {
      result.no_host = true;
    } else if (argument == "--rows") {
      result.rows_file = value();
    } else if (argument == "--repeat") {
      result.repeat = int(parse_count(value(), "--repeat", 1, 1'000'000));
    } else {
      throw usage_error{"unknown option '" + std::string{argument} + "'; see --help"};
    }
  }
  if (result.operands.size() > most_operands)
    throw usage_error{"'" + result.operands[most_operands] + "' is one argument too many; see --help"};
  return result;
}

}  // namespace examples
