// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The words of a line, as the protocol separates them.
#pragma once

#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace chessnet {

/// A line of the other program is wrong. what() is one line.
struct protocol_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[nodiscard]] inline std::vector<std::string_view> words_of(std::string_view text) {
  constexpr auto spaces = " \t\r\n";
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = text.find_first_not_of(spaces, at)) != text.npos;) {
    auto const end = std::min(text.find_first_of(spaces, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

/// Returns the whole number from `least` to `most`. Throws protocol_error whose text begins with `what`.
[[nodiscard]] inline std::int64_t parse_number(std::string_view text, std::string const& what, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    throw protocol_error{what + ": '" + std::string{text} + "' is not a number from " + std::to_string(least) + " to " +
                         std::to_string(most)};
  return value;
}

}  // namespace chessnet
