// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <support/recorded.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace crosslane_test {

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
