// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <support/recorded.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace crosslane_test {

std::string source_path(std::string const& path) { return CROSSLANE_SOURCE_DIR "/" + path; }

std::string without_folders(std::string text) {
  for (char const* const end : {".cpp:", ".hpp:"})
    for (std::size_t at = 0; (at = text.find(end, at)) != std::string::npos; ++at) {
      std::size_t const begin = text.find_last_of(" \n'\"(", at) + 1, name = text.rfind('/', at) + 1;
      if (name <= begin) continue;
      text.erase(begin, name - begin);
      at -= name - begin;
    }
  return text;
}

void check_recorded(std::string const& file, std::string const& text, source_location where) {
  if (char const* const record = std::getenv("CROSSLANE_RECORD"); record != nullptr && std::string(record) == "1") {
    if (!(std::ofstream{file} << text)) fail(file + " cannot be written", where);
    return;
  }
  std::ifstream in{file};
  std::string const recorded{std::istreambuf_iterator<char>{in}, {}};
  if (recorded != text) fail(file + " is not what CROSSLANE_RECORD=1 would write:\n" + text, where);
}

}  // namespace crosslane_test
