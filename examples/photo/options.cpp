// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "options.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#ifndef PHOTO_DEFAULT_INPUT
#define PHOTO_DEFAULT_INPUT "examples/photo/data/dandelion.jpg"
#endif

namespace photo {

char const* const usage_text =
    "usage: photo [options] [input] [output directory]\n"
    "\n"
    "Blurs, outlines and equalises a photograph (PNG or JPEG) by kernels, on every device found and on the CPU with waves of 32\n"
    "and of 64 lanes. Writes photo-blurred.png, photo-edges.png, photo-equalised.png and photo-sheet.png, which shows all, and\n"
    "prints what was measured. Unless said, the input is the photograph of the example and the output directory is photo-out.\n"
    "\n"
    "  --repeat N    launches of each kernel for its time, the best counts; fewer where they take long (100)\n"
    "  --rows FILE   adds the table's rows to those in FILE and prints them all: one table for several programs\n"
    "  --no-host     leaves out the CPU in a program built for GPUs; without a device that ends with code 77\n"
    "  --help        this text\n";

options parse_options(int count, char const* const* arguments) {
  options result;
  result.input = PHOTO_DEFAULT_INPUT;
  std::vector<std::string_view> positional;
  bool names_only = false;
  for (int i = 1; i < count; ++i) {
    std::string_view const argument = arguments[i];
    auto const value = [&] {
      if (i + 1 == count) throw usage_error{std::string{argument} + " needs a value; see --help"};
      return std::string_view{arguments[++i]};
    };
    if (names_only || !argument.starts_with("-")) {
      positional.push_back(argument);
    } else if (argument == "--") {
      names_only = true;
    } else if (argument == "--help" || argument == "-h") {
      result.help = true;
    } else if (argument == "--no-host") {
      result.no_host = true;
    } else if (argument == "--rows") {
      result.rows_file = value();
    } else if (argument == "--repeat") {
      auto const text = value();
      auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), result.repeat);
      if (code != std::errc{} || end != text.data() + text.size() || result.repeat < 1 || result.repeat > 1'000'000)
        throw usage_error{"--repeat needs a number from 1 to 1000000, not '" + std::string{text} + "'"};
    } else {
      throw usage_error{"unknown option '" + std::string{argument} + "'; see --help"};
    }
  }
  if (positional.size() > 2) throw usage_error{"more than two names given; see --help"};
  if (!positional.empty()) result.input = positional[0];
  if (positional.size() > 1) result.output_directory = positional[1];
  return result;
}

}  // namespace photo
